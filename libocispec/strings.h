/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings of a JSON text, checked before the parser sees them.  yajl takes overlong and surrogate UTF-8 and turns a lone
 * \ud800 into a question mark; some of its releases stumble over a cut-off \u.  None of that gets past this.
 */
#ifndef OCISPEC_STRINGS_H
#define OCISPEC_STRINGS_H

#include <stddef.h>

struct oci_strings_fault {
	size_t string; /* offset of the string's opening quote */
	size_t offset; /* offset of what is wrong in it */
	const char *why;
};

/* 0 when all strings are right, else -EINVAL and the first fault. */
int oci_strings_check(const char *text, size_t len, struct oci_strings_fault *ret);

/* Bytes of the valid UTF-8 character at s[0..len), 0 when there is none. */
size_t oci_utf8_length(const unsigned char *s, size_t len);

#endif
