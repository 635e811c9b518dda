/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces of a plan: which are new, joined or the host's; id maps; how the executor gets into them. */
#include "plan_parts.h"
#include "capability.h"
#include "util/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const uint64_t flags[oci_namespace_type_MAX] = {
	[OCI_NS_PID] = CLONE_NEWPID,       [OCI_NS_NETWORK] = CLONE_NEWNET, [OCI_NS_MOUNT] = CLONE_NEWNS,
	[OCI_NS_IPC] = CLONE_NEWIPC,       [OCI_NS_UTS] = CLONE_NEWUTS,     [OCI_NS_USER] = CLONE_NEWUSER,
	[OCI_NS_CGROUP] = CLONE_NEWCGROUP, [OCI_NS_TIME] = CLONE_NEWTIME,
};

/* The order in which they are joined: pid last, since it counts for children only and other joins do not mind;
 * user is not here, it has its own moment. */
static const enum oci_namespace_type join_order[] = {
	OCI_NS_MOUNT, OCI_NS_NETWORK, OCI_NS_IPC, OCI_NS_UTS, OCI_NS_CGROUP, OCI_NS_TIME, OCI_NS_PID,
};
#define N_JOINS (sizeof(join_order) / sizeof(join_order[0]))

/* ---- id maps ----------------------------------------------------------------------------------------- */

static bool is_own_id(const struct oci_id_mapping *m, size_t n, uint32_t id)
{
	return n == 1 && m->host_id == id && m->size == 1;
}

/* Who writes the maps: husk itself where it may, or where only its own id is mapped; else newuidmap. */
static uint64_t choose_idmap_flags(const struct build *b)
{
	const uint64_t caps = CAPABILITY_BIT(SETUID) | CAPABILITY_BIT(SETGID);
	const struct oci_linux *l = b->linux_;

	if ((b->facts->caps & caps) == caps)
		return 0;
	if (is_own_id(l->uid_mappings, l->n_uid_mappings, b->facts->euid) &&
	    is_own_id(l->gid_mappings, l->n_gid_mappings, b->facts->egid))
		return IDMAP_DENY_SETGROUPS;
	return IDMAP_HELPERS;
}

static int check_mappings(struct build *b, const char *name, const struct oci_id_mapping *m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		plan_where(b->p, "/linux/%s/%zu", name, i);
		if (m[i].size == 0)
			return plan_fail(b, "an id mapping of size 0 maps nothing");
		if (m[i].size - 1 > UINT32_MAX - m[i].container_id || m[i].size - 1 > UINT32_MAX - m[i].host_id)
			return plan_fail(b, "the id mapping goes beyond the largest id");
	}
	return 0;
}

static int choose_maps(struct build *b)
{
	const struct oci_linux *l = b->linux_;

	int r = check_mappings(b, "uidMappings", l->uid_mappings, l->n_uid_mappings);
	if (r < 0)
		return r;
	r = check_mappings(b, "gidMappings", l->gid_mappings, l->n_gid_mappings);
	if (r < 0)
		return r;
	plan_where(b->p, l->n_uid_mappings ? "/linux/uidMappings" : "/linux/gidMappings");
	if (!b->user_ns && (l->n_uid_mappings || l->n_gid_mappings))
		return plan_fail(b, "id mappings need a user namespace: add {\"type\": \"user\"} to linux.namespaces");

	b->uid_map = plan_map_lines(l->uid_mappings, l->n_uid_mappings);
	b->gid_map = plan_map_lines(l->gid_mappings, l->n_gid_mappings);
	if (b->ns[OCI_NS_USER].how != NAMESPACE_NEW)
		return 0;
	if (!b->uid_map && !b->gid_map && b->facts->uid_map && b->facts->gid_map) {
		b->uid_map = mem_strdup(b->facts->uid_map);
		b->gid_map = mem_strdup(b->facts->gid_map);
	}
	plan_where(b->p, "/linux/namespaces/%zu", b->ns[OCI_NS_USER].index);
	if (!b->uid_map || !b->gid_map)
		return plan_fail(b, "a new user namespace needs %s: say which ids of the host it has",
				 b->uid_map ? "linux.gidMappings" : "linux.uidMappings");
	b->idmap_flags = choose_idmap_flags(b);
	return 0;
}

/* ---- which there are --------------------------------------------------------------------------------- */

