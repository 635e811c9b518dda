/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The program of a plan: what it may use and how much of it (limits, scheduling, memory, labels), and its last steps.
 * Who it is stands in plan_credentials.c.  For exec, fallback is the container's own process: what the new one does
 * not say is as it is there.
 */
#include "plan_flags.h"
#include "plan_parts.h"
#include "seccomp/seccomp.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of the kernel's interface (linux/sched.h, linux/ioprio.h, linux/mempolicy.h, linux/personality.h). */
static const unsigned policies[oci_sched_policy_MAX] = {
	[OCI_SCHED_OTHER] = 0, [OCI_SCHED_FIFO] = 1, [OCI_SCHED_RR] = 2,       [OCI_SCHED_BATCH] = 3,
	[OCI_SCHED_ISO] = 4,   [OCI_SCHED_IDLE] = 5, [OCI_SCHED_DEADLINE] = 6,
};
static const unsigned sched_flags[oci_sched_flag_MAX] = {
	[OCI_SCHED_FLAG_RESET_ON_FORK] = 0x01,  [OCI_SCHED_FLAG_RECLAIM] = 0x02,
	[OCI_SCHED_FLAG_DL_OVERRUN] = 0x04,     [OCI_SCHED_FLAG_KEEP_POLICY] = 0x08,
	[OCI_SCHED_FLAG_KEEP_PARAMS] = 0x10,    [OCI_SCHED_FLAG_UTIL_CLAMP_MIN] = 0x20,
	[OCI_SCHED_FLAG_UTIL_CLAMP_MAX] = 0x40,
};
static const unsigned io_classes[oci_ioprio_class_MAX] = {
	[OCI_IOPRIO_CLASS_RT] = 1,
	[OCI_IOPRIO_CLASS_BE] = 2,
	[OCI_IOPRIO_CLASS_IDLE] = 3,
};
static const struct {
	unsigned mode;
	int nodes; /* 0: none allowed, 1: at least one, -1: either */
} policies_of_memory[oci_mempolicy_mode_MAX] = {
	[OCI_MPOL_DEFAULT] = { 0, 0 },
	[OCI_MPOL_PREFERRED] = { 1, -1 },
	[OCI_MPOL_BIND] = { 2, 1 },
	[OCI_MPOL_INTERLEAVE] = { 3, 1 },
	[OCI_MPOL_LOCAL] = { 4, 0 },
	[OCI_MPOL_PREFERRED_MANY] = { 5, 1 },
	[OCI_MPOL_WEIGHTED_INTERLEAVE] = { 6, 1 },
};
static const unsigned memory_flags[oci_mempolicy_flag_MAX] = {
	[OCI_MPOL_F_NUMA_BALANCING] = 1u << 13,
	[OCI_MPOL_F_RELATIVE_NODES] = 1u << 14,
	[OCI_MPOL_F_STATIC_NODES] = 1u << 15,
};
static const unsigned domains[oci_personality_domain_MAX] = {
	[OCI_PERSONALITY_LINUX] = 0,
	[OCI_PERSONALITY_LINUX32] = 8,
};

/* The process that says it: the program's own, else the container's. */
#define SAID(b, fallback, member) ((b)->process->member || !(fallback) ? (b)->process : (fallback))

/* ---- checks ------------------------------------------------------------------------------------------ */

static int check_rlimits(struct build *b)
{
	const struct oci_process *p = b->process;

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];
		plan_where(b->p, "/process/rlimits/%zu", i);
		for (size_t k = 0; k < i; k++)
			if (p->rlimits[k].type == l->type)
				return plan_fail(b, "%s is there twice: remove one", oci_rlimit_type_words[l->type]);
		if (l->soft > l->hard)
			return plan_fail(b, "the soft limit of %s is above the hard limit",
					 oci_rlimit_type_words[l->type]);
	}
	return 0;
}

