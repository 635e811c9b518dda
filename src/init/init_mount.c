/* SPDX-License-Identifier: Apache-2.0 */
/* INIT ops that clone mounts, adorn them and attach them: the registers MOUNT and TARGET. */
#include "init/init.h"

int op_ROOTFS_OPEN(struct init *c, const struct op_args_ROOTFS_OPEN *a)
{
	return mount_take(c, mount_clone(AT_FDCWD, init_str(c, a->path), a->flags));
}

int op_TAKE_TREE(struct init *c, const struct op_args_TAKE_TREE *a)
{
	int r = mount_take(c, init_slot(c, a->slot));

	if (r < 0)
		return r;
	c->slots[a->slot] = -1;
	c->mount_slot = a->slot;
	return 0;
}

int op_CLONE_TREE(struct init *c, const struct op_args_CLONE_TREE *a)
{
	return mount_take(c, mount_clone(AT_FDCWD, init_str(c, a->path), a->flags));
}

int op_CLONE_TARGET(struct init *c, const struct op_args_CLONE_TARGET *a)
{
	return mount_take(c, mount_clone(c->target_fd, "", a->flags));
}

int op_UNMOUNT(struct init *c, const struct op_args_UNMOUNT *a)
{
	char buf[48];
	struct text path = TEXT(buf);
	int r = mount_enter_path(c, c->target_fd, &path);

	if (r == 0)
		r = (int)sys(NR_umount2, buf, a->flags);
	sys(NR_chdir, "/");
	target_close(c);
	return r;
}

/* ---- attributes ---------------------------------------------------------------------------------- */

int op_MOUNT_SETATTR(struct init *c, const struct op_args_MOUNT_SETATTR *a)
{
	struct mount_attr attr = { .attr_set = a->set, .attr_clr = a->clear, .propagation = a->propagation };
	int r = mount_attr_set(c->mount_fd, &attr, a->recursive);

	return r == -ENOSYS ? mount_attr_keep(c, &attr, a->recursive) : r;
}

int op_TARGET_SETATTR(struct init *c, const struct op_args_TARGET_SETATTR *a)
{
	struct mount_attr attr = { .attr_set = a->set, .attr_clr = a->clear, .propagation = a->propagation };

	return mount_attr_set_attached(c, c->target_fd, &attr, a->recursive);
}

int op_ROOT_SETATTR(struct init *c, const struct op_args_ROOT_SETATTR *a)
{
	struct mount_attr attr = { .attr_set = a->set, .attr_clr = a->clear, .propagation = a->propagation };

	return mount_attr_set_attached(c, rootfs_fd(c), &attr, a->recursive);
}

/* What is at /proc must be a procfs, and the whole of one: labels are written through it by those that join. */
static int check_is_proc(struct init *c)
{
	struct statfs fs;
	struct statx st;
	int r = (int)sys(NR_fstatfs, c->mount_fd, &fs);

	if (r == 0)
		r = fd_statx(c->mount_fd, "", &st);
	if (r < 0 || (fs.type == PROC_SUPER_MAGIC && st.ino == PROC_ROOT_INO))
		return r;
	text_str(&c->text, "only a proc file system may be mounted on /proc");
	return -EPERM;
}

int op_MOUNT_IDMAP(struct init *c, const struct op_args_MOUNT_IDMAP *a)
{
	int fd = init_slot(c, a->slot);
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)fd };

	return fd < 0 ? fd : mount_attr_set(c->mount_fd, &attr, false);
}

/* A tmpfs is open to everybody unless it has an option mode; over a directory it is as open as that. */
int op_KEEP_MODE(struct init *c, const struct op_args_KEEP_MODE *a)
{
	int mode = fd_mode(c->target_fd), fd, r;

	(void)a;
	if (mode < 0 || c->target_made)
		return mode < 0 ? mode : 0;
	fd = (int)sys_retry(NR_openat, c->mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fd;
	r = (int)sys(NR_fchmod, fd, mode & 07777);
	sys_close(&fd);
	return r;
}

/* The same link is there already? */
static int compare_link(int dir_fd, const char *name, const char *text, size_t len)
{
	char there[PATH_MAX];
	long n = sys(NR_readlinkat, dir_fd, name, there, sizeof(there));

	return n == (long)len && memcmp(there, text, len) == 0 ? 0 : -EEXIST;
}

int op_COPY_LINK(struct init *c, const struct op_args_COPY_LINK *a)
{
	char buf[PATH_MAX], text[PATH_MAX];
	const char *name;
	int mode = fd_mode(c->mount_fd), dir_fd, r;
	long n;

	if (mode < 0 || (mode & S_IFMT) != S_IFLNK)
		return mode < 0 ? mode : -EINVAL;
	n = sys(NR_readlinkat, c->mount_fd, "", text, sizeof(text) - 1);
	dir_fd = n < 0 ? (int)n : rootfs_parent(c, init_str(c, a->path), buf, &name);
	if (dir_fd < 0)
		return dir_fd;
	text[n] = 0;
	r = (int)sys(NR_symlinkat, text, dir_fd, name);
	if (r == -EEXIST)
		r = compare_link(dir_fd, name, text, (size_t)n);
	sys_close(&dir_fd);
	sys_close(&c->mount_fd);
	return r;
}

/* TARGET is from here on the root of what was mounted there. */
int op_MOVE_MOUNT(struct init *c, const struct op_args_MOVE_MOUNT *a)
{
	int r = c->unmade ? mount_at_once(c) : 1;
	enum mount_kind kind = c->mount_kind;

	(void)a;
	if (r <= 0)
		return r;
	r = c->target_proc && kind != MOUNT_PROC ? check_is_proc(c) : 0;
	if (r == 0)
		r = mount_attach(c->mount_fd, c->target_fd);
	if (r == 0 && (c->late_attr.attr_set || c->late_attr.attr_clr || c->late_attr.propagation))
		r = mount_attr_apply(c, c->mount_fd, &c->late_attr);
	if (r < 0)
		return r;
	target_close(c);
	c->target_fd = c->mount_fd;
	c->mount_fd = -1;
	c->mount_slot = PLAN_NO_SLOT;
	anchor_note(c, kind);
	return 0;
}
