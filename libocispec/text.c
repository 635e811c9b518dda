/* SPDX-License-Identifier: Apache-2.0 */
/* A text that grows; see text.h. */
#include "text.h"
#include "strings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool text_reserve(struct oci_text *t, size_t more)
{
	if (t->failed)
		return false;
	if (t->cap - t->len > more)
		return true;
	size_t cap = t->cap ? t->cap : 256;
	while (cap - t->len <= more)
		cap *= 2;
	char *data = realloc(t->data, cap);
	if (!data) {
		t->failed = true;
		return false;
	}
	t->data = data;
	t->cap = cap;
	return true;
}

void oci_text_add(struct oci_text *t, const char *s, size_t len)
{
	if (!text_reserve(t, len))
		return;
	if (len)
		memcpy(t->data + t->len, s, len);
	t->len += len;
	t->data[t->len] = '\0';
}

void oci_text_adds(struct oci_text *t, const char *s)
{
	oci_text_add(t, s, strlen(s));
}

void oci_text_vaddf(struct oci_text *t, const char *fmt, va_list ap)
{
	va_list again;

	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0 && text_reserve(t, (size_t)n)) {
		vsnprintf(t->data + t->len, (size_t)n + 1, fmt, again);
		t->len += (size_t)n;
	}
	va_end(again);
}

void oci_text_addf(struct oci_text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	oci_text_vaddf(t, fmt, ap);
	va_end(ap);
}

void oci_text_add_visible(struct oci_text *t, const char *s, size_t len, size_t max)
{
	bool cut = len > max;

	if (cut)
		for (len = max; len > 0 && ((unsigned char)s[len] & 0xc0) == 0x80; len--)
			;
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)s[i];
		size_t n = oci_utf8_length((const unsigned char *)s + i, len - i);
		if (c < 0x20 || c == 0x7f)
			oci_text_addf(t, "\\u%04x", c);
		else if (n)
			oci_text_add(t, &s[i], n);
		else
			oci_text_adds(t, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
	if (cut)
		oci_text_adds(t, "…");
}

void oci_text_reset(struct oci_text *t)
{
	t->len = 0;
	if (t->data)
		t->data[0] = '\0';
}

void oci_text_done(struct oci_text *t)
{
	free(t->data);
	*t = (struct oci_text){ 0 };
}
