/* SPDX-License-Identifier: Apache-2.0 */
/* Where the values of a document go, and whether they may: single values against their rows. */
#include "check.h"
#include "number.h"
#include "reader.h"
#include "suggest.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static enum oci_want want_of_property(const struct oci_row *row)
{
	static const uint8_t wants[] = {
		[OCI_KIND_STR] = OCI_WANT_STRING,     [OCI_KIND_BOOL] = OCI_WANT_BOOLEAN,
		[OCI_KIND_NUM] = OCI_WANT_INTEGER,    [OCI_KIND_ENUM] = OCI_WANT_WORD,
		[OCI_KIND_STRS] = OCI_WANT_ARRAY,     [OCI_KIND_NUMS] = OCI_WANT_ARRAY,
		[OCI_KIND_ENUMS] = OCI_WANT_ARRAY,    [OCI_KIND_OBJS] = OCI_WANT_ARRAY,
		[OCI_KIND_OBJ] = OCI_WANT_STRUCT,     [OCI_KIND_MAP] = OCI_WANT_MAPPING,
		[OCI_KIND_OBJMAP] = OCI_WANT_MAPPING,
	};

	return row ? wants[row->kind] : OCI_WANT_NOTHING;
}

static enum oci_want want_of_element(const struct oci_row *row)
{
	static const uint8_t wants[] = {
		[OCI_KIND_STRS] = OCI_WANT_STRING, [OCI_KIND_NUMS] = OCI_WANT_INTEGER,
		[OCI_KIND_ENUMS] = OCI_WANT_WORD,  [OCI_KIND_OBJS] = OCI_WANT_STRUCT,
		[OCI_KIND_MAP] = OCI_WANT_STRING,  [OCI_KIND_OBJMAP] = OCI_WANT_STRUCT,
	};

	return wants[row->kind];
}

enum oci_want oci_reader_want(struct oci_reader *r)
{
	const struct oci_frame *top = oci_reader_top(r);

	if (!top)
		return OCI_WANT_STRUCT;
	switch (top->shape) {
	case OCI_STRUCT: return want_of_property(top->row);
	case OCI_LIST:
	case OCI_MAPPING: return want_of_element(top->row);
	case OCI_SKIP_OBJECT:
	case OCI_SKIP_ARRAY: break;
	}
	return OCI_WANT_NOTHING;
}

/* A new element at the end of a list or mapping, zeroed; in a mapping with its key. */
static void *frame_add_item(struct oci_reader *r, struct oci_frame *f)
{
	size_t size = oci_row_element_size(f->row);

	if (f->n_items == f->cap_items) {
		size_t cap = f->cap_items ? f->cap_items * 2 : 4;
		char *items = oci_arena_grow(r->arena, f->items, f->cap_items * size, cap * size);
		if (!items) {
			r->no_memory = true;
			return NULL;
		}
		f->items = items;
		f->cap_items = cap;
	}
	char *item = f->items + f->n_items * size;
	if (f->shape == OCI_MAPPING) {
		char *key = oci_arena_string(r->arena, f->key, f->key_len);
		if (!key) {
			r->no_memory = true;
			return NULL;
		}
		memcpy(item, &key, sizeof(key));
	}
	f->n_items++;
	return item;
}

/* Where the value goes. NULL without memory. */
static void *reader_slot(struct oci_reader *r)
{
	struct oci_frame *f = oci_reader_top(r);

	if (f->shape == OCI_STRUCT)
		return f->base + f->row->offset;
	char *item = frame_add_item(r, f);
	if (item && f->row->kind == OCI_KIND_MAP)
		item += offsetof(struct oci_pair, value);
	return item;
}

static void mark_has(struct oci_frame *f)
{
	if (f->shape == OCI_STRUCT)
		*(bool *)(f->base + f->row->has) = true;
}

