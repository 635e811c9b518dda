/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a plan on the host side: does the HOST ops, takes turns with the executor (sync.h), collects
 * what comes back.  One run of a plan is one struct run.
 */
#ifndef HUSK_RUN_H
#define HUSK_RUN_H

#include "cgroup/cgroup.h"
#include "facts.h"
#include "plan_view.h"
#include "state.h"

struct err;
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
	uint64_t namespaces[8];         /* inodes of init's, by enum oci_namespace_type, where it told; else 0 */
	pid_t keeper_pid;
	int console_fd;                 /* master of the terminal, until handed on */
	int seccomp_fd;
	bool started;                   /* the program was executed */
	bool ready;                     /* init waits for start */
	int executor_pid_fd;            /* -1 once it is reaped */
	bool in_cgroup;                 /* the executor was born in the v2 cgroup */
	bool seccomp_handed;            /* the seccomp agent has the listener */
	bool process_recorded;          /* the record has the process and its namespaces */
	bool hook_failed;               /* why the plan failed: poststop hooks run (runtime.md, lifecycle) */
	uint32_t op;                    /* the op that is being done, as far as the host knows */
	struct trace *trace;            /* NULL: nothing is measured */
};

void run_init(struct run *r);
void run_done(struct run *r);

/* Walk the plan until init waits for start, or (run, exec) has executed the program. On failure what was made is
 * unmade as far as it can be (processes killed, cgroup removed), and err has the sentence. */
int run_plan(struct run *r, struct err *err);

/* The part behind wait_start, for `start`: sync_fd is connected to init's start socket, init_pid and
 * init_pid_fd are set. On failure the container is stopped, its record stays. */
int run_plan_start(struct run *r, struct err *err);

#endif
