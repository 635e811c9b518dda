/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's ops, run_op_<ID> for each HOST row of op.def, and the other parts of a run: waiting for the
 * container side (run_wait.c), sentences (run_error.c), unmaking (run_unmake.c).
 */
#ifndef HUSK_RUN_OPS_H
#define HUSK_RUN_OPS_H

#include "run.h"
#include "sync_channel.h"

struct err;

/* Each returns 0 or a negative errno with its sentence in err. */
typedef int run_op_fn(struct run *r, const struct op *op, struct err *err);
#define RUN_OP_HOST(id) run_op_fn run_op_##id;
#define RUN_OP_EXEC(id)
#define RUN_OP_INIT(id)
#define OP(id, side, name, args, text) RUN_OP_##side(id)
#include "plan/op.def"
#undef OP
#undef RUN_OP_HOST
#undef RUN_OP_EXEC
#undef RUN_OP_INIT

/* Pass the turn to the container side: it runs ops from `op` on, and gets what is in the slots. */
int run_send_go(struct run *r, uint32_t op, struct err *err);

/* Wait until it is the host's turn again. from: the op that the container side began with. *ret_next is
 * the host's next op; n_ops when there is none. Sets r->ready at wait_start. */
int run_wait_turn(struct run *r, uint32_t from, uint32_t *ret_next, struct err *err);

/* The sentence for an op of the container side that failed. Returns the negative errno. */
int run_error_init(struct run *r, const struct sync_record *record, struct err *err);
/* An op of the host failed, err says why: name the place. */
void run_error_host(const struct run *r, const struct op *op, struct err *err);
/* For a container process that died without a word. */
int run_error_died(struct run *r, struct err *err);
/* The container's memory limit did not let it begin. */
int run_error_memory(struct err *err);
/* Log a failure that was tolerated. */
void run_warn_init(struct run *r, const struct sync_record *record);
void run_warn_host(struct run *r, uint32_t op, const struct err *why);

/* Kill what was started, remove what was made. */
void run_unmake(struct run *r);

#endif
