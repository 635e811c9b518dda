/* SPDX-License-Identifier: Apache-2.0 */
/* Running a classic BPF program on a struct seccomp_data; see seccomp_eval.h. */
#include "seccomp_eval.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <string.h>

struct machine {
	uint32_t a, x, memory[BPF_MEMWORDS];
	size_t pc;
};

static bool compare(const struct machine *m, const struct sock_filter *i)
{
	uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_JEQ: return m->a == operand;
	case BPF_JGT: return m->a > operand;
	case BPF_JGE: return m->a >= operand;
	default: return m->a & operand; /* BPF_JSET */
	}
}

static void jump(struct machine *m, const struct sock_filter *i)
{
	if (BPF_OP(i->code) == BPF_JA)
		m->pc += i->k;
	else
		m->pc += compare(m, i) ? i->jt : i->jf;
}

static int load(struct machine *m, const struct sock_filter *i, const struct seccomp_data *data, uint32_t *ret)
{
	switch (BPF_MODE(i->code)) {
	case BPF_IMM: *ret = i->k; return 0;
	case BPF_MEM:
		if (i->k >= BPF_MEMWORDS)
			return -EINVAL;
		*ret = m->memory[i->k];
		return 0;
	case BPF_LEN: *ret = sizeof(*data); return 0;
	case BPF_ABS:
		if (i->k % sizeof(*ret) || i->k > sizeof(*data) - sizeof(*ret))
			return -EINVAL;
		memcpy(ret, (const char *)data + i->k, sizeof(*ret));
		return 0;
	default: return -EINVAL;
	}
}

/* Of the arithmetic, compilers of filters use masks alone. */
static int arithmetic(struct machine *m, const struct sock_filter *i)
{
	uint32_t operand = BPF_SRC(i->code) == BPF_X ? m->x : i->k;

	switch (BPF_OP(i->code)) {
	case BPF_AND: m->a &= operand; return 0;
	case BPF_OR: m->a |= operand; return 0;
	default: return -EINVAL;
	}
}

static int store(struct machine *m, const struct sock_filter *i)
{
	if (i->k >= BPF_MEMWORDS)
		return -EINVAL;
	m->memory[i->k] = BPF_CLASS(i->code) == BPF_ST ? m->a : m->x;
	return 0;
}

static void move(struct machine *m, const struct sock_filter *i)
{
	if (BPF_MISCOP(i->code) == BPF_TAX)
		m->x = m->a;
	else
		m->a = m->x;
}

static int step(struct machine *m, const struct sock_filter *i, const struct seccomp_data *data)
{
	switch (BPF_CLASS(i->code)) {
	case BPF_LD: return load(m, i, data, &m->a);
	case BPF_LDX: return load(m, i, data, &m->x);
	case BPF_ST:
	case BPF_STX: return store(m, i);
	case BPF_ALU: return arithmetic(m, i);
	case BPF_JMP: jump(m, i); return 0;
	case BPF_MISC: move(m, i); return 0;
	default: return -EINVAL;
	}
}

int seccomp_eval(const void *filter, size_t size, const struct seccomp_data *data, uint32_t *ret)
{
	const struct sock_filter *program = filter;
	size_t n = size / sizeof(*program);
	struct machine m = { 0 };

	if (size % sizeof(*program) || !n || n > BPF_MAXINSNS)
		return -EINVAL;
	while (m.pc < n) { /* jumps go forward only, so this ends */
		const struct sock_filter *i = &program[m.pc++];

		if (BPF_CLASS(i->code) == BPF_RET) {
			*ret = BPF_RVAL(i->code) == BPF_A ? m.a : i->k;
			return 0;
		}
		int r = step(&m, i, data);
		if (r < 0)
			return r;
	}
	return -EINVAL;
}
