/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of a filter that looks at nothing but the number of a system call.
 *
 * Nearly every rule of a profile is of that kind, and libseccomp, which weighs each rule against all others, takes most
 * of a container's start for them.  So they become a search tree of our own, in front of what libseccomp compiles from
 * the rest: numbers with one answer next to each other are one leaf.  The tree decides
 *   - a number whose rule has no arguments: by that rule, the first of them.  Rules with arguments for it mean nothing
 *     then, as in libseccomp;
 *   - a number that is larger than any that the profile names on the architecture: with ENOSYS, so that a program which
 *     tries a new system call first finds its fallback.  Not where the default lets system calls through, or leaves the
 *     answer to somebody who may know the new ones (SCMP_ACT_ALLOW, LOG, TRACE, NOTIFY).
 * Everything else falls through to the instruction after the tree.
 */
#ifndef HUSK_SECCOMP_NUMBERS_H
#define HUSK_SECCOMP_NUMBERS_H

#include "util/mem.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_seccomp;
struct oci_seccomp_syscall;

/* Does the tree leave nothing of this name of the rule to libseccomp?  It does leave the rules with arguments of a number that
 * it does not decide, and the calls that some architectures also have as a part of socketcall(2) or ipc(2). */
bool seccomp_numbers_decide(const struct oci_seccomp *s, const struct oci_seccomp_syscall *rule, const char *name);

/* Adds the tree for these architectures (libseccomp's tokens) to `code`: struct sock_filter[]. Nothing to decide: nothing. */
void seccomp_numbers_add(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs, struct buf *code);

#endif
