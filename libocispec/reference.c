/* SPDX-License-Identifier: Apache-2.0 */
/* The reference page, docs/reference.md, from schema.def; see reference.h. */
#include "reference.h"
#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* What table.h leaves out: the names and texts of the schema. */
struct text_row {
	const char *json, *number, *since, *text;
	const void *refers; /* the words or the object that a row names */
	int64_t min;
	uint64_t max;
};

struct text_object {
	const char *name, *text;
	const struct oci_object *object;
	const struct text_row *rows;
};

struct text_words {
	const char *name, *text;
	const char *const *words;
};

/* clang-format off */
#define OBJECT(O, text) static const struct text_row O##_texts[] = {
#define STR(O, m, json, need, check, since, text) { json, NULL, since, text, NULL, 0, 0 },
#define BOOL(O, m, json, need, since, text) { json, NULL, since, text, NULL, 0, 0 },
#define NUM(O, T, m, json, need, lo, hi, since, text) { json, #T, since, text, NULL, lo, hi },
#define ENUM(O, W, m, json, need, since, text) { json, NULL, since, text, W##_words, 0, 0 },
#define STRS(O, m, json, need, since, text) { json, NULL, since, text, NULL, 0, 0 },
#define NUMS(O, T, m, json, need, lo, hi, since, text) { json, #T, since, text, NULL, lo, hi },
#define ENUMS(O, W, m, json, need, since, text) { json, NULL, since, text, W##_words, 0, 0 },
#define OBJ(O, P, m, json, need, since, text) { json, NULL, since, text, &P##_object, 0, 0 },
#define OBJS(O, P, m, json, need, since, text) { json, NULL, since, text, &P##_object, 0, 0 },
#define MAP(O, m, json, need, since, text) { json, NULL, since, text, NULL, 0, 0 },
#define OBJMAP(O, P, m, json, need, since, text) { json, NULL, since, text, &P##_object, 0, 0 },
#define OBJECT_END(O) };
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

static const struct text_object objects[] = {
#define OBJECT(O, text) { #O, text, &O##_object, O##_texts },
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};

static const struct text_words words[] = {
#define WORDS(W, text) { #W, text, W##_words },
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"
};
/* clang-format on */

#define N_OBJECTS (sizeof(objects) / sizeof(objects[0]))
#define N_WORDS (sizeof(words) / sizeof(words[0]))

static const struct text_object *find_object(const void *object)
{
	for (size_t i = 0; i < N_OBJECTS; i++)
		if (objects[i].object == object)
			return &objects[i];
	return NULL;
}

static const struct text_words *find_words(const void *list)
{
	for (size_t i = 0; i < N_WORDS; i++)
		if (words[i].words == list)
			return &words[i];
	return NULL;
}

/* Text of the schema, with what Markdown or a table would take for its own escaped. */
static void print_text(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("<>|*_", *text))
			fputc('\\', out);
		fputc(*text, out);
	}
}

static void print_link(FILE *out, const char *before, const char *name)
{
	fprintf(out, "%s[`%s`](#%s)", before, name, name);
}

static void print_number(FILE *out, const char *before, const struct text_row *text)
{
	char type[16];

	snprintf(type, sizeof(type), "%.*s", (int)strcspn(text->number, "_"), text->number);
	fprintf(out, "%s%s", before, type);
}

static void print_type(FILE *out, const struct oci_row *row, const struct text_row *text)
{
	static const char *const checks[] = {
		[OCI_ANY] = "",
		[OCI_NONEMPTY] = ", not empty",
		[OCI_ABSPATH] = ", absolute path",
		[OCI_NOEOL] = ", one line",
		[OCI_SEMVER] = ", SemVer",
	};

	switch ((enum oci_kind)row->kind) {
	case OCI_KIND_STR: fprintf(out, "string%s", checks[row->check]); break;
	case OCI_KIND_BOOL: fprintf(out, "boolean"); break;
	case OCI_KIND_NUM: print_number(out, "", text); break;
	case OCI_KIND_ENUM: print_link(out, "", find_words(text->refers)->name); break;
	case OCI_KIND_STRS: fprintf(out, "array of strings"); break;
	case OCI_KIND_NUMS: print_number(out, "array of ", text); break;
	case OCI_KIND_ENUMS: print_link(out, "array of ", find_words(text->refers)->name); break;
	case OCI_KIND_OBJ: print_link(out, "", find_object(text->refers)->name); break;
	case OCI_KIND_OBJS: print_link(out, "array of ", find_object(text->refers)->name); break;
	case OCI_KIND_MAP: fprintf(out, "map of strings"); break;
	case OCI_KIND_OBJMAP: print_link(out, "map of ", find_object(text->refers)->name); break;
	}
}

