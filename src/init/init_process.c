/* SPDX-License-Identifier: Apache-2.0 */
/* INIT ops that make the process what it shall be: session, names, limits, scheduling, credentials, filter. */
#include "init/init.h"

#define RESULT(r) ((r) < 0 ? (int)(r) : 0)

int op_SETSID(struct init *c, const struct op_args_SETSID *a)
{
	long r = sys(NR_setsid);

	(void)c, (void)a;
	return RESULT(r);
}

int op_KEYRING(struct init *c, const struct op_args_KEYRING *a)
{
	/* What a new session keyring has, and search for the owner, so that processes that join may use it. */
	enum { POSSESSOR = 0x1f000000, USER_VIEW_READ_SEARCH_LINK = 0x1b0000 };
	long id = sys(NR_keyctl, KEYCTL_JOIN_SESSION_KEYRING, init_str(c, a->name), 0, 0, 0);

	/* Keys of the caller's would be within reach: only what a host forbids on purpose is a warning. */
	if (id < 0 && id != -EDQUOT && id != -EPERM && id != -EACCES && id != -ENOSYS) {
		text_str(&c->text, "the caller's session keyring would stay");
		init_send(c, SYNC_FAIL, (int)id, 0, -1, 0);
		sys_exit(1);
	}
	/* A keyring of another owner keeps its permissions, which are narrower. */
	if (id >= 0)
		sys(NR_keyctl, KEYCTL_SETPERM, id, POSSESSOR | USER_VIEW_READ_SEARCH_LINK, 0, 0);
	return RESULT(id);
}

int op_UNSHARE_CGROUP(struct init *c, const struct op_args_UNSHARE_CGROUP *a)
{
	(void)c, (void)a;
	return (int)sys(NR_unshare, CLONE_NEWCGROUP);
}

int op_HOSTNAME(struct init *c, const struct op_args_HOSTNAME *a)
{
	const char *name = init_str(c, a->name);

	return (int)sys(NR_sethostname, name, strlen(name));
}

int op_DOMAINNAME(struct init *c, const struct op_args_DOMAINNAME *a)
{
	const char *name = init_str(c, a->name);

	return (int)sys(NR_setdomainname, name, strlen(name));
}

int op_RLIMIT(struct init *c, const struct op_args_RLIMIT *a)
{
	struct rlimit64 limit = { a->soft, a->hard };

	(void)c;
	return (int)sys(NR_prlimit64, 0, a->resource, &limit, 0);
}

int op_SCHEDULER(struct init *c, const struct op_args_SCHEDULER *a)
{
	struct sched_attr attr = {
		.size = sizeof(attr),
		.policy = (uint32_t)a->policy,
		.flags = a->flags,
		.nice = (int32_t)a->nice,
		.priority = (uint32_t)a->priority,
		.runtime = a->runtime,
		.deadline = a->deadline,
		.period = a->period,
	};

	(void)c;
	return (int)sys(NR_sched_setattr, 0, &attr, 0);
}

int op_IOPRIO(struct init *c, const struct op_args_IOPRIO *a)
{
	enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13 };

	(void)c;
	return (int)sys(NR_ioprio_set, IOPRIO_WHO_PROCESS, 0, a->ioclass << IOPRIO_CLASS_SHIFT | a->level);
}

#define CPUS_MAX 8192 /* CONFIG_NR_CPUS at its most */

int op_AFFINITY(struct init *c, const struct op_args_AFFINITY *a)
{
	uint8_t all[CPUS_MAX / 8];
	uint32_t len;
	const void *cpus = init_blob(c, a->cpus, &len);

	if (len == 0) {
		memset(all, 0xff, sizeof(all));
		cpus = all;
		len = sizeof(all);
	}
	long r = sys(NR_sched_setaffinity, 0, len, cpus);
	return RESULT(r);
}

int op_MEMPOLICY(struct init *c, const struct op_args_MEMPOLICY *a)
{
	uint32_t len;
	const void *nodes = init_blob(c, a->nodes, &len);

	/* The kernel takes one bit less than it is told. */
	return (int)sys(NR_set_mempolicy, a->mode, nodes, len ? len * 8ul + 1 : 0);
}

int op_PERSONALITY(struct init *c, const struct op_args_PERSONALITY *a)
{
	long r = sys(NR_personality, a->domain);

	(void)c;
	return RESULT(r);
}

int op_UMASK(struct init *c, const struct op_args_UMASK *a)
{
	sys(NR_umask, a->mask);
	c->umask_set = true;
	return 0;
}

/* ---- credentials ------------------------------------------------------------------------------------- */

static int caps_get(struct cap_data data[2])
{
	struct cap_header head = { CAP_VERSION_3, 0 };

	return (int)sys(NR_capget, &head, data);
}

static int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	struct cap_header head = { CAP_VERSION_3, 0 };
	struct cap_data data[2];

	for (unsigned i = 0; i < 2; i++)
		data[i] = (struct cap_data){ (uint32_t)(effective >> 32 * i), (uint32_t)(permitted >> 32 * i),
					     (uint32_t)(inheritable >> 32 * i) };
	return (int)sys(NR_capset, &head, data);
}

