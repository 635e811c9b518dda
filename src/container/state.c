/* SPDX-License-Identifier: Apache-2.0 */
/* The containers' directories: making, opening, locking, listing and removing them; see state.h. */
#include "state.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- ids ------------------------------------------------------------------------------ */

/* How many of its characters may stand in an id, up to the first that may not. */
static size_t count_id_characters(const char *id)
{
	size_t n = 0;

	while ((id[n] >= 'a' && id[n] <= 'z') || (id[n] >= 'A' && id[n] <= 'Z') || (id[n] >= '0' && id[n] <= '9') ||
	       id[n] == '_' || id[n] == '+' || id[n] == '.' || id[n] == '-')
		n++;
	return n;
}

static bool id_is_valid(const char *id)
{
	size_t len = strlen(id);

	/* A name of a directory: NAME_MAX is below the 1024 that other runtimes allow. */
	return len > 0 && len <= NAME_MAX && count_id_characters(id) == len && strcmp(id, ".") != 0 &&
	       strcmp(id, "..") != 0;
}

int state_check_id(const char *id, struct err *err)
{
	if (!id || !id[0])
		return err_say(err, -EINVAL, "container ID cannot be empty");
	if (strlen(id) > NAME_MAX)
		return err_say(err, -EINVAL, "invalid container ID: %zu characters, and %d are the most", strlen(id),
			       NAME_MAX);
	size_t good = count_id_characters(id);
	if (id[good])
		return err_say(err, -EINVAL,
			       "invalid container ID \"%s\": invalid character `%c` in the ID: letters, digits, \"_\", "
			       "\"+\", \".\" and \"-\" only",
			       id, id[good]);
	if (!id_is_valid(id))
		return err_say(err, -EINVAL,
			       "invalid container ID \"%s\": letters, digits, \"_\", \"+\", \".\" and \"-\" only, "
			       "and not \".\" or \"..\"",
			       id);
	return 0;
}

/* ---- the root ------------------------------------------------------------------------- */

/* In a user namespace of one's own (podman unshare, rootless Docker) root is an ordinary user. Podman's calls of kill and
 * delete have no USER at all. */
static bool root_is_ordinary(void)
{
	enum { INITIAL_USER_NS = 0xEFFFFFFD }; /* PROC_USER_INIT_INO, part of the kernel's interface */
	const char *user = getenv("USER");
	uint64_t inode;

	if (user && strcmp(user, "root") == 0)
		return false;
	return process_namespace(0, "user", &inode) == 0 && inode != (unsigned)INITIAL_USER_NS;
}

char *state_default_root(void)
{
	const char *dir = getenv("XDG_RUNTIME_DIR");

	if (geteuid() == 0 && !root_is_ordinary())
		return mem_strdup("/run/husk");
	if (dir && dir[0] == '/')
		return mem_printf("%s/husk", dir);
	if (geteuid() == 0)
		return mem_strdup("/run/husk");
	return mem_printf("/run/user/%u/husk", (unsigned)geteuid());
}

static int make_dirs(const char *path)
{
	_cleanup_free_ char *copy = mem_strdup(path);

	for (char *p = copy; *p; p++) {
		if (*p != '/' || p == copy)
			continue;
		*p = '\0';
		if (mkdir(copy, 0700) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_root(const char *root, bool create, struct err *err)
{
	int fd = fd_open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);

	if (fd == -ENOENT && create) {
		int r = make_dirs(root);
		if (r < 0)
			return err_set(err, r, "make the directory of records %s", root);
		fd = fd_open(AT_FDCWD, root, O_RDONLY | O_DIRECTORY, 0);
	}
	if (fd == -ENOENT)
		return err_say(err, fd, "container does not exist");
	if (fd < 0)
		return err_set(err, fd, "open the directory of records %s", root);
	return fd;
}

/* ---- one directory ---------------------------------------------------------------------- */

/* flock(2) has no deadline of its own, so ask again and again, less and less often. */
static int lock_until(int fd, int timeout_ms)
{
	long long deadline = clock_ms() + timeout_ms;
	struct timespec pause = { 0, 1000000 };

	while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno == EINTR)
			continue;
		if (errno != EWOULDBLOCK)
			return -errno;
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
		if (pause.tv_nsec < 50000000)
			pause.tv_nsec *= 2;
	}
	return 0;
}

