/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing a document: the members of a struct in the order of the schema, as JSON.
 *
 * Bytes that are not UTF-8 (a path may have them, JSON may not) are written as U+FFFD, so that what is written can always
 * be read.
 */
#include "document.h"
#include "number.h"
#include "strings.h"
#include "text.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

struct writer {
	struct oci_text out;
	unsigned indent, depth;
	bool first;   /* nothing stands in the innermost container yet */
	bool invalid; /* an enum has no word, or a needed pointer is NULL */
};

static void write_object(struct writer *w, const struct oci_object *type, const char *base);

static void write_newline(struct writer *w)
{
	if (!w->indent)
		return;
	oci_text_add(&w->out, "\n", 1);
	for (unsigned i = 0; i < w->indent * w->depth; i++)
		oci_text_add(&w->out, " ", 1);
}

static void write_open(struct writer *w, const char *bracket)
{
	oci_text_adds(&w->out, bracket);
	w->depth++;
	w->first = true;
}

static void write_close(struct writer *w, const char *bracket)
{
	w->depth--;
	if (!w->first)
		write_newline(w);
	oci_text_adds(&w->out, bracket);
	w->first = false;
}

static void write_item(struct writer *w)
{
	if (!w->first)
		oci_text_add(&w->out, ",", 1);
	write_newline(w);
	w->first = false;
}

static void write_escape(struct writer *w, unsigned char c)
{
	static const char short_names[] = {
		['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't'
	};

	if (c < sizeof(short_names) && short_names[c])
		oci_text_addf(&w->out, "\\%c", short_names[c]);
	else
		oci_text_addf(&w->out, "\\u%04x", c);
}

static void write_string(struct writer *w, const char *s)
{
	if (!s) {
		w->invalid = true;
		return;
	}
	size_t len = strlen(s), plain = 0, at = 0;
	oci_text_add(&w->out, "\"", 1);
	while (at < len) {
		unsigned char c = (unsigned char)s[at];
		size_t n = c < 0x80 ? 1 : oci_utf8_length((const unsigned char *)s + at, len - at);
		if (n && c >= 0x20 && c != '"' && c != '\\') {
			at += n;
			continue;
		}
		oci_text_add(&w->out, s + plain, at - plain);
		if (n)
			write_escape(w, c);
		else
			oci_text_adds(&w->out, "\xef\xbf\xbd");
		plain = ++at;
	}
	oci_text_add(&w->out, s + plain, len - plain);
	oci_text_add(&w->out, "\"", 1);
}

static void write_key(struct writer *w, const char *key)
{
	write_item(w);
	write_string(w, key);
	oci_text_adds(&w->out, w->indent ? ": " : ":");
}

static void write_integer(struct writer *w, enum oci_number type, const void *member)
{
	struct oci_integer n = oci_integer_load(type, member);

	oci_text_addf(&w->out, "%s%" PRIu64, n.negative ? "-" : "", n.magnitude);
}

static void write_word(struct writer *w, const char *const *words, const void *member)
{
	int value = *(const int *)member, n = 0;

	while (words[n] && n != value)
		n++;
	if (value < 0 || !words[n])
		w->invalid = true;
	else
		write_string(w, words[n]);
}

static const char *load_pointer(const char *member)
{
	const char *p;

	memcpy(&p, member, sizeof(p));
	return p;
}

/* Whether a member is there. */
static bool row_present(const struct oci_row *row, const char *base)
{
	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_BOOL:
	case OCI_KIND_NUM:
	case OCI_KIND_ENUM: return *(const bool *)(base + row->has);
	case OCI_KIND_STR:
	case OCI_KIND_STRS:
	case OCI_KIND_NUMS:
	case OCI_KIND_ENUMS:
	case OCI_KIND_OBJ:
	case OCI_KIND_OBJS:
	case OCI_KIND_MAP:
	case OCI_KIND_OBJMAP: break;
	}
	return load_pointer(base + row->offset);
}

static void write_element(struct writer *w, const struct oci_row *row, const char *item)
{
	const bool keyed = row->kind == OCI_KIND_MAP || row->kind == OCI_KIND_OBJMAP;

	if (keyed)
		write_key(w, load_pointer(item));
	else
		write_item(w);
	if (row->kind == OCI_KIND_STRS)
		write_string(w, load_pointer(item));
	else if (row->kind == OCI_KIND_MAP)
		write_string(w, load_pointer(item + offsetof(struct oci_pair, value)));
	else if (row->kind == OCI_KIND_NUMS)
		write_integer(w, row->number, item);
	else if (row->kind == OCI_KIND_ENUMS)
		write_word(w, oci_row_words(row), item);
	else
		write_object(w, oci_row_object(row), item);
}

static void write_items(struct writer *w, const struct oci_row *row, const char *base)
{
	const bool keyed = row->kind == OCI_KIND_MAP || row->kind == OCI_KIND_OBJMAP;
	const char *items = load_pointer(base + row->offset);
	size_t n, size = oci_row_element_size(row);

	memcpy(&n, base + row->has, sizeof(n));
	write_open(w, keyed ? "{" : "[");
	for (size_t i = 0; i < n; i++)
		write_element(w, row, items + i * size);
	write_close(w, keyed ? "}" : "]");
}

static void write_member(struct writer *w, const struct oci_row *row, const char *base)
{
	const char *member = base + row->offset;

	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_STR: write_string(w, load_pointer(member)); break;
	case OCI_KIND_BOOL: oci_text_adds(&w->out, *(const bool *)member ? "true" : "false"); break;
	case OCI_KIND_NUM: write_integer(w, row->number, member); break;
	case OCI_KIND_ENUM: write_word(w, oci_row_words(row), member); break;
	case OCI_KIND_OBJ: write_object(w, oci_row_object(row), load_pointer(member)); break;
	case OCI_KIND_STRS:
	case OCI_KIND_NUMS:
	case OCI_KIND_ENUMS:
	case OCI_KIND_OBJS:
	case OCI_KIND_MAP:
	case OCI_KIND_OBJMAP: write_items(w, row, base); break;
	}
}

static void write_object(struct writer *w, const struct oci_object *type, const char *base)
{
	write_open(w, "{");
	for (unsigned i = 0; i < type->n_rows; i++) {
		if (!row_present(&type->rows[i], base))
			continue;
		write_key(w, oci_row_name(&type->rows[i]));
		write_member(w, &type->rows[i], base);
	}
	write_close(w, "}");
}

int oci_document_write(const struct oci_object *type, const void *doc, unsigned indent, char **ret, size_t *ret_len)
{
	struct writer w = { .indent = indent };

	write_object(&w, type, doc);
	if (w.invalid || w.out.failed) {
		oci_text_done(&w.out);
		return w.invalid ? -EINVAL : -ENOMEM;
	}
	*ret = w.out.data;
	if (ret_len)
		*ret_len = w.out.len;
	return 0;
}
