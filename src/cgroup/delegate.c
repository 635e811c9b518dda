/* SPDX-License-Identifier: Apache-2.0 */
/* Handing a container's cgroup to its user: the whole of it, or a cgroup of the container's own below it. */
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The files that the kernel says may be handed to whom a cgroup is delegated. */
static char *delegated_files(void)
{
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", &text) < 0) /* 4.15 */
		return mem_strdup("cgroup.procs\ncgroup.subtree_control\ncgroup.threads");
	return take(text);
}

static int chown_dir(const struct cgroup_dir *d, uid_t uid, struct err *err)
{
	_cleanup_fd_ int fd = cgroup_dir_open(d);

	if (fd < 0)
		return err_set(err, fd, "open cgroup %s%s", d->mount, d->path);
	if (fchown(fd, uid, (gid_t)-1) < 0)
		return err_set(err, -errno, "give cgroup %s%s to user %u", d->mount, d->path, (unsigned)uid);
	_cleanup_free_ char *files = delegated_files();
	for (char *save, *f = strtok_r(files, "\n", &save); f; f = strtok_r(NULL, "\n", &save))
		if (!strchr(f, '/') && fchownat(fd, f, uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
			return err_set(err, -errno, "give %s of cgroup %s to user %u", f, d->path, (unsigned)uid);
	return 0;
}

int cgroup_chown(const struct cgroup *c, uid_t uid, struct err *err)
{
	const struct cgroup_dir *d = cgroup_find_v2(c);

	return d ? chown_dir(d, uid, err) : 0; /* v1 cgroups cannot be delegated safely */
}

/* ---- a cgroup of its own below ------------------------------------------------------------------- */

/* One or more names; none that leads elsewhere. */
static int check_path(const char *what, const char *path, struct err *err)
{
	size_t n;

	for (const char *p = path;; p += n + 1) {
		n = strcspn(p, "/");
		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.') || strchr(path, '\n'))
			return err_say(err, -EINVAL,
				       "\"%s\" cannot be %s: it must be names, separated by single slashes, without . "
				       "and ..",
				       path, what);
		if (!p[n])
			return 0;
	}
}

int cgroup_use_subgroup(struct cgroup *c, const char *path, struct err *err)
{
	int r = check_path("the cgroup below the scope", path, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < c->n_dirs; i++) {
		char *below = mem_printf("%s/%s", c->dirs[i].path, path);
		free(c->dirs[i].path);
		c->dirs[i].path = below;
	}
	c->subgroup = mem_strdup(path);
	return 0;
}

int cgroup_use_delegated(struct cgroup *c, const char *path, struct err *err)
{
	int r = check_path("the delegated cgroup", path, err);

	if (r == 0)
		c->delegated = mem_strdup(path);
	return r;
}

static int move(pid_t pid, void *user)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", (int)pid);
	int r = fd_write_file(*(int *)user, "cgroup.procs", text);
	return r == -ESRCH ? 0 : r; /* it was about to leave */
}

/* Everyone of d itself. */
static int move_all(const struct cgroup_dir *d, const struct cgroup_dir *to, struct err *err)
{
	_cleanup_fd_ int from_fd = cgroup_dir_open(d), to_fd = cgroup_dir_open(to);

	if (from_fd < 0 || to_fd < 0)
		return err_set(err, from_fd < 0 ? from_fd : to_fd, "open cgroup %s%s", to->mount, to->path);
	int r = cgroup_read_pids(from_fd, move, &to_fd);
	return r < 0 ? err_set(err, r, "move the container's processes into cgroup %s%s", to->mount, to->path) : 0;
}

int cgroup_delegate(const struct cgroup *c, uid_t uid, struct err *err)
{
	const struct cgroup_dir *d = cgroup_find_v2(c);

	if (!d || !c->delegated)
		return 0;
	const struct cgroup_dir own = cgroup_dir_delegated(c, d);
	_cleanup_free_ char *path = own.path;
	bool existed = false;
	int r = cgroup_make_dir(&own, &existed, err);
	if (r == 0)
		r = move_all(d, &own, err);
	if (r == 0)
		(void)cgroup_enable_controllers(c, &own); /* as far as there are any */
	return r == 0 && uid ? chown_dir(&own, uid, err) : r;
}
