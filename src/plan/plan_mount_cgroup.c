/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of type cgroup.
 *
 *   v2           with a cgroup namespace other than the host's the cgroup2 file system (where a user namespace is
 *                refused it, a bind of the container's cgroup); else a bind of the host's, since a mount of cgroup2
 *                from the initial cgroup namespace would reset the options of the whole host's (nsdelegate …)
 *   v1, hybrid   a tmpfs with one directory for each hierarchy, links for controllers that share one ("cpu" to
 *                "cpu,cpuacct"), and the v2 tree at "unified".  With a cgroup namespace of the container's own each
 *                is mounted, and shows the container's cgroup as its root; without one the container's cgroup is bound
 *   none         nothing, and a warning: engines ask for the mount on every host
 */
#include "plan_parts.h"
#include "util/kernel.h"

#include <stdlib.h>
#include <string.h>

/* What is shown of one hierarchy. */
struct view {
	const char *controllers;
	const char *name; /* of its directory: "cpu,cpuacct" */
	char *source;     /* directory of the host */
	bool v2;
};

static bool is_mounted(const struct build *b)
{
	return b->ns[OCI_NS_CGROUP].how == NAMESPACE_NEW;
}

static size_t count(const struct build *b)
{
	return b->has_cgroup && !is_mounted(b) ? b->cgroup.n_dirs : b->facts->n_hierarchies;
}

/* The caller's own cgroup where the container has none. */
static char *own_dir(const struct cgroup_hierarchy *h)
{
	const char *own = h->own ? h->own : "/", *root = h->root ? h->root : "/";

	if (!path_is_below(own, root))
		return mem_strdup(h->mount);
	_cleanup_free_ char *path = mem_printf("%s/%s", h->mount, own + (root[1] ? strlen(root) : 0));
	return path_clean(path);
}

static void look(const struct build *b, size_t i, struct view *ret)
{
	if (b->has_cgroup && !is_mounted(b)) {
		const struct cgroup_dir *d = &b->cgroup.dirs[i];
		_cleanup_free_ char *path = mem_printf("%s/%s", d->mount, d->path);
		*ret = (struct view){ .controllers = d->controllers,
				      .name = path_base(d->mount),
				      .source = path_clean(path),
				      .v2 = d->v2 };
	} else {
		const struct cgroup_hierarchy *h = &b->facts->hierarchies[i];
		*ret = (struct view){
			.controllers = h->controllers, .name = path_base(h->mount), .source = own_dir(h), .v2 = h->v2
		};
	}
	if (ret->v2)
		ret->name = "unified";
}

/* ---- trees, before anything is done ------------------------------------------------------------------ */

static void add_v2_tree(struct build *b, struct mount_entry *e)
{
	bool private = plan_namespace_private(b, OCI_NS_CGROUP);
	const struct cgroup_dir *d = b->has_cgroup ? &b->cgroup.dirs[0] : NULL;

	if (!b->facts->n_hierarchies || (private && !b->in_user_ns))
		return;
	_cleanup_free_ char *path =
		private && d ? mem_printf("%s/%s", d->mount, d->path) : mem_strdup(b->facts->hierarchies[0].mount);
	e->source = path_clean(path);
	e->tree = plan_tree_add(b, e->source, OPEN_TREE_CLONE);
}

void plan_mount_cgroup_trees(struct build *b, struct mount_entry *e)
{
	if (b->facts->layout == CGROUP_V2) {
		add_v2_tree(b, e);
		return;
	}
	if (is_mounted(b))
		return;
	_cleanup_buf_ struct buf sources = { 0 };
	for (size_t i = 0; i < count(b); i++) {
		struct view view;
		look(b, i, &view);
		buf_add(&sources, view.source, strlen(view.source) + 1);
		free(view.source);
	}
	e->source = sources.data; /* all of them, each with its NUL */
	sources = (struct buf){ 0 };
	const char *source = e->source;
	for (size_t i = 0; i < count(b); i++) {
		size_t tree = plan_tree_add(b, source, OPEN_TREE_CLONE);
		if (i == 0)
			e->tree = tree;
		source += strlen(source) + 1;
	}
}

/* ---- ops --------------------------------------------------------------------------------------------- */

static void put(struct build *b, const char *path)
{
	PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, path), .kind = TARGET_DIR, .like = PLAN_NO_SLOT, .mode = 0755);
	PLAN_ADD(b->p, MOVE_MOUNT);
}

