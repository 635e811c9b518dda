/* SPDX-License-Identifier: Apache-2.0 */
/* INIT ops that make mounts, adorn them and attach them: the registers MOUNT and TARGET. */
#include "init/init.h"

int mount_clone(int fd, const char *path, uint64_t flags)
{
	if (!*path)
		flags |= AT_EMPTY_PATH;
	return (int)sys_retry(NR_open_tree, fd, path, flags | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
}

int mount_attach(int mount_fd, int target_fd)
{
	return (int)sys(NR_move_mount, mount_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

int mount_attr_set(int fd, const struct mount_attr *a, bool recursive)
{
	return (int)sys(NR_mount_setattr, fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), a, sizeof(*a));
}

static int set_mount(struct init *c, int fd)
{
	if (fd < 0)
		return fd;
	init_close(c, &c->mount_fd);
	c->mount_fd = fd;
	c->mount_slot = PLAN_NO_SLOT;
	c->late_attr = (struct mount_attr){ 0 };
	return 0;
}

int op_ROOTFS_OPEN(struct init *c, const struct op_args_ROOTFS_OPEN *a)
{
	return set_mount(c, mount_clone(AT_FDCWD, init_str(c, a->path), a->flags));
}

int op_TAKE_TREE(struct init *c, const struct op_args_TAKE_TREE *a)
{
	int r = set_mount(c, init_slot(c, a->slot));

	if (r < 0)
		return r;
	c->slots[a->slot] = -1;
	c->mount_slot = a->slot;
	return 0;
}

int op_CLONE_TREE(struct init *c, const struct op_args_CLONE_TREE *a)
{
	return set_mount(c, mount_clone(AT_FDCWD, init_str(c, a->path), a->flags));
}

int op_CLONE_TARGET(struct init *c, const struct op_args_CLONE_TARGET *a)
{
	return set_mount(c, mount_clone(c->target_fd, "", a->flags));
}

/* ---- file systems -------------------------------------------------------------------------------- */

/* What the file system has to say about a failure: lines of "e text", "w text", "i text". */
static void add_fs_log(struct init *c, int fs_fd)
{
	char line[512];
	long n;

	while ((n = sys_retry(NR_read, fs_fd, line, sizeof(line))) > 0) {
		if (n > 2 && line[1] == ' ') {
			if (c->text.len)
				text_str(&c->text, "; ");
			text_add(&c->text, line + 2, (size_t)(line[n - 1] == '\n' ? n - 3 : n - 2));
		}
	}
}

/* "key=value" or "key". */
static int fs_option(int fs_fd, const char *option)
{
	char key[256];
	size_t len = str_span(option, '=');

	if (len >= sizeof(key))
		return -EINVAL;
	memcpy(key, option, len);
	key[len] = 0;
	if (option[len])
		return (int)sys(NR_fsconfig, fs_fd, FSCONFIG_SET_STRING, key, option + len + 1, 0);
	return (int)sys(NR_fsconfig, fs_fd, FSCONFIG_SET_FLAG, key, 0, 0);
}

static int fs_options(struct init *c, int fs_fd, uint64_t strv)
{
	uint32_t n;
	const char *s = init_strv(c, strv, &n);
	int r = 0;

	for (; r == 0 && n--; s = init_next(s)) {
		r = fs_option(fs_fd, s);
		if (r < 0) {
			text_str(&c->text, "option ");
			text_str(&c->text, s);
			/* The kernel takes no longer value in one piece. */
			if (strlen(s) - str_span(s, '=') > 256)
				text_str(&c->text, " is longer than 255 bytes");
		}
	}
	return r;
}

static int fs_flags(struct init *c, int fs_fd, uint64_t flags)
{
	static const struct {
		uint32_t flag;
		char name[12];
	} names[] = {
		{ MS_RDONLY, "ro" },     { MS_SYNCHRONOUS, "sync" },  { MS_DIRSYNC, "dirsync" },
		{ MS_MANDLOCK, "mand" }, { MS_LAZYTIME, "lazytime" },
	};
	int r = 0;

	/* Not flags of fsconfig(2): messages come to us, not to the log; file systems that count versions do it always
	 * (ext4 since Linux 6.1), and mount(2) asks no others for it either. */
	flags &= ~(uint64_t)(MS_SILENT | MS_I_VERSION);
	for (unsigned i = 0; r == 0 && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!(flags & names[i].flag))
			continue;
		flags &= ~(uint64_t)names[i].flag;
		r = (int)sys(NR_fsconfig, fs_fd, FSCONFIG_SET_FLAG, names[i].name, 0, 0);
		/* File systems count versions or not as they like; those that do not know the word do as they like. */
		if (r == -EINVAL && names[i].flag == MS_I_VERSION)
			r = 0;
		if (r < 0) {
			text_str(&c->text, "option ");
			text_str(&c->text, names[i].name);
		}
	}
	return r < 0 ? r : flags ? -EINVAL : 0;
}

static int fs_configure(struct init *c, int fs_fd, uint64_t options, uint64_t flags, int command)
{
	int r = fs_options(c, fs_fd, options);

	if (r == 0)
		r = fs_flags(c, fs_fd, flags);
	if (r == 0)
		r = (int)sys_retry(NR_fsconfig, fs_fd, command, 0, 0, 0);
	if (r < 0)
		add_fs_log(c, fs_fd);
	return r;
}

int op_FSMOUNT(struct init *c, const struct op_args_FSMOUNT *a)
{
	int fs = (int)sys(NR_fsopen, init_str(c, a->type), FSOPEN_CLOEXEC), r = 0;

	if (fs < 0)
		return fs;
	if (a->source)
		r = (int)sys(NR_fsconfig, fs, FSCONFIG_SET_STRING, "source", init_str(c, a->source), 0);
	if (r == 0)
		r = fs_configure(c, fs, a->options, a->sb_flags, FSCONFIG_CMD_CREATE);
	if (r == 0) {
		r = (int)sys(NR_fsmount, fs, FSMOUNT_CLOEXEC, a->attr);
		if (r < 0)
			add_fs_log(c, fs);
	}
	init_close(c, &fs);
	return set_mount(c, r);
}

int op_RECONFIGURE(struct init *c, const struct op_args_RECONFIGURE *a)
{
	struct mount_attr attr = { .attr_set = a->set, .attr_clr = a->clear };
	uint32_t n;
	int fs, r = 0;

	init_strv(c, a->options, &n);
	if (n || a->sb_flags) {
		fs = (int)sys(NR_fspick, c->target_fd, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH);
		if (fs < 0)
			return fs;
		r = fs_configure(c, fs, a->options, a->sb_flags, FSCONFIG_CMD_RECONFIGURE);
		sys_close(&fs);
	}
	if (r == 0 && (a->set || a->clear))
		r = mount_attr_set_attached(c, c->target_fd, &attr, false);
	return r;
}

/* ---- attributes ---------------------------------------------------------------------------------- */

/*
 * Without mount_setattr (kernels before 5.12) the attributes wait until MOUNT is attached; there mount(2) can give
 * them.  What mount(2) cannot do, a whole tree at once, stays an error.
 */
static int keep_for_later(struct init *c, const struct mount_attr *a, bool recursive)
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

static uint64_t remount_flags(uint64_t attr)
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
	uint64_t r = MS_REMOUNT | MS_BIND;

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
	return ((uint64_t)fs.flags & SAME) & ~remount_flags(cleared);
}

