/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The OCI documents as C structs.
 *
 * The structs, enums and word lists come from schema.def (read it for the meaning
 * of each member).  A document is read into an arena; everything a struct points
 * to lives in the arena and goes with it.  A struct that has been read is const:
 * nobody writes to it.
 *
 * Conventions of members:
 *   scalars   `T m` with `bool has_m`: has_m tells "absent" from zero
 *   strings   `char *m`, NULL when absent, without NUL inside, valid UTF-8
 *   lists     `m` with `size_t n_m`; m is NULL when absent, not NULL for []
 *   objects   `struct x *m`, NULL when absent
 *   null as a property reads as absent; as an element of a list or map it is an error
 *   "" as an optional enum reads as absent
 */
#ifndef OCISPEC_H
#define OCISPEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OCISPEC_VERSION "1.3.0" /* of the specification that schema.def describes */

struct oci_pair { /* an entry of a map of strings */
	char *key;
	char *value;
};

/* clang-format off */

/* ---- enums: enum W { id, …, W_MAX }, and W_words[] their names ------------ */

#define WORDS(W, text) enum W {
#define WORD(W, id, word) id,
#define WORDS_END(W) W##_MAX };
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

#define WORDS(W, text) extern const char *const W##_words[]; /* NULL-terminated */
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

/* ---- structs ------------------------------------------------------------------- */

#define OBJECT(O, text) struct O {
#define KEY(O) char *key;
#define STR(O, m, json, need, check, since, text) char *m;
#define BOOL(O, m, json, need, since, text) bool m, has_##m;
#define NUM(O, T, m, json, need, min, max, since, text) T m; bool has_##m;
#define ENUM(O, W, m, json, need, since, text) enum W m; bool has_##m;
#define STRS(O, m, json, need, since, text) char **m; size_t n_##m;
#define NUMS(O, T, m, json, need, min, max, since, text) T *m; size_t n_##m;
#define ENUMS(O, W, m, json, need, since, text) enum W *m; size_t n_##m;
#define OBJ(O, P, m, json, need, since, text) struct P *m;
#define OBJS(O, P, m, json, need, since, text) struct P *m; size_t n_##m;
#define MAP(O, m, json, need, since, text) struct oci_pair *m; size_t n_##m;
#define OBJMAP(O, P, m, json, need, since, text) struct P *m; size_t n_##m;
#define OBJECT_END(O) };
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

/* clang-format on */

/* ---- documents ----------------------------------------------------------------- */

struct oci_arena;                         /* owns what was read */
void oci_arena_free(struct oci_arena *a); /* NULL is fine */

/* An error of a document: all that were found, one a line, each
 * "config.json:41:17: /linux/resources/memory/limit: expected an integer, found a string". */
struct oci_errors {
	char *text; /* lines joined by "\n", no newline at the end; NULL when none; owned */
	size_t n;   /* how many (those past OCI_ERRORS_MAX are counted, not kept) */
};
#define OCI_ERRORS_MAX 64
void oci_errors_done(struct oci_errors *e);

/* An unknown property, for `check` ("did you mean"): called once for each, in order. */
typedef void oci_unknown_fn(void *user, const char *pointer, unsigned line, unsigned column, const char *name,
			    const char *did_you_mean /* or NULL */);

struct oci_read_options {
	const char *name;        /* what errors call the document: "config.json" */
	oci_unknown_fn *unknown; /* or NULL */
	void *user;
};

#define OCI_DOCUMENT_MAX (16u << 20) /* bytes; a larger document is refused */
#define OCI_DEPTH_MAX 64             /* nesting; deeper is refused */

/* Read a document of type struct O from text[0..len): one function a document type.
 * Return 0 and set *ret (arena-owned) and *ret_arena, or -EINVAL with errors filled, or -ENOMEM.
 * Pointers in errors and of unknown properties are for people: long keys in them are cut.  A column is a
 * character, not a byte. */
#define OCI_READER(O) \
	int O##_read(const char *text, size_t len, const struct oci_read_options *opt, struct oci_arena **ret_arena, \
		     const struct O **ret, struct oci_errors *errors)
OCI_READER(oci_config);
OCI_READER(oci_process);
OCI_READER(oci_resources);
OCI_READER(oci_state);
OCI_READER(oci_features);
OCI_READER(oci_seccomp_state);
OCI_READER(husk_record);
#undef OCI_READER

/* Where a JSON pointer stands in a text: 0 and line and column (from 1), or -ENOENT. */
int oci_locate(const char *text, size_t len, const char *pointer, unsigned *ret_line, unsigned *ret_column);

/* Write a document: *ret is malloc'ed, NUL-terminated, len without the NUL.
 * Absent members are left out.  indent 0 writes one compact line; there is no newline at the end.  Bytes of
 * strings that are not UTF-8 become U+FFFD.  -EINVAL: an enum without a word, or NULL in a list; or -ENOMEM. */
#define OCI_WRITER(O) int O##_write(const struct O *doc, unsigned indent, char **ret, size_t *ret_len)
OCI_WRITER(oci_config);
OCI_WRITER(oci_process);
OCI_WRITER(oci_resources);
OCI_WRITER(oci_state);
OCI_WRITER(oci_features);
OCI_WRITER(oci_seccomp_state);
OCI_WRITER(husk_record);
#undef OCI_WRITER

/* The word of an enum value, and back; -EINVAL when there is none. */
int oci_word_find(const char *const *words, const char *word);

#endif
