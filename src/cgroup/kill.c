/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Killing everything in a container's cgroup, and waiting until it is empty.
 *
 * cgroup.kill of the v2 tree (5.14) kills all below at once, forks included. Those that are in a v1 hierarchy
 * alone, and older kernels: freeze, SIGKILL to each, thaw. A process that the v1 freezer holds dies when it
 * is thawed. Repeated until empty, as processes may join from outside.
 */
#include "tree.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define KILL_FREEZE_MS 200
#define KILL_THAW_MS 1

int cgroup_open_kill(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_find_v2(c);

	if (!d)
		return -1;
	_cleanup_free_ char *path = cgroup_dir_file(d, "cgroup.kill");
	int fd = fd_open(AT_FDCWD, path, O_WRONLY, 0);
	return fd < 0 ? -1 : fd;
}

static int kill_list(const struct cgroup *c, const pid_t *pids, size_t n)
{
	int failed = 0;

	for (size_t i = 0; i < n; i++) {
		int r = cgroup_signal_member(c, pids[i], SIGKILL);
		if (r < 0)
			failed = r;
	}
	return failed;
}

/* One round without cgroup.kill. */
static int kill_each(const struct cgroup *c, struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;

	cgroup_freeze(c, KILL_FREEZE_MS, NULL); /* best effort: it stops forks */
	int r = cgroup_pids(c, &pids, &n, err);
	if (r < 0)
		return r;
	r = kill_list(c, pids, n);
	return r < 0 ? err_set(err, r, "kill the processes of the container") : 0;
}

/* Wait until empty, for at most ms. 1: empty. */
static int wait_empty(const struct cgroup *c, const struct cgroup_dir *v2, long ms)
{
	long long deadline = clock_ms() + ms;
	_cleanup_free_ char *path = v2 ? cgroup_dir_file(v2, "cgroup.events") : NULL;
	_cleanup_fd_ int events = path ? fd_open(AT_FDCWD, path, O_RDONLY, 0) : -1;

	for (long step = 1;; step = step < 20 ? step * 2 : 20) {
		char text[128];
		if (events >= 0) /* reading arms the poll; before the check, so that no change is missed */
			(void)!pread(events, text, sizeof(text), 0);
		int r = cgroup_populated(c);
		if (r <= 0)
			return r < 0 ? r : 1;
		long long left = deadline - clock_ms();
		if (left <= 0)
			return 0;
		long pause = left < step ? (long)left : step;
		struct pollfd p = { .fd = events, .events = POLLPRI };
		if (events >= 0)
			poll(&p, 1, (int)pause);
		else
			clock_sleep_ms(pause);
	}
}

/* Those that are left and are more than a zombie that someone outside has not reaped. */
static size_t drop_zombies(pid_t *pids, size_t n)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		struct process_stat stat;
		if (process_stat(pids[i], &stat) == 0 && !process_is_zombie(&stat))
			pids[left++] = pids[i];
	}
	return left;
}

static int still_there(const struct cgroup *c, int timeout_ms, struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;
	int r = cgroup_pids(c, &pids, &n, err);

	if (r < 0)
		return r;
	n = drop_zombies(pids, n);
	if (n == 0 && cgroup_populated(c) <= 0)
		return 0;
	_cleanup_free_ char *who = process_describe(pids, n);
	return err_say(err, -ETIMEDOUT,
		       "processes of the container were killed but are still there after %d ms: %s; "
		       "try again when they can end",
		       timeout_ms, who);
}

/* Someone is only in a v1 hierarchy (or there is no cgroup.kill). */
static bool needs_each(const struct cgroup *c, int kill_fd, int round)
{
	return kill_fd < 0 || (round > 0 && c->layout == CGROUP_HYBRID);
}

static int has_members(int dir_fd, void *user)
{
	_cleanup_free_ char *procs = NULL;
	int r = cgroup_read(dir_fd, "cgroup.procs", &procs);

	(void)user;
	return r < 0 ? r != -ENOENT && r != -ENODEV : procs[0] != '\0';
}

/* Newer kernels (seen with 7.2, not with 6.18) count a cgroup as populated until its last process is through with
 * dying, although it lists nobody. The first process of a PID namespace dies when its parent has reaped each process of the namespace:
 * a caller that reaps after we return would make us wait for ourselves. */
static bool only_dying(const struct cgroup *c)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		if (cgroup_walk(&c->dirs[i], CGROUP_PARENTS_FIRST, has_members, NULL) != 0)
			return false;
	return true;
}

/* Somebody may have moved a process into a frozen v1 cgroup that is not the container's: there SIGKILL waits for ever, and
 * that cgroup is not ours to thaw. Back in its own, which is thawed, the process dies. (A frozen one stays frozen
 * meanwhile, so its pid is not reused.) */
static void bring_back(const struct cgroup *c)
{
	const struct cgroup_dir *freezer = cgroup_find_v1(c, "freezer");
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;

	if (!freezer || cgroup_pids(c, &pids, &n, NULL) < 0)
		return;
	_cleanup_fd_ int dir_fd = cgroup_dir_open(freezer);
	for (size_t i = 0; dir_fd >= 0 && i < n; i++) {
		struct process_stat stat;
		char text[24];

		snprintf(text, sizeof(text), "%d", (int)pids[i]);
		if (process_stat(pids[i], &stat) == 0 && stat.state == 'D')
			fd_write_file(dir_fd, "cgroup.procs", text);
	}
}

int cgroup_kill(const struct cgroup *c, int timeout_ms, struct err *err)
{
	const struct cgroup_dir *v2 = cgroup_find_v2(c);
	long long deadline = clock_ms() + timeout_ms;
	long wait_ms = 20;

	if (c->n_dirs == 0 || c->removed)
		return 0;
	int r = cgroup_populated(c);
	if (r <= 0)
		return r < 0 ? err_set(err, r, "look whether the container's cgroup is empty") : 0;

	for (int round = 0;; round++) {
		_cleanup_fd_ int kill_fd = cgroup_open_kill(c);
		if (kill_fd >= 0 && write(kill_fd, "1", 1) < 0 && errno != ENODEV && errno != ENOENT &&
		    errno != EOPNOTSUPP)
			return err_set(err, -errno, "write 1 to cgroup.kill of cgroup %s", v2->path);
		/* ENODEV, ENOENT: it is being removed. EOPNOTSUPP: it is threaded; its processes are killed one by one. */
		r = needs_each(c, kill_fd, round) ? kill_each(c, err) : 0;
		cgroup_thaw(c, KILL_THAW_MS, NULL);
		if (r < 0)
			return r;
		if (round > 1)
			bring_back(c);
		long long left = deadline - clock_ms();
		r = wait_empty(c, v2, left < wait_ms ? (left > 0 ? (long)left : 0) : wait_ms);
		if (r != 0)
			return r < 0 ? err_set(err, r, "wait until the container's cgroup is empty") : 0;
		if (round > 1 && only_dying(c))
			return 0;
		if (clock_ms() >= deadline)
			return still_there(c, timeout_ms, err);
		wait_ms = wait_ms < 500 ? wait_ms * 2 : 500;
	}
}
