/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checking a plan's block once, completely, before anything in it is used: afterwards every offset may be followed
 * blindly.  Compiled into the host and, freestanding, into the executor.
 */
#include "plan.h"

#include <linux/errno.h>
#include <stdbool.h>
#include <stddef.h>

enum arg_type { T_END, T_STR, T_STRV, T_BLOB, T_KIND, T_U, T_I, T_HEX, T_OCT, T_SLOT, T_NS, T_WORD };

#define A0() T_END
#define A1(t1, a1) T_##t1
#define A2(t1, a1, ...) T_##t1, A1(__VA_ARGS__)
#define A3(t1, a1, ...) T_##t1, A2(__VA_ARGS__)
#define A4(t1, a1, ...) T_##t1, A3(__VA_ARGS__)
#define A5(t1, a1, ...) T_##t1, A4(__VA_ARGS__)
#define A6(t1, a1, ...) T_##t1, A5(__VA_ARGS__)
#define A7(t1, a1, ...) T_##t1, A6(__VA_ARGS__)
static const uint8_t arg_types[OP_MAX][OP_MAX_ARGS] = {
#define OP(id, side, name, args, text) [OP_##id] = { args },
#include "op.def"
#undef OP
};

/* Ops that nothing stands in for: without them the container would not be the one that was asked for. */
static bool op_must_succeed(unsigned code)
{
	static const uint8_t codes[] = {
		OP_CLONE,  OP_ROOTFS, OP_PIVOT_ROOT,   OP_MOVE_ROOT,  OP_CHROOT,  OP_BOUNDING, OP_SETGROUPS,
		OP_SETUID, OP_CAPS,   OP_NO_NEW_PRIVS, OP_WAIT_START, OP_SECCOMP, OP_EXECVE,
	};

	for (unsigned i = 0; i < sizeof(codes); i++)
		if (codes[i] == code)
			return true;
	return false;
}

struct check {
	const char *data;
	uint64_t size;
	uint64_t strings; /* a string that starts below this ends in the data */
};

static bool str_valid(const struct check *c, uint64_t offset)
{
	return offset == 0 || offset < c->strings;
}

/* The header of `head` bytes at offset is there, aligned. */
static bool head_valid(const struct check *c, uint64_t offset, uint64_t head)
{
	return offset % 8 == 0 && offset <= c->size && c->size - offset >= head;
}

static bool strv_valid(const struct check *c, uint64_t offset)
{
	const struct plan_strv *v;
	const char *s;
	uint32_t n = 0;

	if (offset == 0)
		return true;
	if (!head_valid(c, offset, sizeof(*v)))
		return false;
	v = (const void *)(c->data + offset);
	if (v->len > c->size - offset - sizeof(*v))
		return false;
	s = (const char *)(v + 1);
	for (uint32_t i = 0; i < v->len; i++)
		n += s[i] == 0;
	return n == v->n && (v->len == 0 || s[v->len - 1] == 0);
}

static bool blob_valid(const struct check *c, uint64_t offset)
{
	const struct plan_blob *b;

	if (offset == 0)
		return true;
	if (!head_valid(c, offset, sizeof(*b)))
		return false;
	b = (const void *)(c->data + offset);
	return b->len <= c->size - offset - sizeof(*b);
}

static bool arg_valid(const struct check *c, enum arg_type type, uint64_t v)
{
	switch (type) {
	case T_STR:
	case T_WORD: return str_valid(c, v);
	case T_STRV: return strv_valid(c, v);
	case T_BLOB: return blob_valid(c, v);
	case T_SLOT: return v < PLAN_SLOTS || v == PLAN_NO_SLOT;
	case T_KIND: return v < TARGET_KIND_MAX;
	case T_OCT: return v <= 0177777;
	case T_NS: return v && (v & (v - 1)) == 0 && v <= UINT32_MAX;
	case T_END:
	case T_U:
	case T_I:
	case T_HEX: break;
	}
	return true;
}

static bool op_valid(const struct check *c, const struct op *op, uint32_t left)
{
	if (op->code >= OP_MAX || op->on_error >= ON_ERROR_MAX || op->alt > left || !str_valid(c, op->where))
		return false;
	if (op->on_error != ON_ERROR_FAIL && op_must_succeed(op->code))
		return false;
	if (op->alt && (op->on_error == ON_ERROR_FAIL || op->on_error == ON_ERROR_WARN))
		return false;
	for (unsigned i = 0; i < OP_MAX_ARGS; i++)
		if (!arg_valid(c, arg_types[op->code][i], op->u.raw[i]))
			return false;
	return true;
}

static bool header_valid(const struct plan_header *h, uint64_t size)
{
	if (h->size != size || h->flags & ~(uint32_t)(PLAN_TRACE | PLAN_BORN) || h->reserved)
		return false;
	if (h->first_fd < 3 || h->first_fd > (1u << 20) || !h->n_ops || h->n_ops > PLAN_MAX_OPS)
		return false;
	if (h->ops % 8 || h->ops < sizeof(*h) || (uint64_t)h->ops + (uint64_t)h->n_ops * sizeof(struct op) > size)
		return false;
	return h->data % 8 == 0 && h->data >= sizeof(*h) && h->data_size && (uint64_t)h->data + h->data_size <= size;
}

int plan_check(const void *block, uint64_t size, uint32_t build_id)
{
	const struct plan_header *h = block;
	const struct op *ops;
	struct check c;

	if (size < sizeof(*h) || size > PLAN_MAX_SIZE || (uintptr_t)block % 8)
		return -EINVAL;
	if (h->magic != PLAN_MAGIC || h->build_id != build_id || !header_valid(h, size))
		return -EINVAL;
	c = (struct check){ (const char *)block + h->data, h->data_size, h->data_size };
	while (c.strings && c.data[c.strings - 1])
		c.strings--;
	if (c.data[0])
		return -EINVAL;
	ops = (const void *)((const char *)block + h->ops);
	for (uint32_t i = 0; i < h->n_ops; i++)
		if (!op_valid(&c, &ops[i], h->n_ops - 1 - i))
			return -EINVAL;
	return 0;
}
