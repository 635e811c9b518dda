/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a document: yajl's events, over the frames of the containers that are open.
 *
 * Wrong values are told of and passed over, so that all errors of a document are found; an error of the text itself ends
 * the reading.
 */
#include "check.h"
#include "document.h"
#include "parser.h"
#include "position.h"
#include "reader.h"
#include "strings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct oci_read_options default_options = { .name = "document" };

/* ---- events ----------------------------------------------------------------------------------------------- */

/* A token begins. */
static void reader_begin(struct oci_reader *r)
{
	r->start = oci_token_start(r->text, r->len, r->previous_end);
}

/* A value begins: note that it is there. Return what the schema wants at its place. */
static enum oci_want reader_begin_value(struct oci_reader *r, bool null)
{
	struct oci_frame *top = oci_reader_top(r);

	reader_begin(r);
	if (top) {
		top->n_values++;
		top->key_pending = false;
		if (top->shape == OCI_STRUCT && top->row && !null)
			top->present |= 1u << (top->row - top->object->rows);
	}
	return oci_reader_want(r);
}

/* A token ends. What is returned goes to yajl: whether to go on. */
static int reader_end(struct oci_reader *r)
{
	r->previous_end = yajl_get_bytes_consumed(r->yajl);
	return !r->no_memory && !r->stopped;
}

static int on_null(void *user)
{
	struct oci_reader *r = user;
	enum oci_want want = reader_begin_value(r, true);
	const struct oci_frame *top = oci_reader_top(r);

	/* null is an absent property; it is no element. */
	if (want != OCI_WANT_NOTHING && (!top || top->shape != OCI_STRUCT))
		oci_reader_mismatch(r, want, "null");
	return reader_end(r);
}

static int on_boolean(void *user, int value)
{
	struct oci_reader *r = user;
	enum oci_want want = reader_begin_value(r, false);

	if (want == OCI_WANT_BOOLEAN)
		oci_reader_take_boolean(r, value);
	else if (want != OCI_WANT_NOTHING)
		oci_reader_mismatch(r, want, "a boolean");
	return reader_end(r);
}

static int on_number(void *user, const char *s, size_t len)
{
	struct oci_reader *r = user;
	enum oci_want want = reader_begin_value(r, false);

	if (want == OCI_WANT_INTEGER)
		oci_reader_take_integer(r, s, len);
	else if (want != OCI_WANT_NOTHING)
		oci_reader_mismatch(r, want, "a number");
	return reader_end(r);
}

static int on_string(void *user, const unsigned char *s, size_t len)
{
	struct oci_reader *r = user;
	enum oci_want want = reader_begin_value(r, false);

	if (want == OCI_WANT_STRING)
		oci_reader_take_string(r, (const char *)s, len);
	else if (want == OCI_WANT_WORD)
		oci_reader_take_word(r, (const char *)s, len);
	else if (want != OCI_WANT_NOTHING)
		oci_reader_mismatch(r, want, "a string");
	return reader_end(r);
}

/* ---- containers --------------------------------------------------------------------------------------------- */

static struct oci_frame *reader_push(struct oci_reader *r, enum oci_shape shape)
{
	if (r->n_frames == OCI_DEPTH_MAX) {
		oci_reader_fail(r, "nested deeper than %d", OCI_DEPTH_MAX);
		r->stopped = true;
		return NULL;
	}
	struct oci_frame *f = &r->frames[r->n_frames++];
	*f = (struct oci_frame){ .shape = shape, .start = r->start, .keys_base = r->keys.n };
	return f;
}

/* The value is a list or mapping of the top frame's struct. */
static void reader_push_items(struct oci_reader *r, enum oci_shape shape)
{
	const struct oci_frame *parent = oci_reader_top(r);
	struct oci_frame *f = reader_push(r, shape);

	if (f) {
		f->row = parent->row;
		f->base = parent->base;
	}
}

static void reader_push_struct(struct oci_reader *r)
{
	const struct oci_object *object = NULL;
	char *base = oci_reader_take_struct(r, &object);
	struct oci_frame *f = base ? reader_push(r, OCI_STRUCT) : NULL;

	if (f) {
		f->object = object;
		f->base = base;
	}
}

