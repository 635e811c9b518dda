/* SPDX-License-Identifier: Apache-2.0 */
/* husk-init: its start, loading the plan, and walking it: which op is next, and what follows from a failure. */
#include "init/init.h"

#ifndef HUSK_BUILD_ID
#error "HUSK_BUILD_ID is not defined"
#endif

/* ---- dispatch ---------------------------------------------------------------------------------- */

typedef int op_call(struct init *c, const union op_args *a);

#define CALL_HOST(id)
#define CALL_EXEC(id) \
	static int call_##id(struct init *c, const union op_args *a) \
	{ \
		return op_##id(c, &a->id); \
	}
#define CALL_INIT(id) CALL_EXEC(id)
#define OP(id, side, name, args, text) CALL_##side(id)
#include "plan/op.def"
#undef OP

#define ROW_HOST(id) NULL
#define ROW_EXEC(id) call_##id
#define ROW_INIT(id) call_##id
static const struct {
	op_call *call;
	enum op_side side;
} op_table[OP_MAX] = {
#define OP(id, side, name, args, text) [OP_##id] = { ROW_##side(id), SIDE_##side },
#include "plan/op.def"
#undef OP
};

static _Noreturn void fail(struct init *c, int error)
{
	init_send_trace(c);
	init_send(c, SYNC_FAIL, error, 0, -1, 0);
	sys_exit(1);
}

/* How many ops to skip after op failed with error; does not return when that ends all. */
static uint32_t tolerate(struct init *c, const struct op *op, int error)
{
	switch (op->on_error) {
	case ON_ERROR_WARN: init_send(c, SYNC_WARN, error, 0, -1, 0); return 0;
	case ON_ERROR_MISSING:
		if (error == -ENOENT || error == -ENOTDIR)
			return op->alt;
		break;
	case ON_ERROR_ALT_PERM:
		if (is_refusal(error))
			return 0;
		break;
	case ON_ERROR_ALT: return 0;
	}
	fail(c, error);
}

/* Before these nothing that is done with may be open: they wait, run others, or limit descriptors to few. */
static bool wants_tidy(const struct op *op)
{
	enum { RLIMIT_NOFILE = 7, FEW = 128 };

	if (op->code == OP_RLIMIT)
		return op->u.RLIMIT.resource == RLIMIT_NOFILE && op->u.RLIMIT.soft < FEW;
	return op->code == OP_WAIT_START || op->code == OP_HOOK_IN || op->code == OP_CONSOLE_OPEN;
}

static uint32_t run_op(struct init *c, const struct op *op)
{
	uint64_t start = c->trace ? init_trace_clock() : 0;
	bool exclusive = op->on_error == ON_ERROR_ALT || op->on_error == ON_ERROR_ALT_PERM;
	int r = -EPROTO;

	c->text = (struct text){ c->text_buf, 0, sizeof(c->text_buf), false };
	c->detail = 0;
	if (op->code != OP_MKNOD && op->code != OP_SYMLINK)
		parent_forget(c);
	if (op->code != OP_MASK && op->code != OP_READONLY)
		anchor_doubt(c);
	if (wants_tidy(op))
		init_close_all(c);
	if ((op_table[op->code].side == SIDE_EXEC) != c->cloned)
		r = op_table[op->code].call(c, &op->u);
	if (c->trace)
		init_trace(c, start);
	if (r < 0)
		return tolerate(c, op, r);
	return exclusive ? op->alt : 0;
}

static _Noreturn void run_plan(struct init *c)
{
	c->at = init_wait_go(c);
	while (c->at < c->plan->n_ops) {
		const struct op *op = &c->ops[c->at];

		/* The host has handed the listener on when it got it; asking would be a system call under the filter. */
		if (op->code == OP_SECCOMP_AGENT && c->filtered) {
			c->at++;
		} else if (op_table[op->code].side == SIDE_HOST) {
			init_send_trace(c);
			init_send(c, SYNC_TURN, 0, 0, -1, 0);
			c->at = init_wait_go(c);
		} else {
			c->at += 1 + run_op(c, op);
		}
	}
	c->at = c->plan->n_ops - 1;
	text_str(&c->text, "the plan has no program to run");
	fail(c, -ENOEXEC);
}

/* ---- start ------------------------------------------------------------------------------------- */