static void add_cgroup2(struct build *b, const struct mount_entry *e)
{
	PLAN_ADD(b->p, FSMOUNT, .type = plan_str(b->p, "cgroup2"), .source = plan_str(b->p, "cgroup"),
		 .options = plan_strv(b->p, NULL, 0), .attr = e->o.attr.set | e->o.rec.set);
}

static void mount_v2(struct build *b, const struct mount_entry *e)
{
	bool private = plan_namespace_private(b, OCI_NS_CGROUP);

	plan_tree_ready(b, e->tree);
	size_t at = b->p->n_ops;
	if (private)
		add_cgroup2(b, e);
	if (e->tree == TREE_NONE)
		return;
	plan_tree_take(b, e->tree);
	plan_mount_attributes_of_host(b, &e->o, e->o.attr, false);
	if (!private)
		return;
	b->p->ops[at].on_error = ON_ERROR_ALT_PERM;
	b->p->ops[at].alt = (uint8_t)(b->p->n_ops - at - 1);
}

/* "cpu,cpuacct" are two options, "name=systemd" goes with "none". */
static uint64_t add_controllers(struct build *b, const char *controllers)
{
	_cleanup_free_ char *copy = mem_strdup(controllers);
	const char *words[32];
	size_t n = 0;

	if (strncmp(controllers, "name=", 5) == 0)
		words[n++] = "none";
	for (char *rest = copy, *word; (word = strsep(&rest, ",")) != NULL;)
		if (*word && n < sizeof(words) / sizeof(words[0]))
			words[n++] = word;
	return plan_strv(b->p, words, n);
}

static void mount_hierarchy(struct build *b, const struct mount_entry *e, const struct view *view)
{
	if (view->v2) {
		add_cgroup2(b, e);
		return;
	}
	PLAN_ADD(b->p, FSMOUNT, .type = plan_str(b->p, "cgroup"), .source = plan_str(b->p, view->name),
		 .options = add_controllers(b, view->controllers), .attr = e->o.attr.set | e->o.rec.set);
}

static void link_controllers(struct build *b, const struct mount_entry *e, const struct view *view)
{
	_cleanup_free_ char *copy = mem_strdup(view->controllers);

	if (view->v2 || !strchr(copy, ','))
		return;
	for (char *rest = copy, *word; (word = strsep(&rest, ",")) != NULL;) {
		if (!*word || strcmp(word, view->name) == 0 || strncmp(word, "name=", 5) == 0)
			continue;
		PLAN_ADD(b->p, SYMLINK, .target = plan_str(b->p, view->name),
			 .path = plan_strf(b->p, "%s/%s", e->destination, word));
	}
}

static void add_hierarchy(struct build *b, const struct mount_entry *e, size_t i)
{
	struct view view;

	look(b, i, &view);
	_cleanup_free_ char *source = view.source;
	_cleanup_free_ char *path = mem_printf("%s/%s", e->destination, view.name);
	if (is_mounted(b)) {
		mount_hierarchy(b, e, &view);
	} else {
		plan_tree_ready(b, e->tree + i);
		plan_tree_take(b, e->tree + i);
		plan_mount_attributes_of_host(b, &e->o, e->o.attr, false);
	}
	put(b, path);
	link_controllers(b, e, &view);
}

static void mount_v1(struct build *b, const struct mount_entry *e)
{
	static const char *const options[] = { "mode=755" };
	uint64_t attr = e->o.attr.set | e->o.rec.set;

	PLAN_ADD(b->p, FSMOUNT, .type = plan_str(b->p, "tmpfs"), .source = plan_str(b->p, "tmpfs"),
		 .options = plan_strv(b->p, options, 1), .attr = attr & ~(uint64_t)MOUNT_ATTR_RDONLY);
	put(b, e->destination);
	for (size_t i = 0; i < count(b); i++)
		add_hierarchy(b, e, i);
	if (!(attr & MOUNT_ATTR_RDONLY))
		return;
	PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, e->destination), .kind = TARGET_EXISTING, .like = PLAN_NO_SLOT);
	PLAN_ADD(b->p, TARGET_SETATTR, .set = MOUNT_ATTR_RDONLY);
}

void plan_mount_cgroup(struct build *b, const struct mount_entry *e)
{
	if (b->facts->layout == CGROUP_NONE) {
		plan_warn(b->p,
			  "/mounts/%zu: mount at %s: no cgroup hierarchy is mounted on this host, so none is in the "
			  "container",
			  e->index, e->destination);
	} else if (b->facts->layout == CGROUP_V2) {
		mount_v2(b, e);
		put(b, e->destination);
	} else {
		mount_v1(b, e);
	}
}
