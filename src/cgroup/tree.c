/* SPDX-License-Identifier: Apache-2.0 */
/* The directories of a container's cgroup: finding, opening, reading and walking them. */
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool cgroup_list_has(const char *list, const char *word)
{
	size_t len = strlen(word);

	for (const char *p = list; p && *p;) {
		size_t n = strcspn(p, ", \n");
		if (n == len && memcmp(p, word, n) == 0)
			return true;
		p += n;
		p += strspn(p, ", \n");
	}
	return false;
}

const struct cgroup_dir *cgroup_find_v2(const struct cgroup *c)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		if (c->dirs[i].v2)
			return &c->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_find_v1(const struct cgroup *c, const char *controller)
{
	for (size_t i = 0; i < c->n_dirs; i++)
		if (!c->dirs[i].v2 && cgroup_list_has(c->dirs[i].controllers, controller))
			return &c->dirs[i];
	return NULL;
}

const struct cgroup_dir *cgroup_find_dir(const struct cgroup *c, const char *controller)
{
	const struct cgroup_dir *d = controller[0] ? cgroup_find_v1(c, controller) : NULL;

	return d ? d : cgroup_find_v2(c);
}

char *cgroup_dir_path(const struct cgroup_dir *d)
{
	return mem_printf("%s%s", d->mount, d->path);
}

char *cgroup_dir_file(const struct cgroup_dir *d, const char *file)
{
	return mem_printf("%s%s/%s", d->mount, d->path, file);
}

struct cgroup_dir cgroup_dir_delegated(const struct cgroup *c, const struct cgroup_dir *d)
{
	struct cgroup_dir own = *d;

	own.path = mem_printf("%s/%s", d->path, c->delegated);
	return own;
}

int cgroup_dir_open(const struct cgroup_dir *d)
{
	_cleanup_free_ char *path = cgroup_dir_path(d);

	return fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
}

int cgroup_read(int dir_fd, const char *file, char **ret)
{
	size_t len;
	int r = fd_read_file(dir_fd, file, CGROUP_FILE_MAX, ret, &len);

	if (r == 0 && len > 0 && (*ret)[len - 1] == '\n')
		(*ret)[len - 1] = '\0';
	return r;
}

int cgroup_read_key(int dir_fd, const char *file, const char *key, long long *ret)
{
	_cleanup_free_ char *text = NULL;
	size_t len = strlen(key);
	int r = fd_read_kernel_file(dir_fd, file, CGROUP_FILE_MAX, &text, NULL);

	if (r < 0)
		return r;
	for (char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, key, len) == 0 && p[len] == ' ') {
			*ret = strtoll(p + len, NULL, 10);
			return 0;
		}
	return -ENOENT;
}

static int walk(int dir_fd, unsigned depth, enum cgroup_order order, cgroup_walk_fn *fn, void *user);

static int walk_children(DIR *dir, unsigned depth, enum cgroup_order order, cgroup_walk_fn *fn, void *user)
{
	const struct dirent *e;

	while ((e = readdir(dir))) {
		if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		_cleanup_fd_ int child = fd_open(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		if (child == -ENOENT)
			continue;
		int r = child < 0 ? child : walk(child, depth + 1, order, fn, user);
		if (r != 0)
			return r;
	}
	return 0;
}

/* -ENODEV: the directory was removed while it was open. */
static int gone_is_fine(int r)
{
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int walk(int dir_fd, unsigned depth, enum cgroup_order order, cgroup_walk_fn *fn, void *user)
{
	int r = 0;

	if (depth > CGROUP_DEPTH_MAX)
		return -ELOOP;
	if (order == CGROUP_PARENTS_FIRST)
		r = gone_is_fine(fn(dir_fd, user));
	if (r != 0)
		return r;

	int copy = fd_open(dir_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	if (!dir) {
		r = copy < 0 ? copy : -errno;
		fd_close(copy);
		return gone_is_fine(r);
	}
	r = walk_children(dir, depth, order, fn, user);
	closedir(dir);
	if (r == 0 && order == CGROUP_CHILDREN_FIRST)
		r = gone_is_fine(fn(dir_fd, user));
	return r;
}

int cgroup_walk(const struct cgroup_dir *d, enum cgroup_order order, cgroup_walk_fn *fn, void *user)
{
	_cleanup_fd_ int fd = cgroup_dir_open(d);

	return fd < 0 ? gone_is_fine(fd) : walk(fd, 0, order, fn, user);
}
