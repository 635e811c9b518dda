/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences for what went wrong in the container process: operation, object, place in config.json, reason,
 * and the way out where there is one. */
#include "cgroup/stats.h"
#include "hook.h"
#include "plan/capability.h"
#include "plan/plan_flags.h"
#include "plan/plan_print.h"
#include "run_ops.h"

#include "util/err.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* What to do about an errno of an op. 0 stands for any errno. */
static const struct advice {
	enum op_code code;
	int error;
	const char *text;
} advices[] = {
	{ OP_CLONE, EPERM, "creating namespaces needs CAP_SYS_ADMIN, or a user namespace in linux.namespaces" },
	{ OP_CLONE, ENOSPC, "a limit in /proc/sys/user/max_*_namespaces is reached" },
	{ OP_CLONE, EINVAL, "this kernel lacks one of the namespaces" },
	{ OP_CLONE, EAGAIN, "a limit on the number of processes is reached" },
	{ OP_UNSHARE, EPERM,
	  "user namespaces are forbidden here (kernel.unprivileged_userns_clone, an LSM, or a chroot)" },
	{ OP_UNSHARE, ENOSPC, "/proc/sys/user/max_user_namespaces is reached" },
	{ OP_SETNS, EPERM, "joining it needs CAP_SYS_ADMIN in the user namespace that owns it" },
	{ OP_PIVOT_ROOT, EINVAL, "the root file system cannot be pivoted from; --no-pivot may help on a ramfs" },
	{ OP_FSMOUNT, EPERM, "the user namespace must own the namespace that the file system shows" },
	{ OP_CLONE_TREE, EINVAL,
	  "in a user namespace a bind cannot leave out what is mounted below its source: use the option rbind" },
	{ OP_TAKE_TREE, EBADF,
	  "the user namespace may not mount it, and the host has none that could be bound instead" },
	{ OP_FSMOUNT, ENODEV, "this kernel does not know the file system type" },
	{ OP_MOUNT_IDMAP, EINVAL, "this kernel cannot map the ids of this file system type: bind one that it can" },
	{ OP_TARGET, ENOTDIR, "a directory is wanted there, and this, or a part of its path, is none" },
	{ OP_TARGET, EISDIR, "what is mounted is no directory, so a directory cannot be its mount point" },
	{ OP_TARGET, EXDEV, "the path leads out of the root file system" },
	{ OP_TARGET, ELOOP, "the path is a symbolic link where none is allowed" },
	{ OP_RLIMIT, EPERM, "raising a hard limit needs CAP_SYS_RESOURCE" },
	{ OP_SCHEDULER, EPERM,
	  "it takes CAP_SYS_NICE; process scheduler can't be used together with AllowedCPUs where SCHED_DEADLINE is "
	  "wanted, "
	  "which needs all CPUs" },
	{ OP_OOM_SCORE_ADJ, EACCES, "lowering the score needs CAP_SYS_RESOURCE" },
	{ OP_LABEL, ENOENT, "the kernel knows no such profile; apparmor_parser loads profiles" },
	{ OP_SYSCTL, EROFS, "the namespace that the parameter belongs to is not the container's own" },
	{ OP_SYSCTL, EINVAL, "the kernel does not take this value" },
	{ OP_SYSCTL, ENOENT, "this kernel has no such parameter" },
	{ OP_MEMPOLICY, EINVAL, "does this host have these memory nodes? /sys/devices/system/node/online" },
	{ OP_CHDIR, ENOENT, "process.cwd must be in the container" },
	{ OP_SECCOMP, EINVAL, "this kernel does not know one of the filter's flags or actions" },
};

static const char *find_advice(unsigned code, int error)
{
	for (size_t i = 0; i < sizeof(advices) / sizeof(advices[0]); i++)
		if (advices[i].code == code && (advices[i].error == abs(error) || !advices[i].error))
			return advices[i].text;
	return NULL;
}

