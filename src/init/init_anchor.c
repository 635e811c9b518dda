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
	empty->stands = false;
	empty->fd = (int)sys(NR_fcntl, c->target_fd, F_DUPFD_CLOEXEC, 3);
}

static struct anchor *find(struct init *c, const char *path, const char **ret_rest)
{
	for (unsigned i = 0; i < INIT_ANCHORS; i++) {
		*ret_rest = c->anchors[i].fd < 0 ? NULL : path_below(path, c->anchors[i].path);
		if (*ret_rest)
			return &c->anchors[i];
	}
	return NULL;
}

/* Does its path lead to the anchor? 0; -ELOOP: to somewhere else, or nowhere. */
static int stands(struct init *c, struct anchor *a)
{
	int here;

	if (a->stands)
		return 0;
	here = rootfs_open(c, a->path, O_PATH | O_DIRECTORY);
	if (here < 0)
		return here == -ENOENT || here == -ENOTDIR ? -ELOOP : here;
	a->stands = same_place(a->fd, here);
	init_close(c, &here);
	return a->stands ? 0 : -ELOOP;
}

/* ".." may lead above the anchor. */
static bool has_dots(const char *path)
{
	for (; *path; path++)
		if (path[0] == '.' && (path[1] == '/' || path[1] == '.' || !path[1]))
			return true;
	return false;
}

int anchor_open_plain(struct init *c, const char *path, uint64_t flags)
{
	const char *rest;
	struct anchor *a = find(c, path, &rest);
	int r;

	/* A mask of the anchor itself covers it. */
	if (!a || !*rest || has_dots(rest))
		return -ELOOP;
	r = stands(c, a);
	return r < 0 ? r : open_below(a->fd, rest, flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
}

void anchor_doubt(struct init *c)
{
	for (unsigned i = 0; i < INIT_ANCHORS; i++)
		c->anchors[i].stands = false;
}

int anchor_open(struct init *c, const char *path, uint64_t flags)
{
	const char *rest;
	struct anchor *a = find(c, path, &rest);

	return a ? open_below(a->fd, rest, flags, RESOLVE_IN_ROOT) : -ENXIO;
}
