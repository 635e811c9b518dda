/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target: plan_check.  What it accepts must be readable to the last byte, as the executor will read it; the
 * sanitizer tells when that leaves the block.
 */
#include "plan/op_info.h"
#include "plan/plan_draft.h"
#include "plan/plan_view.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t read_arg(const struct plan_view *v, const char *type, uint64_t value)
{
	const char **strings;
	const uint8_t *bytes;
	size_t n = 0, sum = 0;

	if (!strcmp(type, "STR") || !strcmp(type, "WORD"))
		return value ? strlen(plan_view_str(v, value)) : 0;
	if (!strcmp(type, "STRV") && value) {
		n = plan_view_strv(v, value, &strings);
		for (size_t i = 0; i < n; i++)
			sum += strlen(strings[i]);
		free(strings);
	}
	if (!strcmp(type, "BLOB") && value) {
		bytes = plan_view_blob(v, value, &n);
		for (size_t i = 0; i < n; i++)
			sum += bytes[i];
	}
	return sum;
}

static size_t read_op(const struct plan_view *v, const struct op *op)
{
	const struct op_info *info = &op_info[op->code];
	size_t sum = op->where ? strlen(plan_view_str(v, op->where)) : 0;

	for (unsigned i = 0; i < info->n_args; i++)
		sum += read_arg(v, info->args[i].type, op->u.raw[i]);
	return sum;
}

static void lay_out(struct plan_header *h, size_t size)
{
	size_t left = size - sizeof(*h);

	h->n_ops = (uint32_t)(left / sizeof(struct op) / 2);
	h->ops = sizeof(*h);
	h->data = (uint32_t)(sizeof(*h) + h->n_ops * sizeof(struct op));
	h->data_size = (uint32_t)(size - h->data);
	h->flags = h->reserved = 0;
	h->first_fd = 3;
	if (h->data_size)
		*((char *)h + h->data) = 0;
	for (uint32_t i = 0; i < h->n_ops; i++) {
		struct op *op = (struct op *)((char *)h + h->ops) + i;

		op->code %= OP_MAX;
		op->where = 0;
		op->on_error = op->alt = 0;
		for (unsigned j = 0; j < OP_MAX_ARGS; j++)
			op->u.raw[j] &= 0xff;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t sum = 0;
	struct plan_view v;
	struct plan_header *h;
	void *block = NULL;

	if (posix_memalign(&block, 8, size ? size : 8))
		return 0;
	if (size)
		memcpy(block, data, size);
	h = block;
	/* What a fuzzer would need long to guess; of every other input, the whole layout. */
	if (size >= sizeof(*h)) {
		if (h->magic & 1)
			lay_out(h, size);
		h->magic = PLAN_MAGIC;
		h->build_id = HUSK_BUILD_ID;
		h->size = (uint32_t)size;
	}
	if (plan_check(block, size, HUSK_BUILD_ID) == 0) {
		plan_view_init(&v, block);
		for (uint32_t i = 0; i < v.header->n_ops; i++)
			sum += read_op(&v, &v.ops[i]);
	}
	free(block);
	/* So that the bytes are really read. */
	if (sum == SIZE_MAX)
		abort();
	return 0;
}