static int check_labels(struct build *b)
{
	const struct oci_process *p = b->process;

	plan_where(b->p, "/process/apparmorProfile");
	if (p->apparmor_profile && *p->apparmor_profile && !b->facts->apparmor &&
	    strcmp(p->apparmor_profile, "unconfined") != 0)
		return plan_fail(b, "the profile %s cannot be applied: AppArmor is not enabled in this kernel",
				 p->apparmor_profile);
	plan_where(b->p, "/process/selinuxLabel");
	if (p->selinux_label && *p->selinux_label && !b->facts->selinux)
		return plan_fail(b, "the label %s cannot be applied: SELinux is not enabled in this kernel",
				 p->selinux_label);
	return 0;
}

static int check_list(struct build *b, const char *name, const char *text)
{
	uint64_t *words = NULL;
	size_t n = 0;

	if (!text || !*text)
		return 0;
	plan_where(b->p, "/process/execCPUAffinity/%s", name);
	if (plan_parse_list(text, &words, &n) < 0)
		return plan_fail(b, "\"%s\" is not a list like 0-3,7", text);
	free(words);
	return 0;
}

/* Only exec uses them, but the container's own process is where exec takes them from. */
static int check_affinity(struct build *b)
{
	const struct oci_cpu_affinity *a = b->process->exec_cpu_affinity;

	if (!a)
		return 0;
	int r = check_list(b, "initial", a->initial);
	return r < 0 ? r : check_list(b, "final", a->final);
}

int plan_process_check(struct build *b)
{
	const struct oci_process *p = b->process;

	if (b->linux_->mount_label && *b->linux_->mount_label && !b->facts->selinux)
		plan_warn(b->p, "/linux/mountLabel: SELinux is not enabled in this kernel, so mounts have no label");
	plan_where(b->p, "/process");
	if (!p && (b->request->run || b->request->exec))
		return plan_fail(b, "there is no program to run: process is required");
	if (!p)
		return 0;
	plan_where(b->p, "/process/args");
	if (!p->n_args || !*p->args[0])
		return plan_fail(b, "args must not be empty: the first one is the program");
	plan_where(b->p, "/process/cwd");
	if (!p->cwd || p->cwd[0] != '/')
		return plan_fail(b, "the working directory must be an absolute path");
	int r = check_rlimits(b);
	if (r == 0)
		r = check_affinity(b);
	return r < 0 ? r : check_labels(b);
}

/* ---- limits, scheduling, memory ---------------------------------------------------------------------- */

static void add_rlimits(struct build *b, const struct oci_process *fallback, bool address_space)
{
	const struct oci_process *p = SAID(b, fallback, n_rlimits);

	for (size_t i = 0; i < p->n_rlimits; i++) {
		const struct oci_rlimit *l = &p->rlimits[i];
		if ((l->type == OCI_RLIMIT_AS) != address_space)
			continue;
		plan_where(b->p, "/process/rlimits/%zu", i);
		PLAN_ADD(b->p, RLIMIT, .resource = plan_flags_rlimits[l->type], .soft = l->soft, .hard = l->hard);
	}
}

static void add_scheduler(struct build *b, const struct oci_scheduler *s)
{
	uint64_t flags = 0;

	if (!s)
		return;
	for (size_t i = 0; i < s->n_flags; i++)
		flags |= sched_flags[s->flags[i]];
	plan_where(b->p, "/process/scheduler");
	PLAN_ADD(b->p, SCHEDULER, .policy = policies[s->policy], .nice = (uint64_t)(int64_t)s->nice,
		 .priority = (uint64_t)s->priority, .flags = flags, .runtime = s->runtime, .deadline = s->deadline,
		 .period = s->period);
}

static int parse_list(struct build *b, const char *text, uint64_t *ret)
{
	uint64_t *words = NULL;
	size_t n = 0;

	if (plan_parse_list(text, &words, &n) < 0)
		return plan_fail(b, "\"%s\" is not a list like 0-3,7", text);
	*ret = plan_blob(b->p, words, n * sizeof(*words));
	free(words);
	return 0;
}

