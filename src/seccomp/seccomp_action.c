/* SPDX-License-Identifier: Apache-2.0 */
/* Actions of a profile as values; see seccomp_action.h. */
#include "seccomp_action.h"

#include "ocispec.h"

#include <errno.h>
#include <seccomp.h>

static const struct {
	uint32_t value;
	bool takes_errno;
} actions[] = {
	[OCI_SCMP_ACT_KILL] = { SCMP_ACT_KILL, false },
	[OCI_SCMP_ACT_KILL_PROCESS] = { SCMP_ACT_KILL_PROCESS, false },
	[OCI_SCMP_ACT_KILL_THREAD] = { SCMP_ACT_KILL_THREAD, false },
	[OCI_SCMP_ACT_TRAP] = { SCMP_ACT_TRAP, false },
	[OCI_SCMP_ACT_ERRNO] = { SCMP_ACT_ERRNO(0), true },
	[OCI_SCMP_ACT_TRACE] = { SCMP_ACT_TRACE(0), true },
	[OCI_SCMP_ACT_ALLOW] = { SCMP_ACT_ALLOW, false },
	[OCI_SCMP_ACT_LOG] = { SCMP_ACT_LOG, false },
	[OCI_SCMP_ACT_NOTIFY] = { SCMP_ACT_NOTIFY, false },
};
_Static_assert(sizeof(actions) / sizeof(*actions) == oci_seccomp_action_MAX, "every action has a value");

bool seccomp_action_takes_errno(unsigned action)
{
	return actions[action].takes_errno;
}

static uint32_t value_of(unsigned action, bool has_errno, uint32_t errno_ret)
{
	return actions[action].value | (actions[action].takes_errno ? (has_errno ? errno_ret : EPERM) : 0);
}

uint32_t seccomp_rule_action(const struct oci_seccomp_syscall *rule)
{
	return value_of(rule->action, rule->has_errno_ret, rule->errno_ret);
}

uint32_t seccomp_default_action(const struct oci_seccomp *s)
{
	return value_of(s->default_action, s->has_default_errno_ret, s->default_errno_ret);
}
