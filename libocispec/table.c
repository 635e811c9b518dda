/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's rows as constant data; see table.h. */
#include "table.h"

#include <assert.h>
#include <string.h>

#define ROW(O, m, name, k, n, ...) \
	{ .json = name, \
	  .json_len = sizeof(name) - 1, \
	  .kind = k, \
	  .need = OCI_##n, \
	  .offset = offsetof(struct O, m), \
	  __VA_ARGS__ },
#define RANGE(lo, hi) .u.range = { lo, hi }

#define OBJECT(O, text) static const struct oci_row O##_rows[] = {
#define STR(O, m, json, need, chk, since, text) ROW(O, m, json, OCI_KIND_STR, need, .check = OCI_##chk)
#define BOOL(O, m, json, need, since, text) ROW(O, m, json, OCI_KIND_BOOL, need, .has = offsetof(struct O, has_##m))
#define NUM(O, T, m, json, need, lo, hi, since, text) \
	ROW(O, m, json, OCI_KIND_NUM, need, .has = offsetof(struct O, has_##m), .number = OCI_##T, RANGE(lo, hi))
#define ENUM(O, W, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_ENUM, need, .has = offsetof(struct O, has_##m), .u.words = W##_words)
#define STRS(O, m, json, need, since, text) ROW(O, m, json, OCI_KIND_STRS, need, .has = offsetof(struct O, n_##m))
#define NUMS(O, T, m, json, need, lo, hi, since, text) \
	ROW(O, m, json, OCI_KIND_NUMS, need, .has = offsetof(struct O, n_##m), .number = OCI_##T, RANGE(lo, hi))
#define ENUMS(O, W, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_ENUMS, need, .has = offsetof(struct O, n_##m), .u.words = W##_words)
#define OBJ(O, P, m, json, need, since, text) ROW(O, m, json, OCI_KIND_OBJ, need, .u.object = &P##_object)
#define OBJS(O, P, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_OBJS, need, .has = offsetof(struct O, n_##m), .u.object = &P##_object)
#define MAP(O, m, json, need, since, text) ROW(O, m, json, OCI_KIND_MAP, need, .has = offsetof(struct O, n_##m))
#define OBJMAP(O, P, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_OBJMAP, need, .has = offsetof(struct O, n_##m), .u.object = &P##_object)
#define OBJECT_END(O) \
	} \
	; \
	const struct oci_object O##_object = { sizeof(struct O), sizeof(O##_rows) / sizeof(O##_rows[0]), O##_rows }; \
	static_assert(sizeof(O##_rows) / sizeof(O##_rows[0]) <= OCI_ROWS_MAX, "a bit for each row");
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

/* Enums are stored as ints; the key stands where the walkers look for it. */
#define WORDS(W, text) static_assert(sizeof(enum W) == sizeof(int), "enums are stored as ints");
#define KEY(O) static_assert(offsetof(struct O, key) == 0, "the key comes first");
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

const struct oci_row *oci_object_find(const struct oci_object *object, const char *name, size_t len, unsigned hint)
{
	for (unsigned i = 0, at = hint; i < object->n_rows; i++, at++) {
		if (at >= object->n_rows)
			at = 0;
		const struct oci_row *row = &object->rows[at];
		if (row->json_len == len && memcmp(row->json, name, len) == 0)
			return row;
	}
	return NULL;
}

size_t oci_number_size(enum oci_number number)
{
	static const uint8_t sizes[] = {
		[OCI_int32_t] = 4, [OCI_int64_t] = 8, [OCI_uint16_t] = 2, [OCI_uint32_t] = 4, [OCI_uint64_t] = 8,
	};

	return sizes[number];
}

size_t oci_row_element_size(const struct oci_row *row)
{
	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_STRS: return sizeof(char *);
	case OCI_KIND_NUMS: return oci_number_size(row->number);
	case OCI_KIND_ENUMS: return sizeof(int);
	case OCI_KIND_MAP: return sizeof(struct oci_pair);
	case OCI_KIND_OBJS:
	case OCI_KIND_OBJMAP: return row->u.object->size;
	case OCI_KIND_STR:
	case OCI_KIND_BOOL:
	case OCI_KIND_NUM:
	case OCI_KIND_ENUM:
	case OCI_KIND_OBJ: break;
	}
	return 0;
}
