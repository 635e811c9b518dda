/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One document to the reader, with the promises that hold for any bytes: it is read or refused with errors; what was read
 * is written, and reads again to the same; the place of every unknown property is in the document.
 */
#ifndef HUSK_TESTS_OCISPEC_FEED_H
#define HUSK_TESTS_OCISPEC_FEED_H

#include "ocispec.h"

#include <stdlib.h>
#include <string.h>

#define OCISPEC_PROMISE(cond) \
	do { \
		if (!(cond)) \
			abort(); \
	} while (0)

static inline void feed_unknown(void *user, const char *pointer, unsigned line, unsigned column, const char *name,
				const char *did_you_mean)
{
	(void)did_you_mean;
	OCISPEC_PROMISE(pointer[0] == '/' && line > 0 && column > 0 && strlen(name) <= *(size_t *)user);
}

/* The members of one document type, as functions of any. */
#define OCISPEC_FEED(O) \
	static inline int feed_##O(const char *text, size_t len) \
	{ \
		struct oci_read_options options = { "fuzz", feed_unknown, &len }; \
		struct oci_arena *arena = NULL, *arena2 = NULL; \
		const struct O *doc = NULL, *doc2 = NULL; \
		struct oci_errors errors = { 0 }; \
		char *out = NULL, *out2 = NULL; \
		size_t n = 0, n2 = 0; \
		int r = O##_read(text, len, &options, &arena, &doc, &errors); \
		OCISPEC_PROMISE(r == 0 ? doc && !errors.text : !doc && !arena && errors.n > 0 && errors.text); \
		if (r == 0) { \
			OCISPEC_PROMISE(O##_write(doc, 0, &out, &n) == 0); \
			options.unknown = NULL; \
			OCISPEC_PROMISE(O##_read(out, n, &options, &arena2, &doc2, &errors) == 0); \
			OCISPEC_PROMISE(O##_write(doc2, 0, &out2, &n2) == 0); \
			OCISPEC_PROMISE(n == n2 && memcmp(out, out2, n) == 0); \
		} \
		free(out); \
		free(out2); \
		oci_arena_free(arena); \
		oci_arena_free(arena2); \
		oci_errors_done(&errors); \
		return r; \
	}
OCISPEC_FEED(oci_config)
OCISPEC_FEED(oci_process)
OCISPEC_FEED(oci_resources)
OCISPEC_FEED(oci_features)
OCISPEC_FEED(husk_record)

static inline void ocispec_feed(const char *text, size_t len)
{
	unsigned line, column;

	feed_oci_config(text, len);
	feed_oci_process(text, len);
	feed_oci_resources(text, len);
	feed_oci_features(text, len);
	feed_husk_record(text, len);
	oci_locate(text, len, "/linux/resources/devices/1/allow", &line, &column);
}

#endif
