/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's inside, shared by read.c (what yajl calls), read_value.c (where values go) and read_error.c (what is
 * wrong, and where).
 *
 * A frame is an open container of the document.  The top frame says what the next value must be, and where it goes.
 * What the schema does not know is parsed with frames too (OCI_SKIP_*), so that depth and keys are looked at there also.
 */
#ifndef OCISPEC_READER_H
#define OCISPEC_READER_H

#include "errors.h"
#include "keys.h"
#include "position.h"
#include "table.h"
#include "text.h"

#include <yajl/yajl_parse.h>

enum oci_shape {
	OCI_STRUCT,  /* an object of the schema: base is the struct */
	OCI_LIST,    /* an array of the schema: a member of base */
	OCI_MAPPING, /* a MAP or OBJMAP: a member of base */
	OCI_SKIP_OBJECT,
	OCI_SKIP_ARRAY,
};

enum oci_want {
	OCI_WANT_NOTHING,
	OCI_WANT_STRING,
	OCI_WANT_WORD,
	OCI_WANT_BOOLEAN,
	OCI_WANT_INTEGER,
	OCI_WANT_ARRAY,
	OCI_WANT_STRUCT,
	OCI_WANT_MAPPING
};

struct oci_frame {
	enum oci_shape shape;
	size_t start;                    /* offset of its bracket */
	const struct oci_object *object; /* OCI_STRUCT */
	const struct oci_row *row; /* OCI_STRUCT: of the last key, NULL if unknown; OCI_LIST, OCI_MAPPING: its own */
	char *base;
	const char *key; /* the last key of an object */
	size_t key_len;
	bool key_pending;       /* its value has not begun */
	uint32_t seen, present; /* OCI_STRUCT: rows whose key was met; whose value is not null */
	size_t keys_base;       /* in reader.keys */
	size_t n_values;        /* of an array, begun */
	char *items;            /* OCI_LIST, OCI_MAPPING: n_items of cap_items */
	size_t n_items, cap_items;
};

struct oci_reader {
	yajl_handle yajl;
	const char *text;
	size_t len;
	size_t previous_end; /* of the last token */
	size_t start;        /* of the one that is handled */
	const struct oci_read_options *options;
	const struct oci_object *type; /* of the document */
	void *document;
	struct oci_arena *arena;
	bool no_memory;
	bool stopped; /* after an error that ends the reading */
	struct oci_keys keys;
	struct oci_text pointer;        /* scratch */
	struct oci_position unknown_at; /* of the last unknown property: they come in order */
	struct oci_error_list errors;
	size_t n_frames;
	struct oci_frame frames[OCI_DEPTH_MAX];
};

/* The top frame; NULL outside of the document's outermost brackets. */
static inline struct oci_frame *oci_reader_top(struct oci_reader *r)
{
	return r->n_frames ? &r->frames[r->n_frames - 1] : NULL;
}

/* read_value.c */
enum oci_want oci_reader_want(struct oci_reader *r);
void oci_reader_take_string(struct oci_reader *r, const char *s, size_t len);
void oci_reader_take_word(struct oci_reader *r, const char *s, size_t len);
void oci_reader_take_boolean(struct oci_reader *r, bool value);
void oci_reader_take_integer(struct oci_reader *r, const char *s, size_t len);
/* The struct that the value (an object) goes to; NULL without memory. */
void *oci_reader_take_struct(struct oci_reader *r, const struct oci_object **ret_object);
/* A list or mapping closes: hand its items to its struct. */
void oci_reader_take_items(struct oci_reader *r, struct oci_frame *frame);

/* read_error.c: errors about the value at r->start; `at` ones about another place. */
void oci_reader_fail(struct oci_reader *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The value is not what the schema wants. */
void oci_reader_mismatch(struct oci_reader *r, enum oci_want want, const char *found);
/* An error about the container that the top frame stands for, or about what is below it by the pointer `where`. */
void oci_reader_fail_below(void *reader, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* An error of the text itself, at an offset. */
void oci_reader_fail_text(struct oci_reader *r, size_t offset, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
void oci_reader_fail_twice(void *reader, const struct oci_key *key);
/* Tell of a property that is not in the schema. */
void oci_reader_unknown(struct oci_reader *r, const char *name, size_t len);

#endif