static int add_memory_policy(struct build *b)
{
	const struct oci_memory_policy *m = b->linux_->memory_policy;
	uint64_t mode, nodes = 0;

	if (!m)
		return 0;
	mode = policies_of_memory[m->mode].mode;
	for (size_t i = 0; i < m->n_flags; i++)
		mode |= memory_flags[m->flags[i]];
	bool some = m->nodes && *m->nodes;
	int wanted = policies_of_memory[m->mode].nodes;
	plan_where(b->p, "/linux/memoryPolicy/nodes");
	if (wanted == 0 && some)
		return plan_fail(b, "the mode %s takes no nodes: remove them", oci_mempolicy_mode_words[m->mode]);
	if (wanted == 1 && !some)
		return plan_fail(b, "the mode %s needs at least one node", oci_mempolicy_mode_words[m->mode]);
	int r = some ? parse_list(b, m->nodes, &nodes) : 0;
	if (r < 0)
		return r;
	plan_where(b->p, "/linux/memoryPolicy");
	PLAN_ADD(b->p, MEMPOLICY, .mode = mode, .nodes = nodes);
	return 0;
}

const struct oci_cpu_affinity *plan_process_affinity(const struct build *b, const struct oci_process *fallback)
{
	return SAID(b, fallback, exec_cpu_affinity)->exec_cpu_affinity;
}

static bool says(const char *list)
{
	return list && *list;
}

/* Where nothing is said, all CPUs that the container's cgroup has, whatever few husk itself was bound to: since 6.2 the
 * kernel keeps what a process was bound to, also in another cpuset; and before 6.4 (and its backports; not 5.10) one that is
 * cloned into a cgroup is not bound to its cpuset until it asks. */
static int add_affinity(struct build *b, const struct oci_process *fallback)
{
	const struct oci_cpu_affinity *a = b->request->exec ? plan_process_affinity(b, fallback) : NULL;
	uint64_t cpus = 0;

	if (!a || (!says(a->initial) && !says(a->final))) {
		plan_where(b->p, "/process/execCPUAffinity");
		PLAN_ADD(b->p, AFFINITY)->on_error = ON_ERROR_WARN;
		return 0;
	}
	if (!says(a->final))
		return 0;
	plan_where(b->p, "/process/execCPUAffinity/final");
	int r = parse_list(b, a->final, &cpus);
	if (r < 0)
		return r;
	PLAN_ADD(b->p, AFFINITY, .cpus = cpus);
	return 0;
}

static void add_labels(struct build *b, const struct oci_process *fallback)
{
	const char *profile = SAID(b, fallback, apparmor_profile)->apparmor_profile;
	const char *label = SAID(b, fallback, selinux_label)->selinux_label;

	plan_where(b->p, "/process/apparmorProfile");
	if (profile && *profile && b->facts->apparmor)
		PLAN_ADD(b->p, LABEL, .file = plan_str(b->p, "apparmor/exec"),
			 .text = plan_strf(b->p, "exec %s", profile));
	plan_where(b->p, "/process/selinuxLabel");
	if (label && *label && b->facts->selinux)
		PLAN_ADD(b->p, LABEL, .file = plan_str(b->p, "exec"), .text = plan_str(b->p, label));
}

static void add_umask(struct build *b, const struct oci_process *fallback)
{
	const struct oci_user *u = b->process->user;

	if ((!u || !u->has_umask) && fallback)
		u = fallback->user;
	plan_where(b->p, "/process/user/umask");
	if (u && u->has_umask)
		PLAN_ADD(b->p, UMASK, .mask = u->umask);
}

