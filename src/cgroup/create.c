/* SPDX-License-Identifier: Apache-2.0 */
/* Looking at where a container's cgroup will be, and making it in each hierarchy. */
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- looking ------------------------------------------------------------------------------------ */

/* The leading part of d->path that ends before the slash at `end`, as a path of the file system. */
static char *leading_path(const struct cgroup_dir *d, size_t end)
{
	return mem_printf("%s%.*s", d->mount, (int)end, d->path);
}

static bool exists(const char *path)
{
	return faccessat(AT_FDCWD, path, F_OK, 0) == 0;
}

/* Find the highest missing directory of a hierarchy. Returns whether the container's own is there. */
static bool survey_dir(struct cgroup_dir *d)
{
	size_t len = strlen(d->path);
	_cleanup_free_ char *full = cgroup_dir_path(d);

	free(d->base);
	d->base = NULL;
	if (exists(full))
		return true;
	/* Upwards, as parents nearly always exist. */
	size_t missing = len;
	for (size_t i = len; i-- > 1;) {
		if (d->path[i] != '/')
			continue;
		_cleanup_free_ char *parent = leading_path(d, i);
		if (exists(parent))
			break;
		missing = i;
	}
	d->base = mem_printf("%.*s", (int)missing, d->path);
	return false;
}

static int refuse_populated(struct cgroup *c, const pid_t *pids, size_t n, struct err *err)
{
	_cleanup_free_ char *who = process_describe(pids, n);

	c->owned = false;
	return err_say(
		err, -EBUSY,
		"container's cgroup is not empty: %s has processes in it: %s; a container needs a cgroup of its own "
		"(linux.cgroupsPath)",
		c->dirs[0].path, who);
}

static int refuse_frozen(struct cgroup *c, struct err *err)
{
	c->owned = false;
	return err_say(err, -EBUSY, "container's cgroup unexpectedly frozen: %s, or one above it; thaw it first",
		       c->dirs[0].path);
}

/* Of a cgroup that exists already. */
static int check_fit(struct cgroup *c, struct err *err)
{
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;
	int r = cgroup_pids(c, &pids, &n, err);

	if (r < 0)
		return r;
	if (n > 0 || cgroup_populated(c) > 0)
		return refuse_populated(c, pids, n, err);
	return cgroup_frozen(c) ? refuse_frozen(c, err) : 0;
}

int cgroup_survey(struct cgroup *c, struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < c->n_dirs; i++) {
		struct cgroup_dir *d = &c->dirs[i];
		any |= survey_dir(d);
		/* Slices are systemd's. */
		if (c->driver == CGROUP_DRIVER_SYSTEMD && (d->v2 || strcmp(d->controllers, "name=systemd") == 0)) {
			free(d->base);
			d->base = NULL;
		}
	}
	c->surveyed = true;
	c->owned = true;
	return any ? check_fit(c, err) : 0;
}

/* ---- v1: cpuset -------------------------------------------------------------------------------- */

/* Fill an empty cpuset file from the one above; *up is how many directories are known to need it. */
static int inherit_cpuset_file(const struct cgroup_dir *d, size_t end, const char *file, char **ret)
{
	_cleanup_free_ char *dir = leading_path(d, end);
	_cleanup_free_ char *path = mem_printf("%s/%s", dir, file);
	_cleanup_free_ char *value = NULL, *above = NULL;
	int r = cgroup_read(AT_FDCWD, path, &value);

	if (r < 0)
		return r;
	if (!value[0] && end > 0) {
		while (end > 0 && d->path[end - 1] != '/')
			end--;
		r = inherit_cpuset_file(d, end ? end - 1 : 0, file, &above);
		if (r == 0)
			r = fd_write_file(AT_FDCWD, path, above);
		if (r < 0)
			return r;
		free(value);
		value = take(above);
	}
	*ret = take(value);
	return 0;
}

