/* SPDX-License-Identifier: Apache-2.0 */
/* The schema's rows as constant data; see table.h. */
#include "table.h"

#include <assert.h>
#include <string.h>

/* The names, one after the other. */
static const struct names {
#define PROPERTY(O, m, json) char O##_##m[sizeof(json)];
#include "schema-property.h"

#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
#undef PROPERTY
} names = {
#define PROPERTY(O, m, json) .O##_##m = json,
#include "schema-property.h"

#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
#undef PROPERTY
};
static_assert(sizeof(names) <= UINT16_MAX, "rows hold the place of their name");

/* What rows refer to by number. */
enum {
#define OBJECT(O, text) number_of_##O,
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};
static const struct oci_object *const objects[] = {
#define OBJECT(O, text) &O##_object,
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};
enum {
#define WORDS(W, text) number_of_##W,
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};
static const char *const *const word_lists[] = {
#define WORDS(W, text) W##_words,
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};

#define ROW(O, m, json, k, n, ...) \
	{ .name = offsetof(struct names, O##_##m), \
	  .name_len = sizeof(json) - 1, \
	  .kind = k, \
	  .need = OCI_##n, \
	  .offset = offsetof(struct O, m), \
	  __VA_ARGS__ },
#define RANGE(lo, hi) .min = lo, .max = hi

#define OBJECT(O, text) static const struct oci_row O##_rows[] = {
#define STR(O, m, json, need, chk, since, text) ROW(O, m, json, OCI_KIND_STR, need, .check = OCI_##chk)
#define BOOL(O, m, json, need, since, text) ROW(O, m, json, OCI_KIND_BOOL, need, .has = offsetof(struct O, has_##m))
#define NUM(O, T, m, json, need, lo, hi, since, text) \
	ROW(O, m, json, OCI_KIND_NUM, need, .has = offsetof(struct O, has_##m), .number = OCI_##T, RANGE(lo, hi))
#define ENUM(O, W, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_ENUM, need, .has = offsetof(struct O, has_##m), .refers = number_of_##W)
#define STRS(O, m, json, need, since, text) ROW(O, m, json, OCI_KIND_STRS, need, .has = offsetof(struct O, n_##m))
#define NUMS(O, T, m, json, need, lo, hi, since, text) \
	ROW(O, m, json, OCI_KIND_NUMS, need, .has = offsetof(struct O, n_##m), .number = OCI_##T, RANGE(lo, hi))
#define ENUMS(O, W, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_ENUMS, need, .has = offsetof(struct O, n_##m), .refers = number_of_##W)
#define OBJ(O, P, m, json, need, since, text) ROW(O, m, json, OCI_KIND_OBJ, need, .refers = number_of_##P)
#define OBJS(O, P, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_OBJS, need, .has = offsetof(struct O, n_##m), .refers = number_of_##P)
#define MAP(O, m, json, need, since, text) ROW(O, m, json, OCI_KIND_MAP, need, .has = offsetof(struct O, n_##m))
#define OBJMAP(O, P, m, json, need, since, text) \
	ROW(O, m, json, OCI_KIND_OBJMAP, need, .has = offsetof(struct O, n_##m), .refers = number_of_##P)
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

const char *oci_row_name(const struct oci_row *row)
{
	return (const char *)&names + row->name;
}

const char *const *oci_row_words(const struct oci_row *row)
{
	return word_lists[row->refers];
}

const struct oci_object *oci_row_object(const struct oci_row *row)
{
	return objects[row->refers];
}

const struct oci_row *oci_object_find(const struct oci_object *object, const char *name, size_t len, unsigned hint)
{
	for (unsigned i = 0, at = hint; i < object->n_rows; i++, at++) {
		if (at >= object->n_rows)
			at = 0;
		const struct oci_row *row = &object->rows[at];
		if (row->name_len == len && memcmp(oci_row_name(row), name, len) == 0)
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
	case OCI_KIND_OBJMAP: return oci_row_object(row)->size;
	case OCI_KIND_STR:
	case OCI_KIND_BOOL:
	case OCI_KIND_NUM:
	case OCI_KIND_ENUM:
	case OCI_KIND_OBJ: break;
	}
	return 0;
}
