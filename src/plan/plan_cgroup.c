/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup in a plan: made before the process, limited before the process, entered at its birth.  The pids limit
 * comes when the executor is gone: for a moment there are two, and a limit of 1 must work.  With systemd the cgroup
 * is there only when there is a process for it, so all of it comes later.
 */
#include "plan_parts.h"
#include "cgroup_annotations.h"
#include "util/kernel.h"

#include <string.h>

/* Limits without a cgroup would be ignored, which only --cgroup-manager disabled asks for. */
static int check_none(struct build *b)
{
	int r;

	if (b->request->driver == CGROUP_DRIVER_DISABLED || !b->linux_->resources)
		return 0;
	plan_where(b->p, "/linux/resources");
	r = cgroup_resources(b->facts, b->linux_->resources, "/linux/resources", &b->writes, b->err);
	if (r < 0)
		return err_where(b->err, b->p->where);
	for (size_t i = 0; i < b->writes.n; i++) {
		plan_where(b->p, "%s", b->writes.v[i].pointer ? b->writes.v[i].pointer : "/linux/resources");
		return plan_fail(b, "limits need a cgroup, and this user may make none: have one delegated (systemd: "
				    "Delegate=yes, with --systemd-cgroup), or remove the limits");
	}
	return 0;
}

int plan_cgroup_choose(struct build *b)
{
	enum cgroup_driver driver = b->request->driver;

	plan_where(b->p, "/linux/cgroupsPath");
	int r = cgroup_locate_configured(b->config, b->facts, b->request, &b->cgroup, b->err);
	if (r < 0) {
		err_where(b->err, b->p->where);
		return r;
	}
	b->has_cgroup = b->cgroup.n_dirs > 0;
	b->late_cgroup = b->has_cgroup && driver == CGROUP_DRIVER_SYSTEMD;
	if (!b->has_cgroup)
		return check_none(b);
	plan_where(b->p, "/linux/resources/devices");
	r = cgroup_device_rules(b->config, &b->device_rules, &b->n_device_rules, b->err);
	if (r < 0) {
		err_where(b->err, b->p->where);
		return r;
	}
	plan_where(b->p, "/linux/resources");
	if (!b->linux_->resources)
		return 0;
	r = cgroup_resources(b->facts, b->linux_->resources, "/linux/resources", &b->writes, b->err);
	if (r < 0)
		err_where(b->err, b->p->where);
	return r;
}

bool plan_cgroup_mount_is_writable(const struct build *b)
{
	for (size_t i = 0; i < b->n_mounts; i++) {
		const struct mount_entry *e = &b->mounts[i];
		if (!e->bind && e->m->type && strncmp(e->m->type, "cgroup", 6) == 0 &&
		    strcmp(e->destination, "/sys/fs/cgroup") == 0)
			return !((e->o.attr.set | e->o.rec.set) & MOUNT_ATTR_RDONLY);
	}
	return false;
}

static bool is_pids(const struct cgroup_write *w)
{
	return strcmp(w->controller, "pids") == 0;
}

static void add_writes(struct build *b, bool pids)
{
	for (size_t i = 0; i < b->writes.n; i++) {
		const struct cgroup_write *w = &b->writes.v[i];
		if (is_pids(w) != pids)
			continue;
		plan_where(b->p, "%s", w->pointer ? w->pointer : "/linux/resources");
		PLAN_ADD(b->p, CGROUP_WRITE, .controller = plan_str(b->p, w->controller),
			 .file = plan_str(b->p, w->file), .value = plan_str(b->p, w->value), .flags = w->flags);
	}
}

/* Who is not privileged over the host cannot set a device list; the kernel's own checks hold for him then. */
static void add_devices(struct build *b)
{
	plan_where(b->p, "/linux/resources/devices");
	if (b->facts->rootless || b->facts->in_user_ns) {
		if (b->linux_->resources && b->linux_->resources->n_devices)
			plan_warn(b->p, "/linux/resources/devices: the allowed device list needs privileges over the "
					"host; only the ordinary checks of device nodes hold");
		return;
	}
	PLAN_ADD(b->p, CGROUP_DEVICES,
		 .rules = plan_blob(b->p, b->device_rules, b->n_device_rules * sizeof(*b->device_rules)));
}

/* config-linux.md, Cgroup ownership. */
static void add_chown(struct build *b)
{
	uint32_t uid = b->process && b->process->user ? b->process->user->uid : 0;

	/* Where a part of it is delegated, the limits are out of the container's reach. */
	if (b->cgroup.delegated || b->facts->layout != CGROUP_V2 || b->ns[OCI_NS_CGROUP].how != NAMESPACE_NEW ||
	    !b->uid_map || !plan_cgroup_mount_is_writable(b) || plan_map_id(b->uid_map, uid, &uid) < 0)
		return;
	plan_where(b->p, "/linux/cgroupsPath");
	PLAN_ADD(b->p, CGROUP_CHOWN, .uid = uid);
}

static void limit(struct build *b)
{
	add_writes(b, false);
	add_devices(b);
	add_chown(b);
}

void plan_cgroup_make(struct build *b)
{
	if (!b->has_cgroup)
		return;
	plan_where(b->p, "%s", b->linux_->cgroups_path ? "/linux/cgroupsPath" : "");
	PLAN_ADD(b->p, CGROUP_CREATE, .path = plan_str(b->p, b->cgroup.dirs[0].path), .controllers = b->cgroup.n_dirs);
	if (!b->late_cgroup)
		limit(b);
}

static bool has_v2(const struct build *b)
{
	for (size_t i = 0; i < b->cgroup.n_dirs; i++)
		if (b->cgroup.dirs[i].v2)
			return true;
	return false;
}

void plan_cgroup_enter(struct build *b)
{
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, SPAWN, .into_cgroup = has_v2(b) && !b->late_cgroup, .born = b->born,
		 .namespaces = b->born ? plan_namespaces_made(b) : 0);
	if (!b->has_cgroup)
		return;
	if (b->late_cgroup)
		plan_unit_properties(b);
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, CGROUP_ATTACH);
	if (b->late_cgroup)
		limit(b);
}

/* The container's cgroup namespace has the cgroup above for its root, which is where the limits are. */
void plan_cgroup_delegate(struct build *b)
{
	uint32_t uid = 0;

	if (!b->has_cgroup || !b->cgroup.delegated)
		return;
	plan_where(b->p, "/annotations/" ANNOTATION_DELEGATE);
	if (b->uid_map && plan_map_id(b->uid_map, 0, &uid) < 0)
		uid = 0;
	PLAN_ADD(b->p, CGROUP_DELEGATE, .path = plan_str(b->p, b->cgroup.delegated), .uid = uid);
}

void plan_cgroup_limit_pids(struct build *b)
{
	add_writes(b, true);
}
