/* SPDX-License-Identifier: Apache-2.0 */
/* INIT ops on the root: attaching it, changing into it; nodes and links in it; masked and read-only paths. */
#include "init/init.h"

/* setns(2) changes the working directory and the root too: to the one mount that is there. */
int op_MOUNT_NS(struct init *c, const struct op_args_MOUNT_NS *a)
{
	int fd = init_slot(c, a->slot), r;

	if (fd < 0)
		return fd;
	r = (int)sys(NR_setns, fd, CLONE_NEWNS);
	if (r == 0)
		r = (int)sys(NR_unshare, CLONE_NEWNS);
	c->small_ns = r == 0;
	init_close(c, &c->slots[a->slot]);
	return r;
}

int op_PROPAGATION(struct init *c, const struct op_args_PROPAGATION *a)
{
	(void)c;
	return (int)sys(NR_mount, 0, "/", 0, a->flags, 0);
}

/* Above "/" of the namespace: the process' own root stays what it was until pivot_root. */
int op_ROOTFS(struct init *c, const struct op_args_ROOTFS *a)
{
	int r = (int)sys(NR_move_mount, c->mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), mode;

	(void)a;
	if (r < 0) {
		mode = fd_mode(c->mount_fd);
		return mode >= 0 && (mode & S_IFMT) != S_IFDIR ? -ENOTDIR : r;
	}
	sys_close(&c->rootfs_fd);
	c->rootfs_fd = c->mount_fd;
	c->mount_fd = -1;
	c->mount_slot = PLAN_NO_SLOT;
	return 0;
}

int op_ROOTFS_HERE(struct init *c, const struct op_args_ROOTFS_HERE *a)
{
	int fd = init_slot(c, a->slot);

	if (fd < 0)
		return fd;
	sys_close(&c->rootfs_fd);
	c->rootfs_fd = fd;
	c->slots[a->slot] = -1;
	return 0;
}

static int is_null(int fd)
{
	struct statx st;
	int r = fd_statx(fd, "", &st);

	if (r < 0)
		return r;
	return (st.mode & S_IFMT) == S_IFCHR && st.rdev_major == 1 && st.rdev_minor == 3 ? 0 : -EPERM;
}

/* What a rootfs without such a device, or rules of devices that forbid it, answer. */
static bool is_absent(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES || r == -EPERM || r == -ENXIO ||
	       r == -ENODEV;
}

/* The container's /dev/null, looked at before it is opened; -ENOENT: it has none, or may not open it. */
static int own_null(struct init *c, uint64_t flags)
{
	const char *name;
	int dir = anchor_directory(c, "/dev/null", &name), fd = -1, r = 0;

	/* In a new /dev of ours it is what we have made, and need not be looked at first. */
	if (dir < 0) {
		fd = rootfs_open(c, "dev/null", O_PATH);
		r = fd < 0 ? fd : is_null(fd);
		sys_close(&fd);
	}
	/* Who shares the rootfs may have put a FIFO there meanwhile, or a terminal: neither may hold us up, or become ours. */
	if (r == 0)
		fd = dir < 0 ? rootfs_open(c, "dev/null", flags | O_NONBLOCK | O_NOCTTY)
			     : open_below(dir, name, flags, RESOLVE_PLAIN_HERE);
	if (fd >= 0)
		r = is_null(fd);
	else if (r == 0)
		r = fd;
	if (r == 0 && dir < 0)
		r = (int)sys(NR_fcntl, fd, F_SETFL, flags);
	if (r == 0)
		return fd;
	sys_close(&fd);
	return is_absent(r) || (dir >= 0 && r == -EXDEV) ? -ENOENT : r;
}

/*
 * A standard stream that is the host's /dev/null holds on to a mount outside of the container, and CRIU saves no process
 * that does.  The container's own is the same device; one descriptor serves all streams of the same access.
 */
static int own_streams(struct init *c)
{
	long flags, opened = -1;
	int fd = -1, r = 0;

	for (int stream = 0; r >= 0 && stream < 3; stream++) {
		r = is_null(stream);
		if (r == -EPERM || r == -EBADF) {
			r = 0;
			continue;
		}
		flags = r < 0 ? r : sys(NR_fcntl, stream, F_GETFL);
		if (flags >= 0 && (flags & O_ACCMODE) != opened) {
			sys_close(&fd);
			opened = flags & O_ACCMODE;
			fd = own_null(c, (uint64_t)opened);
		}
		r = flags < 0 ? (int)flags : fd < 0 ? fd : (int)sys(NR_dup3, fd, stream, 0);
	}
	init_close(c, &fd);
	return r == -ENOENT ? 0 : r < 0 ? r : 0;
}

