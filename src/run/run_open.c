/* SPDX-License-Identifier: Apache-2.0 */
/* Host ops that open what the container process gets as descriptors. */
#include "run_ops.h"

#include "device_node.h"
#include "idmap.h"
#include "plan/fs_name.h"
#include "start_socket.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

static void fill_slot(struct run *r, uint64_t slot, int fd)
{
	fd_close(r->slots[slot]);
	r->slots[slot] = fd;
}

static int open_any(const char *path, struct err *err)
{
	int fd = fd_open(AT_FDCWD, path, O_PATH, 0);

	return fd < 0 ? err_set(err, fd, "open %s", path) : fd;
}

static int open_dir(const char *path, struct err *err)
{
	int fd = fd_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);

	return fd < 0 ? err_set(err, fd, "open directory %s", path) : fd;
}

static int open_null(const char *path, struct err *err)
{
	struct stat st;
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_PATH | O_NOFOLLOW, 0);

	if (fd < 0)
		return err_set(err, fd, "open %s", path);
	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "stat %s", path);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_say(err, -ENXIO, "%s is not the null device (char 1:3)", path);
	return fd_take(fd);
}

/* A detached mount of it: it can be attached in a mount namespace that has no /dev. It is nobody's peer, so that what
 * is mounted over it in the container shows nowhere else. */
static int open_null_mount(const char *path, struct err *err)
{
	struct mount_attr attr = { .propagation = MS_PRIVATE };
	unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_SYMLINK_NOFOLLOW;
	struct stat st;
	/* One call since Linux 6.15. */
	_cleanup_fd_ int fd = (int)syscall(SYS_open_tree_attr, AT_FDCWD, path, flags, &attr, sizeof(attr));
	bool private = fd >= 0;

	if (!private && (errno == ENOSYS || errno == EPERM))
		fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, flags);
	if (fd < 0)
		return err_set(err, -errno, "clone the mount of %s", path);
	if (fstat(fd, &st) < 0)
		return err_set(err, -errno, "stat %s", path);
	if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		return err_say(err, -ENXIO, "%s is not the null device (char 1:3)", path);
	if (!private && syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0)
		return err_set(err, -errno, "make the mount of %s private", path);
	return fd_take(fd);
}

/* The path is a pid, or ends in one ("/proc/123"). */
static int open_pidfd(const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	long pid = strtol(slash ? slash + 1 : path, NULL, 10);
	int fd = pid > 0 ? (int)syscall(SYS_pidfd_open, (pid_t)pid, 0) : -1;

	if (pid <= 0)
		return err_say(err, -EINVAL, "%s does not name a process", path);
	return fd < 0 ? err_set(err, -errno, "open process %ld", pid) : fd;
}

static const struct {
	const char *word;
	int type;
} ns_types[] = {
	{ "pid", CLONE_NEWPID },       { "network", CLONE_NEWNET }, { "net", CLONE_NEWNET }, { "mount", CLONE_NEWNS },
	{ "mnt", CLONE_NEWNS },        { "ipc", CLONE_NEWIPC },     { "uts", CLONE_NEWUTS }, { "user", CLONE_NEWUSER },
	{ "cgroup", CLONE_NEWCGROUP }, { "time", CLONE_NEWTIME },
};

static int find_ns_type(const char *word)
{
	for (size_t i = 0; i < sizeof(ns_types) / sizeof(ns_types[0]); i++)
		if (strcmp(ns_types[i].word, word) == 0)
			return ns_types[i].type;
	return 0;
}

/* Not O_PATH: ioctl and setns need an open file. Not blocking: the path may turn out to be a FIFO. */
static int open_namespace(const char *path, const char *word, int type, struct err *err)
{
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return err_set(err, fd, "open the %s namespace %s", word, path);
	int found = ioctl(fd, NS_GET_NSTYPE);
	if (found < 0)
		return err_say(err, -EINVAL, "%s is not a namespace", path);
	if (found != type)
		return err_say(err, -EINVAL, "%s is not a %s namespace", path, word);
	return fd_take(fd);
}

/* Neither a terminal nor a FIFO without a reader may hold us up. */
static int open_append(const char *path, struct err *err)
{
	int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0600);

	if (fd < 0)
		return err_set(err, fd, "open %s for the output of hooks", path);
	fcntl(fd, F_SETFL, O_WRONLY | O_APPEND);
	return fd;
}

typedef int open_fn(const char *path, struct err *err);
static const struct {
	const char *word;
	open_fn *open;
} expectations[] = {
	{ "any", open_any },     { "dir", open_dir },       { "null", open_null }, { "null_mount", open_null_mount },
	{ "pidfd", open_pidfd }, { "append", open_append },
};