int op_BOUNDING(struct init *c, const struct op_args_BOUNDING *a)
{
	(void)c;
	for (uint64_t left = a->drop; left; left &= left - 1) {
		long r = sys(NR_prctl, PR_CAPBSET_DROP, __builtin_ctzll(left), 0, 0, 0);

		if (r < 0 && r != -EINVAL) /* EINVAL: no capability of this kernel */
			return (int)r;
	}
	return 0;
}

int op_SETGROUPS(struct init *c, const struct op_args_SETGROUPS *a)
{
	uint32_t len;
	const void *gids = init_blob(c, a->gids, &len);
	int r = (int)sys(NR_setgroups, len / sizeof(uint32_t), gids);

	return r == -EPERM && a->ifdenied ? 0 : r;
}

int op_SETUID(struct init *c, const struct op_args_SETUID *a)
{
	struct cap_data data[2];
	uint64_t permitted, inheritable;
	long r;

	if (c->born_root && a->uid == 0 && a->gid == 0)
		return 0;
	r = a->uid ? sys(NR_prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0) : 0;

	if (r == 0)
		r = sys(NR_setresgid, a->gid, a->gid, a->gid);
	if (r == 0)
		r = sys(NR_setresuid, a->uid, a->uid, a->uid);
	init_dumpable(false); /* a change of ids resets it to what the administrator likes */
	if (r == 0 && a->uid)
		r = caps_get(data);
	if (r < 0 || a->uid == 0) /* root keeps its sets */
		return (int)r;
	/* The permitted set is kept, the effective one is lost; ops up to `caps` need it. */
	permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	return caps_set(permitted, permitted, inheritable);
}

/* All that is asked for in `ambient` must be inheritable and permitted by now; the kernel refuses the rest. */
static int set_ambient(uint64_t ambient, uint64_t possible, uint64_t *unraised)
{
	long r = 0;

	/* capset(2) has taken away what is not both permitted and inheritable. */
	if (possible)
		r = sys(NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);

	for (unsigned cap = 0; r == 0 && cap < 64; cap++) {
		if (!(ambient >> cap & 1))
			continue;
		r = sys(NR_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
		if (r == -EPERM || r == -EINVAL) {
			*unraised |= 1ull << cap;
			r = 0;
		}
	}
	return (int)r;
}

/* Which of these are in the bounding set? */
static uint64_t in_bounding(uint64_t caps)
{
	uint64_t set = 0;

	for (uint64_t left = caps; left; left &= left - 1)
		if (sys(NR_prctl, PR_CAPBSET_READ, __builtin_ctzll(left), 0, 0, 0) == 1)
			set |= left & -left;
	return set;
}

int op_CAPS(struct init *c, const struct op_args_CAPS *a)
{
	struct cap_data data[2];
	uint64_t have, inherit, permitted, effective, inheritable, missing, unraised = 0;
	int r;

	/* Nearly always all of it can be granted. */
	if (!(a->effective & ~a->permitted) && !a->ambient) {
		r = caps_set(a->effective, a->permitted, a->inheritable);
		if (r == 0)
			return set_ambient(0, a->permitted & a->inheritable, &missing);
		if (r != -EPERM)
			return r;
	}
	r = caps_get(data);
	if (r < 0)
		return r;
	have = data[0].permitted | (uint64_t)data[1].permitted << 32;
	inherit = data[0].inheritable | (uint64_t)data[1].inheritable << 32;
	permitted = a->permitted & have;
	effective = a->effective & permitted;
	inheritable = (a->inheritable & inherit) | in_bounding(a->inheritable & ~inherit & have);
	missing = (a->permitted & ~permitted) | (a->effective & ~effective) | (a->inheritable & ~inheritable);
	r = caps_set(effective, permitted, inheritable);
	if (r == 0)
		r = set_ambient(a->ambient, permitted & inheritable, &unraised);
	if (r == 0 && (missing | unraised)) {
		text_number(&c->text, (int64_t)missing);
		text_str(&c->text, " ");
		text_number(&c->text, (int64_t)unraised);
		init_send(c, SYNC_WARN, -EPERM, 0, -1, 0);
	}
	return r;
}

int op_NO_NEW_PRIVS(struct init *c, const struct op_args_NO_NEW_PRIVS *a)
{
	(void)c, (void)a;
	return (int)sys(NR_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* The last thing before execve: whatever else is to be done must be done by now, the filter may forbid it. */
int op_SECCOMP(struct init *c, const struct op_args_SECCOMP *a)
{
	uint32_t len;
	struct sock_fprog program = { .filter = init_blob(c, a->filter, &len) };
	int r = init_prepare_exec(c);
	long fd;

	if (r < 0 || len / sizeof(struct sock_filter) > UINT16_MAX)
		return r < 0 ? r : -E2BIG;
	program.len = (uint16_t)(len / sizeof(struct sock_filter));
	init_send_trace(c);
	c->trace = false;
	fd = sys(NR_seccomp, SECCOMP_SET_MODE_FILTER, a->flags | (a->listener ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0),
		 &program);
	if (fd < 0 || !a->listener)
		return RESULT(fd);
	c->filtered = true;
	init_send(c, SYNC_FD, 0, 0, (int)fd, SYNC_FD_SECCOMP);
	return 0; /* close-on-exec; closing it would be one more call under the filter */
}
