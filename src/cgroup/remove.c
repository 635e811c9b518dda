/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Removing a container's cgroup, with what is below it, from every hierarchy.  A cgroup whose processes are
 * still leaving says EBUSY; it is tried again until the deadline.
 */
#include "systemd.h"
#include "tree.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int remove_at(int dir_fd, const char *name, unsigned depth);

static int remove_children(int dir_fd, const char *name, unsigned depth)
{
	int fd = fd_open(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	int r = 0;

	if (!dir) {
		fd_close(fd);
		return fd == -ENOENT ? 0 : fd < 0 ? fd : -ENOMEM;
	}
	while ((e = readdir(dir))) {
		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		int child = remove_at(dirfd(dir), e->d_name, depth + 1);
		r = r < 0 ? r : child; /* go on: remove what can be */
	}
	closedir(dir);
	return r;
}

static int remove_dir(int dir_fd, const char *name)
{
	if (unlinkat(dir_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	return -errno;
}

static int remove_at(int dir_fd, const char *name, unsigned depth)
{
	int r = remove_dir(dir_fd, name);

	if (r != -EBUSY && r != -ENOTEMPTY)
		return r;
	if (depth > CGROUP_DEPTH_MAX)
		return -ELOOP;
	r = remove_children(dir_fd, name, depth);
	return r < 0 ? r : remove_dir(dir_fd, name);
}

/* What husk made above the container's own directory goes when it is empty. */
static void remove_above(const struct cgroup_dir *d)
{
	_cleanup_free_ char *path = cgroup_dir_path(d);
	size_t floor = strlen(d->mount) + (d->base ? strlen(d->base) : strlen(d->path));

	for (char *slash; (slash = strrchr(path, '/')) && (size_t)(slash - path) >= floor;) {
		*slash = '\0';
		if (rmdir(path) < 0 && errno != ENOENT)
			break;
	}
}

static int remove_hierarchy(const struct cgroup_dir *d, long long deadline)
{
	_cleanup_free_ char *path = cgroup_dir_path(d);

	for (long pause = 1;; pause = pause < 100 ? pause * 2 : 100) {
		int r = remove_at(AT_FDCWD, path, 0);
		if (r == 0) {
			remove_above(d);
			return 0;
		}
		long long left = deadline - clock_ms();
		if (r != -EBUSY || left <= 0)
			return r;
		clock_sleep_ms(left < pause ? (long)left : pause);
	}
}

bool cgroup_remove_empty(struct cgroup *c)
{
	if (!c->owned || c->driver != CGROUP_DRIVER_CGROUPFS || c->n_dirs == 0)
		return false;
	for (size_t i = 0; i < c->n_dirs; i++) {
		_cleanup_free_ char *path = cgroup_dir_path(&c->dirs[i]);
		if (remove_dir(AT_FDCWD, path) < 0)
			return false;
	}
	for (size_t i = 0; i < c->n_dirs; i++)
		remove_above(&c->dirs[i]);
	c->removed = true;
	return true;
}

static int remove_failed(const struct cgroup *c, const struct cgroup_dir *d, int code, struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n = 0;

	if (code != -EBUSY || cgroup_pids(c, &pids, &n, NULL) < 0 || n == 0)
		return err_set(err, code, "remove cgroup %s%s", d->mount, d->path);
	_cleanup_free_ char *who = process_describe(pids, n);
	return err_say(err, -EBUSY, "remove cgroup %s%s: processes are still in it: %s", d->mount, d->path, who);
}

int cgroup_remove(struct cgroup *c, int timeout_ms, struct err *err)
{
	long long deadline = clock_ms() + timeout_ms;
	int failed = 0;

	if (!c->owned || c->removed)
		return 0;
	if (c->driver == CGROUP_DRIVER_SYSTEMD && c->unit) {
		int r = systemd_stop_scope(c, timeout_ms, err);
		if (r < 0)
			failed = r;
	}
	for (size_t i = 0; i < c->n_dirs; i++) {
		int r = remove_hierarchy(&c->dirs[i], deadline);
		if (r < 0 && failed == 0) /* the first is told, the others are removed all the same */
			failed = remove_failed(c, &c->dirs[i], r, err);
	}
	return failed;
}