void oci_reader_take_string(struct oci_reader *r, const char *s, size_t len)
{
	const struct oci_frame *f = oci_reader_top(r);

	if (memchr(s, '\0', len)) {
		oci_reader_fail(r, "must not contain the character \\u0000");
		return;
	}
	char *copy = oci_arena_string(r->arena, s, len);
	void *slot = copy ? reader_slot(r) : NULL;
	if (!slot) {
		r->no_memory = true;
		return;
	}
	const char *why = f->row->kind == OCI_KIND_STR ? oci_check_string(f->row->check, copy) : NULL;
	if (why)
		oci_reader_fail(r, "%s", why);
	memcpy(slot, &copy, sizeof(copy));
}

static void fail_word(struct oci_reader *r, const char *const *words, const char *s, size_t len)
{
	const char *near = oci_suggest_word(words, s, len);
	struct oci_text all = { 0 };
	int shown = len > 64 ? 64 : (int)len;

	if (near)
		oci_text_addf(&all, "; did you mean \"%s\"?", near);
	else
		oci_text_adds(&all, ": expected ");
	for (size_t i = 0; !near && words[i]; i++)
		oci_text_addf(&all, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	oci_reader_fail(r, "unknown value \"%.*s\"%s", shown, s, all.data ? all.data : "");
	oci_text_done(&all);
}

void oci_reader_take_word(struct oci_reader *r, const char *s, size_t len)
{
	struct oci_frame *f = oci_reader_top(r);
	const char *const *words = oci_row_words(f->row);
	int value = 0;

	/* Callers written in Go tell "not set" and "" apart no better than we tell "" and absent. */
	if (len == 0 && f->shape == OCI_STRUCT && f->row->need == OCI_OPTIONAL)
		return;
	while (words[value] && (strlen(words[value]) != len || memcmp(words[value], s, len) != 0))
		value++;
	if (!words[value]) {
		fail_word(r, words, s, len);
		return;
	}
	void *slot = reader_slot(r);
	if (slot) {
		memcpy(slot, &value, sizeof(value));
		mark_has(f);
	}
}

void oci_reader_take_boolean(struct oci_reader *r, bool value)
{
	*(bool *)reader_slot(r) = value;
	mark_has(oci_reader_top(r));
}

void oci_reader_take_integer(struct oci_reader *r, const char *s, size_t len)
{
	struct oci_frame *f = oci_reader_top(r);
	const struct oci_row *row = f->row;
	struct oci_integer n = { 0 };
	int shown = len > 64 ? 64 : (int)len;
	int parsed = oci_integer_parse(s, len, &n);

	if (parsed == -EINVAL) {
		oci_reader_fail(r, "expected an integer, found %.*s", shown, s);
		return;
	}
	if (parsed < 0 || !oci_integer_in_range(n, row->min, row->max)) {
		oci_reader_fail(r, "%.*s is out of range (%" PRId64 " to %" PRIu64 ")", shown, s, row->min, row->max);
		return;
	}
	void *slot = reader_slot(r);
	if (slot) {
		oci_integer_store(n, row->number, slot);
		mark_has(f);
	}
}

void *oci_reader_take_struct(struct oci_reader *r, const struct oci_object **ret_object)
{
	const struct oci_frame *f = oci_reader_top(r);
	const struct oci_object *object = f ? oci_row_object(f->row) : r->type;
	void *made;

	if (f && f->shape != OCI_STRUCT) {
		made = reader_slot(r);
	} else {
		made = oci_arena_alloc(r->arena, object->size);
		if (made && f)
			memcpy(reader_slot(r), &made, sizeof(made));
		else
			r->document = made;
	}
	if (!made)
		r->no_memory = true;
	*ret_object = object;
	return made;
}

void oci_reader_take_items(struct oci_reader *r, struct oci_frame *f)
{
	/* [] is not NULL: it is told from an absent list. */
	char *items = f->items ? f->items : oci_arena_alloc(r->arena, oci_row_element_size(f->row));

	if (!items)
		r->no_memory = true;
	memcpy(f->base + f->row->offset, &items, sizeof(items));
	memcpy(f->base + f->row->has, &f->n_items, sizeof(f->n_items));
}
