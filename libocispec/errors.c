/* SPDX-License-Identifier: Apache-2.0 */
/* The errors of one document; see errors.h. */
#include "errors.h"
#include "position.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>

#define SENTENCE_MAX 4096

void oci_error_vadd(struct oci_error_list *list, size_t offset, const char *pointer, const char *fmt, va_list ap)
{
	struct oci_text raw = { 0 }, visible = { 0 };

	if (list->n++ >= OCI_ERRORS_MAX)
		return;
	oci_text_addf(&raw, "%s%s", pointer, *pointer ? ": " : "");
	oci_text_vaddf(&raw, fmt, ap);
	if (raw.data)
		oci_text_add_visible(&visible, raw.data, raw.len, SENTENCE_MAX);
	const char *sentence = visible.data ? oci_arena_string(list->arena, visible.data, visible.len) : NULL;
	if (raw.failed || visible.failed || !sentence)
		list->failed = true;
	list->kept[list->n - 1].offset = offset;
	list->kept[list->n - 1].sentence = sentence;
	oci_text_done(&raw);
	oci_text_done(&visible);
}

/* By place; those of one place stay in the order in which they were found. */
static void sort_errors(struct oci_error_list *list, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && list->kept[k - 1].offset > list->kept[k].offset; k--) {
			__typeof__(list->kept[0]) one = list->kept[k];
			list->kept[k] = list->kept[k - 1];
			list->kept[k - 1] = one;
		}
}

int oci_errors_render(struct oci_error_list *list, const char *name, const char *text, size_t len,
		      struct oci_errors *ret)
{
	struct oci_position at = OCI_POSITION_START;
	struct oci_text lines = { 0 };
	size_t n = list->n < OCI_ERRORS_MAX ? list->n : OCI_ERRORS_MAX;

	if (list->failed)
		return -ENOMEM;
	sort_errors(list, n);
	for (size_t i = 0; i < n; i++) {
		oci_position_move(&at, text, len, list->kept[i].offset);
		oci_text_addf(&lines, "%s%s:%u:%u: %s", i ? "\n" : "", name, at.line, at.column,
			      list->kept[i].sentence);
	}
	if (lines.failed) {
		oci_text_done(&lines);
		return -ENOMEM;
	}
	ret->text = lines.data;
	ret->n = list->n;
	return 0;
}

void oci_errors_done(struct oci_errors *e)
{
	if (!e)
		return;
	free(e->text);
	*e = (struct oci_errors){ 0 };
}
