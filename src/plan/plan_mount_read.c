/* SPDX-License-Identifier: Apache-2.0 */
/* mounts[] of the config read and checked: destinations, options, bind sources, id mappings. */
#include "plan_parts.h"
#include "util/kernel.h"

#include <stdlib.h>
#include <string.h>

#define KERNEL(major, minor) ((major) << 16 | (minor) << 8)

static void where(struct build *b, const struct mount_entry *e, const char *member)
{
	if (e->index == SIZE_MAX)
		plan_where(b->p, "%s", "");
	else
		plan_where(b->p, "/mounts/%zu%s", e->index, member);
}

/* What may be mounted below /proc: files that others overlay with the container's own view. */
static bool is_allowed_in_proc(const char *path)
{
	static const char *const allowed[] = {
		"/proc/cpuinfo",
		"/proc/diskstats",
		"/proc/meminfo",
		"/proc/stat",
		"/proc/swaps",
		"/proc/uptime",
		"/proc/loadavg",
		"/proc/slabinfo",
		"/proc/net/dev",
		"/proc/sys/kernel/ns_last_pid",
		"/proc/sys/crypto/fips_enabled",
	};

	for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (strcmp(allowed[i], path) == 0)
			return true;
	return false;
}

static int read_destination(struct build *b, struct mount_entry *e)
{
	_cleanup_free_ char *absolute = path_join("/", e->m->destination);

	e->destination = path_clean(absolute);
	where(b, e, "/destination");
	if (strcmp(e->destination, "/") == 0 && !(e->o.special & MOUNT_OPTION_REMOUNT))
		return plan_fail(b, "%s is the root filesystem: set it with root.path", e->m->destination);
	if (strcmp(e->destination, "/proc") == 0) {
		if (!e->bind && e->m->type && strcmp(e->m->type, "proc") != 0 && !(e->o.special & MOUNT_OPTION_REMOUNT))
			return plan_fail(b, "%s cannot be mounted on /proc: only a proc file system may be there",
					 e->m->type);
	} else if (path_is_below(e->destination, "/proc") && !is_allowed_in_proc(e->destination)) {
		return plan_fail(b, "%s cannot be mounted because it is inside /proc", e->destination);
	}
	return 0;
}

static int read_source(struct build *b, struct mount_entry *e)
{
	where(b, e, "/source");
	if (!e->m->source || !*e->m->source)
		return plan_fail(b, "a bind mount (%s) needs a source", e->destination);
	_cleanup_free_ char *absolute = path_join(b->request->bundle, e->m->source);
	e->source = path_clean(absolute);
	return 0;
}

/* ---- id mappings ------------------------------------------------------------------------------------- */

static int choose_mapping(struct build *b, struct mount_entry *e)
{
	const struct oci_mount *m = e->m;

	if (!m->n_uid_mappings != !m->n_gid_mappings)
		return plan_fail(b, "uidMappings and gidMappings of a mount must be given together");
	if (m->n_uid_mappings) {
		e->uid_map = plan_map_lines(m->uid_mappings, m->n_uid_mappings);
		e->gid_map = plan_map_lines(m->gid_mappings, m->n_gid_mappings);
		return 0;
	}
	if (!b->uid_map || !b->gid_map)
		return plan_fail(b,
				 "the option %s needs uidMappings and gidMappings of the mount, or a user namespace "
				 "whose mapping the config gives",
				 e->o.special & MOUNT_OPTION_RIDMAP ? "ridmap" : "idmap");
	e->uid_map = mem_strdup(b->uid_map);
	e->gid_map = mem_strdup(b->gid_map);
	return 0;
}

