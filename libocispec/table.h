/* SPDX-License-Identifier: Apache-2.0 */
/*
 * schema.def as constant data: what reader, checker and writer walk.
 *
 * Each struct O of ocispec.h has a `struct oci_object O_object`; its rows are the struct's members in the order of
 * schema.def.  The reference page's columns (since, text) are not here but in reference.c, so that a program that reads
 * documents does not carry them.
 *
 * Rows hold no pointers: a pointer in a constant of a position-independent program is written when the program starts, and
 * each page of them is copied for it.
 */
#ifndef OCISPEC_TABLE_H
#define OCISPEC_TABLE_H

#include "ocispec.h"

enum oci_kind {
	OCI_KIND_STR,
	OCI_KIND_BOOL,
	OCI_KIND_NUM,
	OCI_KIND_ENUM,
	OCI_KIND_STRS,
	OCI_KIND_NUMS,
	OCI_KIND_ENUMS,
	OCI_KIND_OBJ,
	OCI_KIND_OBJS,
	OCI_KIND_MAP,
	OCI_KIND_OBJMAP, /* its elements begin with `char *key` */
};

enum oci_need { OCI_OPTIONAL, OCI_REQUIRED };
enum oci_check { OCI_ANY, OCI_NONEMPTY, OCI_ABSPATH, OCI_NOEOL, OCI_SEMVER };
enum oci_number { OCI_int32_t, OCI_int64_t, OCI_uint16_t, OCI_uint32_t, OCI_uint64_t };

struct oci_object;

struct oci_row {
	uint16_t name;   /* of the property: see oci_row_name */
	uint8_t name_len;
	uint8_t kind;    /* enum oci_kind */
	uint8_t need;    /* enum oci_need */
	uint8_t check;   /* enum oci_check, of strings */
	uint8_t number;  /* enum oci_number, of numbers */
	uint16_t offset; /* of the member */
	uint16_t has;    /* of has_<member> (scalars) or n_<member> (lists and maps) */
	uint16_t refers; /* to a word list (ENUM, ENUMS) or an object (OBJ, OBJS, OBJMAP) */
	int64_t min;     /* NUM, NUMS */
	uint64_t max;
};

#define OCI_ROWS_MAX 32 /* rows of one object: a bit each in the reader's sets */

struct oci_object {
	uint16_t size; /* of the struct */
	uint16_t n_rows;
	const struct oci_row *rows;
};

#define OBJECT(O, text) extern const struct oci_object O##_object;
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

const char *oci_row_name(const struct oci_row *row);
const char *const *oci_row_words(const struct oci_row *row);        /* of ENUM, ENUMS */
const struct oci_object *oci_row_object(const struct oci_row *row); /* of OBJ, OBJS, OBJMAP */
/* The row of a property, or NULL; hint is where to look first (rows are mostly met in order). */
const struct oci_row *oci_object_find(const struct oci_object *object, const char *name, size_t len, unsigned hint);
/* Bytes of one element of a list or map row. */
size_t oci_row_element_size(const struct oci_row *row);
size_t oci_number_size(enum oci_number number);

#endif