/*
 * The old root ends above the new one in the same place, where "." finds it, and is let go of.  `propagation` has cut
 * it off from the host's mounts, so nothing is unmounted there.  The working directory is the new root.
 */
int op_PIVOT_ROOT(struct init *c, const struct op_args_PIVOT_ROOT *a)
{
	int r = own_streams(c);

	(void)a;
	if (r == 0)
		r = (int)sys(NR_fchdir, c->rootfs_fd);
	if (r == 0)
		r = (int)sys(NR_pivot_root, ".", ".");
	if (r == 0)
		r = (int)sys(NR_umount2, ".", MNT_DETACH);
	c->pivoted = r == 0;
	return r;
}

static int change_root(struct init *c)
{
	int r = (int)sys(NR_fchdir, c->rootfs_fd);

	if (r == 0)
		r = (int)sys(NR_chroot, ".");
	if (r == 0)
		r = (int)sys(NR_chdir, "/");
	c->pivoted = r == 0;
	return r;
}

int op_CHROOT(struct init *c, const struct op_args_CHROOT *a)
{
	(void)a;
	return change_root(c);
}

/* ---- nodes and links ------------------------------------------------------------------------------- */

static int node_matches(int dir, const char *name, const struct op_args_MKNOD *a)
{
	struct statx st;
	int r = fd_statx(dir, name, &st);

	if (r < 0)
		return r;
	if ((st.mode & S_IFMT) != (a->mode & S_IFMT))
		return -EEXIST;
	if ((a->mode & S_IFMT) == S_IFIFO)
		return 0;
	return st.rdev_major == a->major && st.rdev_minor == a->minor ? 0 : -EEXIST;
}

/* What is made belongs to whom it should already. The ids do not change between ops that make something. */
static bool is_root(struct init *c)
{
	if (!c->euid_known)
		c->euid = (uint32_t)sys(NR_geteuid);
	c->euid_known = true;
	return c->euid == 0;
}

int op_MKNOD(struct init *c, const struct op_args_MKNOD *a)
{
	char buf[PATH_MAX];
	const char *name;
	bool fifo = (a->mode & S_IFMT) == S_IFIFO;
	uint64_t device = fifo ? 0 : (a->minor & 0xff) | a->major << 8 | (a->minor & ~0xffull) << 12;
	int dir, r;

	if (!fifo && (a->major > 0xfff || a->minor > 0xfffff))
		return -EINVAL;
	dir = parent_shared(c, init_str(c, a->path), buf, &name);
	if (dir < 0)
		return dir;
	r = (int)sys(NR_mknodat, dir, name, a->mode, device); /* the umask is 0: the mode is exact */
	if (r == 0 && (a->uid || a->gid || !is_root(c)))
		r = (int)sys(NR_fchownat, dir, name, a->uid, a->gid, AT_SYMLINK_NOFOLLOW);
	else if (r == -EEXIST && a->exists_ok)
		r = node_matches(dir, name, a);
	return r;
}

int op_SYMLINK(struct init *c, const struct op_args_SYMLINK *a)
{
	char buf[PATH_MAX];
	const char *name;
	int fd, r;

	if (a->if_exists) {
		fd = rootfs_open(c, init_str(c, a->if_exists), O_PATH);
		if (fd < 0)
			return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
		sys_close(&fd);
	}
	fd = parent_shared(c, init_str(c, a->path), buf, &name);
	if (fd < 0)
		return fd;
	r = (int)sys(NR_symlinkat, init_str(c, a->target), fd, name);
	return r == -EEXIST ? 0 : r;
}

/* ---- masked and read-only paths -------------------------------------------------------------------- */

