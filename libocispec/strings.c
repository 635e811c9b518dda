/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of a JSON text, checked before the parser sees them; see strings.h. */
#include "strings.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

size_t oci_utf8_length(const unsigned char *s, size_t len)
{
	/* RFC 3629: range of the second byte for each kind of first byte; the others are 80..bf. */
	static const struct {
		unsigned char first, last, length, low, high;
	} rows[] = {
		{ 0x00, 0x7f, 1, 0x00, 0x00 }, { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
		{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
		{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]) && len; i++) {
		if (s[0] < rows[i].first || s[0] > rows[i].last)
			continue;
		if (rows[i].length > len || (rows[i].length > 1 && (s[1] < rows[i].low || s[1] > rows[i].high)))
			return 0;
		for (size_t k = 2; k < rows[i].length; k++)
			if ((s[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].length;
	}
	return 0;
}

/* The value of \uXXXX at s, or -1. */
static int unicode_escape(const unsigned char *s, size_t len)
{
	int value = 0;

	if (len < 6 || s[0] != '\\' || s[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		unsigned char c = s[i], lower = c | 0x20;
		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (lower >= 'a' && lower <= 'f')
			value = value * 16 + (lower - 'a' + 10);
		else
			return -1;
	}
	return value;
}

/* Bytes of the escape at s (a backslash), or 0 and the reason. */
static size_t escape_length(const unsigned char *s, size_t len, const char **why)
{
	*why = "not an escape that JSON knows";
	if (len < 2 || !s[1] || !strchr("\"\\/bfnrtu", s[1]))
		return 0;
	if (s[1] != 'u')
		return 2;
	int high = unicode_escape(s, len);
	if (high < 0)
		return 0;
	if (high < 0xd800 || high > 0xdfff)
		return 6;
	*why = "a surrogate \\u escape without its other half";
	int low = high < 0xdc00 ? unicode_escape(s + 6, len - 6) : -1;
	return low >= 0xdc00 && low <= 0xdfff ? 12 : 0;
}

/* What ends a string, or has to be looked at in it. */
static const bool special[256] = { [0 ... 0x1f] = true, ['"'] = true, ['\\'] = true, [0x80 ... 0xff] = true };

/* Go through the string that begins behind its quote at *at; leave *at behind its closing quote. */
static const char *check_string(const unsigned char *s, size_t len, size_t *at)
{
	for (size_t i = *at; i < len;) {
		const char *why = "not valid UTF-8";
		size_t n;

		if (!special[s[i]]) {
			i++;
			continue;
		}
		*at = i;
		if (s[i] == '"') {
			++*at;
			return NULL;
		} else if (s[i] == '\\') {
			n = escape_length(s + i, len - i, &why);
		} else if (s[i] < 0x20) {
			n = 0;
			why = "a control character in a string must be written as \\u00XX";
		} else {
			n = oci_utf8_length(s + i, len - i);
		}
		if (!n)
			return why;
		i += n;
	}
	*at = len;
	return "the document ends inside a string";
}

int oci_strings_check(const char *text, size_t len, struct oci_strings_fault *ret)
{
	const unsigned char *s = (const unsigned char *)text;
	size_t at = 0;

	for (;;) {
		const char *quote = memchr(text + at, '"', len - at);
		if (!quote)
			return 0;
		size_t start = (size_t)(quote - text);
		at = start + 1;
		const char *why = check_string(s, len, &at);
		if (why) {
			*ret = (struct oci_strings_fault){ start, at, why };
			return -EINVAL;
		}
	}
}
