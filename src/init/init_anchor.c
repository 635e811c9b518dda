/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's procfs and sysfs, held from the moment they are mounted.  Who shares the rootfs can rename /proc while a
 * container starts: the mount goes along, and a path that is looked up again finds something else, or nothing.  What is to be
 * masked or read-only below these mounts is therefore looked up from their descriptors.
 */
#include "init/init.h"

static int64_t fs_type(int fd)
{
	struct statfs fs;

	return sys(NR_fstatfs, fd, &fs) < 0 ? -1 : fs.type;
}

/* What is left of path below base ("" for base itself), or NULL. */
static const char *path_below(const char *path, const char *base)
{
	const char *rest = str_after(path, base);

	if (!rest || (*rest && *rest != '/'))
		return NULL;
	while (*rest == '/')
		rest++;
	return rest;
}

void anchor_note(struct init *c)
{
	int64_t type = fs_type(c->target_fd);
	struct anchor *empty = NULL;

	for (unsigned i = 0; i < INIT_ANCHORS; i++) {
		struct anchor *a = &c->anchors[i];

		/* It is covered now. */
		if (a->fd >= 0 && path_below(a->path, c->target_path))
			init_close(c, &a->fd);
		if (a->fd < 0)
			empty = a;
	}
	if (!empty || (type != PROC_SUPER_MAGIC && type != SYSFS_MAGIC))
		return;
	empty->path = c->target_path;
	empty->fd = (int)sys(NR_fcntl, c->target_fd, F_DUPFD_CLOEXEC, 3);
}

int anchor_open(struct init *c, const char *path, uint64_t flags)
{
	for (unsigned i = 0; i < INIT_ANCHORS; i++) {
		const struct anchor *a = &c->anchors[i];
		const char *rest = a->fd < 0 ? NULL : path_below(path, a->path);

		if (rest)
			return open_below(a->fd, rest, flags, RESOLVE_IN_ROOT);
	}
	return -ENXIO;
}