static int read_mapping(struct build *b, struct mount_entry *e)
{
	bool asked = e->o.special & (MOUNT_OPTION_IDMAP | MOUNT_OPTION_RIDMAP);

	if (!asked && !e->m->n_uid_mappings && !e->m->n_gid_mappings)
		return 0;
	where(b, e, e->m->n_uid_mappings ? "/uidMappings" : e->m->n_gid_mappings ? "/gidMappings" : "/options");
	if (e->o.special & MOUNT_OPTION_REMOUNT)
		return plan_fail(b, "the ids of a mount cannot be changed by a remount: map those of the mount itself");
	if (!e->bind && b->in_user_ns)
		return plan_fail(b, "in a user namespace only bind mounts can be idmapped: bind the %s from the host",
				 e->m->type);
	if (!b->facts->mount_setattr)
		return plan_fail(b, "idmapped mounts need mount_setattr(2), Linux 5.12");
	if (!b->host_trees)
		return plan_fail(b, "idmapped mounts need CAP_SYS_ADMIN over the file system: an unprivileged user "
				    "cannot make them");
	if (!e->bind)
		e->userns_slot = plan_slot(b);
	return choose_mapping(b, e);
}

/* ---- options that need a newer kernel ---------------------------------------------------------------- */

static int check_options(struct build *b, const struct mount_entry *e)
{
	uint64_t attributes = e->o.attr.set | e->o.rec.set;

	where(b, e, "/options");
	if ((e->o.rec.set || e->o.rec.clear) && !b->facts->mount_setattr)
		return plan_fail(b, "recursive options (rro, rnosuid …) need mount_setattr(2), Linux 5.12");
	/* 5.14 added the attribute to the calls that work on descriptors; 5.10 has it in mount(2) alone */
	if ((attributes & MOUNT_ATTR_NOSYMFOLLOW) && b->facts->kernel && b->facts->kernel < KERNEL(5, 14))
		return plan_fail(b, "the option nosymfollow needs Linux 5.14");
	if ((e->o.special & MOUNT_OPTION_TMPCOPYUP) && (e->bind || !e->m->type || strcmp(e->m->type, "tmpfs") != 0))
		return plan_fail(b, "the option tmpcopyup is for tmpfs");
	if ((e->o.special & MOUNT_OPTION_COPY_SYMLINK) && !e->bind)
		return plan_fail(b, "the option copy-symlink is for bind mounts: there is no source to copy");
	where(b, e, "/type");
	if (!e->bind && !(e->o.special & MOUNT_OPTION_REMOUNT) && (!e->m->type || !*e->m->type))
		return plan_fail(b,
				 "the mount on %s has no type, and is no bind mount: give it a type, or the option "
				 "bind or rbind",
				 e->destination);
	return 0;
}

/* ---- trees of the host ------------------------------------------------------------------------------- */

/* File systems that a user namespace may be refused, with the namespace that it would have to own: there the host's is
 * bound instead.  What shows the processes or queues of a namespace is so only where that is the host's; in one that is
 * joined it would show others.  The host's need not be there: the mount itself may succeed. */
static const struct {
	const char *type, *path;
	enum oci_namespace_type owner;
	bool also_joined;
} fallbacks[] = {
	{ "sysfs", "/sys", OCI_NS_NETWORK, true },
	{ "proc", "/proc", OCI_NS_PID, false },
	{ "mqueue", "/dev/mqueue", OCI_NS_IPC, false },
};

static void add_fallback(struct build *b, struct mount_entry *e)
{
	for (size_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++) {
		enum namespace_how how = b->ns[fallbacks[i].owner].how;
		if (strcmp(fallbacks[i].type, e->m->type) != 0 ||
		    !(how == NAMESPACE_HOST || (how == NAMESPACE_JOINED && fallbacks[i].also_joined)))
			continue;
		e->tree = plan_tree_add(b, fallbacks[i].path, OPEN_TREE_CLONE | AT_RECURSIVE);
		b->trees[e->tree].may_be_missing = true;
	}
}

