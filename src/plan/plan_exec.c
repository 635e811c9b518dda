/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of exec: a process that joins a running container.  It enters all of the container's namespaces by one
 * setns(2) on init's pidfd, which the kernel carries out as a whole; the container's cgroup it is born in, unless CPUs
 * for the time before are asked for.
 */
#include "plan_build.h"
#include "plan_parts.h"
#include "util/kernel.h"

#include <stdlib.h>
#include <string.h>

static int spawn(struct build *b, const struct oci_process *own)
{
	const struct oci_cpu_affinity *a = plan_process_affinity(b, own);
	bool early = a && a->initial && *a->initial;
	uint64_t *words = NULL;
	size_t n = 0;

	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, SPAWN, .into_cgroup = !early);
	if (early) {
		plan_where(b->p, "/process/execCPUAffinity/initial");
		if (plan_parse_list(a->initial, &words, &n) < 0)
			return plan_fail(b, "\"%s\" is not a list like 0-3,7", a->initial);
		PLAN_ADD(b->p, AFFINITY_EARLY, .cpus = plan_blob(b->p, words, n * sizeof(*words)));
		free(words);
	}
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, CGROUP_ATTACH);
	return 0;
}

void plan_exec_open(struct build *b, uint64_t init_slot)
{
	PLAN_ADD(b->p, OPEN, .slot = init_slot, .path = plan_strf(b->p, "%d", (int)b->request->exec->init_pid),
		 .expect = plan_str(b->p, "pidfd"));
}

void plan_exec_enter(struct build *b, uint64_t init_slot)
{
	const struct exec_request *e = b->request->exec;

	plan_where(b->p, "%s", "");
	if (e->nstypes)
		PLAN_ADD(b->p, SETNS, .slot = init_slot, .nstypes = e->nstypes, .phase = NS_DEFERRED);
	if (e->user_ns)
		PLAN_ADD(b->p, NS_ROOT);
	PLAN_ADD(b->p, CLONE);
	PLAN_ADD(b->p, SETSID);
	PLAN_ADD(b->p, PROC, .subset_pid = b->facts->subset_pid);
}

static void open_console(struct build *b)
{
	const struct oci_process *p = b->process;
	const struct oci_console_size *size = p->console_size;

	if (!p->terminal && !b->request->exec->terminal)
		return;
	plan_where(b->p, "/process/terminal");
	PLAN_ADD(b->p, CONSOLE_OPEN, .height = size ? size->height : 0, .width = size ? size->width : 0,
		 .uid = p->user ? p->user->uid : 0, .bind = 0, .stdio = 1);
	PLAN_ADD(b->p, CONSOLE);
}

void plan_exec_choose_maps(struct build *b)
{
	b->user_ns = b->request->exec->user_ns;
	b->in_user_ns = b->user_ns || b->facts->in_user_ns;
	if (!b->user_ns)
		return;
	b->uid_map = plan_map_lines(b->linux_->uid_mappings, b->linux_->n_uid_mappings);
	b->gid_map = plan_map_lines(b->linux_->gid_mappings, b->linux_->n_gid_mappings);
}

static int build(struct build *b)
{
	const struct oci_process *own = b->config->process;
	uint64_t init_slot = plan_slot(b);

	int r = plan_process_check(b);
	if (r < 0)
		return r;
	plan_exec_choose_maps(b);
	plan_where(b->p, "%s", "");
	plan_exec_open(b, init_slot);
	r = spawn(b, own);
	if (r < 0)
		return r;
	plan_exec_enter(b, init_slot);
	plan_process_keyring(b, b->request->id);
	open_console(b);
	r = plan_process_attributes(b, own);
	if (r < 0)
		return r;
	r = plan_process_credentials(b, own);
	if (r < 0)
		return r;
	r = plan_process_find(b);
	if (r < 0)
		return r;
	plan_where(b->p, "%s", "");
	if (b->request->pid_file)
		PLAN_ADD(b->p, PID_FILE, .path = plan_str(b->p, b->request->pid_file));
	plan_process_seal(b, own);
	return plan_process_execute(b);
}

int plan_build_exec(struct plan *p, const struct oci_config *config, const struct oci_process *process,
		    const struct facts *facts, const struct request *request, struct err *err)
{
	struct build b = plan_begin(p, config, facts, request, err);

	b.process = process;
	int r = build(&b);
	plan_end(&b);
	return r;
}
