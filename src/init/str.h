/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes and strings of the executor, which has no C library.  mem* and str* are what the compiler may call by itself.
 * A struct text is a bounded string under construction: what does not fit is left out, and `cut` says so.
 */
#ifndef HUSK_INIT_STR_H
#define HUSK_INIT_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);

bool str_equal(const char *a, const char *b);
/* Where s goes on after prefix, or NULL. */
const char *str_after(const char *s, const char *prefix);
/* Length of s up to c, or up to its end. */
size_t str_span(const char *s, char c);
/* All of s must be decimal digits, value at most max. */
bool str_number(const char *s, uint64_t max, uint64_t *ret);

struct text { char *s; size_t len, size; bool cut; };       /* s always ends with NUL */
#define TEXT(buffer) { (buffer), 0, sizeof(buffer), false }
void text_add(struct text *t, const char *bytes, size_t n);
void text_str(struct text *t, const char *s);
void text_number(struct text *t, int64_t n);

#endif
