/* SPDX-License-Identifier: Apache-2.0 */
/* The actions of a profile as the values that a filter returns (SECCOMP_RET_*, seccomp(2)). */
#ifndef HUSK_SECCOMP_ACTION_H
#define HUSK_SECCOMP_ACTION_H

#include <stdbool.h>
#include <stdint.h>

struct oci_seccomp;
struct oci_seccomp_syscall;

/* Does the action carry an errno (SCMP_ACT_ERRNO, SCMP_ACT_TRACE)?  action: enum oci_seccomp_action. */
bool seccomp_action_takes_errno(unsigned action);

/* What a rule, or the profile where no rule says anything, answers; EPERM where an errno is wanted and none is given. */
uint32_t seccomp_rule_action(const struct oci_seccomp_syscall *rule);
uint32_t seccomp_default_action(const struct oci_seccomp *s);

#endif
