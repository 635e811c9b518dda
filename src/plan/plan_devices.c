/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Device nodes of a plan: the default ones, linux.devices, and the links of /dev.  In a user namespace nobody can make
 * device nodes, and where CAP_MKNOD is missing neither: there nodes are bound.  Those of linux.devices are made by a
 * privileged host for the purpose; else, and the default ones, they are the host's own, by path.
 */
#include "plan_parts.h"
#include "capability.h"
#include "util/kernel.h"

#include <string.h>
#include <sys/stat.h>

static const struct {
	const char *path;
	unsigned major, minor;
} defaults[] = {
	{ "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
	{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
};
#define N_DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

static const struct {
	const char *target, *path, *if_exists;
} links[] = {
	{ "/proc/self/fd", "/dev/fd", NULL },          { "/proc/self/fd/0", "/dev/stdin", NULL },
	{ "/proc/self/fd/1", "/dev/stdout", NULL },    { "/proc/self/fd/2", "/dev/stderr", NULL },
	{ "/proc/kcore", "/dev/core", "/proc/kcore" },
};

static bool binds(const struct build *b)
{
	return b->in_user_ns || !(b->facts->caps & CAPABILITY_BIT(MKNOD));
}

static mode_t type_of(const struct oci_device *d)
{
	static const mode_t types[oci_device_type_MAX] = {
		[OCI_DEVICE_C] = S_IFCHR,
		[OCI_DEVICE_U] = S_IFCHR,
		[OCI_DEVICE_B] = S_IFBLK,
		[OCI_DEVICE_P] = S_IFIFO,
	};

	return types[d->type];
}

/* Root of the initial user namespace makes the nodes that the container's own can only bind (device_node.h). */
static bool makes_for_user_ns(const struct build *b)
{
	static const uint64_t caps = CAPABILITY_BIT(MKNOD) | CAPABILITY_BIT(CHOWN);

	return b->user_ns && b->host_trees && !b->facts->in_user_ns && !b->facts->rootless &&
	       (b->facts->caps & caps) == caps && b->uid_map && b->gid_map;
}

/* A /dev that is bound from the host is left as it is. */
static bool sets_up_dev(const struct build *b)
{
	for (size_t i = 0; i < b->n_mounts; i++)
		if (b->mounts[i].bind && strcmp(b->mounts[i].destination, "/dev") == 0)
			return false;
	return true;
}

static bool is_listed(const struct build *b, const char *path)
{
	for (size_t i = 0; i < b->linux_->n_devices; i++)
		if (strcmp(b->linux_->devices[i].path, path) == 0)
			return true;
	return false;
}

/* /dev/ptmx is the container's own, whatever the list says: a node would open the host's ptys. */
static bool is_ptmx(const struct oci_device *d)
{
	return strcmp(d->path, "/dev/ptmx") == 0;
}

static int check_device(struct build *b, size_t i)
{
	const struct oci_device *d = &b->linux_->devices[i];

	plan_where(b->p, "/linux/devices/%zu", i);
	if (d->path[0] != '/')
		return plan_fail(b, "the device's path %s is not absolute", d->path);
	if (d->type == OCI_DEVICE_P)
		return 0;
	if (!d->has_major || !d->has_minor || d->major < 0 || d->minor < 0)
		return plan_fail(b, "the device %s needs major and minor numbers", d->path);
	if (binds(b) && !b->mount_ns)
		return plan_fail(b, "the device %s can neither be made here nor bound without a mount namespace",
				 d->path);
	return 0;
}

static int add_tree(struct build *b, const struct oci_device *d)
{
	size_t tree = plan_tree_add(b, d->path, OPEN_TREE_CLONE);
	struct tree *t = &b->trees[tree];

	if (!makes_for_user_ns(b))
		return 0;
	t->node = d;
	t->node_type = type_of(d);
	if (plan_map_id(b->uid_map, d->uid, &t->node_uid) < 0)
		return plan_fail(b, "the owner of %s, user id %u, is not mapped in the user namespace", d->path,
				 d->uid);
	if (plan_map_id(b->gid_map, d->gid, &t->node_gid) < 0)
		return plan_fail(b, "the group of %s, group id %u, is not mapped in the user namespace", d->path,
				 d->gid);
	return 0;
}

int plan_devices_read(struct build *b)
{
	for (size_t i = 0; i < b->linux_->n_devices; i++) {
		int r = check_device(b, i);
		if (r < 0)
			return r;
	}
	if (!binds(b))
		return 0;
	/* in the order in which plan_devices_make takes them */
	plan_where(b->p, "/linux/devices");
	for (size_t i = 0; sets_up_dev(b) && b->mount_ns && i < N_DEFAULTS; i++)
		if (!is_listed(b, defaults[i].path))
			plan_tree_add(b, defaults[i].path, OPEN_TREE_CLONE);
	for (size_t i = 0; i < b->linux_->n_devices; i++) {
		const struct oci_device *d = &b->linux_->devices[i];
		plan_where(b->p, "/linux/devices/%zu", i);
		int r = d->type != OCI_DEVICE_P && !is_ptmx(d) ? add_tree(b, d) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- ops --------------------------------------------------------------------------------------------- */

static void bind_node(struct build *b, size_t tree, const char *path)
{
	const struct mount_options none = { 0 };

	plan_tree_ready(b, tree);
	plan_tree_take(b, tree);
	plan_mount_attributes_of_host(b, &none, none.attr, false);
	PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, path), .kind = TARGET_FILE, .like = PLAN_NO_SLOT, .mode = 0755);
	PLAN_ADD(b->p, MOVE_MOUNT);
}

static void make_listed(struct build *b, const struct oci_device *d)
{
	uint32_t mode = d->has_file_mode ? d->file_mode & 07777 : 0666;
	bool fifo = d->type == OCI_DEVICE_P;

	PLAN_ADD(b->p, MKNOD, .path = plan_str(b->p, d->path), .mode = type_of(d) | mode,
		 .major = fifo ? 0 : (uint64_t)d->major, .minor = fifo ? 0 : (uint64_t)d->minor, .uid = d->uid,
		 .gid = d->gid, .exists_ok = 1);
}

static void make_links(struct build *b)
{
	PLAN_ADD(b->p, SYMLINK, .target = plan_str(b->p, "pts/ptmx"), .path = plan_str(b->p, "/dev/ptmx"));
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		PLAN_ADD(b->p, SYMLINK, .target = plan_str(b->p, links[i].target),
			 .path = plan_str(b->p, links[i].path), .if_exists = plan_str(b->p, links[i].if_exists));
}

static size_t make_defaults(struct build *b, size_t tree)
{
	plan_where(b->p, "%s", "");
	for (size_t i = 0; i < N_DEFAULTS; i++) {
		if (is_listed(b, defaults[i].path))
			continue;
		if (!binds(b))
			PLAN_ADD(b->p, MKNOD, .path = plan_str(b->p, defaults[i].path), .mode = S_IFCHR | 0666,
				 .major = defaults[i].major, .minor = defaults[i].minor, .exists_ok = 1);
		else if (b->mount_ns)
			bind_node(b, tree++, defaults[i].path);
	}
	return tree;
}

static size_t count_trees(const struct build *b)
{
	size_t n = 0;

	if (!binds(b))
		return 0;
	for (size_t i = 0; sets_up_dev(b) && b->mount_ns && i < N_DEFAULTS; i++)
		n += !is_listed(b, defaults[i].path);
	for (size_t i = 0; i < b->linux_->n_devices; i++)
		n += b->linux_->devices[i].type != OCI_DEVICE_P && !is_ptmx(&b->linux_->devices[i]);
	return n;
}

void plan_devices_make(struct build *b)
{
	size_t tree = b->n_trees - count_trees(b); /* theirs are the last ones */
	bool set_up = sets_up_dev(b);

	if (set_up)
		tree = make_defaults(b, tree);
	for (size_t i = 0; i < b->linux_->n_devices; i++) {
		const struct oci_device *d = &b->linux_->devices[i];
		plan_where(b->p, "/linux/devices/%zu", i);
		if (is_ptmx(d))
			continue;
		if (binds(b) && d->type != OCI_DEVICE_P)
			bind_node(b, tree++, d->path);
		else
			make_listed(b, d);
	}
	plan_where(b->p, "%s", "");
	if (set_up)
		make_links(b);
}