static void add_bind(struct build *b, struct mount_entry *e)
{
	uint64_t flags = OPEN_TREE_CLONE;

	if (e->o.special & MOUNT_OPTION_RBIND)
		flags |= AT_RECURSIVE;
	if (e->o.special & (MOUNT_OPTION_SRC_NOFOLLOW | MOUNT_OPTION_COPY_SYMLINK))
		flags |= AT_SYMLINK_NOFOLLOW;
	e->tree = plan_tree_add(b, e->source, flags);
	struct tree *t = &b->trees[e->tree];
	t->uid_map = e->uid_map;
	t->gid_map = e->gid_map;
	t->idmap_recursive = e->o.special & MOUNT_OPTION_RIDMAP;
}

static void add_trees(struct build *b, struct mount_entry *e)
{
	where(b, e, "");
	if (e->o.special & MOUNT_OPTION_REMOUNT)
		return;
	if (e->bind)
		add_bind(b, e);
	else if (strcmp(e->m->type, "cgroup") == 0)
		plan_mount_cgroup_trees(b, e);
	else if (b->in_user_ns)
		add_fallback(b, e);
}

/* ---- all of them ------------------------------------------------------------------------------------- */

static int read_entry(struct build *b, struct mount_entry *e)
{
	mount_options_parse(&e->o, (const char *const *)e->m->options, e->m->n_options);
	if (e->m->type && strcmp(e->m->type, "bind") == 0 && !(e->o.special & MOUNT_OPTION_RBIND))
		e->o.special |= MOUNT_OPTION_BIND;
	e->bind = e->o.special & (MOUNT_OPTION_BIND | MOUNT_OPTION_RBIND);

	int r = read_destination(b, e);
	if (r < 0)
		return r;
	r = check_options(b, e);
	if (r < 0)
		return r;
	if (e->bind && !(e->o.special & MOUNT_OPTION_REMOUNT)) {
		r = read_source(b, e);
		if (r < 0)
			return r;
	}
	r = read_mapping(b, e);
	if (r < 0)
		return r;
	add_trees(b, e);
	return 0;
}

/* The directory in which husk listens for the container's READY=1 (sd_notify). */
static struct oci_mount *notify_mount(void)
{
	static char destination[] = "/run/notify", bind[] = "bind", nosuid[] = "nosuid", noexec[] = "noexec",
		    nodev[] = "nodev", ro[] = "ro";
	static char *options[] = { bind, nosuid, noexec, nodev, ro };
	static struct oci_mount mount = { .destination = destination, .options = options, .n_options = 5 };

	return &mount;
}

static int read_notify(struct build *b)
{
	struct mount_entry *e = &b->mounts[b->n_mounts++];
	_cleanup_free_ char *source = mem_printf("%s/%s/notify", b->request->root, b->request->id);
	struct oci_mount mount = *notify_mount();

	*e = (struct mount_entry){ .m = &mount, .index = SIZE_MAX, .tree = TREE_NONE, .userns_slot = PLAN_NO_SLOT };
	mount.source = source;
	int r = read_entry(b, e);
	e->m = notify_mount();
	return r;
}

int plan_mounts_read(struct build *b)
{
	const struct oci_config *c = b->config;

	plan_where(b->p, "/linux/namespaces");
	if (!b->mount_ns && (c->n_mounts || b->request->notify_socket))
		return plan_fail(b, "mounts need a mount namespace: add {\"type\": \"mount\"} to linux.namespaces");
	b->mounts = mem_alloc((c->n_mounts + 1) * sizeof(*b->mounts));
	for (size_t i = 0; i < c->n_mounts; i++) {
		struct mount_entry *e = &b->mounts[b->n_mounts++];
		*e = (struct mount_entry){
			.m = &c->mounts[i], .index = i, .tree = TREE_NONE, .userns_slot = PLAN_NO_SLOT
		};
		int r = read_entry(b, e);
		if (r < 0)
			return r;
	}
	return b->request->notify_socket ? read_notify(b) : 0;
}

void plan_mounts_done(struct build *b)
{
	for (size_t i = 0; i < b->n_mounts; i++) {
		struct mount_entry *e = &b->mounts[i];
		mount_options_done(&e->o);
		free(e->destination);
		free(e->source);
		free(e->uid_map);
		free(e->gid_map);
	}
	free(b->mounts);
}
