/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a process into a container's cgroup. */
#include "systemd.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int cgroup_open_v2(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_find_v2(c);

	/* systemd makes it in the moment it gets the pid. */
	if (!d || c->driver == CGROUP_DRIVER_SYSTEMD)
		return -1;
	_cleanup_free_ char *path = c->recorded && c->delegated ? cgroup_dir_file(d, c->delegated) : cgroup_dir_path(d);
	int fd = fd_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return fd < 0 ? -1 : fd;
}

size_t cgroup_open_tasks(const struct cgroup *c, int *ret, size_t max)
{
	size_t n = 0;

	if (c->driver == CGROUP_DRIVER_SYSTEMD && !c->recorded)
		return 0;
	for (size_t i = 0; i < c->n_dirs; i++) {
		if (c->dirs[i].v2)
			continue;
		_cleanup_free_ char *path = cgroup_dir_file(&c->dirs[i], "tasks");
		int fd = n < max ? fd_open(AT_FDCWD, path, O_WRONLY, 0) : -1;
		if (fd < 0) {
			fd_close_many(ret, n);
			return 0;
		}
		ret[n++] = fd;
	}
	return n;
}

static const char *attach_hint(const struct cgroup_dir *d, int code)
{
	if (code == -EBUSY && d->v2)
		return " (it passes controllers on to cgroups below it, so it can have no processes itself)";
	if (code == -EOPNOTSUPP && d->v2)
		return " (a threaded cgroup takes no whole process)";
	if (code == -ENOSPC && !d->v2)
		return " (its cpuset has no CPUs or memory nodes)";
	if (code == -EINVAL && !d->v2)
		return " (is the process in a real-time class that the cpu controller has no budget for?)";
	return "";
}

static int attach_where_others_are(int dir_fd, void *user)
{
	_cleanup_free_ char *procs = NULL;

	if (cgroup_read(dir_fd, "cgroup.procs", &procs) < 0 || !procs[0])
		return 0;
	return fd_write_file(dir_fd, "cgroup.procs", user) == 0;
}

/* A container that made cgroups of its own (systemd in it) has its processes below: go to the first of them. */
static int attach_below(const struct cgroup_dir *d, const char *pid)
{
	_cleanup_free_ char *copy = mem_strdup(pid);

	return cgroup_walk(d, CGROUP_PARENTS_FIRST, attach_where_others_are, copy) == 1 ? 0 : -EBUSY;
}

static int attach(const struct cgroup_dir *d, const char *pid, struct err *err)
{
	_cleanup_free_ char *path = cgroup_dir_file(d, "cgroup.procs");
	int r = fd_write_file(AT_FDCWD, path, pid);

	if (r == -EBUSY && d->v2)
		r = attach_below(d, pid);
	return r < 0 ? err_set(err, r, "put process %s into cgroup %s%s%s", pid, d->mount, d->path, attach_hint(d, r))
		     : 0;
}

/* Of exec: where init is, so that the cgroup above stays without processes, and can pass controllers on. */
static bool attach_delegated(const struct cgroup *c, const struct cgroup_dir *d, const char *pid)
{
	if (!c->recorded || !c->delegated || !d->v2)
		return false;
	const struct cgroup_dir own = cgroup_dir_delegated(c, d);
	_cleanup_free_ char *path = own.path;
	return attach(&own, pid, NULL) == 0;
}

/* Now that the process is not in the scope itself. */
static void enable_in_scope(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_find_v2(c);

	if (c->subgroup && d && c->layout == CGROUP_V2)
		(void)cgroup_enable_controllers(c, d); /* what is missing, the write says (write.c) */
}

int cgroup_attach(struct cgroup *c, pid_t pid, unsigned entered, const struct oci_resources *res, struct err *err)
{
	char text[16];
	int r = 0;

	snprintf(text, sizeof(text), "%d", (int)pid);
	if (c->driver == CGROUP_DRIVER_SYSTEMD && !c->recorded) {
		r = systemd_start_scope(c, pid, res, err);
		if (r == 0)
			r = cgroup_make_dirs(c, err);
		entered = 0;
	}
	for (size_t i = 0; r == 0 && i < c->n_dirs; i++)
		if (!(entered & (c->dirs[i].v2 ? CGROUP_ENTERED_V2 : CGROUP_ENTERED_V1)) &&
		    !attach_delegated(c, &c->dirs[i], text))
			r = attach(&c->dirs[i], text, err);
	if (r == 0 && !c->recorded)
		enable_in_scope(c);
	return r;
}
