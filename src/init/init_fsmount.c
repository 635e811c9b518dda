/* SPDX-License-Identifier: Apache-2.0 */
/* INIT ops that make and configure file systems: fsmount, reconfigure. */
#include "init/init.h"

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

/* fsconfig(2) takes no longer value in one piece. */
static bool is_long(const char *option)
{
	return strlen(option) - str_span(option, '=') > 256;
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
			if (is_long(s))
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

static enum mount_kind kind_by_name(const char *type)
{
	return str_equal(type, "proc")    ? MOUNT_PROC
	       : str_equal(type, "sysfs") ? MOUNT_SYSFS
	       : str_equal(type, "tmpfs") ? MOUNT_TMPFS
					  : MOUNT_OTHER;
}

static bool has_long_option(struct init *c, uint64_t strv)
{
	uint32_t n;

	for (const char *s = init_strv(c, strv, &n); n--; s = init_next(s)) {
		if (is_long(s))
			return true;
	}
	return false;
}

/* As the data of mount(2), where a comma ends an option. */
static bool join_options(struct init *c, uint64_t strv, struct text *ret)
{
	uint32_t n;

	for (const char *s = init_strv(c, strv, &n); n--; s = init_next(s)) {
		if (s[str_span(s, ',')] || s[str_span(s, '"')])
			return false;
		text_str(ret, ret->len ? "," : "");
		text_str(ret, s);
	}
	return !ret->cut;
}

/*
 * By mount(2), whose data may be a page: overlays of many layers need it.  It wants a place, which is the top of "/" for a
 * moment: only the path "/.." leads there, and "/" passes no mounts on to others.
 */
static int make_by_mount(struct init *c, const struct op_args_FSMOUNT *a)
{
	struct mount_attr attr = { .attr_set = a->attr & (MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSYMFOLLOW) };
	char buf[4096] = "";
	struct text data = TEXT(buf);
	int fd, r;

	if (!join_options(c, a->options, &data)) {
		text_str(&c->text, "the options are longer than a page, or one longer than 255 bytes has a comma");
		return -EINVAL;
	}
	r = (int)sys(NR_mount, a->source ? init_str(c, a->source) : NULL, "/", init_str(c, a->type),
		     a->sb_flags | (mount_flags(a->attr) & ~(uint64_t)MS_RDONLY), buf);
	if (r < 0)
		return r;
	fd = mount_clone(AT_FDCWD, "/..", 0);
	sys(NR_umount2, "/..", MNT_DETACH);
	if (fd >= 0 && attr.attr_set && (r = mount_attr_set_attached(c, fd, &attr, false)) < 0) {
		sys_close(&fd);
		return r;
	}
	return fd;
}

static int make_by_fsmount(struct init *c, const struct op_args_FSMOUNT *a)
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
	return r;
}

static int make_mount(struct init *c, const struct op_args_FSMOUNT *a)
{
	bool by_mount = has_long_option(c, a->options);
	int r = mount_take(c, by_mount ? make_by_mount(c, a) : make_by_fsmount(c, a));

	if (r == 0)
		c->mount_kind = kind_by_name(init_str(c, a->type));
	return r;
}

static bool uses_target(unsigned code)
{
	return code == OP_COPY_UP || code == OP_KEEP_MODE || code == OP_MOVE_MOUNT || code == OP_RECONFIGURE ||
	       code == OP_TARGET_SETATTR || code == OP_UNMOUNT || code == OP_CLONE_TARGET;
}

/*
 * A file system that is put onto a directory of a held tmpfs, and then left alone, is made and attached by one mount(2) on "."
 * in that directory: no path is looked up, and four to eight calls are saved.  Whatever is not as simple as that, or fails,
 * takes the long way, whose errors say more.
 */
static bool can_wait(struct init *c, const struct op_args_FSMOUNT *a)
{
	enum {
		SIMPLE = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOATIME |
			 MOUNT_ATTR_STRICTATIME | MOUNT_ATTR_NODIRATIME
	};
	const char *type = init_str(c, a->type), *name;
	const struct op *op = &c->ops[c->at];
	uint32_t left = c->plan->n_ops - c->at;

	if (!str_equal(type, "tmpfs") && !str_equal(type, "mqueue") && !str_equal(type, "devpts"))
		return false;
	if (left < 4 || a->sb_flags || a->attr & ~(uint64_t)SIMPLE || op[1].code != OP_TARGET ||
	    op[1].u.TARGET.kind != TARGET_DIR || op[2].code != OP_MOVE_MOUNT)
		return false;
	if (op[0].on_error || op[1].on_error || op[2].on_error ||
	    anchor_directory(c, init_str(c, op[1].u.TARGET.path), &name) < 0)
		return false;
	for (uint32_t i = 3; i < left && op[i].code != OP_TARGET; i++)
		if (uses_target(op[i].code))
			return false;
	return true;
}

/* 0: attached; 1: MOUNT is to be attached. */
int mount_at_once(struct init *c)
{
	const struct op_args_FSMOUNT *a = c->unmade;
	uint64_t flags = mount_flags(a->attr);
	char buf[1024] = "";
	struct text data = TEXT(buf);
	int r = -EINVAL;

	c->unmade = NULL;
	if (join_options(c, a->options, &data))
		r = (int)sys(NR_fchdir, c->target_fd);
	if (r == 0)
		r = (int)sys(NR_mount, a->source ? init_str(c, a->source) : NULL, ".", init_str(c, a->type), flags,
			     buf);
	if (r == 0) {
		target_close(c);
		anchor_note(c, MOUNT_OTHER);
		return 0;
	}
	c->at -= 2; /* a failure is fsmount's */
	r = is_refusal(r) ? make_mount(c, a) : r;
	if (r < 0)
		return r;
	c->at += 2;
	return 1;
}

int op_FSMOUNT(struct init *c, const struct op_args_FSMOUNT *a)
{
	if (!can_wait(c, a))
		return make_mount(c, a);
	init_close(c, &c->mount_fd);
	c->mount_slot = PLAN_NO_SLOT;
	c->late_attr = (struct mount_attr){ 0 };
	c->unmade = a;
	return 0;
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
