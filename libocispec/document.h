/* SPDX-License-Identifier: Apache-2.0 */
/* Reading and writing a document of any type: what the functions of ocispec.h come down to. */
#ifndef OCISPEC_DOCUMENT_H
#define OCISPEC_DOCUMENT_H

#include "table.h"

int oci_document_read(const struct oci_object *type, const char *text, size_t len, const struct oci_read_options *opt,
		      struct oci_arena **ret_arena, const void **ret, struct oci_errors *errors);
int oci_document_write(const struct oci_object *type, const void *doc, unsigned indent, char **ret, size_t *ret_len);

#endif
