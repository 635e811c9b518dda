/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INIT op copy_up: a new tmpfs begins with what it will hide.  Files, directories, links and device nodes with their
 * owners, modes, times and (of files and directories) extended attributes; sockets stay behind.  Everything on descriptors and single names, no link is followed.
 */
#include "init/init.h"

#define MAX_DEPTH 64

static int copy_tree(int from, int to, unsigned depth);

static int copy_data(int from, int to)
{
	char buf[4096];
	long n, w;

	while ((n = sys_retry(NR_read, from, buf, sizeof(buf))) > 0)
		for (long done = 0; done < n; done += w) {
			w = sys_retry(NR_write, to, buf + done, n - done);
			if (w <= 0)
				return w < 0 ? (int)w : -EIO;
		}
	return (int)n;
}

/* File capabilities, labels and the like. What the tmpfs or our privileges do not allow stays behind. */
static void copy_xattrs(int from, int to)
{
	char names[2048], value[4096];
	long n = sys(NR_flistxattr, from, names, sizeof(names)), len;

	for (const char *name = names; name < names + n; name += strlen(name) + 1) {
		len = sys(NR_fgetxattr, from, name, value, sizeof(value));
		if (len >= 0)
			sys(NR_fsetxattr, to, name, value, len, 0);
	}
}

/* Owner first: a change of owner takes the set-id bits and file capabilities away. */
static int copy_attributes(int from, int to, const struct statx *st)
{
	struct timespec times[2] = { { st->atime.sec, st->atime.nsec }, { st->mtime.sec, st->mtime.nsec } };
	long r = sys(NR_fchown, to, st->uid, st->gid);

	if (r == 0)
		r = sys(NR_fchmod, to, st->mode & 07777);
	copy_xattrs(from, to);
	if (r == 0)
		r = sys(NR_utimensat, to, 0, times, 0);
	return (int)r;
}

static int copy_directory(int from, const char *name, int to, const struct statx *st, unsigned depth)
{
	int src, dst, r = (int)sys(NR_mkdirat, to, name, 0700);

	if (r < 0)
		return r;
	src = (int)sys_retry(NR_openat, from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	dst = (int)sys_retry(NR_openat, to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	r = src < 0 ? src : dst < 0 ? dst : copy_tree(src, dst, depth + 1);
	if (r == 0)
		r = copy_attributes(src, dst, st);
	sys_close(&src);
	sys_close(&dst);
	return r;
}

static int copy_file(int from, const char *name, int to, const struct statx *st)
{
	int src = (int)sys_retry(NR_openat, from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC), dst,
	    r;

	if (src < 0)
		return src;
	r = fd_mode(src);
	if (r >= 0 && (r & S_IFMT) != S_IFREG)
		r = -EAGAIN; /* it was another file a moment ago */
	dst = r < 0 ? r
		    : (int)sys_retry(NR_openat, to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	r = dst < 0 ? dst : copy_data(src, dst);
	if (r == 0)
		r = copy_attributes(src, dst, st);
	sys_close(&src);
	sys_close(&dst);
	return r;
}

static int copy_link(int from, const char *name, int to, const struct statx *st)
{
	char link[PATH_MAX];
	long n = sys(NR_readlinkat, from, name, link, sizeof(link) - 1);

	if (n < 0)
		return (int)n;
	link[n] = 0;
	n = sys(NR_symlinkat, link, to, name);
	return n < 0 ? (int)n : (int)sys(NR_fchownat, to, name, st->uid, st->gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_node(int from, const char *name, int to, const struct statx *st)
{
	uint64_t device = (st->rdev_minor & 0xff) | st->rdev_major << 8 | (st->rdev_minor & ~0xffu) << 12;
	long r = sys(NR_mknodat, to, name, st->mode, device);

	(void)from;
	return r < 0 ? (int)r : (int)sys(NR_fchownat, to, name, st->uid, st->gid, AT_SYMLINK_NOFOLLOW);
}

static int copy_entry(int from, const char *name, int to, unsigned depth)
{
	struct statx st;
	int r = fd_statx(from, name, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	switch (st.mode & S_IFMT) {
	case S_IFDIR: return copy_directory(from, name, to, &st, depth);
	case S_IFREG: return copy_file(from, name, to, &st);
	case S_IFLNK: return copy_link(from, name, to, &st);
	case S_IFSOCK: return 0;
	}
	return copy_node(from, name, to, &st);
}

static int copy_tree(int from, int to, unsigned depth)
{
	uint64_t buf[128];
	long n, at = 0;
	int r = 0;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	while (r == 0 && (n = sys_retry(NR_getdents64, from, buf, sizeof(buf))) != 0) {
		if (n < 0)
			return (int)n;
		for (at = 0; r == 0 && at < n; at += ((struct dirent64 *)((char *)buf + at))->reclen) {
			const char *name = ((struct dirent64 *)((char *)buf + at))->name;

			if (!str_equal(name, ".") && !str_equal(name, ".."))
				r = copy_entry(from, name, to, depth);
		}
	}
	return r;
}

/* A mount that is to be read-only is so already: it is writable just for the copy. */
static int copy_into(int from, int to, int mount_fd)
{
	struct mount_attr attr = { 0 };
	struct statfs fs;
	int r = (int)sys(NR_fstatfs, to, &fs);

	if (r < 0 || !(fs.flags & ST_RDONLY))
		return r < 0 ? r : copy_tree(from, to, 0);
	attr.attr_clr = MOUNT_ATTR_RDONLY;
	r = mount_attr_set(mount_fd, &attr, false);
	if (r < 0)
		return r;
	r = copy_tree(from, to, 0);
	attr = (struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY };
	return r < 0 ? r : mount_attr_set(mount_fd, &attr, false);
}

int op_COPY_UP(struct init *c, const struct op_args_COPY_UP *a)
{
	struct statx st;
	int from, to, r;

	(void)a;
	from = (int)sys_retry(NR_openat, c->target_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (from < 0)
		return from;
	to = (int)sys_retry(NR_openat, c->mount_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	r = to < 0 ? to : copy_into(from, to, c->mount_fd);
	/* The top keeps its mode (an option of the mount), and gets its owner. */
	if (r == 0 && fd_statx(from, "", &st) == 0 && (st.uid || st.gid))
		r = (int)sys(NR_fchown, to, st.uid, st.gid);
	sys_close(&from);
	sys_close(&to);
	return r;
}