/* A range is worth printing where it is narrower than the type. */
static void print_range(FILE *out, const struct text_row *text)
{
	static const struct {
		const char *type;
		int64_t min;
		uint64_t max;
	} whole[] = {
		{ "int32_t", INT32_MIN, INT32_MAX }, { "int64_t", INT64_MIN, INT64_MAX }, { "uint16_t", 0, UINT16_MAX },
		{ "uint32_t", 0, UINT32_MAX },       { "uint64_t", 0, UINT64_MAX },
	};

	if (!text->number)
		return;
	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (!strcmp(whole[i].type, text->number) && (whole[i].min != text->min || whole[i].max != text->max))
			fprintf(out, " (%" PRId64 " to %" PRIu64 ")", text->min, text->max);
}

static void print_object(FILE *out, const struct text_object *o)
{
	fprintf(out, "\n### %s\n\n", o->name);
	print_text(out, o->text);
	fprintf(out, ".\n\n| property | type | | since | |\n|---|---|---|---|---|\n");
	for (unsigned i = 0; i < o->object->n_rows; i++) {
		const struct oci_row *row = &o->object->rows[i];
		fprintf(out, "| `%s` | ", oci_row_name(row));
		print_type(out, row, &o->rows[i]);
		print_range(out, &o->rows[i]);
		fprintf(out, " | %s | %s | ", row->need == OCI_REQUIRED ? "required" : "", o->rows[i].since);
		print_text(out, o->rows[i].text);
		fprintf(out, " |\n");
	}
}

static void print_words(FILE *out, const struct text_words *w)
{
	fprintf(out, "\n### %s\n\n", w->name);
	print_text(out, w->text);
	fprintf(out, ":\n\n");
	for (unsigned i = 0; w->words[i]; i++)
		fprintf(out, "%s`%s`", i ? ", " : "", w->words[i]);
	fprintf(out, "\n");
}

/* The object and what it holds, unless it was printed before. */
static void print_tree(FILE *out, const struct text_object *o, bool *printed)
{
	if (printed[o - objects])
		return;
	printed[o - objects] = true;
	print_object(out, o);
	for (unsigned i = 0; i < o->object->n_rows; i++) {
		const struct text_object *held = find_object(o->rows[i].refers);
		if (held)
			print_tree(out, held, printed);
	}
}

void oci_reference_print(FILE *out)
{
	static const struct oci_object *const documents[] = {
		&oci_config_object,        &oci_process_object,  &oci_resources_object, &oci_state_object,
		&oci_seccomp_state_object, &oci_features_object, &husk_record_object,
	};
	bool printed[N_OBJECTS] = { false };

	fprintf(out,
		"# Reference of the documents\n\n"
		"<!-- Generated by `make docs` from libocispec/schema.def; do not edit. -->\n\n"
		"Every property that husk reads and writes, as of version %s of the OCI runtime specification for "
		"Linux.\n"
		"`null` means absent. A property that is not listed is ignored; `husk check` tells of it. The column\n"
		"*since* is the version of the specification that brought the property, or `-` for what is not in it.\n"
		"\n## Objects\n",
		OCISPEC_VERSION);
	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++)
		print_tree(out, find_object(documents[i]), printed);
	fprintf(out, "\n## Words\n");
	for (size_t i = 0; i < N_WORDS; i++)
		print_words(out, &words[i]);
}