static int on_start_map(void *user)
{
	struct oci_reader *r = user;
	enum oci_want want = reader_begin_value(r, false);

	if (want == OCI_WANT_STRUCT) {
		reader_push_struct(r);
	} else if (want == OCI_WANT_MAPPING) {
		reader_push_items(r, OCI_MAPPING);
	} else {
		if (want != OCI_WANT_NOTHING)
			oci_reader_mismatch(r, want, "an object");
		reader_push(r, OCI_SKIP_OBJECT);
	}
	return reader_end(r);
}

static int on_start_array(void *user)
{
	struct oci_reader *r = user;
	enum oci_want want = reader_begin_value(r, false);

	if (want == OCI_WANT_ARRAY) {
		reader_push_items(r, OCI_LIST);
	} else {
		if (want != OCI_WANT_NOTHING)
			oci_reader_mismatch(r, want, "an array");
		reader_push(r, OCI_SKIP_ARRAY);
	}
	return reader_end(r);
}

/* A key that is good for as long as the reading lasts: yajl's own is, unless it had escapes. */
static const char *reader_keep_key(struct oci_reader *r, const char *key, size_t len)
{
	if (key >= r->text && key < r->text + r->len)
		return key;
	const char *copy = oci_arena_string(r->errors.arena, key, len);
	if (!copy)
		r->no_memory = true;
	return copy;
}

/* A key of an object of the schema. True when it is not in the schema. */
static bool reader_find_row(struct oci_reader *r, struct oci_frame *f)
{
	unsigned hint = f->row ? (unsigned)(f->row - f->object->rows) + 1 : 0;

	f->row = oci_object_find(f->object, f->key, f->key_len, hint);
	if (!f->row)
		return true;
	uint32_t bit = 1u << (f->row - f->object->rows);
	if (f->seen & bit)
		oci_reader_fail_twice(r, &(struct oci_key){ f->key, (uint32_t)f->key_len, (uint32_t)r->start });
	f->seen |= bit;
	return false;
}

static int on_key(void *user, const unsigned char *name, size_t len)
{
	struct oci_reader *r = user;
	struct oci_frame *f = oci_reader_top(r);

	reader_begin(r);
	f->key = reader_keep_key(r, (const char *)name, len);
	f->key_len = f->key ? len : 0;
	f->key_pending = true;
	if (!f->key)
		return 0;
	bool nul = memchr(f->key, '\0', len);
	if (nul)
		oci_reader_fail(r, "a name must not contain the character \\u0000");
	if (f->shape != OCI_STRUCT || reader_find_row(r, f)) {
		struct oci_key key = { f->key, (uint32_t)len, (uint32_t)r->start };
		if (oci_keys_push(&r->keys, key) < 0)
			r->no_memory = true;
		if (f->shape == OCI_STRUCT && !nul && r->options->unknown)
			oci_reader_unknown(r, f->key, len);
	}
	return reader_end(r);
}

static bool rules_present(void *user, const char *json)
{
	const struct oci_frame *f = oci_reader_top(user);
	const struct oci_row *row = oci_object_find(f->object, json, strlen(json), 0);

	return row && f->present & (1u << (row - f->object->rows));
}

/* An object of the schema closes: what is missing, and the rules between its members. */
static void reader_close_struct(struct oci_reader *r, const struct oci_frame *f)
{
	const struct oci_rules rules = { oci_reader_fail_below, rules_present, r };

	for (unsigned i = 0; i < f->object->n_rows; i++) {
		const struct oci_row *row = &f->object->rows[i];
		if (row->need == OCI_REQUIRED && !(f->present & (1u << i))) {
			char where[64] = "/";
			memcpy(where + 1, oci_row_name(row), (size_t)row->name_len + 1);
			oci_reader_fail_below(r, where, "is required, but missing");
		}
	}
	if (!r->no_memory)
		oci_check_object(f->object, f->base, &rules);
}

static int on_end_map(void *user)
{
	struct oci_reader *r = user;
	struct oci_frame *f = oci_reader_top(r);

	reader_begin(r);
	oci_keys_close(&r->keys, f->keys_base, oci_reader_fail_twice, r);
	if (f->shape == OCI_STRUCT)
		reader_close_struct(r, f);
	else if (f->shape == OCI_MAPPING)
		oci_reader_take_items(r, f);
	r->n_frames--;
	return reader_end(r);
}

static int on_end_array(void *user)
{
	struct oci_reader *r = user;
	struct oci_frame *f = oci_reader_top(r);

	reader_begin(r);
	if (f->shape == OCI_LIST)
		oci_reader_take_items(r, f);
	r->n_frames--;
	return reader_end(r);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_null,
	.yajl_boolean = on_boolean,
	.yajl_number = on_number,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end_map,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end_array,
};