static int choose_one(struct build *b, size_t index)
{
	const struct oci_namespace *n = &b->linux_->namespaces[index];
	struct namespace_choice *c = &b->ns[n->type];
	uint64_t there = b->facts->path_ns[n->type];

	plan_where(b->p, "/linux/namespaces/%zu", index);
	for (size_t i = 0; i < index; i++)
		if (b->linux_->namespaces[i].type == n->type)
			return plan_fail(b, "there are two %s namespaces: remove one",
					 oci_namespace_type_words[n->type]);
	c->index = index;
	if (!n->path || !*n->path) {
		c->how = NAMESPACE_NEW;
	} else if (n->path[0] != '/') {
		return plan_fail(b, "the namespace's path %s is not absolute", n->path);
	} else if (!there || there != b->facts->host_ns[n->type]) {
		c->how = NAMESPACE_JOINED;
		c->path = n->path;
	}
	if (n->type == OCI_NS_TIME && c->how != NAMESPACE_HOST && !b->facts->time_ns)
		return plan_fail(b, "this kernel has no time namespaces: it needs CONFIG_TIME_NS");
	return 0;
}

static int check_privilege(struct build *b)
{
	if (b->facts->privileged || b->user_ns)
		return 0;
	for (size_t i = 0; i < oci_namespace_type_MAX; i++) {
		if (b->ns[i].how != NAMESPACE_NEW)
			continue;
		plan_where(b->p, "/linux/namespaces/%zu", b->ns[i].index);
		return plan_fail(b,
				 "an unprivileged user needs a user namespace to make a %s namespace: add "
				 "{\"type\": \"user\"} and id mappings (husk spec --rootless shows how)",
				 oci_namespace_type_words[i]);
	}
	return 0;
}

static int check_time_offsets(struct build *b)
{
	for (size_t i = 0; i < b->linux_->n_time_offsets; i++) {
		const char *clock = b->linux_->time_offsets[i].key;
		plan_where(b->p, "/linux/timeOffsets/%s", clock);
		if (strcmp(clock, "monotonic") != 0 && strcmp(clock, "boottime") != 0)
			return plan_fail(b, "there is no clock %s with an offset: monotonic and boottime have one",
					 clock);
		if (b->ns[OCI_NS_TIME].how != NAMESPACE_NEW)
			return plan_fail(b, "clock offsets need a new time namespace: add {\"type\": \"time\"} to "
					    "linux.namespaces");
	}
	return 0;
}

static int check_net_devices(struct build *b)
{
	if (!b->linux_->n_net_devices)
		return 0;
	plan_where(b->p, "/linux/netDevices");
	if (!plan_namespace_private(b, OCI_NS_NETWORK))
		return plan_fail(b, "network devices can only be moved into a network namespace other than the host's: "
				    "add {\"type\": \"network\"} to linux.namespaces");
	return 0;
}

/* Without a namespace to join or ids to map there is nothing to do between the executor and the container process.
 * systemd moves the process when it is there, so it makes no difference to it which one it gets. */
static bool can_be_born(const struct build *b)
{
	if (b->user_ns || b->ns[OCI_NS_TIME].how == NAMESPACE_NEW || b->request->restore)
		return false;
	for (size_t i = 0; i < oci_namespace_type_MAX; i++)
		if (b->ns[i].how == NAMESPACE_JOINED)
			return false;
	return true;
}

int plan_namespaces_choose(struct build *b)
{
	static int (*const checks[])(struct build *) = {
		choose_maps,
		check_privilege,
		check_time_offsets,
		check_net_devices,
	};

	for (size_t i = 0; i < b->linux_->n_namespaces; i++) {
		int r = choose_one(b, i);
		if (r < 0)
			return r;
	}
	b->mount_ns = plan_namespace_private(b, OCI_NS_MOUNT);
	b->user_ns = plan_namespace_private(b, OCI_NS_USER);
	b->in_user_ns = b->user_ns || b->facts->in_user_ns;
	b->host_trees = b->facts->privileged;
	b->born = can_be_born(b);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		int r = checks[i](b);
		if (r < 0)
			return r;
	}
	return 0;
}

/* ---- ops --------------------------------------------------------------------------------------------- */

static void open_small(struct build *b)
{
	if (!b->small_ns)
		return;
	b->mount_ns_slot = plan_slot(b);
	plan_where(b->p, "/linux/namespaces/%zu", b->ns[OCI_NS_MOUNT].index);
	PLAN_ADD(b->p, OPEN, .slot = b->mount_ns_slot, .path = plan_strf(b->p, "/proc/%u/ns/mnt", b->facts->kdevtmpfs),
		 .expect = plan_str(b->p, "mount"));
}