/* "mount at /data: " for ops of a mount, the values of limits and parameters, "" for others. */
static void describe_place(const struct run *r, const struct op *op, char *buf, size_t size)
{
	const char *where = plan_view_str(&r->plan, op->where);
	const struct oci_config *c = r->config;
	unsigned i;

	buf[0] = '\0';
	if (where && sscanf(where, "/mounts/%u", &i) == 1 && c && i < c->n_mounts && c->mounts[i].destination)
		snprintf(buf, size, "mount at %s: ", c->mounts[i].destination);
	else if (op->code == OP_RLIMIT)
		snprintf(buf, size, "%s %llu:%llu: ", plan_flags_rlimit_name((unsigned)op->u.RLIMIT.resource),
			 (unsigned long long)op->u.RLIMIT.soft, (unsigned long long)op->u.RLIMIT.hard);
	else if (op->code == OP_SYSCTL)
		snprintf(buf, size, "value \"%.200s\": ", plan_view_str(&r->plan, op->u.SYSCTL.value));
}

void run_error_host(const struct run *r, const struct op *op, struct err *err)
{
	char place[512];

	describe_place(r, op, place, sizeof(place));
	if (place[0])
		err_prefix(err, "%.*s", (int)strlen(place) - 2, place);
	err_where(err, plan_view_str(&r->plan, op->where));
}

static const char *program(const struct run *r, const struct op *op)
{
	static char name[1024];

	name[0] = '\0';
	if (op->code == OP_FIND_EXEC) {
		const char *file = plan_view_str(&r->plan, op->u.FIND_EXEC.file);
		snprintf(name, sizeof(name), "%s", file ? file : "");
		return name;
	}
	const char **argv = NULL;
	if (plan_view_strv(&r->plan, op->u.EXECVE.argv, &argv) > 0)
		snprintf(name, sizeof(name), "%s", argv[0]);
	free(argv);
	return name;
}

/* The texts that engines match to choose an exit status. */
static int say_exec(const struct run *r, const struct op *op, int code, struct err *err)
{
	const char *file = program(r, op);

	if (code == -ENOENT && op->code == OP_FIND_EXEC && !strchr(file, '/'))
		return err_say(err, code, "exec: \"%s\": executable file not found in $PATH", file);
	if (code == -ENOENT && op->code == OP_EXECVE)
		return err_say(err, code,
			       "exec %s: no such file or directory (the program, or the loader or "
			       "interpreter that it names)",
			       file);
	if (code == -EISDIR) /* Docker 20.10 knows only the words for EACCES */
		return err_say(err, code, "exec %s: is a directory (permission denied)", file);
	return err_set(err, code, "exec %s", file);
}

static int say_hook(const struct run *r, const struct op *op, const struct sync_record *record, struct err *err)
{
	const struct hook h = {
		.stage = plan_view_str(&r->plan, op->u.HOOK_IN.stage),
		.index = hook_index(plan_view_str(&r->plan, op->where)),
		.path = plan_view_str(&r->plan, op->u.HOOK_IN.path),
		.timeout = op->u.HOOK_IN.timeout,
	};
	const struct hook_end end = { .code = record->m.error,
				      .status = (int)record->m.detail,
				      .output = record->text };

	return hook_say_failure(&h, &end, err);
}

static int say_op(const struct run *r, uint32_t i, const struct sync_record *record, struct err *err)
{
	const struct op *op = &r->plan.ops[i];
	int code = record->m.error < 0 ? record->m.error : -EPROTO;
	const char *advice = find_advice(op->code, code);
	char what[512], place[512];

	if (op->code == OP_CLONE_TREE) /* the same words as where the host opens it */
		snprintf(what, sizeof(what), "bind source %s", plan_view_str(&r->plan, op->u.CLONE_TREE.path));
	else
		plan_describe_op(&r->plan, i, what, sizeof(what));
	describe_place(r, op, place, sizeof(place));
	return err_say(err, code, "%s%s: %s%s%s%s%s%s", place, what, err_reason(code), record->text[0] ? ": " : "",
		       record->text, advice ? " (" : "", advice ? advice : "", advice ? ")" : "");
}

