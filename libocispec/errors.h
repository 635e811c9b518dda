/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The errors of one document, as they are found.  Sentences are kept (in an arena) with the offset of what they are
 * about, and become lines, in the order of the text, at the end.
 */
#ifndef OCISPEC_ERRORS_H
#define OCISPEC_ERRORS_H

#include "arena.h"

#include <stdarg.h>

struct oci_error_list {
	struct oci_arena *arena;
	size_t n;    /* how many there were; the first OCI_ERRORS_MAX are kept */
	bool failed; /* no memory for one of them */
	struct {
		size_t offset;
		const char *sentence;
	} kept[OCI_ERRORS_MAX];
};

/* pointer may be "" for the document itself; control characters in it or in the message become visible. */
void oci_error_vadd(struct oci_error_list *list, size_t offset, const char *pointer, const char *fmt, va_list ap)
	__attribute__((format(printf, 4, 0)));
/* Make the lines. 0, or -ENOMEM. */
int oci_errors_render(struct oci_error_list *list, const char *name, const char *text, size_t len,
		      struct oci_errors *ret);

#endif
