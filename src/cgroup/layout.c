/* SPDX-License-Identifier: Apache-2.0 */
/* Where the container's cgroup is in each hierarchy: computed from facts, path and driver. */
#include "cgroup.h"
#include "systemd_name.h"
#include "systemd_properties.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void cgroup_done(struct cgroup *c)
{
	for (size_t i = 0; i < c->n_dirs; i++) {
		free(c->dirs[i].controllers);
		free(c->dirs[i].mount);
		free(c->dirs[i].path);
		free(c->dirs[i].base);
	}
	free(c->dirs);
	free(c->unit);
	free(c->slice);
	free(c->available);
	free(c->mark);
	free(c->subgroup);
	free(c->delegated);
	if (c->properties)
		systemd_properties_done(c->properties);
	free(c->properties);
	*c = (struct cgroup){ 0 };
}

/* The caller's own cgroup, as a path below the mount point. A cgroup that the mount does not show is "/". */
static char *own_below_mount(const struct cgroup_hierarchy *h)
{
	const char *own = h->own && h->own[0] == '/' ? h->own : "/";
	const char *root = h->root && h->root[0] == '/' ? h->root : "/";

	if (strncmp(own, "/..", 3) == 0) /* outside the caller's cgroup namespace */
		return mem_strdup("/");
	if (strcmp(root, "/") == 0 || strncmp(root, "/..", 3) == 0)
		return path_clean(own);
	if (!path_is_below(own, root))
		return mem_strdup("/");
	return path_clean(own[strlen(root)] ? own + strlen(root) : "/");
}

static char *parent_of(const char *path)
{
	_cleanup_free_ char *up = mem_printf("%s/..", path);

	return path_clean(up);
}

static char *cgroupfs_path(const struct cgroup_hierarchy *h, const char *wanted)
{
	_cleanup_free_ char *own = NULL, *parent = NULL, *joined = NULL;

	if (wanted[0] == '/')
		return path_clean(wanted);
	_cleanup_free_ char *rooted = mem_printf("/%s", wanted);
	_cleanup_free_ char *below = path_clean(rooted);
	own = own_below_mount(h);
	parent = h->v2 ? parent_of(own) : mem_strdup(own);
	joined = mem_printf("%s%s", parent, below);
	return path_clean(joined);
}

static int check_path(const char *path, struct err *err)
{
	_cleanup_free_ char *clean = path_clean(path[0] == '/' ? path : "/");
	_cleanup_free_ char *rooted = mem_printf("/%s", path);
	_cleanup_free_ char *below = path_clean(rooted);

	if (strchr(path, '\n'))
		return err_say(err, -EINVAL, "cgroups path has a newline in it");
	if ((path[0] == '/' && strcmp(clean, "/") == 0) || strcmp(below, "/") == 0)
		return err_say(err, -EINVAL,
			       "cgroups path %s is the root of the hierarchy; "
			       "a container needs a cgroup of its own, as /%s/name",
			       path, "group");
	return 0;
}

static void add_dir(struct cgroup *c, const struct cgroup_hierarchy *h, char *path)
{
	c->dirs = mem_grow(c->dirs, c->n_dirs + 1, sizeof(*c->dirs));
	c->dirs[c->n_dirs++] = (struct cgroup_dir){
		.controllers = mem_strdup(h->controllers ? h->controllers : ""),
		.mount = mem_strdup(strcmp(h->mount, "/") == 0 ? "" : h->mount),
		.path = path,
		.v2 = h->v2,
	};
}

/* A hierarchy that is mounted twice counts once: the first mount. */
static bool is_repeated(const struct facts *f, size_t i)
{
	const struct cgroup_hierarchy *h = &f->hierarchies[i];

	for (size_t k = 0; k < i; k++)
		if (f->hierarchies[k].v2 == h->v2 &&
		    (h->v2 || strcmp(f->hierarchies[k].controllers, h->controllers) == 0))
			return true;
	return false;
}

/* Nobody asked for a certain place: a rootless caller does without the hierarchies that are closed to him. */
static int locate_cgroupfs(const struct facts *f, const char *wanted, bool asked, struct cgroup *c, struct err *err)
{
	int r = check_path(wanted, err);

	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n_hierarchies; i++)
		if (!is_repeated(f, i) && (asked || !f->hierarchies[i].closed))
			add_dir(c, &f->hierarchies[i], cgroupfs_path(&f->hierarchies[i], wanted));
	return 0;
}

static int locate_systemd(const struct facts *f, const char *wanted, const char *id, struct cgroup *c, struct err *err)
{
	_cleanup_free_ char *slice_path = NULL, *manager = NULL;

	c->user_manager = f->rootless || f->euid != 0;
	int r = systemd_name_parse(wanted, id, c->user_manager, &c->slice, &c->unit, err);
	if (r == 0)
		r = systemd_slice_path(c->slice, &slice_path, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < f->n_hierarchies; i++) {
		if (is_repeated(f, i))
			continue;
		free(manager);
		_cleanup_free_ char *own = own_below_mount(&f->hierarchies[i]);
		manager = systemd_manager_path(own, c->user_manager, f->euid);
		add_dir(c, &f->hierarchies[i], mem_printf("%s%s/%s", manager, slice_path, c->unit));
	}
	return 0;
}

int cgroup_locate(const struct facts *f, const char *cgroups_path, const char *id, enum cgroup_driver driver,
		  struct cgroup *ret, struct err *err)
{
	struct cgroup c = { .driver = driver, .layout = f->layout };
	const char *wanted = cgroups_path && cgroups_path[0] ? cgroups_path : NULL;
	int r = 0;

	if (f->layout == CGROUP_NONE || driver == CGROUP_DRIVER_DISABLED)
		c = (struct cgroup){ .driver = CGROUP_DRIVER_DISABLED, .layout = CGROUP_NONE };
	else if (driver == CGROUP_DRIVER_SYSTEMD)
		r = locate_systemd(f, wanted, id, &c, err);
	else
		r = locate_cgroupfs(f, wanted ? wanted : id, wanted, &c, err);
	if (r < 0) {
		cgroup_done(&c);
		return wanted ? err_where(err, "/linux/cgroupsPath") : r;
	}
	if (f->v2_controllers)
		c.available = mem_strdup(f->v2_controllers);
	*ret = c;
	return 0;
}