static int open_expected(const char *path, const char *word, struct err *err)
{
	int type = find_ns_type(word);

	if (type)
		return open_namespace(path, word, type, err);
	for (size_t i = 0; i < sizeof(expectations) / sizeof(expectations[0]); i++)
		if (strcmp(expectations[i].word, word) == 0)
			return expectations[i].open(path, err);
	return err_say(err, -EINVAL, "open %s: unknown expectation \"%s\"", path, word);
}

/* exec joins the process that was checked against the record, not whoever has its number by now. */
static int open_checked_init(int pid_fd, struct err *err)
{
	int fd = fcntl(pid_fd, F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? err_set(err, -errno, "take the container's init") : fd;
}

int run_op_OPEN(struct run *r, const struct op *op, struct err *err)
{
	const char *path = plan_view_str(&r->plan, op->u.OPEN.path);
	const char *expect = plan_view_str(&r->plan, op->u.OPEN.expect);
	const struct exec_request *exec = r->request->exec;
	bool init = exec && exec->init_pid_fd > 0 && expect && strcmp(expect, "pidfd") == 0;
	int fd = init ? open_checked_init(exec->init_pid_fd, err) : open_expected(path, expect ? expect : "any", err);

	if (fd < 0)
		return fd;
	fill_slot(r, op->u.OPEN.slot, fd);
	return 0;
}

int run_op_OPEN_TREE(struct run *r, const struct op *op, struct err *err)
{
	const char *path = plan_view_str(&r->plan, op->u.OPEN_TREE.path);
	unsigned flags = (unsigned)op->u.OPEN_TREE.flags | OPEN_TREE_CLOEXEC;
	int fd = (int)syscall(SYS_open_tree, AT_FDCWD, path, flags);

	if (fd < 0) {
		const char *where = plan_view_str(&r->plan, op->where);
		return err_set(err, -errno, "%s %s",
			       where && strcmp(where, "/root/path") == 0 ? "root file system" : "bind source", path);
	}
	fill_slot(r, op->u.OPEN_TREE.slot, fd);
	return 0;
}

int run_op_DEVICE_NODE(struct run *r, const struct op *op, struct err *err)
{
	const struct op_args_DEVICE_NODE *a = &op->u.DEVICE_NODE;
	int fd = -1;
	int code = device_node_open((mode_t)a->mode, makedev((unsigned)a->major, (unsigned)a->minor), (uid_t)a->uid,
				    (gid_t)a->gid, &fd, err);

	if (code < 0)
		return err_prefix(err, "device %s", plan_view_str(&r->plan, a->path));
	fill_slot(r, a->slot, fd);
	return 0;
}

int run_op_USERNS(struct run *r, const struct op *op, struct err *err)
{
	int fd = -1;
	int code = idmap_open_userns(plan_view_str(&r->plan, op->u.USERNS.uid_map),
				     plan_view_str(&r->plan, op->u.USERNS.gid_map), &fd, err);

	if (code < 0)
		return code;
	fill_slot(r, op->u.USERNS.slot, fd);
	return 0;
}

static int idmap_failed(int code, int fd, struct err *err)
{
	char name[32];

	fs_name(fd, name, sizeof(name));
	if (code == -EINVAL)
		return err_say(err, code,
			       "map the ids of the mount: invalid argument (file systems of the type %s cannot be "
			       "idmapped by this kernel, or one of the mounts is already)",
			       name);
	return err_set(err, code, "map the ids of the mount (its file system is of the type %s)", name);
}

int run_op_TREE_IDMAP(struct run *r, const struct op *op, struct err *err)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP };
	_cleanup_fd_ int userns_fd = -1;
	int fd = r->slots[op->u.TREE_IDMAP.slot];
	unsigned flags = AT_EMPTY_PATH | (op->u.TREE_IDMAP.recursive ? AT_RECURSIVE : 0);

	int code = idmap_open_userns(plan_view_str(&r->plan, op->u.TREE_IDMAP.uid_map),
				     plan_view_str(&r->plan, op->u.TREE_IDMAP.gid_map), &userns_fd, err);
	if (code < 0)
		return code;
	attr.userns_fd = (uint64_t)userns_fd;
	if (syscall(SYS_mount_setattr, fd, "", flags, &attr, sizeof(attr)) < 0)
		return idmap_failed(-errno, fd, err);
	return 0;
}

int run_op_LISTEN(struct run *r, const struct op *op, struct err *err)
{
	int fd = -1;
	int code = start_socket_listen(r->dir->dir_fd, &fd, err);

	if (code < 0)
		return code;
	fill_slot(r, op->u.LISTEN.slot, fd);
	return 0;
}
