/* SPDX-License-Identifier: Apache-2.0 */
/* A plan under construction: ops and data that grow, strings that are shared, the sealed block; see plan_draft.h. */
#include "plan_draft.h"
#include "util/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 8u

void plan_init(struct plan *p)
{
	*p = (struct plan){ 0 };
	p->cap_data = 4096;
	p->data = mem_alloc(p->cap_data);
	p->n_data = ALIGNMENT; /* data[0] is "", and no offset that is handed out is 0 */
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n_warnings; i++)
		free(p->warnings[i]);
	free(p->warnings);
	free(p->strings);
	free(p->ops);
	free(p->data);
	*p = (struct plan){ 0 };
}

static uint64_t data_reserve(struct plan *p, size_t len, size_t alignment)
{
	size_t start = (p->n_data + alignment - 1) & ~(alignment - 1);
	size_t end = start + len;

	if (end > p->cap_data) {
		size_t cap = p->cap_data * 2 > end ? p->cap_data * 2 : end * 2;
		p->data = mem_grow(p->data, cap, 1);
		p->cap_data = cap;
	}
	memset(p->data + p->n_data, 0, end - p->n_data);
	p->n_data = end;
	return start;
}

/* ---- strings: an open hash table of offsets, 0 for a free place ------------------------------ */

static uint32_t string_hash(const char *s)
{
	uint32_t h = 2166136261u; /* FNV-1a */

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static uint32_t *string_place(const struct plan *p, const char *s)
{
	size_t mask = p->cap_strings - 1;
	size_t i = string_hash(s) & mask;

	while (p->strings[i] && strcmp(p->data + p->strings[i], s) != 0)
		i = (i + 1) & mask;
	return &p->strings[i];
}

static void strings_grow(struct plan *p)
{
	uint32_t *old = p->strings;
	size_t n = p->cap_strings;

	p->cap_strings = n ? n * 2 : 256;
	p->strings = mem_alloc(p->cap_strings * sizeof(*p->strings));
	for (size_t i = 0; i < n; i++)
		if (old[i])
			*string_place(p, p->data + old[i]) = old[i];
	free(old);
}

uint64_t plan_str(struct plan *p, const char *s)
{
	if (!s)
		return 0;
	if (p->n_strings * 2 >= p->cap_strings)
		strings_grow(p);
	uint32_t *place = string_place(p, s);
	if (*place)
		return *place;

	size_t len = strlen(s) + 1;
	uint64_t offset = data_reserve(p, len, 1);
	memcpy(p->data + offset, s, len);
	*place = (uint32_t)offset;
	p->n_strings++;
	return offset;
}

uint64_t plan_strf(struct plan *p, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);
	return plan_str(p, s);
}

uint64_t plan_strv(struct plan *p, const char *const *v, size_t n)
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++)
		len += strlen(v[i]) + 1;
	struct plan_strv head = { .n = (uint32_t)n, .len = (uint32_t)len };
	uint64_t offset = data_reserve(p, sizeof(head) + len, ALIGNMENT);
	char *at = p->data + offset;

	memcpy(at, &head, sizeof(head));
	at += sizeof(head);
	for (size_t i = 0; i < n; i++) {
		size_t size = strlen(v[i]) + 1;
		memcpy(at, v[i], size);
		at += size;
	}
	return offset;
}

uint64_t plan_blob(struct plan *p, const void *data, size_t len)
{
	struct plan_blob head = { .len = (uint32_t)len };
	uint64_t offset = data_reserve(p, sizeof(head) + len, ALIGNMENT);

	memcpy(p->data + offset, &head, sizeof(head));
	if (len)
		memcpy(p->data + offset + sizeof(head), data, len);
	return offset;
}

/* ---- pointers, warnings, ops ------------------------------------------------------------------ */

void plan_where(struct plan *p, const char *fmt, ...)
{
	_cleanup_free_ char *s = NULL;
	va_list ap;

	va_start(ap, fmt);
	s = mem_vprintf(fmt, ap);
	va_end(ap);

	size_t len = strlen(s);
	if (len >= sizeof(p->where))
		len = sizeof(p->where) - 1;
	memcpy(p->where, s, len);
	p->where[len] = '\0';
	p->where_offset = len ? (uint32_t)plan_str(p, p->where) : 0;
}

void plan_warn(struct plan *p, const char *fmt, ...)
{
	va_list ap;

	p->warnings = mem_grow(p->warnings, p->n_warnings + 1, sizeof(*p->warnings));
	va_start(ap, fmt);
	p->warnings[p->n_warnings++] = mem_vprintf(fmt, ap);
	va_end(ap);
}

struct op *plan_add(struct plan *p, enum op_code code)
{
	if (p->n_ops == p->cap_ops) {
		p->cap_ops = p->cap_ops ? p->cap_ops * 2 : 128;
		p->ops = mem_grow(p->ops, p->cap_ops, sizeof(*p->ops));
	}
	struct op *op = &p->ops[p->n_ops++];
	*op = (struct op){ .code = (uint16_t)code, .where = p->where_offset };
	return op;
}

/* ---- the sealed block ---------------------------------------------------------------------------- */

/* Is the executor born as the container process? */
static uint32_t born_flag(const struct plan *p)
{
	for (size_t i = 0; i < p->n_ops; i++)
		if (p->ops[i].code == OP_SPAWN)
			return p->ops[i].u.SPAWN.born ? PLAN_BORN : 0;
	return 0;
}

int plan_seal(const struct plan *p, uint32_t flags, uint32_t first_fd, void **ret, size_t *ret_size)
{
	size_t ops_size = p->n_ops * sizeof(struct op);
	size_t data_size = (p->n_data + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	size_t size = sizeof(struct plan_header) + ops_size + data_size;

	if (p->n_ops > PLAN_MAX_OPS || size > PLAN_MAX_SIZE)
		return -E2BIG;
	_Static_assert(sizeof(struct plan_header) % ALIGNMENT == 0 && sizeof(struct op) % ALIGNMENT == 0,
		       "ops and data follow the header without padding");
	struct plan_header header = {
		.magic = PLAN_MAGIC,
		.build_id = HUSK_BUILD_ID,
		.size = (uint32_t)size,
		.n_ops = (uint32_t)p->n_ops,
		.ops = sizeof(header),
		.data = (uint32_t)(sizeof(header) + ops_size),
		.data_size = (uint32_t)data_size,
		.flags = flags | born_flag(p),
		.first_fd = first_fd,
		.ignored = UINT64_MAX, /* who knows better says so (launch.c) */
	};
	_cleanup_free_ char *block = mem_alloc(size);
	memcpy(block, &header, sizeof(header));
	if (ops_size)
		memcpy(block + header.ops, p->ops, ops_size);
	memcpy(block + header.data, p->data, p->n_data);

	int r = plan_check(block, size, HUSK_BUILD_ID);
	if (r < 0)
		return r;
	*ret = take(block);
	*ret_size = size;
	return 0;
}
