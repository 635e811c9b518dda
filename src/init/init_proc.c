/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The private procfs.  Labels, sysctl, oom score and time offsets are written through a procfs that nobody else can
 * reach and over which nothing is mounted, never through the container's /proc.
 */
#include "init/init.h"

static int proc_mount(bool subset_pid)
{
	int fs = (int)sys(NR_fsopen, "proc", FSOPEN_CLOEXEC), r = 0;

	if (fs < 0)
		return fs;
	if (subset_pid)
		r = (int)sys(NR_fsconfig, fs, FSCONFIG_SET_STRING, "subset", "pid", 0);
	if (r == 0)
		r = (int)sys(NR_fsconfig, fs, FSCONFIG_CMD_CREATE, 0, 0, 0);
	if (r == 0)
		r = (int)sys(NR_fsmount, fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
	sys_close(&fs);
	return r;
}

/*
 * What is at /proc, if it is the root of a procfs.  The files below it are opened without leaving that mount, so
 * whatever is mounted over them shows as EXDEV.
 */
static int proc_open_existing(void)
{
	struct statfs fs;
	struct statx st;
	int fd = (int)sys_retry(NR_openat, AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return fd;
	if (sys(NR_fstatfs, fd, &fs) < 0 || fs.type != PROC_SUPER_MAGIC || fd_statx(fd, "", &st) < 0 ||
	    st.ino != PROC_ROOT_INO)
		sys_close(&fd);
	return fd < 0 ? -EXDEV : fd;
}

int op_PROC(struct init *c, const struct op_args_PROC *a)
{
	int r = proc_mount(a->subset_pid);

	/* A user namespace may not mount a procfs when the one it sees is partly covered. */
	if (r == -EPERM || r == -EACCES)
		r = proc_open_existing();
	if (r < 0)
		return r;
	sys_close(&c->proc_fd);
	c->proc_fd = r;
	return 0;
}

static int proc_open_once(struct init *c, const char *path, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(flags | O_CLOEXEC),
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS,
	};
	long r;

	do
		r = sys_retry(NR_openat2, c->proc_fd, path, &how, sizeof(how));
	while (r == -EAGAIN);
	return (int)r;
}

int proc_open(struct init *c, const char *path, int flags)
{
	int r;

	if (c->proc_fd < 0) {
		r = proc_open_existing();
		if (r < 0)
			return r;
		c->proc_fd = r;
	}
	r = proc_open_once(c, path, flags);
	if (r != -EACCES)
		return r;
	/* The files of a process that is not dumpable belong to root, who may be nobody in this user namespace. */
	init_dumpable(true);
	r = proc_open_once(c, path, flags);
	init_dumpable(false);
	return r;
}

int proc_write(struct init *c, const char *path, const char *value, size_t len)
{
	int fd = proc_open(c, path, O_WRONLY);
	long n;

	if (fd < 0)
		return fd;
	n = sys_retry(NR_write, fd, value, len);
	sys_close(&fd);
	return n < 0 ? (int)n : (size_t)n == len ? 0 : -EIO;
}

/* Unlike the inode, no other one ever has it. 0 before Linux 6.11. */
static uint64_t mount_namespace_id(struct init *c)
{
	int fd = (int)sys_retry(NR_openat, c->proc_fd, "self/ns/mnt", O_RDONLY | O_CLOEXEC);
	uint64_t id = 0;

	if (fd >= 0 && sys(NR_ioctl, fd, NS_GET_MNTNS_ID, &id) < 0)
		id = 0;
	sys_close(&fd);
	return id;
}

/* In the order of enum oci_namespace_type (sync.h). One that the kernel lacks stays 0. */
int op_NAMESPACES(struct init *c, const struct op_args_NAMESPACES *a)
{
	static const char paths[][16] = {
		"self/ns/pid", "self/ns/net",  "self/ns/mnt",    "self/ns/ipc",
		"self/ns/uts", "self/ns/user", "self/ns/cgroup", "self/ns/time",
	};
	enum { KINDS = sizeof(paths) / sizeof(paths[0]) };
	uint64_t numbers[KINDS + 1] = { 0 };
	struct statx st;

	(void)a;
	/* What leads there is a magic link, and followed: it is our own. */
	for (unsigned i = 0; i < KINDS; i++)
		if (sys(NR_statx, c->proc_fd, paths[i], 0, STATX_BASIC_STATS, &st) == 0)
			numbers[i] = st.ino;
	numbers[KINDS] = mount_namespace_id(c);
	init_send_namespaces(c, numbers, sizeof(numbers));
	return 0;
}

int op_SYSCTL(struct init *c, const struct op_args_SYSCTL *a)
{
	char buf[PATH_MAX];
	struct text path = TEXT(buf);
	const char *value = init_str(c, a->value);

	text_str(&path, "sys/");
	text_str(&path, init_str(c, a->path));
	return path.cut ? -ENAMETOOLONG : proc_write(c, buf, value, strlen(value));
}

int op_OOM_SCORE_ADJ(struct init *c, const struct op_args_OOM_SCORE_ADJ *a)
{
	char buf[24];
	struct text value = TEXT(buf);

	text_number(&value, (int64_t)a->value);
	return proc_write(c, "self/oom_score_adj", buf, value.len);
}

int op_TIME_OFFSET(struct init *c, const struct op_args_TIME_OFFSET *a)
{
	char buf[96];
	struct text value = TEXT(buf);
	int r;

	text_str(&value, init_str(c, a->clock));
	text_str(&value, " ");
	text_number(&value, (int64_t)a->secs);
	text_str(&value, " ");
	text_number(&value, (int64_t)a->nanosecs);
	text_str(&value, "\n");
	r = value.cut ? -EINVAL : proc_write(c, "self/timens_offsets", buf, value.len);
	/* This was the runtime's /proc; the container process gets one of its own. */
	sys_close(&c->proc_fd);
	return r;
}

/* Does what the kernel reports, e.g. "NAME (enforce)", say what was asked for, e.g. "exec NAME"? */
static bool label_agrees(const char *text, const char *reported)
{
	const char *name = str_after(text, "exec ");
	const char *rest = str_after(reported, name ? name : text);

	return rest && (*rest == 0 || *rest == '\n' || *rest == ' ');
}

/* Reading tells nothing where the security module does not report the attribute. */
static int label_verify(struct init *c, const char *path, const char *text)
{
	char buf[1024];
	int fd = proc_open(c, path, O_RDONLY);
	long n;

	if (fd < 0)
		return 0;
	n = sys_retry(NR_read, fd, buf, sizeof(buf) - 1);
	sys_close(&fd);
	if (n <= 0 || strlen(text) >= sizeof(buf))
		return 0;
	buf[n] = 0;
	if (label_agrees(text, buf))
		return 0;
	text_str(&c->text, "the kernel reports another label: ");
	text_str(&c->text, buf);
	return -EACCES;
}

static int label_write(struct init *c, const char *file, const char *text)
{
	char buf[256];
	struct text path = TEXT(buf);
	int r;

	text_str(&path, "thread-self/attr/");
	text_str(&path, file);
	if (path.cut)
		return -ENAMETOOLONG;
	r = proc_write(c, buf, text, strlen(text));
	return r < 0 ? r : label_verify(c, buf, text);
}

int op_LABEL(struct init *c, const struct op_args_LABEL *a)
{
	const char *file = init_str(c, a->file), *text = init_str(c, a->text);
	const char *plain = str_after(file, "apparmor/");
	int r = label_write(c, file, text);

	/* The directory is there where the kernel stacks security modules. */
	return r == -ENOENT && plain ? label_write(c, plain, text) : r;
}
