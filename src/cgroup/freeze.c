/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Freezing and thawing: the v1 freezer controller where there is one (also in hybrid layouts, where tools
 * look for it), else cgroup.freeze of v2 (5.2).
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
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct cgroup_dir *find_freezer(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_find_v1(c, "freezer");

	return d ? d : cgroup_find_v2(c);
}

/* ---- v2 ------------------------------------------------------------------------------------------- */

/* Wait until cgroup.events has "frozen want". The file reports changes by POLLPRI. */
static int wait_v2(int dir_fd, int want, long long deadline)
{
	_cleanup_fd_ int fd = fd_open(dir_fd, "cgroup.events", O_RDONLY, 0);
	char text[256];

	if (fd < 0)
		return fd;
	for (;;) {
		ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
		if (n < 0)
			return -errno;
		text[n] = '\0';
		const char *at = strstr(text, "frozen ");
		if (!at)
			return -EOPNOTSUPP;
		if (strtol(at + strlen("frozen "), NULL, 10) == want)
			return 0;
		long long left = deadline - clock_ms();
		if (left <= 0)
			return -ETIMEDOUT;
		struct pollfd p = { .fd = fd, .events = POLLPRI };
		poll(&p, 1, left < 100 ? (int)left : 100);
	}
}

static int freeze_v2(int dir_fd, long long deadline)
{
	int r = fd_write_file(dir_fd, "cgroup.freeze", "1");

	return r < 0 ? r : wait_v2(dir_fd, 1, deadline);
}

/* ---- v1 ------------------------------------------------------------------------------------------- */

static int v1_state_is(int dir_fd, const char *want)
{
	_cleanup_free_ char *state = NULL;
	int r = cgroup_read(dir_fd, "freezer.state", &state);

	return r < 0 ? r : strcmp(state, want) == 0;
}

/* A process that forks meanwhile can keep the state at FREEZING; writing FROZEN again makes the kernel look
 * again, and a short thaw now and then lets a process go on that waits for one already frozen (vfork). */
static int freeze_v1(int dir_fd, long long deadline)
{
	for (long tries = 0;; tries++) {
		if (tries > 0 && tries % 50 == 0)
			fd_write_file(dir_fd, "freezer.state", "THAWED");
		int r = fd_write_file(dir_fd, "freezer.state", "FROZEN");
		if (r == 0)
			r = v1_state_is(dir_fd, "FROZEN");
		if (r < 0)
			return r;
		if (r > 0)
			return 0;
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		clock_sleep_ms(tries < 10 ? 1 : tries < 30 ? 5 : 20);
	}
}

/* ---- both ------------------------------------------------------------------------------------------- */

struct thaw {
	bool v2;
};

static int thaw_one(int dir_fd, void *user)
{
	const struct thaw *t = user;

	return t->v2 ? fd_write_file(dir_fd, "cgroup.freeze", "0") : fd_write_file(dir_fd, "freezer.state", "THAWED");
}

static int wait_thawed(const struct cgroup_dir *d, long long deadline)
{
	_cleanup_fd_ int fd = cgroup_dir_open(d);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (d->v2)
		return wait_v2(fd, 0, deadline);
	while ((r = v1_state_is(fd, "THAWED")) == 0) {
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		clock_sleep_ms(1);
	}
	return r < 0 ? r : 0;
}

/* The way out of a failed freeze: nobody may stay half frozen. */
static int freeze_failed(const struct cgroup *c, const struct cgroup_dir *d, int code, struct err *err)
{
	pid_t *pids = NULL;
	size_t n = 0, left = 0;
	struct thaw t = { .v2 = d->v2 };
	struct process_stat stat;

	if (code == -ETIMEDOUT && cgroup_pids(c, &pids, &n, NULL) == 0)
		for (size_t i = 0; i < n; i++)
			if (process_stat(pids[i], &stat) == 0 && stat.state == 'D')
				pids[left++] = pids[i];
	_cleanup_free_ char *who = left ? process_describe(pids, left) : NULL;
	free(pids);
	_cleanup_fd_ int fd = cgroup_dir_open(d);
	if (fd >= 0)
		thaw_one(fd, &t);
	return err_set(err, code, "freeze cgroup %s%s%s%s", d->mount, d->path, who ? ": cannot be stopped: " : "",
		       who ? who : "");
}

int cgroup_freeze(const struct cgroup *c, int timeout_ms, struct err *err)
{
	const struct cgroup_dir *d = find_freezer(c);

	if (!d)
		return err_say(err, -EOPNOTSUPP,
			       "cannot freeze: the container has no cgroup with a freezer "
			       "(cgroup v2 on 5.2, or the freezer controller of v1)");
	_cleanup_fd_ int fd = cgroup_dir_open(d);
	if (fd < 0)
		return err_set(err, fd, "open cgroup %s%s", d->mount, d->path);
	long long deadline = clock_ms() + timeout_ms;
	int r = d->v2 ? freeze_v2(fd, deadline) : freeze_v1(fd, deadline);
	return r < 0 ? freeze_failed(c, d, r, err) : 0;
}

static int thaw(const struct cgroup_dir *d, bool below, int timeout_ms, struct err *err)
{
	struct thaw t = { .v2 = d->v2 };
	int r;

	if (below) {
		r = cgroup_walk(d, CGROUP_PARENTS_FIRST, thaw_one, &t);
	} else {
		_cleanup_fd_ int fd = cgroup_dir_open(d);
		r = fd < 0 ? fd : thaw_one(fd, &t);
	}
	if (r == 0)
		r = wait_thawed(d, clock_ms() + timeout_ms);
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r == -ETIMEDOUT)
		return err_say(err, r, "thaw cgroup %s%s: still frozen; is a cgroup above it frozen?", d->mount,
			       d->path);
	return r < 0 ? err_set(err, r, "thaw cgroup %s%s", d->mount, d->path) : 0;
}

int cgroup_thaw(const struct cgroup *c, int timeout_ms, struct err *err)
{
	const struct cgroup_dir *freezer = find_freezer(c), *v2 = cgroup_find_v2(c);

	if (!freezer)
		return 0;
	/* Hybrid: someone may have frozen the v2 tree too. */
	if (v2 && v2 != freezer)
		thaw(v2, true, timeout_ms, NULL);
	return thaw(freezer, true, timeout_ms, err);
}

int cgroup_thaw_top(const struct cgroup *c, int timeout_ms, struct err *err)
{
	const struct cgroup_dir *d = find_freezer(c);

	return d ? thaw(d, false, timeout_ms, err) : 0;
}

static bool is_frozen(const struct cgroup_dir *d)
{
	_cleanup_fd_ int fd = cgroup_dir_open(d);
	long long value;

	if (fd < 0)
		return false;
	if (!d->v2)
		return v1_state_is(fd, "THAWED") == 0;
	return cgroup_read_key(fd, "cgroup.events", "frozen", &value) == 0 && value != 0;
}

bool cgroup_frozen(const struct cgroup *c)
{
	const struct cgroup_dir *d = find_freezer(c);

	return d && is_frozen(d);
}