void plan_namespaces_open(struct build *b)
{
	open_small(b);
	for (size_t i = 0; i < oci_namespace_type_MAX; i++) {
		struct namespace_choice *c = &b->ns[i];
		if (c->how != NAMESPACE_JOINED)
			continue;
		c->slot = plan_slot(b);
		plan_where(b->p, "/linux/namespaces/%zu", c->index);
		PLAN_ADD(b->p, OPEN, .slot = c->slot, .path = plan_str(b->p, c->path),
			 .expect = plan_str(b->p, oci_namespace_type_words[i]));
	}
}

/* With a user namespace some of them need its capabilities, others those of the caller: so both are tried. */
static void join(struct build *b, uint64_t phase)
{
	for (size_t i = 0; i < N_JOINS; i++) {
		const struct namespace_choice *c = &b->ns[join_order[i]];
		if (c->how != NAMESPACE_JOINED)
			continue;
		plan_where(b->p, "/linux/namespaces/%zu", c->index);
		PLAN_ADD(b->p, SETNS, .slot = c->slot, .nstypes = flags[join_order[i]], .phase = phase);
	}
}

static uint32_t root_of(const char *map, uint32_t own)
{
	uint32_t host;

	return !map || plan_map_id(map, 0, &host) == 0 ? 0 : own;
}

static void enter_user_namespace(struct build *b)
{
	const struct namespace_choice *c = &b->ns[OCI_NS_USER];
	const struct oci_user *user = b->process ? b->process->user : NULL;

	plan_where(b->p, "/linux/namespaces/%zu", c->index);
	if (c->how == NAMESPACE_JOINED) {
		PLAN_ADD(b->p, SETNS, .slot = c->slot, .nstypes = CLONE_NEWUSER, .phase = NS_DEFERRED);
	} else {
		PLAN_ADD(b->p, UNSHARE, .flags = CLONE_NEWUSER);
		plan_where(b->p, "/linux/uidMappings");
		PLAN_ADD(b->p, IDMAP, .uid_map = plan_str(b->p, b->uid_map), .gid_map = plan_str(b->p, b->gid_map),
			 .flags = b->idmap_flags);
	}
	PLAN_ADD(b->p, NS_ROOT, .uid = root_of(b->uid_map, user ? user->uid : 0),
		 .gid = root_of(b->gid_map, user ? user->gid : 0));
}

static void make_time_namespace(struct build *b)
{
	if (b->ns[OCI_NS_TIME].how != NAMESPACE_NEW)
		return;
	plan_where(b->p, "/linux/namespaces/%zu", b->ns[OCI_NS_TIME].index);
	PLAN_ADD(b->p, UNSHARE, .flags = CLONE_NEWTIME);
	for (size_t i = 0; i < b->linux_->n_time_offsets; i++) {
		const struct oci_time_offset *o = &b->linux_->time_offsets[i];
		plan_where(b->p, "/linux/timeOffsets/%s", o->key);
		PLAN_ADD(b->p, TIME_OFFSET, .clock = plan_str(b->p, o->key), .secs = (uint64_t)o->secs,
			 .nanosecs = o->nanosecs);
	}
}

/* What clone makes: user and time are there already, cgroup is made when the process is in its cgroup. */
uint64_t plan_namespaces_made(const struct build *b)
{
	static const uint64_t not_by_clone = CLONE_NEWUSER | CLONE_NEWTIME | CLONE_NEWCGROUP;
	uint64_t made = 0;

	for (size_t i = 0; i < oci_namespace_type_MAX; i++)
		if (b->ns[i].how == NAMESPACE_NEW)
			made |= flags[i];
	if (b->small_ns) /* `mount_ns` makes it */
		made &= ~(uint64_t)CLONE_NEWNS;
	return made & ~not_by_clone;
}

void plan_namespaces_enter(struct build *b)
{
	if (b->born)
		return;
	if (b->user_ns) {
		join(b, NS_FIRST);
		enter_user_namespace(b);
	}
	join(b, NS_DEFERRED);
	make_time_namespace(b);
	plan_where(b->p, "%s", b->linux_->n_namespaces ? "/linux/namespaces" : "");
	PLAN_ADD(b->p, CLONE, .flags = plan_namespaces_made(b));
}
