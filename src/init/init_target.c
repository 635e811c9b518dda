/* SPDX-License-Identifier: Apache-2.0 */
/* INIT op target: where the next mount goes. */
#include "init/init.h"

static int like_is_dir(struct init *c, uint64_t slot)
{
	int fd = slot == PLAN_NO_SLOT || slot == c->mount_slot ? c->mount_fd : init_slot(c, slot);
	int mode = fd_mode(fd);

	return mode < 0 ? mode : (mode & S_IFMT) == S_IFDIR;
}

void target_close(struct init *c)
{
	if (c->target_held)
		c->target_fd = -1;
	init_close(c, &c->target_fd);
	c->target_held = false;
}

/* A directory of the rootfs itself, not of what is mounted in it: in no procfs, then. */
static int find_in_rootfs(struct init *c, const char *path, bool nofollow)
{
	struct statfs fs;
	int fd = rootfs_fd(c);

	if (fd < 0)
		return -ENXIO;
	if (c->root_kind == ROOT_UNASKED)
		c->root_kind = sys(NR_fstatfs, fd, &fs) == 0 && fs.type != PROC_SUPER_MAGIC ? ROOT_PLAIN : ROOT_STRANGE;
	if (c->root_kind != ROOT_PLAIN)
		return -ENXIO;
	fd = open_below(fd, path, (uint64_t)(O_PATH | O_DIRECTORY | (nofollow ? O_NOFOLLOW : 0)),
			RESOLVE_IN_ROOT | RESOLVE_NO_XDEV);
	return leads_elsewhere(fd) ? -ENXIO : fd;
}

/* The shorter ways to a directory, which leave nothing to be checked. */
static int find_safe(struct init *c, const char *path, uint32_t mode, bool nofollow)
{
	int fd = anchor_make(c, path, mode);

	if (fd == -ENXIO)
		fd = find_in_rootfs(c, path, nofollow);
	c->target_safe = fd >= 0;
	return fd;
}

static int find_target(struct init *c, const struct op_args_TARGET *a)
{
	const char *path = init_str(c, a->path);
	uint32_t mode = (uint32_t)a->mode;
	enum rootfs_link link = LINK_FOLLOW;
	int dir = 1, r;

	switch ((enum target_kind)a->kind) {
	case TARGET_EXISTING: r = anchor_open(c, path, O_PATH); return r == -ENXIO ? rootfs_open(c, path, O_PATH) : r;
	case TARGET_LIKE:
	case TARGET_LINK_LIKE:
		link = a->kind == TARGET_LINK_LIKE ? LINK_TAKE : LINK_FOLLOW;
		dir = like_is_dir(c, a->like);
		if (dir < 0)
			return dir;
		break;
	case TARGET_FILE: dir = 0; break;
	case TARGET_NOFOLLOW_DIR: link = LINK_REFUSE; break;
	case TARGET_DIR:
	case TARGET_KIND_MAX: break;
	}
	if (!mode)
		mode = dir ? 0755 : 0644;
	r = dir ? find_safe(c, path, mode, link != LINK_FOLLOW) : -ENXIO;
	return r != -ENXIO ? r : rootfs_make(c, path, dir, mode, link);
}

/*
 * The builder of plans refuses what is below /proc but for a short list; a path that a link leads there is found only
 * here.  The root of a procfs may be a target, for another procfs (op_MOVE_MOUNT).
 */
static int check_proc(struct init *c, int fd, const char *path)
{
	const char *rest;
	struct statfs fs;
	struct statx st;
	int r;

	while (*path == '/')
		path++;
	rest = str_after(path, "proc");
	c->target_proc = rest && !*rest;
	if (c->target_safe)
		return 0;
	r = (int)sys(NR_fstatfs, fd, &fs);
	if (r < 0 || fs.type != PROC_SUPER_MAGIC || (rest && *rest == '/'))
		return r;
	r = fd_statx(fd, "", &st);
	if (r < 0)
		return r;
	c->target_proc = st.ino == PROC_ROOT_INO;
	if (c->target_proc)
		return 0;
	text_str(&c->text, "a link leads it below /proc");
	return -EPERM;
}

int op_TARGET(struct init *c, const struct op_args_TARGET *a)
{
	int fd, r;

	c->target_made = c->target_safe = false;
	fd = find_target(c, a);
	if (fd < 0)
		return fd;
	r = check_proc(c, fd, init_str(c, a->path));
	if (r < 0) {
		sys_close(&fd);
		return r;
	}
	target_close(c);
	c->target_fd = fd;
	c->target_path = init_str(c, a->path);
	return 0;
}
