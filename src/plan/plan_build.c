/* SPDX-License-Identifier: Apache-2.0 */
/* The order of a container's plan (docs/design/0001-plan.md).  What each part adds is in plan_*.c. */
#include "annotation.h"
#include "plan_build.h"
#include "plan_parts.h"

#include <stdlib.h>
#include <string.h>

static void record(struct build *b, const char *status)
{
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, RECORD, .status = plan_str(b->p, status));
}

/* Everything that can be refused without doing anything. */
static int choose(struct build *b)
{
	static int (*const parts[])(struct build *) = {
		plan_unsupported,   plan_namespaces_choose, plan_rootfs_choose, plan_unit_check,
		plan_cgroup_choose, plan_mounts_read,       plan_devices_read,  plan_process_check,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int r = parts[i](b);
		if (r < 0)
			return r;
	}
	b->small_ns = plan_small_namespace(b);
	return 0;
}

static void open_from_host(struct build *b)
{
	plan_namespaces_open(b);
	plan_rootfs_open(b);
	if (b->linux_->n_masked_paths) {
		plan_where(b->p, "/linux/maskedPaths");
		b->null_slot = plan_slot(b);
		PLAN_ADD(b->p, OPEN, .slot = b->null_slot, .path = plan_str(b->p, "/dev/null"),
			 .expect = plan_str(b->p, b->small_ns ? "null_mount" : "null"));
	}
	plan_where(b->p, "%s", "");
	if (!b->request->run) {
		b->listen_slot = plan_slot(b);
		PLAN_ADD(b->p, LISTEN, .slot = b->listen_slot);
	}
	plan_hooks_open(b);
	plan_mounts_open(b);
	plan_tree_open(b);
}

static void from_host(struct build *b)
{
	record(b, "creating");
	plan_cgroup_make(b);
	if (b->late_cgroup)
		plan_cgroup_enter(b);
	open_from_host(b);
	if (!b->late_cgroup)
		plan_cgroup_enter(b);
}

static void move_devices(struct build *b)
{
	for (size_t i = 0; i < b->linux_->n_net_devices; i++) {
		const struct oci_net_device *d = &b->linux_->net_devices[i];
		plan_where(b->p, "/linux/netDevices/%s", d->key);
		PLAN_ADD(b->p, NETDEV, .name = plan_str(b->p, d->key),
			 .new_name = plan_str(b->p, d->name && *d->name ? d->name : d->key));
	}
}

static void join_resctrl(struct build *b)
{
	const struct oci_intel_rdt *rdt = b->linux_->intel_rdt;
	const char **lines = NULL;
	size_t n = 0;

	if (!rdt)
		return;
	/* "" is what callers write that cannot leave a property out. */
	const char *clos_id = rdt->clos_id && *rdt->clos_id ? rdt->clos_id : NULL;
	lines = mem_alloc((rdt->n_schemata + 2) * sizeof(*lines));
	if (rdt->l3_cache_schema)
		lines[n++] = rdt->l3_cache_schema;
	if (rdt->mem_bw_schema)
		lines[n++] = rdt->mem_bw_schema;
	size_t n_compared = n;
	for (size_t i = 0; i < rdt->n_schemata; i++)
		lines[n++] = rdt->schemata[i];
	plan_where(b->p, "/linux/intelRdt");
	PLAN_ADD(b->p, RDT, .clos_id = plan_str(b->p, clos_id), .schemata = plan_strv(b->p, lines, n),
		 .compared = (uint32_t)n_compared, .monitoring = rdt->enable_monitoring, .create = !clos_id || n > 0);
	free(lines);
}

/* The host knows the process now. Without a cgroup the record is the only way to find it again. */
static void after_clone(struct build *b)
{
	if (!b->has_cgroup)
		record(b, "creating");
	plan_cgroup_limit_pids(b);
	move_devices(b);
	join_resctrl(b);
}

/* What is written through the private procfs: sysctl, labels, the oom score; without mount_setattr(2) it finds mounts.
 * The small mount namespace is privileged's, where nothing stands in for a procfs that cannot be mounted. */
static bool needs_proc(const struct build *b)
{
	const struct oci_process *p = b->process;

	return !b->small_ns || b->linux_->n_sysctl || !p || p->has_oom_score_adj || p->apparmor_profile ||
	       p->selinux_label;
}

