/* SPDX-License-Identifier: Apache-2.0 */
/* Word of a container's running out of memory: an eventfd of v1's memory.oom_control, inotify of v2's memory.events. */
#include "stats.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

void cgroup_oom_done(struct cgroup_oom *o)
{
	o->fd = fd_close(o->fd);
	o->dir_fd = fd_close(o->dir_fd);
}

static int read_count(int dir_fd, long long *ret)
{
	int r = cgroup_read_key(dir_fd, "memory.events", "oom_kill", ret); /* 4.13 */

	return r == -ENOENT ? cgroup_read_key(dir_fd, "memory.events", "oom", ret) : r;
}

int cgroup_oom_kills(const struct cgroup *c)
{
	const struct cgroup_dir *d = cgroup_find_dir(c, "memory");
	_cleanup_fd_ int dir_fd = d ? cgroup_dir_open(d) : -ENOENT;
	long long count;

	if (dir_fd < 0)
		return dir_fd;
	int r = d->v2 ? read_count(dir_fd, &count) : cgroup_read_key(dir_fd, "memory.oom_control", "oom_kill", &count);
	return r < 0 ? r : count > 0;
}

static int open_v2(const struct cgroup_dir *d, struct cgroup_oom *o)
{
	_cleanup_free_ char *memory = cgroup_dir_file(d, "memory.events");
	_cleanup_free_ char *events = cgroup_dir_file(d, "cgroup.events");

	o->v2 = true;
	o->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	/* cgroup.events too: it wakes the reader when the last process is gone. */
	if (o->fd < 0 || inotify_add_watch(o->fd, memory, IN_MODIFY) < 0 ||
	    inotify_add_watch(o->fd, events, IN_MODIFY) < 0)
		return -errno;
	return read_count(o->dir_fd, &o->count);
}

static int open_v1(struct cgroup_oom *o)
{
	_cleanup_fd_ int control = fd_open(o->dir_fd, "memory.oom_control", O_RDONLY, 0);
	char text[32];

	if (control < 0)
		return control;
	o->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (o->fd < 0)
		return -errno;
	snprintf(text, sizeof(text), "%d %d", o->fd, control);
	return fd_write_file(o->dir_fd, "cgroup.event_control", text);
}

int cgroup_oom_open(const struct cgroup *c, struct cgroup_oom *ret, struct err *err)
{
	struct cgroup_oom o = { .fd = -1, .dir_fd = -1 };
	const struct cgroup_dir *d = cgroup_find_dir(c, "memory");

	if (!d)
		return err_say(err, -EOPNOTSUPP,
			       "the container has no memory controller to tell of running out of memory");
	o.dir_fd = cgroup_dir_open(d);
	int r = o.dir_fd < 0 ? o.dir_fd : d->v2 ? open_v2(d, &o) : open_v1(&o);
	if (r < 0) {
		cgroup_oom_done(&o);
		return err_set(err, r, "listen for running out of memory in cgroup %s%s", d->mount, d->path);
	}
	*ret = o;
	return 0;
}

static int read_v2(struct cgroup_oom *o)
{
	char events[4096];
	long long now;

	while (read(o->fd, events, sizeof(events)) > 0)
		;
	if (read_count(o->dir_fd, &now) < 0)
		return -ENODEV;
	int n = now > o->count ? (int)(now - o->count) : 0;
	o->count = now;
	return n;
}

static int read_v1(struct cgroup_oom *o)
{
	uint64_t n = 0;

	if (read(o->fd, &n, sizeof(n)) < 0)
		return errno == EAGAIN ? 0 : -errno;
	/* The removal of the cgroup counts as an event, too. */
	return faccessat(o->dir_fd, "memory.oom_control", F_OK, 0) < 0 ? -ENODEV : (int)n;
}

int cgroup_oom_read(struct cgroup_oom *o)
{
	return o->v2 ? read_v2(o) : read_v1(o);
}