/* A v1 cpuset without CPUs or memory nodes takes no process. */
static int inherit_cpuset(const struct cgroup_dir *d, struct err *err)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		_cleanup_free_ char *value = NULL;
		int r = inherit_cpuset_file(d, strlen(d->path), files[i], &value);
		if (r < 0)
			return err_set(err, r, "inherit %s in cgroup %s%s", files[i], d->mount, d->path);
	}
	return 0;
}

/* ---- v2: controllers ------------------------------------------------------------------------------- */

static void enable_one_by_one(int dir_fd, char *words)
{
	for (char *save, *w = strtok_r(words, " ", &save); w; w = strtok_r(NULL, " ", &save))
		(void)fd_write_file(dir_fd, "cgroup.subtree_control", w);
}

/* Enable in one directory what it has and does not pass on. What is refused (processes in it, not delegated, a
 * controller that cannot be) is no error here: the write that needs the controller says so (write.c). */
static int enable_controllers(const char *path)
{
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	_cleanup_free_ char *has = NULL, *passes = NULL;
	_cleanup_buf_ struct buf want = { 0 };

	int r = fd < 0 ? fd : cgroup_read(fd, "cgroup.controllers", &has);
	if (r == 0)
		r = cgroup_read(fd, "cgroup.subtree_control", &passes);
	if (r < 0)
		return r;
	for (char *save, *w = strtok_r(has, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (!cgroup_list_has(passes, w))
			buf_addf(&want, "%s+%s", want.len ? " " : "", w);
	if (want.len && fd_write_file(fd, "cgroup.subtree_control", want.data) < 0)
		enable_one_by_one(fd, want.data);
	return 0;
}

/* Nearly always they are all there already. */
static bool has_all(const struct cgroup *c, const struct cgroup_dir *d)
{
	_cleanup_free_ char *root = mem_printf("%s/cgroup.controllers", d->mount);
	_cleanup_free_ char *leaf = cgroup_dir_file(d, "cgroup.controllers");
	_cleanup_free_ char *there = NULL, *here = NULL;

	if (!c->available && cgroup_read(AT_FDCWD, root, &there) < 0)
		return false;
	const char *all = c->available ? c->available : there;
	return !all[0] || (fd_read_kernel_file(AT_FDCWD, leaf, CGROUP_FILE_MAX, &here, NULL) == 0 &&
			   strncmp(all, here, strlen(all)) == 0 && here[strlen(all)] == '\n');
}

int cgroup_enable_controllers(const struct cgroup *c, const struct cgroup_dir *d)
{
	if (has_all(c, d))
		return 0;
	for (size_t i = 0; d->path[i]; i++) {
		if (d->path[i] != '/')
			continue;
		_cleanup_free_ char *path = leading_path(d, i);
		int r = enable_controllers(path[0] ? path : "/");
		if (r < 0)
			return r;
	}
	return 0;
}

static int check_threaded(const struct cgroup_dir *d, struct err *err)
{
	_cleanup_free_ char *path = cgroup_dir_file(d, "cgroup.type"), *type = NULL;
	int r = cgroup_read(AT_FDCWD, path, &type);

	if (r < 0)
		return r == -ENOENT ? 0 : err_set(err, r, "read %s", path);
	if (strcmp(type, "domain") == 0 || strcmp(type, "domain threaded") == 0)
		return 0;
	return err_say(err, -EOPNOTSUPP,
		       "cgroup %s is \"%s\": below a threaded cgroup no container can be made; choose "
		       "another linux.cgroupsPath",
		       d->path, type);
}

/* ---- making --------------------------------------------------------------------------------------- */

static int make_parents(const struct cgroup_dir *d)
{
	for (size_t i = 1; d->path[i]; i++) {
		if (d->path[i] != '/')
			continue;
		_cleanup_free_ char *path = leading_path(d, i);
		if (mkdir(path, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static int make_failed(const struct cgroup_dir *d, int code, struct err *err)
{
	const char *hint = code == -EACCES || code == -EPERM || code == -EROFS
				   ? " (the cgroup is not delegated to this user: use --systemd-cgroup, or "
				     "--cgroup-manager disabled)"
				   : "";

	return err_set(err, code, "make cgroup %s%s%s", d->mount, d->path, hint);
}

int cgroup_make_dir(const struct cgroup_dir *d, bool *ret_existed, struct err *err)
{
	_cleanup_free_ char *path = cgroup_dir_path(d);
	int r = mkdir(path, 0755) < 0 ? -errno : 0;

	if (r == -ENOENT) {
		r = make_parents(d);
		if (r == 0 && mkdir(path, 0755) < 0)
			r = -errno;
	}
	if (r == -EEXIST) {
		struct stat st;
		*ret_existed = true;
		/* A cgroup cannot have the name of a file of the one above it. */
		r = stat(path, &st) == 0 && !S_ISDIR(st.st_mode) ? -ENOTDIR : 0;
	}
	return r < 0 ? make_failed(d, r, err) : 0;
}

/* In a hybrid layout the v2 tree is there for killing and freezing; its controllers are enabled when a limit
 * needs them (write.c), as that forbids processes in all cgroups above. */
static int set_up_dir(const struct cgroup *c, const struct cgroup_dir *d, struct err *err)
{
	if (!d->v2)
		return cgroup_list_has(d->controllers, "cpuset") ? inherit_cpuset(d, err) : 0;
	/* A scope with the executor in it would become the root of threads: controllers come when it has moved on. */
	int r = c->layout == CGROUP_V2 && !c->subgroup ? cgroup_enable_controllers(c, d) : 0;
	if (r < 0)
		return err_set(err, r, "enable controllers for cgroup %s%s", d->mount, d->path);
	/* Only below another cgroup can it be threaded. */
	return strchr(d->path + 1, '/') ? check_threaded(d, err) : 0;
}

/* The first directory decides whose the others are. */
static int make_first(struct cgroup *c, bool *ret_existed, struct err *err)
{
	int r = -ENOENT;

	/* ENOENT: another command has just removed it. */
	for (int tries = 0; r == -ENOENT && tries < 10; tries++) {
		r = cgroup_make_dir(&c->dirs[0], ret_existed, err);
		c->fresh = r == 0 && !*ret_existed;
		if (r == 0)
			r = cgroup_claim(c, err);
	}
	return r == -ENOENT ? make_failed(&c->dirs[0], r, err) : r;
}

int cgroup_create(struct cgroup *c, struct err *err)
{
	bool existed = false;
	int r = c->surveyed ? 0 : cgroup_survey(c, err);

	/* systemd makes its own; the rest waits for the pid (cgroup_attach). */
	if (r < 0 || c->driver == CGROUP_DRIVER_SYSTEMD)
		return r;
	for (size_t i = 0; r == 0 && i < c->n_dirs; i++) {
		r = i ? cgroup_make_dir(&c->dirs[i], &existed, err) : make_first(c, &existed, err);
		if (r == 0)
			r = set_up_dir(c, &c->dirs[i], err);
	}
	if (r == 0 && existed)
		return check_fit(c, err);
	/* Below a frozen cgroup nothing would ever run. */
	if (r == 0 && c->n_dirs && strchr(c->dirs[0].path + 1, '/') && cgroup_frozen(c))
		return refuse_frozen(c, err);
	return r;
}

int cgroup_make_dirs(const struct cgroup *c, struct err *err)
{
	bool existed;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_dirs; i++) {
		r = cgroup_make_dir(&c->dirs[i], &existed, err);
		if (r == 0)
			r = set_up_dir(c, &c->dirs[i], err);
	}
	return r;
}

bool cgroup_exists(const struct cgroup *c)
{
	for (size_t i = 0; i < c->n_dirs; i++) {
		_cleanup_free_ char *path = cgroup_dir_path(&c->dirs[i]);
		if (exists(path))
			return true;
	}
	return false;
}