static void session(struct build *b)
{
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, SETSID);
	if (b->ns[OCI_NS_CGROUP].how == NAMESPACE_NEW) {
		plan_where(b->p, "/linux/namespaces/%zu", b->ns[OCI_NS_CGROUP].index);
		PLAN_ADD(b->p, UNSHARE_CGROUP);
	}
	plan_cgroup_delegate(b);
	if (b->small_ns) {
		plan_where(b->p, "/linux/namespaces/%zu", b->ns[OCI_NS_MOUNT].index);
		PLAN_ADD(b->p, MOUNT_NS, .slot = b->mount_ns_slot);
	}
	if (b->ns[OCI_NS_NETWORK].how == NAMESPACE_NEW) {
		plan_where(b->p, "/linux/namespaces/%zu", b->ns[OCI_NS_NETWORK].index);
		PLAN_ADD(b->p, LOOPBACK)->on_error = ON_ERROR_WARN;
	}
	plan_where(b->p, "%s", "");
	if (needs_proc(b))
		PLAN_ADD(b->p, PROC, .subset_pid = b->facts->subset_pid && !b->linux_->n_sysctl);
	if (!b->facts->privileged)
		PLAN_ADD(b->p, NAMESPACES);
	plan_process_keyring(b, b->request->id);
}

static void open_console(struct build *b)
{
	const struct oci_process *process = b->process;

	if (!process || !process->terminal)
		return;
	plan_where(b->p, "/process/terminal");
	const struct oci_console_size *size = process->console_size;
	PLAN_ADD(b->p, CONSOLE_OPEN, .height = size ? size->height : 0, .width = size ? size->width : 0,
		 .uid = process->user ? process->user->uid : 0, .bind = b->mount_ns, .stdio = 1);
	PLAN_ADD(b->p, CONSOLE);
}

static int make_root(struct build *b)
{
	plan_rootfs_set_up(b);
	plan_mounts_make(b);
	plan_rootfs_working_dir(b);
	plan_devices_make(b);
	open_console(b);
	plan_hooks_create(b);
	plan_mounts_finish(b);
	int r = plan_rootfs_hide(b);
	if (r < 0)
		return r;
	r = plan_sysctl(b);
	if (r < 0)
		return r;
	r = plan_hostname(b);
	if (r < 0)
		return r;
	plan_rootfs_enter(b);
	return 0;
}

static int prepare_process(struct build *b)
{
	int r = plan_process_attributes(b, NULL);
	if (r < 0)
		return r;
	r = plan_process_credentials(b, NULL);
	if (r < 0)
		return r;
	return plan_process_find(b);
}

/* A container whose PID namespace is not its own leaves processes behind when its init ends. */
static bool wants_keeper(const struct build *b)
{
	const char *keeper = annotation_get(b->config, "husk.keeper");

	return b->has_cgroup && b->ns[OCI_NS_PID].how != NAMESPACE_NEW && !(keeper && strcmp(keeper, "false") == 0);
}

static void created(struct build *b)
{
	plan_where(b->p, "%s", "");
	if (wants_keeper(b))
		PLAN_ADD(b->p, KEEPER);
	/* run does not stop between the two, so one record is enough: a program that cannot be executed takes the
	 * container with it. */
	record(b, b->request->run ? "running" : "created");
	if (b->request->pid_file)
		PLAN_ADD(b->p, PID_FILE, .path = plan_str(b->p, b->request->pid_file));
	if (!b->request->run)
		PLAN_ADD(b->p, WAIT_START, .slot = b->listen_slot);
}

static int start(struct build *b)
{
	plan_hooks_start(b);
	plan_process_seal(b, NULL);
	int r = plan_process_execute(b);
	if (r < 0)
		return r;
	if (!b->request->run)
		record(b, "running");
	plan_hooks_poststart(b);
	return 0;
}

static int build(struct build *b)
{
	int r = choose(b);
	if (r < 0)
		return r;
	from_host(b);
	plan_namespaces_enter(b);
	after_clone(b);
	session(b);
	r = make_root(b);
	if (r < 0)
		return r;
	r = prepare_process(b);
	if (r < 0)
		return r;
	created(b);
	return start(b);
}

int plan_build(struct plan *p, const struct oci_config *config, const struct facts *facts,
	       const struct request *request, struct err *err)
{
	struct build b = plan_begin(p, config, facts, request, err);
	int r = build(&b);

	plan_end(&b);
	return r;
}
