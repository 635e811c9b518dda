/* SPDX-License-Identifier: Apache-2.0 */
/* What is wrong in a document, and where: the JSON pointers and sentences of the reader. */
#include "locate.h"
#include "reader.h"
#include "suggest.h"

#define TOKEN_MAX 256 /* a longer key is cut in pointers: it comes from the document, errors stay short */

static void pointer_add_token(struct oci_text *t, const char *key, size_t len)
{
	bool cut = len > TOKEN_MAX;

	oci_text_add(t, "/", 1);
	for (size_t i = 0; i < (cut ? TOKEN_MAX : len); i++) {
		if (key[i] == '~' || key[i] == '/')
			oci_text_adds(t, key[i] == '~' ? "~0" : "~1");
		else if (key[i] == '\0')
			oci_text_adds(t, "\\u0000");
		else
			oci_text_add(t, &key[i], 1);
	}
	if (cut)
		oci_text_adds(t, "…");
}

/* The pointer of what the first n frames lead to: with all of them the last value, with one less the top frame. */
static const char *pointer_of(struct oci_reader *r, size_t n)
{
	oci_text_reset(&r->pointer);
	for (size_t i = 0; i < n; i++) {
		const struct oci_frame *f = &r->frames[i];
		if (f->shape == OCI_LIST || f->shape == OCI_SKIP_ARRAY)
			oci_text_addf(&r->pointer, "/%zu", f->n_values ? f->n_values - 1 : 0);
		else
			pointer_add_token(&r->pointer, f->key ? f->key : "", f->key_len);
	}
	if (r->pointer.failed)
		r->no_memory = true;
	return r->pointer.len ? r->pointer.data : "";
}

/* Errors past those that are kept are only counted: a document may have millions. */
static bool only_counted(struct oci_reader *r)
{
	if (r->errors.n < OCI_ERRORS_MAX)
		return false;
	r->errors.n++;
	return true;
}

void oci_reader_fail(struct oci_reader *r, const char *fmt, ...)
{
	va_list ap;

	if (only_counted(r))
		return;
	va_start(ap, fmt);
	oci_error_vadd(&r->errors, r->start, pointer_of(r, r->n_frames), fmt, ap);
	va_end(ap);
}

void oci_reader_fail_text(struct oci_reader *r, size_t offset, const char *fmt, ...)
{
	const struct oci_frame *top = oci_reader_top(r);
	bool of_value = top && (top->key_pending || top->shape == OCI_LIST || top->shape == OCI_SKIP_ARRAY);
	va_list ap;

	va_start(ap, fmt);
	oci_error_vadd(&r->errors, offset, pointer_of(r, r->n_frames - (top && !of_value)), fmt, ap);
	va_end(ap);
	r->stopped = true;
}

void oci_reader_mismatch(struct oci_reader *r, enum oci_want want, const char *found)
{
	static const char *const names[] = {
		[OCI_WANT_NOTHING] = "nothing",   [OCI_WANT_STRING] = "a string",    [OCI_WANT_WORD] = "a string",
		[OCI_WANT_BOOLEAN] = "a boolean", [OCI_WANT_INTEGER] = "an integer", [OCI_WANT_ARRAY] = "an array",
		[OCI_WANT_STRUCT] = "an object",  [OCI_WANT_MAPPING] = "an object",
	};

	oci_reader_fail(r, "expected %s, found %s", names[want], found);
}

void oci_reader_fail_below(void *reader, const char *where, const char *fmt, ...)
{
	struct oci_reader *r = reader;
	size_t from = oci_reader_top(r)->start, offset = 0;
	va_list ap;

	if (only_counted(r))
		return;
	oci_locate_offset(r->text + from, r->len - from, where, &offset);
	pointer_of(r, r->n_frames - 1);
	oci_text_adds(&r->pointer, where);
	va_start(ap, fmt);
	oci_error_vadd(&r->errors, from + offset, r->pointer.data ? r->pointer.data : "", fmt, ap);
	va_end(ap);
}

static void fail_at(struct oci_reader *r, size_t offset, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void fail_at(struct oci_reader *r, size_t offset, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	oci_error_vadd(&r->errors, offset, r->pointer.data ? r->pointer.data : "", fmt, ap);
	va_end(ap);
}

void oci_reader_fail_twice(void *reader, const struct oci_key *key)
{
	struct oci_reader *r = reader;

	if (only_counted(r))
		return;
	pointer_of(r, r->n_frames - 1);
	pointer_add_token(&r->pointer, key->name, key->len);
	fail_at(r, key->offset, "stands in this object twice");
}

void oci_reader_unknown(struct oci_reader *r, const char *name, size_t len)
{
	struct oci_position *at = &r->unknown_at;
	char *copy = oci_arena_string(r->errors.arena, name, len);

	if (!copy) {
		r->no_memory = true;
		return;
	}
	oci_position_move(at, r->text, r->len, r->start);
	r->options->unknown(r->options->user, pointer_of(r, r->n_frames), at->line, at->column, copy,
			    oci_suggest_property(oci_reader_top(r)->object, name, len));
}