/* Is the directory that we hold still the one of its name? A delete may have come first; nobody renames one. 1, 0 or a
 * negative errno. */
static int still_there(int dir_fd)
{
	struct stat held;

	return fstat(dir_fd, &held) < 0 ? -errno : held.st_nlink > 0;
}

static int open_dir(int root_fd, const char *id)
{
	return fd_open(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

/* Open and lock a directory that was made just now. -EAGAIN: a delete took it away meanwhile. */
static int hold_new(int root_fd, const char *id)
{
	_cleanup_fd_ int fd = open_dir(root_fd, id);
	if (fd == -ENOENT)
		return -EAGAIN;
	if (fd < 0)
		return fd;
	int r = lock_until(fd, 1000);
	if (r < 0)
		return r == -ETIMEDOUT ? -EAGAIN : r;
	r = still_there(fd);
	if (r <= 0)
		return r < 0 ? r : -EAGAIN;
	return fd_take(fd);
}

static int make_dir(int root_fd, const char *id)
{
	if (mkdirat(root_fd, id, 0700) < 0)
		return -errno;
	int r = hold_new(root_fd, id);
	/* A failure leaves nothing behind; an empty directory is all that there can be of ours. */
	if (r < 0 && r != -EAGAIN)
		unlinkat(root_fd, id, AT_REMOVEDIR);
	return r;
}

int state_dir_create(const char *root, const char *id, struct state_dir *ret, struct err *err)
{
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	_cleanup_free_ char *own_id = mem_strdup(id);
	_cleanup_fd_ int root_fd = open_root(root, true, err);
	if (root_fd < 0)
		return root_fd;
	for (int tries = 0; (r = make_dir(root_fd, id)) == -EAGAIN && tries < 10; tries++)
		;
	if (r == -EEXIST)
		return err_say(err, r, "container with given ID already exists: %s", id);
	if (r < 0)
		return err_set(err, r, "make the record of container %s in %s", id, root);
	*ret = (struct state_dir){ .root_fd = fd_take(root_fd), .dir_fd = r, .id = take(own_id), .locked = true };
	return 0;
}

int state_dir_open(const char *root, const char *id, int timeout_ms, struct state_dir *ret, struct err *err)
{
	int r = state_check_id(id, err);

	if (r < 0)
		return r;
	_cleanup_fd_ int root_fd = open_root(root, false, err);
	if (root_fd < 0)
		return root_fd;
	_cleanup_fd_ int dir_fd = open_dir(root_fd, id);
	if (dir_fd == -ENOENT)
		return err_say(err, dir_fd, "container does not exist: %s", id);
	if (dir_fd < 0)
		return err_set(err, dir_fd, "open the record of container %s in %s", id, root);
	struct state_dir d = { .root_fd = root_fd, .dir_fd = dir_fd, .id = (char *)id };
	if (timeout_ms >= 0)
		r = state_dir_lock(&d, timeout_ms, err);
	if (r < 0)
		return r;
	d.id = mem_strdup(id);
	root_fd = dir_fd = -1;
	*ret = d;
	return 0;
}

void state_dir_unlock(struct state_dir *d)
{
	flock(d->dir_fd, LOCK_UN);
	d->locked = false;
}

int state_dir_lock(struct state_dir *d, int timeout_ms, struct err *err)
{
	int r = lock_until(d->dir_fd, timeout_ms);

	d->locked = r == 0;
	if (r == 0)
		r = still_there(d->dir_fd);
	if (r < 0)
		return err_set(err, r, "lock container %s (another command works on it)", d->id);
	return r == 0 ? err_say(err, -ENOENT, "container does not exist: %s", d->id) : 0;
}

void state_dir_done(struct state_dir *d)
{
	d->dir_fd = fd_close(d->dir_fd);
	d->root_fd = fd_close(d->root_fd);
	free(d->id);
	d->id = NULL;
	d->locked = false;
}

bool state_dir_is_busy(const struct state_dir *d)
{
	/* A lock belongs to the open file, so asking on a new one does not touch one that d holds. */
	_cleanup_fd_ int fd = d->locked ? -1 : open_dir(d->root_fd, d->id);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* ---- removing ----------------------------------------------------------------------------- */

enum { MAX_DEPTH = 16 }; /* deeper than anything that husk puts there */

static int remove_inside(int dir_fd, const char *keep, unsigned depth);

static int remove_entry(int dir_fd, const char *name, unsigned depth)
{
	if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;

	_cleanup_fd_ int fd = open_dir(dir_fd, name);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	int r = remove_inside(fd, NULL, depth + 1);
	if (r < 0)
		return r;
	return unlinkat(dir_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

/* One pass over a directory, from where its descriptor stands: remove what is in it, except one name; no link is followed. */
static int remove_inside(int dir_fd, const char *keep, unsigned depth)
{
	_Alignas(struct dirent64) char buf[4096];
	ssize_t n;
	int r = 0;

	if (depth > MAX_DEPTH)
		return -ELOOP;
	/* Half a buffer is not the beginning of more. (Should it be, after all, the caller's rmdir says so.) */
	for (bool more = true; r == 0 && more;) {
		n = getdents64(dir_fd, buf, sizeof(buf));
		if (n < 0)
			return -errno;
		more = (size_t)n > sizeof(buf) / 2;
		for (ssize_t at = 0; r == 0 && at < n;) {
			const struct dirent64 *e = (const void *)(buf + at);

			at += e->d_reclen;
			if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
				continue;
			if (!keep || strcmp(e->d_name, keep) != 0)
				r = remove_entry(dir_fd, e->d_name, depth);
		}
	}
	return r;
}

/* state.json goes last: as long as anything is left, it says of what. */
static int remove_all(struct state_dir *d)
{
	int r = remove_inside(d->dir_fd, "state.json", 0);

	if (r == 0)
		r = remove_entry(d->dir_fd, "state.json", 0);
	if (r == 0 && unlinkat(d->root_fd, d->id, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

int state_dir_remove(struct state_dir *d, struct err *err)
{
	int r = remove_all(d);

	/* An earlier attempt has read the directory to its end. */
	if (r == -ENOTEMPTY && lseek(d->dir_fd, 0, SEEK_SET) == 0)
		r = remove_all(d);
	return r < 0 ? err_set(err, r, "remove the record of container %s", d->id) : 0;
}

/* ---- listing --------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_directory(int dir_fd, const char *name)
{
	struct stat st;

	return fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
}

int state_list(const char *root, char ***ret, size_t *ret_n, struct err *err)
{
	DIR *dir = opendir(root);
	char **names = mem_alloc(sizeof(*names));
	size_t n = 0;

	if (!dir) {
		int r = -errno;
		free(names);
		return err_set(err, r, "open the directory of records %s", root);
	}
	for (struct dirent *e; (e = readdir(dir));) {
		/* What starts with a dot is husk's own (caches), unless a container really has such a name. */
		if (!id_is_valid(e->d_name) ||
		    (e->d_type != DT_DIR && (e->d_type != DT_UNKNOWN || !is_directory(dirfd(dir), e->d_name))))
			continue;
		_cleanup_free_ char *record = e->d_name[0] == '.' ? mem_printf("%s/state.json", e->d_name) : NULL;
		if (record && faccessat(dirfd(dir), record, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		names = mem_grow(names, n + 2, sizeof(*names));
		names[n++] = mem_strdup(e->d_name);
		names[n] = NULL;
	}
	closedir(dir);
	qsort(names, n, sizeof(*names), compare_names);
	*ret = names;
	*ret_n = n;
	return 0;
}
