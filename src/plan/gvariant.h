/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values in GVariant's text form: booleans, numbers, strings, and arrays of one of them.
 *
 *     true   5   uint64 5   -1.5   'text'   "text"   ['a', 'b']   [uint32 1, 2]   @as []
 *
 * Tuples, dictionaries, variants and byte strings are no values here.
 */
#ifndef HUSK_GVARIANT_H
#define HUSK_GVARIANT_H

#include <stdbool.h>
#include <stddef.h>

struct err;

/* Types are those of D-Bus: b y n q i u x t d s o g. */
struct gvariant {
	char type;                      /* of the value, or of the array's elements; '\0': of an array that is empty */
	bool is_array;
	bool typed;                     /* the text says the type; else it is what GVariant takes for such a word: i, d */
	char **v;                       /* "true", "false"; whole numbers in decimal; fractions as written; text */
	size_t n;                       /* 1 when it is no array */
};

/* Read all of text. On failure -EINVAL, and *ret is untouched. */
int gvariant_read(const char *text, struct gvariant *ret, struct err *err);
void gvariant_done(struct gvariant *g);

/* Is this whole number, in decimal, one of D-Bus type y n q i u x t? */
bool gvariant_fits(const char *number, char type);
/* "uint64" for 't'; NULL: no type. */
const char *gvariant_type_name(char type);

#endif