int run_error_init(struct run *r, const struct sync_record *record, struct err *err)
{
	uint32_t i = record->m.op;
	int code = record->m.error < 0 ? record->m.error : -EPROTO;

	if (i >= r->plan.header->n_ops)
		return err_set(err, code, "the container process refused its plan");
	const struct op *op = &r->plan.ops[i];
	r->op = i;
	if (op->code == OP_FIND_EXEC || op->code == OP_EXECVE)
		say_exec(r, op, code, err);
	else if (op->code == OP_HOOK_IN)
		code = say_hook(r, op, record, err);
	else
		say_op(r, i, record, err);
	r->hook_failed = op->code == OP_HOOK_IN;
	err_where(err, plan_view_str(&r->plan, op->where));
	return code;
}

/* "killed by signal 9", from the wait status when the process is our child. */
static void describe_death(const struct run *r, char *buf, size_t size)
{
	siginfo_t info = { .si_pid = 0 };
	pid_t pid = r->init_pid > 0 ? r->init_pid : r->executor_pid;

	if (pid <= 0 || waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || info.si_pid == 0)
		snprintf(buf, size, "ended");
	else if (info.si_code == CLD_EXITED)
		snprintf(buf, size, "exited with status %d", info.si_status);
	else
		snprintf(buf, size, "was killed by signal %d (%s)", info.si_status, strsignal(info.si_status));
}

int run_error_memory(struct err *err)
{
	err_say(err, -ENOMEM, "container init was OOM-killed (memory limit too low?)");
	return err_where(err, "/linux/resources/memory/limit");
}

int run_error_died(struct run *r, struct err *err)
{
	char what[512] = "", how[128];

	/* (What exec starts is not the first process of the cgroup: another can have been killed there.) */
	if (!r->request->exec && r->cgroup && cgroup_oom_kills(r->cgroup) > 0)
		return run_error_memory(err);

	if (r->op < r->plan.header->n_ops)
		plan_describe_op(&r->plan, r->op, what, sizeof(what));
	describe_death(r, how, sizeof(how));
	return err_say(err, -ECHILD,
		       "the container process %s without a word, after the turn that began with \"%s\" "
		       "(out of memory? see the kernel log and linux.resources.memory)",
		       how, what);
}

static void add_capability(struct buf *b, unsigned number)
{
	const char *name = capability_name(number);

	buf_adds(b, b->len ? ", " : "");
	if (name)
		buf_adds(b, name);
	else
		buf_addf(b, "capability %u", number);
}

/* The record's text has the sets (op.def, CAPS). "can't raise ambient capability" is what scripts look for. */
static void warn_capabilities(const char *where, const struct sync_record *record)
{
	_cleanup_buf_ struct buf missing = { 0 };
	long long sets[2] = { 0, 0 };

	if (sscanf(record->text, "%lld %lld", &sets[0], &sets[1]) != 2)
		return;
	for (unsigned i = 0; i < 64; i++)
		if ((uint64_t)sets[0] >> i & 1)
			add_capability(&missing, i);
	if (missing.len)
		log_warning("%s: %s cannot be granted: %s", where, missing.data, err_reason(record->m.error));
	for (unsigned i = 0; i < 64; i++) {
		_cleanup_buf_ struct buf name = { 0 };
		if (!((uint64_t)sets[1] >> i & 1))
			continue;
		add_capability(&name, i);
		log_warning(
			"%s/ambient: can't raise ambient capability %s: %s (it must be permitted and inheritable too)",
			where, name.data, err_reason(record->m.error));
	}
}

void run_warn_init(struct run *r, const struct sync_record *record)
{
	uint32_t i = record->m.op;
	struct err why = { 0 };

	if (i >= r->plan.header->n_ops)
		return;
	const char *where = plan_view_str(&r->plan, r->plan.ops[i].where);
	if (r->plan.ops[i].code == OP_CAPS) {
		warn_capabilities(where ? where : "", record);
		return;
	}
	say_op(r, i, record, &why);
	log_warning("%s%s%s", where ? where : "", where ? ": " : "", why.text);
}

void run_warn_host(struct run *r, uint32_t op, const struct err *why)
{
	const char *where = plan_view_str(&r->plan, r->plan.ops[op].where);

	log_warning("%s%s%s", where ? where : "", where ? ": " : "", why->text);
}