/* An empty read-only directory. One file system serves all masks: the first is attached, the others are its clones. */
static int mask_mount(struct init *c)
{
	int fs = (int)sys(NR_fsopen, "tmpfs", FSOPEN_CLOEXEC), r;

	if (fs < 0)
		return fs;
	r = (int)sys(NR_fsconfig, fs, FSCONFIG_SET_STRING, "nr_inodes", "2", 0);
	if (r == 0)
		r = (int)sys(NR_fsconfig, fs, FSCONFIG_SET_STRING, "mode", "755", 0);
	if (r == 0)
		r = (int)sys(NR_fsconfig, fs, FSCONFIG_SET_FLAG, "ro", 0, 0);
	if (r == 0)
		r = (int)sys(NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (r == 0)
		r = (int)sys(NR_fsmount, fs, FSMOUNT_CLOEXEC,
			     MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	init_close(c, &fs);
	return r;
}

static int host_null(void)
{
	int fd = mount_clone(AT_FDCWD, "/dev/null", 0), r = fd < 0 ? fd : is_null(fd);

	if (r < 0)
		sys_close(&fd);
	return r < 0 ? r : fd;
}

/* A verified mount of /dev/null that can be attached: the host's detached one, a clone of it, or of the runtime's /dev/null. */
static int null_mount(struct init *c, uint64_t slot)
{
	/* What the host clones for a small mount namespace it has looked at. */
	int fd = init_slot(c, slot), r = fd < 0 || c->small_ns ? fd : is_null(fd);

	if (fd >= 0 && r >= 0) {
		r = c->small_ns ? -EINVAL : mount_clone(fd, "", 0);
		if (r == -EINVAL) {
			/* Not of this namespace: detached, or only a path, which the attempt to attach will tell. */
			c->slots[slot] = -1;
			return fd;
		}
	}
	return r < 0 && !c->pivoted ? host_null() : r;
}

/* What is attached first is kept: a clone of it is the same file. */
static int attach_null(struct init *c, uint64_t slot, int dir, const char *name)
{
	int fd = c->null_fd >= 0 ? mount_clone(c->null_fd, "", 0) : null_mount(c, slot), r;

	if (fd < 0)
		return fd;
	r = mount_attach_at(fd, dir, name);
	if (r == -EINVAL && c->null_fd < 0 && !c->pivoted) {
		sys_close(&fd);
		fd = host_null();
		r = fd < 0 ? fd : mount_attach_at(fd, dir, name);
	}
	if (r == 0 && c->null_fd < 0)
		c->null_fd = fd;
	else
		init_close(c, &fd);
	return r;
}

/* Attached by the shorter way: mount(2) on "." in the directory to be hidden. Its root is found by its name. */
static int mask_here(struct init *c, int dir, const char *name)
{
	int place = open_below(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, RESOLVE_PLAIN), r;

	if (place < 0)
		return place;
	r = (int)sys(NR_fchdir, place);
	init_close(c, &place);
	if (r == 0)
		r = (int)sys(NR_mount, NULL, ".", "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
			     "nr_inodes=2,mode=755");
	if (r == 0)
		r = c->mask_fd = open_below(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, RESOLVE_PLAIN);
	return r < 0 ? r : 0;
}

static int attach_mask(struct init *c, int dir, const char *name)
{
	int fd, r = c->mask_fd < 0 && *name ? mask_here(c, dir, name) : -EINVAL;

	if (!is_refusal(r))
		return r;
	fd = c->mask_fd >= 0 ? mount_clone(c->mask_fd, "", 0) : mask_mount(c);
	if (fd < 0)
		return fd;
	r = mount_attach_at(fd, dir, name);
	if (r == 0 && c->mask_fd < 0)
		c->mask_fd = fd;
	else
		init_close(c, &fd);
	return r;
}

/* What is to be hidden: a name in dir, or dir itself (""). */
struct place {
	int dir;
	const char *name;
	bool alone;    /* nothing is mounted below it */
	uint64_t null; /* slot of /dev/null */
};

typedef int hide_place(struct init *c, const struct place *p);

static int mask_place(struct init *c, const struct place *p)
{
	struct statx st;
	int r = fd_statx(p->dir, p->name, &st);

	if (r < 0)
		return r;
	if ((st.mode & S_IFMT) == S_IFLNK && *p->name)
		return -ELOOP;
	if ((st.mode & S_IFMT) == S_IFDIR)
		return attach_mask(c, p->dir, p->name);
	return attach_null(c, p->null, p->dir, p->name);
}

static int readonly_attached(struct init *c, int target)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int fd = mount_clone(target, "", AT_RECURSIVE), r = fd < 0 ? fd : mount_attach(fd, target);

	if (r == 0)
		r = mount_attr_set_attached(c, fd, &attr, false);
	init_close(c, &fd);
	return r;
}

/* Where one mount is all of it, its clone can be read-only from the beginning (Linux 6.15). */
static int readonly_place(struct init *c, const struct place *p)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int target = p->dir, fd = -ENOSYS, r;

	if (*p->name)
		target = open_below(p->dir, p->name, O_PATH, RESOLVE_PLAIN);
	if (target < 0)
		return target;
	if (p->alone && !c->no_open_tree_attr)
		fd = (int)sys(NR_open_tree_attr, target, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC, &attr,
			      sizeof(attr));
	c->no_open_tree_attr |= fd == -ENOSYS;
	r = fd >= 0 ? mount_attach(fd, target) : is_refusal(fd) ? readonly_attached(c, target) : fd;
	init_close(c, &fd);
	if (target != p->dir)
		init_close(c, &target);
	return r;
}

