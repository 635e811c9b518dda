/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a plan: the host's ops, and the turns of the container side; see run_walk.h. */
#include "run_walk.h"

#include "plan/op_info.h"
#include "run_ops.h"
#include "trace.h"
#include "util/err.h"
#include "util/log.h"

#include <errno.h>

static run_op_fn *const host_ops[OP_MAX] = {
#define RUN_OP_HOST(id) [OP_##id] = run_op_##id,
#define RUN_OP_EXEC(id)
#define RUN_OP_INIT(id)
#define OP(id, side, name, args, text) RUN_OP_##side(id)
#include "plan/op.def"
#undef OP
};

static bool is_permission(int code)
{
	static const int codes[] = { EPERM, EACCES, EROFS, EINVAL, ENODEV, ENOSYS, EOPNOTSUPP };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (code == -codes[i])
			return true;
	return false;
}

/* What plan.h says of an op's result: 0 and the next op, or the failure. */
static int judge(struct run *r, uint32_t i, int result, const struct err *why, uint32_t *ret_next)
{
	const struct op *op = &r->plan.ops[i];
	bool has_alt = op->on_error == ON_ERROR_ALT || op->on_error == ON_ERROR_ALT_PERM;

	if (result >= 0) {
		*ret_next = i + 1 + (has_alt ? op->alt : 0);
		return 0;
	}
	*ret_next = i + 1;
	switch ((enum on_error)op->on_error) {
	case ON_ERROR_WARN: run_warn_host(r, i, why); return 0;
	case ON_ERROR_MISSING: *ret_next = i + 1 + op->alt; return result == -ENOENT || result == -ENOTDIR ? 0 : result;
	case ON_ERROR_ALT_PERM: return is_permission(result) ? 0 : result;
	case ON_ERROR_ALT: return 0;
	case ON_ERROR_FAIL:
	case ON_ERROR_MAX: break;
	}
	return result;
}

int run_host_op(struct run *r, uint32_t i, uint32_t *ret_next, struct err *err)
{
	const struct op *op = &r->plan.ops[i];
	uint64_t start = trace_now();

	r->op = i;
	log_debug("op %u: %s", (unsigned)i, op_info[op->code].name);
	int result = host_ops[op->code](r, op, err);
	trace_add(r->trace, i, start, trace_now());
	int code = judge(r, i, result, err, ret_next);
	if (code < 0)
		run_error_host(r, op, err);
	return code;
}

static bool is_host(const struct run *r, uint32_t i)
{
	return op_info[r->plan.ops[i].code].side == SIDE_HOST;
}

static int walk(struct run *r, uint32_t i, struct err *err)
{
	while (i < r->plan.header->n_ops && !r->ready) {
		int code;

		if (is_host(r, i)) {
			code = run_host_op(r, i, &i, err);
		} else {
			log_debug("op %u: %s: the container process' turn", (unsigned)i,
				  op_info[r->plan.ops[i].code].name);
			code = run_send_go(r, i, err);
			if (code == 0)
				code = run_wait_turn(r, i, &i, err);
		}
		if (code < 0)
			return code;
	}
	return 0;
}

int run_plan(struct run *r, struct err *err)
{
	int code = walk(r, 0, err);

	if (code < 0)
		run_unmake(r);
	return code;
}

static uint32_t find_op(const struct run *r, enum op_code code)
{
	uint32_t i = 0;

	while (i < r->plan.header->n_ops && r->plan.ops[i].code != code)
		i++;
	return i;
}

int run_plan_start(struct run *r, struct err *err)
{
	uint32_t wait_start = find_op(r, OP_WAIT_START), next = 0;
	struct sync_message start = { .type = SYNC_START, .op = wait_start + 1 };

	if (wait_start >= r->plan.header->n_ops)
		return err_say(err, -EINVAL, "start: the container's plan has no wait_start");
	int code = sync_channel_send(r->sync_fd, &start, NULL);
	if (code < 0)
		return err_set(err, code, "start: the container process does not listen");
	code = run_wait_turn(r, wait_start + 1, &next, err);
	if (code == 0)
		code = walk(r, next, err);
	if (code < 0)
		run_unmake(r);
	return code;
}
