/* SPDX-License-Identifier: Apache-2.0 */
/* A mount by its descriptor: cloned, attached, given attributes; and the register MOUNT that holds one. */
#include "init/init.h"

int mount_clone(int fd, const char *path, uint64_t flags)
{
	if (!*path)
		flags |= AT_EMPTY_PATH;
	return (int)sys_retry(NR_open_tree, fd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

int mount_attach(int mount_fd, int target_fd)
{
	return mount_attach_at(mount_fd, target_fd, "");
}

int mount_attach_at(int mount_fd, int dir_fd, const char *name)
{
	return (int)sys(NR_move_mount, mount_fd, "", dir_fd, name,
			MOVE_MOUNT_F_EMPTY_PATH | (*name ? 0 : MOVE_MOUNT_T_EMPTY_PATH));
}

int mount_attr_set(int fd, const struct mount_attr *a, bool recursive)
{
	return (int)sys(NR_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), a, sizeof(*a));
}

int mount_take(struct init *c, int fd)
{
	if (fd < 0)
		return fd;
	init_close(c, &c->mount_fd);
	c->mount_fd = fd;
	c->mount_slot = PLAN_NO_SLOT;
	c->mount_kind = MOUNT_UNKNOWN;
	c->unmade = NULL;
	c->late_attr = (struct mount_attr){ 0 };
	return 0;
}

/* ---- attributes ---------------------------------------------------------------------------------- */

int mount_attr_keep(struct init *c, const struct mount_attr *a, bool recursive)
{
	if (recursive && (a->attr_set || a->attr_clr)) {
		text_str(&c->text, "recursive mount attributes need Linux 5.12");
		return -ENOSYS;
	}
	c->late_attr.attr_set = (c->late_attr.attr_set & ~a->attr_clr) | a->attr_set;
	c->late_attr.attr_clr |= a->attr_clr;
	if (a->propagation)
		c->late_attr.propagation = a->propagation | (recursive ? MS_REC : 0);
	return 0;
}

uint64_t mount_flags(uint64_t attr)
{
	static const struct {
		uint32_t attr, flag;
	} flags[] = {
		{ MOUNT_ATTR_RDONLY, MS_RDONLY },
		{ MOUNT_ATTR_NOSUID, MS_NOSUID },
		{ MOUNT_ATTR_NODEV, MS_NODEV },
		{ MOUNT_ATTR_NOEXEC, MS_NOEXEC },
		{ MOUNT_ATTR_NODIRATIME, MS_NODIRATIME },
		{ MOUNT_ATTR_NOATIME, MS_NOATIME },
		{ MOUNT_ATTR_STRICTATIME, MS_STRICTATIME },
	};
	uint64_t r = 0;

	for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (attr & flags[i].attr)
			r |= flags[i].flag;
	return r;
}

/* mount(2) sets all flags anew: those that the mount has, perhaps locked, are given again. */
static uint64_t kept_flags(int fd, uint64_t cleared)
{
	enum { SAME = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME | MS_NODIRATIME };
	struct statfs fs;

	if (sys(NR_fstatfs, fd, &fs) < 0)
		return 0;
	return ((uint64_t)fs.flags & SAME) & ~mount_flags(cleared);
}

int mount_enter_path(struct init *c, int fd, struct text *path)
{
	int self = proc_open(c, "self", O_PATH | O_DIRECTORY), r;

	if (self < 0)
		return self;
	text_str(path, "fd/");
	text_number(path, fd);
	r = (int)sys(NR_fchdir, self);
	sys_close(&self);
	return r;
}

int mount_attr_apply(struct init *c, int fd, const struct mount_attr *a)
{
	char buf[48];
	struct text path = TEXT(buf);
	uint64_t flags = MS_REMOUNT | MS_BIND | mount_flags(a->attr_set) | kept_flags(fd, a->attr_clr);
	int r = mount_enter_path(c, fd, &path);

	if (r == 0 && (a->attr_set || a->attr_clr))
		r = (int)sys(NR_mount, 0, buf, 0, flags, 0);
	if (r == 0 && a->propagation)
		r = (int)sys(NR_mount, 0, buf, 0, a->propagation, 0);
	sys(NR_chdir, "/");
	return r;
}

int mount_attr_set_attached(struct init *c, int fd, const struct mount_attr *attr, bool recursive)
{
	int r = mount_attr_set(fd, attr, recursive);

	if (r != -ENOSYS)
		return r;
	c->late_attr = (struct mount_attr){ 0 };
	r = mount_attr_keep(c, attr, recursive);
	if (r == 0)
		r = mount_attr_apply(c, fd, &c->late_attr);
	c->late_attr = (struct mount_attr){ 0 };
	return r;
}