static bool is_missing(int r)
{
	return r == -ENOENT || r == -ENOTDIR;
}

/* Is path a place, or above one, where the plan mounts something? */
static bool is_mounted_below(const struct init *c, const char *path)
{
	for (uint32_t i = 0; i < c->plan->n_ops; i++)
		if (c->ops[i].code == OP_TARGET && str_after(init_str(c, c->ops[i].u.TARGET.path), path))
			return true;
	return false;
}

/* Both ways lead to the same place (anchor_plain): one lookup will do. -ELOOP: there is a link, after all. */
static int hide_held(struct init *c, const char *path, hide_place *hide, struct place *p)
{
	int fd, r;

	p->alone = p->alone && !is_mounted_below(c, path);
	if (!p->name[str_span(p->name, '/')])
		return hide(c, p);
	fd = open_below(p->dir, p->name, O_PATH, RESOLVE_PLAIN);
	if (fd < 0)
		return fd;
	p->dir = fd;
	p->name = "";
	r = hide(c, p);
	init_close(c, &fd);
	return r;
}

static int hide_fd(struct init *c, hide_place *hide, int fd, uint64_t null)
{
	return hide(c, &(struct place){ .dir = fd, .name = "", .null = null });
}

/*
 * A path below /proc or /sys is hidden in the file system that the configuration has mounted there, although somebody who
 * shares the rootfs may have renamed that meanwhile, and also in what is there now, should that be another.
 */
static int hide(struct init *c, const char *path, hide_place *place, uint64_t null)
{
	struct place p = { .null = null };
	int held, here, r = 0;
	bool same;

	p.dir = anchor_plain(c, path, &p.name, &p.alone);
	if (p.dir < 0 && p.dir != -ELOOP)
		return p.dir;
	if (p.dir >= 0) {
		r = hide_held(c, path, place, &p);
		if (r != -ELOOP)
			return is_missing(r) ? 0 : r;
		r = 0;
	}
	held = anchor_open(c, path, O_PATH);
	here = rootfs_open(c, path, O_PATH);
	same = held >= 0 && here >= 0 && same_place(held, here);
	if (held >= 0)
		r = hide_fd(c, place, held, null);
	else if (held != -ENXIO && !is_missing(held))
		r = held;
	if (r == 0 && here >= 0 && !same)
		r = hide_fd(c, place, here, null);
	else if (r == 0 && here < 0 && !is_missing(here))
		r = here;
	init_close(c, &held);
	init_close(c, &here);
	return r;
}

int op_MASK(struct init *c, const struct op_args_MASK *a)
{
	return hide(c, init_str(c, a->path), mask_place, a->null);
}

int op_READONLY(struct init *c, const struct op_args_READONLY *a)
{
	return hide(c, init_str(c, a->path), readonly_place, 0);
}

/* ---- without pivot_root ------------------------------------------------------------------------------ */

/*
 * Whoever makes a user namespace in the container may mount a procfs or sysfs where one is wholly visible already
 * (user_namespaces(7)); the host's, which stay in the namespace without pivot_root, would let him past what is masked.
 * One that is locked, as in a user namespace, is covered.
 */
static int drop_host(struct init *c, const char *path, int64_t type)
{
	struct statfs fs;
	int fd, r;

	while (sys(NR_umount2, path, MNT_DETACH) == 0)
		;
	fd = (int)sys_retry(NR_openat, AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENOTDIR ? 0 : fd;
	r = (int)sys(NR_fstatfs, fd, &fs);
	if (r == 0 && fs.type == type)
		r = attach_mask(c, fd, "");
	init_close(c, &fd);
	return r;
}

/* `rootfs` has put the rootfs above "/" already: who enters the namespace arrives in it. */
int op_MOVE_ROOT(struct init *c, const struct op_args_MOVE_ROOT *a)
{
	int r = a->own ? drop_host(c, "/proc", PROC_SUPER_MAGIC) : 0;

	if (r == 0 && a->own)
		r = drop_host(c, "/sys", SYSFS_MAGIC);
	if (r == 0)
		r = own_streams(c);
	return r < 0 ? r : change_root(c);
}
