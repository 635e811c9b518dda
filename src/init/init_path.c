/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places in the rootfs.  A path is resolved by the kernel within the rootfs (links too), and what is missing is made
 * one name at a time on the descriptor of its parent, never following a link there: whoever swaps directories and
 * links meanwhile gets an error, or a directory of his own.
 *
 * A link whose target is missing: the target is made where the link leads to within the rootfs.
 */
#include "init/init.h"

#define OPEN_ATTEMPTS 4096 /* EAGAIN: something was renamed during the lookup of a ".." */
#define MAX_LINKS 40

int fd_statx(int fd, const char *name, struct statx *ret)
{
	return (int)sys_retry(NR_statx, fd, name, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_MNT_ID,
			      ret);
}

int fd_mode(int fd)
{
	struct statx st;
	int r = fd_statx(fd, "", &st);

	return r < 0 ? r : st.mode;
}

bool same_place(int a, int b)
{
	struct statx x, y;

	return fd_statx(a, "", &x) == 0 && fd_statx(b, "", &y) == 0 && x.ino == y.ino && x.mnt_id == y.mnt_id;
}

int rootfs_fd(struct init *c)
{
	/* A process that joins a container is in its rootfs already. */
	if (c->rootfs_fd < 0)
		c->rootfs_fd = (int)sys_retry(NR_openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return c->rootfs_fd;
}

int open_below(int dir_fd, const char *path, uint64_t flags, uint64_t resolve)
{
	struct open_how how = { flags | O_CLOEXEC, 0, resolve | RESOLVE_NO_MAGICLINKS };
	long r;

	for (unsigned i = 0; i < OPEN_ATTEMPTS; i++) {
		r = sys_retry(NR_openat2, dir_fd, *path ? path : ".", &how, sizeof(how));
		if (r != -EAGAIN)
			return (int)r;
		sys(NR_sched_yield);
	}
	return -EAGAIN;
}

int rootfs_open(struct init *c, const char *path, uint64_t flags)
{
	int root = rootfs_fd(c);

	return root < 0 ? root : open_below(root, path, flags, RESOLVE_IN_ROOT);
}

/* ---- making what is missing ---------------------------------------------------------------------- */

struct walk {
	struct init *c;
	char *path; /* PATH_MAX bytes: what is to be resolved; links are replaced by their text */
	int fd;     /* directory reached so far */
	unsigned links;
	bool dir, nofollow, on_link; /* on_link: one at the last name is fine where nofollow is set */
	uint32_t mode;
};

/* The next name of s: its start and length; 0: none. "." is none. */
static const char *next_name(const char *s, size_t *ret_len)
{
	for (;;) {
		while (*s == '/')
			s++;
		*ret_len = str_span(s, '/');
		if (*ret_len != 1 || *s != '.')
			return s;
		s++;
	}
}

static bool is_last(const char *after_name)
{
	size_t len;

	next_name(after_name, &len);
	return len == 0;
}

/* Replace the name of len bytes at `at`, a link in w->fd, by the text of the link. */
static int expand_link(struct walk *w, size_t at, size_t len, const char *name)
{
	char link[PATH_MAX], rest[PATH_MAX];
	struct text path = { w->path, 0, PATH_MAX, false };
	long n = sys(NR_readlinkat, w->fd, name, link, sizeof(link));
	size_t rest_len = strlen(w->path + at + len);

	if (n <= 0 || ++w->links > MAX_LINKS)
		return n < 0 ? (int)n : -ELOOP;
	memcpy(rest, w->path + at + len, rest_len);
	path.len = link[0] == '/' ? 0 : at;
	text_add(&path, link, (size_t)n);
	text_add(&path, rest, rest_len);
	return path.cut ? -ENAMETOOLONG : 1;
}

/* Make one name in w->fd, open it and step into it. What stands there meanwhile is taken if it is of the right kind. */
static int make_name(struct walk *w, const char *name, bool last)
{
	bool dir = !last || w->dir;
	int fd;

	if (dir) {
		fd = (int)sys(NR_mkdirat, w->fd, name, last ? w->mode : 0755);
		if (fd < 0 && fd != -EEXIST)
			return fd;
		w->c->target_made = fd == 0;
		fd = open_below(w->fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	} else {
		fd = (int)sys_retry(NR_openat, w->fd, name,
				    O_CREAT | O_EXCL | O_RDONLY | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, w->mode);
		if (fd == -EEXIST)
			fd = open_below(w->fd, name, O_PATH | O_NOFOLLOW, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	}
	if (fd < 0)
		return fd;
	sys_close(&w->fd);
	w->fd = fd;
	return 0;
}

/* Everything from `at` on is missing: make it below w->fd. */
static int make_rest(struct walk *w, size_t at)
{
	char name[NAME_MAX + 1];
	size_t len;
	const char *s;
	int r = 0;

	for (s = next_name(w->path + at, &len); r == 0 && len; s = next_name(s + len, &len)) {
		if (len > NAME_MAX)
			return -ENAMETOOLONG;
		memcpy(name, s, len);
		name[len] = 0;
		if (str_equal(name, ".."))
			return -ENOENT;
		r = make_name(w, name, is_last(s + len));
	}
	return r;
}

/* Is name in w->fd, although the lookup says that it is missing? Then it is a link that leads nowhere yet. */
static int dangling(struct walk *w, const char *name)
{
	struct statx st;
	int r = fd_statx(w->fd, name, &st);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	return (st.mode & S_IFMT) == S_IFLNK;
}

/* The prefix of w->path that ends at `end`, resolved in the rootfs. */
static int open_prefix(struct walk *w, size_t end)
{
	uint64_t nofollow = w->nofollow && is_last(w->path + end) ? O_NOFOLLOW : 0;
	char saved = w->path[end];
	int fd;

	w->path[end] = 0;
	fd = rootfs_open(w->c, w->path, O_PATH | nofollow);
	w->path[end] = saved;
	return fd;
}

/* One pass over the path from its start: 0 done, 1 a link was expanded and the pass begins anew. */
static int walk_pass(struct walk *w)
{
	char name[NAME_MAX + 1];
	const char *s;
	size_t len, at;
	int r, fd = rootfs_open(w->c, "", O_PATH | O_DIRECTORY);

	sys_close(&w->fd);
	w->fd = fd;
	for (s = next_name(w->path, &len); fd >= 0 && len; s = next_name(s + len, &len)) {
		at = (size_t)(s - w->path);
		fd = open_prefix(w, at + len);
		if (fd == -ENOENT) {
			if (len > NAME_MAX)
				return -ENAMETOOLONG;
			memcpy(name, s, len);
			name[len] = 0;
			r = dangling(w, name);
			if (r > 0)
				return w->nofollow && is_last(s + len) ? -ELOOP : expand_link(w, at, len, name);
			return r < 0 ? r : make_rest(w, at);
		}
		if (fd >= 0) {
			sys_close(&w->fd);
			w->fd = fd;
		}
	}
	return fd < 0 ? fd : 0;
}

static int check_kind(int fd, bool dir, bool links)
{
	int mode = fd_mode(fd);

	if (mode < 0)
		return mode;
	if ((mode & S_IFMT) == S_IFLNK)
		return links && !dir ? 0 : -ELOOP;
	if (((mode & S_IFMT) == S_IFDIR) == dir)
		return 0;
	return dir ? -ENOTDIR : -EISDIR;
}

/* Nearly always only the last name is missing. 0: made, and w->fd is it; else the long way tells more. */
static int make_last(struct walk *w)
{
	size_t len = strlen(w->path), start;
	int r;

	for (start = len; start && w->path[start - 1] != '/'; start--)
		;
	if (!w->dir || start < 2 || start == len || w->path[start] == '.' || len - start > NAME_MAX)
		return -ENOENT;
	w->path[start - 1] = 0;
	w->fd = rootfs_open(w->c, w->path, O_PATH | O_DIRECTORY);
	w->path[start - 1] = '/';
	if (w->fd < 0)
		return w->fd;
	r = (int)sys(NR_mkdirat, w->fd, w->path + start, w->mode);
	w->c->target_made = r == 0;
	if (r == 0)
		r = open_below(w->fd, w->path + start, O_PATH | O_DIRECTORY | O_NOFOLLOW,
			       RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS);
	init_close(w->c, &w->fd);
	w->fd = r;
	return r < 0 ? r : 0;
}

static int make_missing(struct walk *w, const char *path)
{
	struct text text = { w->path, 0, PATH_MAX, false };
	int r;

	text_str(&text, path);
	if (text.cut)
		return -ENAMETOOLONG;
	r = make_last(w);
	if (r != -ENOENT && r != -ENOTDIR && r != -ELOOP && r != -EEXIST)
		return r;
	do
		r = walk_pass(w);
	while (r > 0);
	return r < 0 ? r : check_kind(w->fd, w->dir, w->on_link);
}

/* A directory is asked for as such, which saves looking at what was found. */
static int open_target(struct init *c, const char *path, bool dir, bool nofollow, bool links)
{
	int fd = rootfs_open(c, path, (uint64_t)(O_PATH | (dir ? O_DIRECTORY : 0) | (nofollow ? O_NOFOLLOW : 0))), r;

	if (fd == -ENOTDIR && nofollow)
		fd = rootfs_open(c, path, O_PATH | O_NOFOLLOW);
	else if (fd < 0 || dir)
		return fd;
	r = fd < 0 ? fd : check_kind(fd, dir, links);
	if (r < 0)
		sys_close(&fd);
	return r < 0 ? r : fd;
}

int rootfs_make(struct init *c, const char *path, bool dir, uint32_t mode, enum rootfs_link link)
{
	bool nofollow = link != LINK_FOLLOW, links = link == LINK_TAKE;
	char buf[PATH_MAX];
	struct walk w = { .c = c, .path = buf, .dir = dir, .nofollow = nofollow, .on_link = links, .mode = mode };
	int r;

	w.fd = open_target(c, path, dir, nofollow, links);
	r = w.fd;
	if (r == -ENOENT)
		r = make_missing(&w, path);
	if (r < 0)
		sys_close(&w.fd);
	if (r == -ELOOP && nofollow)
		text_str(&c->text,
			 "it is a symbolic link, which is not followed here: must be mounted on ordinary directory");
	return r < 0 ? r : w.fd;
}

int rootfs_parent(struct init *c, const char *path, char *buf, const char **ret_name)
{
	struct text text = { buf, 0, PATH_MAX, false };
	size_t end;

	text_str(&text, path);
	if (text.cut)
		return -ENAMETOOLONG;
	for (end = text.len; end && buf[end - 1] == '/'; end--)
		buf[end - 1] = 0;
	while (end && buf[end - 1] != '/')
		end--;
	if (!buf[end] || str_equal(buf + end, ".") || str_equal(buf + end, ".."))
		return -EINVAL;
	*ret_name = buf + end;
	if (end == 0)
		return rootfs_open(c, "", O_PATH | O_DIRECTORY);
	buf[end - 1] = 0;
	return rootfs_make(c, buf, true, 0755, LINK_FOLLOW);
}
