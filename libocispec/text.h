/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that grows: for the writer's output, error sentences and pointers.  When memory runs out, `failed` is set and
 * stays; what is added then is lost.
 */
#ifndef OCISPEC_TEXT_H
#define OCISPEC_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct oci_text {   /* {0} is an empty one */
	char *data; /* NUL-terminated when len > 0 */
	size_t len, cap;
	bool failed;
};

void oci_text_add(struct oci_text *t, const char *s, size_t len);
void oci_text_adds(struct oci_text *t, const char *s);
void oci_text_addf(struct oci_text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void oci_text_vaddf(struct oci_text *t, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
/* Add s for people to read: control characters as \u00XX, what is not UTF-8 as U+FFFD; longer than max bytes is cut at a
 * character, with "…". */
void oci_text_add_visible(struct oci_text *t, const char *s, size_t len, size_t max);
void oci_text_reset(struct oci_text *t);
void oci_text_done(struct oci_text *t);

#endif