/* ---- documents -------------------------------------------------------------------------------------------- */

/* Why a text is not looked into at all, or NULL. */
static const char *text_refusal(const char *text, size_t len)
{
	if (len == 0)
		return "the document is empty";
	if (len > OCI_DOCUMENT_MAX)
		return "the document is larger than 16 MiB";
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		return "the document begins with a byte order mark, which JSON does not have: remove it";
	return NULL;
}

_Static_assert(OCI_DOCUMENT_MAX == 16u << 20, "what text_refusal says");

/* yajl's own words, as "parse error: premature EOF\n". */
static void reader_fail_syntax(struct oci_reader *r)
{
	size_t offset = oci_token_start(r->text, r->len, r->previous_end);
	unsigned char *said = yajl_get_error(r->yajl, 0, NULL, 0);
	const char *why = said ? strstr((char *)said, ": ") : NULL;

	if (offset >= r->len)
		oci_reader_fail_text(r, r->len, "not valid JSON: the document ends too early");
	else if (why)
		oci_reader_fail_text(r, offset, "not valid JSON: %.*s", (int)strcspn(why + 2, ".\n"), why + 2);
	else
		oci_reader_fail_text(r, offset, "not valid JSON");
	if (said)
		yajl_free_error(r->yajl, said);
}

/* Parse up to the first string that is wrong, or to the end. */
static void reader_parse(yajl_handle parser, void *user)
{
	struct oci_reader *r = user;
	struct oci_strings_fault fault = { 0 };
	bool strings_ok = oci_strings_check(r->text, r->len, &fault) == 0;
	size_t len = strings_ok ? r->len : fault.string;

	r->yajl = parser;
	yajl_config(parser, yajl_dont_validate_strings, 1); /* done by oci_strings_check, and better */
	yajl_status status = yajl_parse(r->yajl, (const unsigned char *)r->text, len);
	if (status == yajl_status_ok && strings_ok)
		status = yajl_complete_parse(r->yajl);
	if (status == yajl_status_error)
		reader_fail_syntax(r);
	else if (status == yajl_status_ok && !strings_ok)
		oci_reader_fail_text(r, fault.offset, "not valid JSON: %s", fault.why);
}

static int reader_run(struct oci_reader *r)
{
	const char *refusal = text_refusal(r->text, r->len);

	if (refusal) {
		oci_reader_fail_text(r, 0, "%s", refusal);
		return 0;
	}
	int ret = oci_parser_use(&callbacks, r, reader_parse);
	oci_keys_done(&r->keys);
	oci_text_done(&r->pointer);
	return r->no_memory ? -ENOMEM : ret;
}

/* Run, and make lines of the errors: 0, -EINVAL with errors, or -ENOMEM. */
static int reader_finish(struct oci_reader *r, struct oci_errors *ret_errors)
{
	struct oci_errors errors = { 0 };
	int ret = reader_run(r);

	if (ret == 0 && r->errors.n > 0) {
		ret = oci_errors_render(&r->errors, r->options->name ? r->options->name : default_options.name, r->text,
					r->len, &errors);
		if (ret == 0 && ret_errors)
			*ret_errors = errors;
		else
			oci_errors_done(&errors);
		ret = ret < 0 ? ret : -EINVAL;
	}
	return ret;
}

int oci_document_read(const struct oci_object *type, const char *text, size_t len, const struct oci_read_options *opt,
		      struct oci_arena **ret_arena, const void **ret, struct oci_errors *ret_errors)
{
	struct oci_reader *r = malloc(sizeof(*r));
	struct oci_arena *arena = oci_arena_new(), *error_arena = oci_arena_new();
	int status = -ENOMEM;

	if (ret_errors)
		*ret_errors = (struct oci_errors){ 0 };
	if (r && arena && error_arena) {
		memset(r, 0, offsetof(struct oci_reader, frames)); /* those are set when they are pushed */
		r->text = text;
		r->len = len;
		r->type = type;
		r->arena = arena;
		r->options = opt ? opt : &default_options;
		r->unknown_at = (struct oci_position)OCI_POSITION_START;
		r->errors.arena = error_arena;
		status = reader_finish(r, ret_errors);
	}
	if (status == 0) {
		*ret = r->document;
		*ret_arena = arena;
		arena = NULL;
	}
	oci_arena_free(arena);
	oci_arena_free(error_arena);
	free(r);
	return status;
}
