/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container: those of its cgroup, or its members where it has none; see container_processes.h. */
#include "container_processes.h"

#include "container_members.h"
#include "util/err.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

int container_pids(const struct container *c, pid_t **ret, size_t *ret_n, struct err *err)
{
	if (c->has_cgroup)
		return cgroup_pids(&c->cgroup, ret, ret_n, err);
	return container_members(c, ret, ret_n, err);
}

int container_populated(const struct container *c)
{
	pid_t *pids = NULL;
	size_t n = 0;

	if (c->has_cgroup)
		return cgroup_populated(&c->cgroup);
	int r = container_members(c, &pids, &n, NULL);
	free(pids);
	return r < 0 ? r : n > 0;
}

int container_signal(const struct container *c, int sig, struct err *err)
{
	if (c->has_cgroup)
		return cgroup_signal(&c->cgroup, sig, err);
	return container_members_signal(c, sig, err);
}

int container_kill(const struct container *c, int timeout_ms, struct err *err)
{
	/* Init goes first, whatever it did with its cgroups. */
	if (c->seen.pid_fd >= 0 && syscall(SYS_pidfd_send_signal, c->seen.pid_fd, SIGKILL, NULL, 0) < 0 &&
	    errno != ESRCH)
		return err_set(err, -errno, "kill init of container %s (pid %d)", c->dir.id, (int)c->seen.pid);
	if (c->has_cgroup)
		return cgroup_kill(&c->cgroup, timeout_ms, err);
	return container_members_kill(c, timeout_ms, err);
}