/* mount(2) and umount2(2) know paths only: fd as one, by way of the private procfs, which becomes the working directory. */
static int enter_fd_path(struct init *c, int fd, struct text *path)
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

static int apply_late(struct init *c, int fd, const struct mount_attr *a)
{
	char buf[48];
	struct text path = TEXT(buf);
	uint64_t flags = remount_flags(a->attr_set) | kept_flags(fd, a->attr_clr);
	int r = enter_fd_path(c, fd, &path);

	if (r == 0 && (a->attr_set || a->attr_clr))
		r = (int)sys(NR_mount, 0, buf, 0, flags, 0);
	if (r == 0 && a->propagation)
		r = (int)sys(NR_mount, 0, buf, 0, a->propagation, 0);
	sys(NR_chdir, "/");
	return r;
}

int op_UNMOUNT(struct init *c, const struct op_args_UNMOUNT *a)
{
	char buf[48];
	struct text path = TEXT(buf);
	int r = enter_fd_path(c, c->target_fd, &path);

	if (r == 0)
		r = (int)sys(NR_umount2, buf, a->flags);
	sys(NR_chdir, "/");
	sys_close(&c->target_fd);
	return r;
}

int op_MOUNT_SETATTR(struct init *c, const struct op_args_MOUNT_SETATTR *a)
{
	struct mount_attr attr = { .attr_set = a->set, .attr_clr = a->clear, .propagation = a->propagation };
	int r = mount_attr_set(c->mount_fd, &attr, a->recursive);

	return r == -ENOSYS ? keep_for_later(c, &attr, a->recursive) : r;
}

int mount_attr_set_attached(struct init *c, int fd, const struct mount_attr *attr, bool recursive)
{
	int r = mount_attr_set(fd, attr, recursive);

	if (r != -ENOSYS)
		return r;
	c->late_attr = (struct mount_attr){ 0 };
	r = keep_for_later(c, attr, recursive);
	if (r == 0)
		r = apply_late(c, fd, &c->late_attr);
	c->late_attr = (struct mount_attr){ 0 };
	return r;
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
	int r = c->target_proc ? check_is_proc(c) : 0;

	(void)a;
	if (r == 0)
		r = mount_attach(c->mount_fd, c->target_fd);
	if (r == 0 && (c->late_attr.attr_set || c->late_attr.attr_clr || c->late_attr.propagation))
		r = apply_late(c, c->mount_fd, &c->late_attr);
	if (r < 0)
		return r;
	init_close(c, &c->target_fd);
	c->target_fd = c->mount_fd;
	c->mount_fd = -1;
	c->mount_slot = PLAN_NO_SLOT;
	anchor_note(c);
	return 0;
}
