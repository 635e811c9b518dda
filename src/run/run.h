/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a plan on the host side: what its ops are given, what they leave, what comes back from the container side. */
#ifndef HUSK_RUN_H
#define HUSK_RUN_H

#include "cgroup/cgroup.h"
#include "container/state.h"
#include "host/facts.h"
#include "plan/plan_view.h"

struct trace;

struct run {
	/* given */
	const struct request *request;
	const struct facts *facts;
	const struct oci_config *config;
	struct plan_view plan;
	const void *block;
	size_t block_size;
	struct cgroup *cgroup;          /* NULL: none */
	struct state_dir *dir;          /* NULL for exec */
	struct husk_record *record;     /* written by OP_RECORD; run fills pid … */

	/* of the run */
	int sync_fd;                    /* to the container side */
	int slots[PLAN_SLOTS];
	pid_t executor_pid;
	pid_t init_pid;
	int init_pid_fd;
	uint64_t namespaces[9];         /* as it told (sync.h), else 0 */
	pid_t keeper_pid;
	int console_fd;                 /* master of the terminal, until handed on */
	int seccomp_fd;
	bool started;                   /* the program was executed */
	bool ready;                     /* init waits for start */
	int executor_pid_fd;            /* -1 once it is reaped */
	unsigned entered;               /* the cgroups that the executor is in since it was started: CGROUP_ENTERED_* */
	bool seccomp_handed;            /* the seccomp agent has the listener */
	bool process_recorded;          /* the record has the process and its namespaces */
	bool hook_failed;               /* why the plan failed: poststop hooks run (runtime.md, lifecycle) */
	uint32_t op;                    /* the op that is being done, as far as the host knows */
	struct trace *trace;            /* NULL: nothing is measured */
};

void run_init(struct run *r);
void run_done(struct run *r);

#endif
