/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's procfs, sysfs and new tmpfs, held from the moment they are mounted.  Who shares the rootfs can rename
 * /proc while a container starts: the mount goes along, and a path that is looked up again finds something else, or nothing.
 * What is to be masked or read-only below these mounts, and what is made in a new /dev, is therefore looked up from their
 * descriptors, which also is shorter.
 */
#include "init/init.h"

/* A tmpfs of somebody else's is nothing special. */
static enum mount_kind kind_of(int fd)
{
	struct statfs fs;

	if (sys(NR_fstatfs, fd, &fs) < 0)
		return MOUNT_OTHER;
	return fs.type == PROC_SUPER_MAGIC ? MOUNT_PROC : fs.type == SYSFS_MAGIC ? MOUNT_SYSFS : MOUNT_OTHER;
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

void anchor_note(struct init *c, enum mount_kind kind)
{
	struct anchor *empty = NULL;
	bool new;

	for (unsigned i = 0; i < INIT_ANCHORS; i++) {
		struct anchor *a = &c->anchors[i];

		/* It is covered now. */
		if (a->fd >= 0 && path_below(a->path, c->target_path))
			init_close(c, &a->fd);
		if (a->fd < 0)
			empty = a;
	}
	new = kind != MOUNT_UNKNOWN;
	if (!new)
		kind = kind_of(c->target_fd);
	if (!empty || kind == MOUNT_OTHER)
		return;
	*empty = (struct anchor){ .path = c->target_path, .fd = c->target_fd, .kind = kind, .new = new };
	c->target_held = true;
}

void anchor_close(struct init *c)
{
	for (unsigned i = 0; i < INIT_ANCHORS; i++)
		init_close(c, &c->anchors[i].fd);
}

static struct anchor *find(struct init *c, const char *path, const char **ret_rest)
{
	for (unsigned i = 0; i < INIT_ANCHORS; i++) {
		if (c->anchors[i].fd < 0 || c->anchors[i].kind == MOUNT_TMPFS)
			continue;
		*ret_rest = path_below(path, c->anchors[i].path);
		if (*ret_rest)
			return &c->anchors[i];
	}
	return NULL;
}

bool leads_elsewhere(int error)
{
	return error == -EXDEV || error == -ELOOP || error == -ENOENT || error == -ENOTDIR;
}

/* Does the anchor's path still lead to it? 0, -ELOOP: no, or another error. */
static int check_stands(struct init *c, struct anchor *a)
{
	int here;

	if (a->stands)
		return 0;
	here = rootfs_open(c, a->path, O_PATH | O_DIRECTORY);
	if (here < 0)
		return leads_elsewhere(here) ? -ELOOP : here;
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

int anchor_plain(struct init *c, const char *path, const char **ret_rest, bool *ret_new)
{
	struct anchor *a = find(c, path, ret_rest);
	int r;

	/* A mask of the anchor itself covers it. */
	if (!a || !**ret_rest || has_dots(*ret_rest))
		return -ELOOP;
	r = check_stands(c, a);
	*ret_new = a->new;
	return r < 0 ? r : a->fd;
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

/* ---- directories in what is held ----------------------------------------------------------------- */

/* The held mount that is nearest above path. */
static struct anchor *nearest(struct init *c, const char *path, const char **ret_rest)
{
	struct anchor *found = NULL;
	const char *rest;

	for (unsigned i = 0; i < INIT_ANCHORS; i++) {
		struct anchor *a = &c->anchors[i];

		rest = a->fd < 0 ? NULL : path_below(path, a->path);
		if (!rest || (found && strlen(rest) >= strlen(*ret_rest)))
			continue;
		found = a;
		*ret_rest = rest;
	}
	return found;
}

/* Is it a tmpfs, and what is wanted one name in it? */
static bool holds_name(const struct anchor *a, const char *name)
{
	return a && a->kind == MOUNT_TMPFS && *name && !name[str_span(name, '/')] && !has_dots(name) &&
	       strlen(name) <= NAME_MAX;
}

int anchor_directory(struct init *c, const char *path, const char **ret_name)
{
	const char *name;
	struct anchor *a = nearest(c, path, &name);

	if (!holds_name(a, name))
		return -1;
	*ret_name = name;
	return a->fd;
}

int anchor_make(struct init *c, const char *path, uint32_t mode)
{
	const char *name;
	struct anchor *a = nearest(c, path, &name);
	int fd;

	if (holds_name(a, name)) {
		fd = (int)sys(NR_mkdirat, a->fd, name, mode);
		if (fd < 0 && fd != -EEXIST)
			return fd;
		c->target_made = fd == 0;
	} else if (!a || a->kind != MOUNT_SYSFS || !*name || has_dots(name)) {
		return -ENXIO;
	}
	/* What is mounted over it, and a link, take the long way. */
	fd = open_below(a->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, RESOLVE_PLAIN_HERE);
	return leads_elsewhere(fd) ? -ENXIO : fd;
}