int plan_process_attributes(struct build *b, const struct oci_process *fallback)
{
	if (!b->process)
		return 0;
	const struct oci_process *oom = SAID(b, fallback, has_oom_score_adj);
	plan_where(b->p, "/process/oomScoreAdj");
	if (oom->has_oom_score_adj)
		PLAN_ADD(b->p, OOM_SCORE_ADJ, .value = (uint64_t)(int64_t)oom->oom_score_adj);
	add_rlimits(b, fallback, false);
	int r = add_affinity(b, fallback);
	if (r < 0)
		return r;
	add_scheduler(b, SAID(b, fallback, scheduler)->scheduler);
	const struct oci_io_priority *io = SAID(b, fallback, io_priority)->io_priority;
	plan_where(b->p, "/process/ioPriority");
	if (io)
		PLAN_ADD(b->p, IOPRIO, .ioclass = io_classes[io->io_class], .level = (uint64_t)io->priority);
	r = add_memory_policy(b);
	if (r < 0)
		return r;
	plan_where(b->p, "/linux/personality");
	if (b->linux_->personality)
		PLAN_ADD(b->p, PERSONALITY, .domain = domains[b->linux_->personality->domain]);
	add_umask(b, fallback);
	add_labels(b, fallback);
	return 0;
}

/* ---- the keyring ------------------------------------------------------------------------------------- */

/* Quotas, old kernels and filters may refuse it: then the caller's keyring stays, which is worth a warning. */
void plan_process_keyring(struct build *b, const char *id)
{
	const char *label = b->process ? b->process->selinux_label : NULL;
	bool labelled = label && *label && b->facts->selinux;

	if (b->request->no_new_keyring)
		return;
	if (labelled)
		PLAN_ADD(b->p, LABEL, .file = plan_str(b->p, "keycreate"), .text = plan_str(b->p, label));
	PLAN_ADD(b->p, KEYRING, .name = plan_strf(b->p, "_ses.%s", id))->on_error = ON_ERROR_WARN;
	if (labelled)
		PLAN_ADD(b->p, LABEL, .file = plan_str(b->p, "keycreate"), .text = plan_str(b->p, ""));
}

/* ---- the last steps ---------------------------------------------------------------------------------- */

int plan_process_find(struct build *b)
{
	if (!b->process)
		return 0;
	plan_where(b->p, "/process/args/0");
	PLAN_ADD(b->p, FIND_EXEC, .file = plan_str(b->p, b->process->args[0]),
		 .path = plan_str(b->p, plan_environment_get(b->process, "PATH")));
	return 0;
}

void plan_process_seal(struct build *b, const struct oci_process *fallback)
{
	const struct seccomp_program *filter = b->request->seccomp;
	const struct oci_seccomp *s = b->linux_->seccomp;

	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, CLOSE_FDS, .first = request_first_fd(b->request));
	if (!b->process)
		return;
	add_rlimits(b, fallback, true);
	plan_where(b->p, "/process/noNewPrivileges");
	if (SAID(b, fallback, has_no_new_privileges)->no_new_privileges)
		PLAN_ADD(b->p, NO_NEW_PRIVS);
	if (!filter)
		return;
	plan_where(b->p, "/linux/seccomp");
	PLAN_ADD(b->p, SECCOMP, .filter = plan_blob(b->p, filter->filter, filter->size), .flags = filter->flags,
		 .listener = filter->listener);
	if (filter->listener)
		PLAN_ADD(b->p, SECCOMP_AGENT, .path = plan_str(b->p, s ? s->listener_path : NULL),
			 .metadata = plan_str(b->p, s ? s->listener_metadata : NULL));
}

/* Without a process the container can be created; start says that there is nothing to run. */
int plan_process_execute(struct build *b)
{
	uint64_t envp = 0;

	plan_where(b->p, "/process");
	if (!b->process) {
		PLAN_ADD(b->p, EXECVE);
		return 0;
	}
	int r = plan_environment(b, &envp);
	if (r < 0)
		return r;
	plan_where(b->p, "/process/args");
	PLAN_ADD(b->p, EXECVE, .argv = plan_strv(b->p, (const char *const *)b->process->args, b->process->n_args),
		 .envp = envp);
	return 0;
}
