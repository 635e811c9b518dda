/* SPDX-License-Identifier: Apache-2.0 */
/* EXEC ops: joining and leaving namespaces, and the birth of the container process. */
#include "init/init.h"

int op_AFFINITY_EARLY(struct init *c, const struct op_args_AFFINITY_EARLY *a)
{
	uint32_t len;
	const void *cpus = init_blob(c, a->cpus, &len);
	long r = sys(NR_sched_setaffinity, 0, len, cpus);

	return r < 0 ? (int)r : 0;
}

/* An O_PATH descriptor names a namespace but cannot be joined through. */
static int setns_reopened(struct init *c, int fd, uint32_t nstypes)
{
	char buf[48];
	struct text path = TEXT(buf);
	int again, dir, r;

	text_str(&path, "fd/");
	text_number(&path, fd);
	dir = proc_open(c, "self", O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	again = (int)sys_retry(NR_openat, dir, buf, O_RDONLY | O_CLOEXEC);
	sys_close(&dir);
	sys_close(&c->proc_fd);
	if (again < 0)
		return again;
	r = (int)sys(NR_setns, again, nstypes);
	sys_close(&again);
	return r;
}

int op_SETNS(struct init *c, const struct op_args_SETNS *a)
{
	uint32_t nstypes = (uint32_t)a->nstypes;
	int fd = init_slot(c, a->slot), r;

	if (fd < 0)
		return fd;
	if (a->phase == NS_DEFERRED && (c->ns_done[a->slot] & nstypes) == nstypes)
		return 0;
	r = (int)sys(NR_setns, fd, nstypes);
	if (r == -EBADF)
		r = setns_reopened(c, fd, nstypes);
	init_dumpable(false);
	if (r == 0)
		c->ns_done[a->slot] |= nstypes;
	/* It may belong to the user namespace that is joined only later. */
	return r == -EPERM && a->phase == NS_FIRST ? 0 : r;
}

int op_UNSHARE(struct init *c, const struct op_args_UNSHARE *a)
{
	bool unprivileged = sys(NR_geteuid) != 0;
	int r = (int)sys(NR_unshare, a->flags);

	/* /proc/PID/uid_map of a process that is not dumpable belongs to root: an unprivileged host could not write. */
	if (r == 0 && unprivileged && a->flags & CLONE_NEWUSER)
		init_dumpable(c->dumpable = true);
	return r;
}

int op_NS_ROOT(struct init *c, const struct op_args_NS_ROOT *a)
{
	long r = sys(NR_setgroups, 0, 0);

	(void)c;
	/* EPERM: setgroups is denied to the namespace, whose map was written without privilege. */
	if (r < 0 && r != -EPERM)
		return (int)r;
	r = sys(NR_setresgid, a->gid, a->gid, a->gid);
	if (r == 0)
		r = sys(NR_setresuid, a->uid, a->uid, a->uid);
	init_dumpable(false);
	return (int)r;
}

/*
 * The container process waits on a pipe until the executor has told the host of it, so that SPAWNED comes before
 * anything that the container process says.
 */
int op_CLONE(struct init *c, const struct op_args_CLONE *a)
{
	int gate[2], pid_fd = -1;
	struct clone_args args = {
		.flags = a->flags | CLONE_PARENT | CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&pid_fd,
	};
	long pid = sys(NR_pipe2, gate, O_CLOEXEC);
	char none;

	if (pid < 0)
		return (int)pid;
	pid = sys(NR_clone3, &args, sizeof(args));
	if (pid > 0) {
		init_send(c, SYNC_SPAWNED, 0, (int)pid, pid_fd, 0);
		sys_exit(0);
	}
	sys_close(&gate[1]);
	if (pid == 0) {
		sys_retry(NR_read, gate[0], &none, 1);
		init_dumpable(false);
		c->cloned = true;
	}
	sys_close(&gate[0]);
	return (int)pid;
}

/* Any socket will do, so one that is in every kernel. */
int op_LOOPBACK(struct init *c, const struct op_args_LOOPBACK *a)
{
	struct {
		char name[16];
		int16_t flags;
		char rest[22];
	} lo = { "lo", 1 /* IFF_UP */, { 0 } };
	int fd = (int)sys(NR_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0), r;

	(void)c;
	(void)a;
	if (fd < 0)
		return fd;
	r = (int)sys(NR_ioctl, fd, SIOCSIFFLAGS, &lo);
	sys_close(&fd);
	return r;
}
