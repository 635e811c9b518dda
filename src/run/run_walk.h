/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walking a plan on the host side: does the HOST ops, takes turns with the executor (sync.h), collects
 * what comes back.
 */
#ifndef HUSK_RUN_WALK_H
#define HUSK_RUN_WALK_H

#include "run.h"

struct err;

/* Walk the plan until init waits for start, or (run, exec) has executed the program. On failure what was made is
 * unmade as far as it can be (processes killed, cgroup removed), and err has the sentence. */
int run_plan(struct run *r, struct err *err);

/* The part behind wait_start, for `start`: sync_fd is connected to init's start socket, init_pid and
 * init_pid_fd are set. On failure the container is stopped, its record stays. */
int run_plan_start(struct run *r, struct err *err);

/* Do op i, which is one of the host's; what is tolerated of it is tolerated here. */
int run_host_op(struct run *r, uint32_t i, uint32_t *ret_next, struct err *err);

#endif