/* Descriptors of our own never become 0, 1 or 2, where the program would find them. */
static int fill_stdio(void)
{
	struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };
	struct timespec now = { 0, 0 };

	if (sys_retry(NR_ppoll, p, 3, &now, 0, 0) < 0)
		return -EIO;
	for (int fd = 0; fd < 3; fd++) {
		if (!(p[fd].revents & POLLNVAL))
			continue;
		int r = (int)sys_retry(NR_openat, AT_FDCWD, "/dev/null", O_RDWR);

		if (r != fd)
			return r < 0 ? r : -EBADF;
	}
	return 0;
}

static int load_plan(struct init *c, int fd)
{
	long size = sys(NR_lseek, fd, 0, SEEK_END), map;

	if (size < 0)
		return (int)size;
	map = sys(NR_mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
	sys_close(&fd);
	if ((unsigned long)map > -4096ul)
		return (int)map;
	c->plan = (const void *)map;
	c->ops = (const void *)(map + c->plan->ops);
	c->data = (const char *)map + c->plan->data;
	return plan_check(c->plan, (uint64_t)size, HUSK_BUILD_ID);
}

static void init_state(struct init *c, int sync_fd)
{
	memset(c, 0, offsetof(struct init, path));
	c->text = (struct text){ c->text_buf, 0, sizeof(c->text_buf), false };
	c->text_buf[0] = 0;
	c->sync_fd = sync_fd;
	c->mount_fd = c->target_fd = c->rootfs_fd = c->proc_fd = c->mask_fd = c->null_fd = c->parent_fd = -1;
	c->hook_output_fd = c->hook_error_fd = -1;
	c->mount_slot = PLAN_NO_SLOT;
	for (unsigned i = 0; i < INIT_ANCHORS; i++)
		c->anchors[i].fd = -1;
	for (unsigned i = 0; i < PLAN_SLOTS; i++)
		c->slots[i] = -1;
}

/* Real and effective ids, as execve(2) has found them: the saved ones are the effective ones then. */
static void learn_ids(struct init *c, const uint64_t *auxv)
{
	enum { AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14 };
	unsigned zeros = 0;

	for (; auxv[0]; auxv += 2) {
		zeros += auxv[0] >= AT_UID && auxv[0] <= AT_EGID && auxv[1] == 0;
		if (auxv[0] == AT_EUID)
			c->euid = (uint32_t)auxv[1];
		c->euid_known |= auxv[0] == AT_EUID;
	}
	c->born_root = zeros == AT_EGID - AT_UID + 1;
}

static _Noreturn void run_main(const char *first_fd, const uint64_t *auxv)
{
	struct init c;
	uint64_t first;
	int r;

	if (!str_number(first_fd, 1u << 20, &first) || first < 3)
		sys_exit(2);
	init_state(&c, (int)first);
	/* Not init_dumpable: who ends without a word, before it has the executor's name, is taken for the program. */
	r = (int)sys(NR_prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (r == 0)
		r = (int)sys(NR_close_range, first + 2, ~0u, 0);
	if (r == 0)
		r = fill_stdio();
	if (r == 0)
		r = load_plan(&c, (int)first + 1);
	if (r == 0 && c.plan->first_fd != first)
		r = -EINVAL;
	if (r < 0) {
		text_str(&c.text, "husk-init could not load its plan");
		fail(&c, r);
	}
	/* Only who has a plan is the executor: a program can find us as its interpreter. */
	sys(NR_prctl, PR_SET_NAME, INIT_COMM, 0, 0, 0);
	c.trace = c.plan->flags & PLAN_TRACE;
	c.cloned = c.plan->flags & PLAN_BORN;
	if (c.cloned)
		learn_ids(&c, auxv);
	c.umask = (uint32_t)sys(NR_umask, 0);
	run_plan(&c);
}

_Noreturn void init_main(long *stack);
_Noreturn void init_main(long *stack)
{
	int argc = (int)stack[0];
	char **argv = (char **)(stack + 1);
	char **end = argv + argc + 1; /* of the environment */
	uint64_t all = ~0ull;

	sys(NR_rt_sigprocmask, SIG_SETMASK, &all, 0, sizeof(all));
	if (argc >= 3 && str_equal(argv[1], "keep"))
		keeper_main(argc, argv);
	while (*end)
		end++;
	if (argc == 3 && str_equal(argv[1], "run"))
		run_main(argv[2], (const uint64_t *)(end + 1));
	sys_exit(2);
}
