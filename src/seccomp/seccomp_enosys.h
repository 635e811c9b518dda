/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ENOSYS for system calls that are newer than a profile.
 *
 * A profile that allows a list and answers everything else with EPERM breaks programs that try a new system call first
 * and fall back on ENOSYS.  So in front of the compiled filter goes a stub: for each architecture, a number above the
 * largest that the profile names is answered with ENOSYS.
 */
#ifndef HUSK_SECCOMP_ENOSYS_H
#define HUSK_SECCOMP_ENOSYS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_seccomp;

#define SECCOMP_ENOSYS_MAX 256          /* instructions of a stub */

/* Does this profile get a stub?  Not where the default lets system calls through, or leaves the answer to somebody who
 * may know the new ones (SCMP_ACT_ALLOW, LOG, TRACE, NOTIFY). */
bool seccomp_enosys_wanted(const struct oci_seccomp *s);

/* The stub for these architectures (libseccomp's tokens). It falls through to the instruction after it.
 * Returns the number of instructions, 0 when there is nothing to say. */
size_t seccomp_enosys_stub(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs,
			   struct sock_filter ret[SECCOMP_ENOSYS_MAX]);

#endif
