/* SPDX-License-Identifier: Apache-2.0 */
/* INIT op target: where the next mount goes. */
#include "init/init.h"

static int like_is_dir(struct init *c, uint64_t slot)
{
	int fd = slot == PLAN_NO_SLOT || slot == c->mount_slot ? c->mount_fd : init_slot(c, slot);
	int mode = fd_mode(fd);

	return mode < 0 ? mode : (mode & S_IFMT) == S_IFDIR;
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
	return rootfs_make(c, path, dir, mode, link);
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
	int r = (int)sys(NR_fstatfs, fd, &fs);

	while (*path == '/')
		path++;
	rest = str_after(path, "proc");
	c->target_proc = rest && !*rest;
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

	c->target_made = false;
	fd = find_target(c, a);
	if (fd < 0)
		return fd;
	r = check_proc(c, fd, init_str(c, a->path));
	if (r < 0) {
		sys_close(&fd);
		return r;
	}
	init_close(c, &c->target_fd);
	c->target_fd = fd;
	c->target_path = init_str(c, a->path);
	return 0;
}
