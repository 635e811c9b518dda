/* SPDX-License-Identifier: Apache-2.0 */
/* The functions of ocispec.h that read and write a document, one pair for each type. */
#include "document.h"

#define OCI_DOCUMENT(O) \
	int O##_read(const char *text, size_t len, const struct oci_read_options *opt, struct oci_arena **ret_arena, \
		     const struct O **ret, struct oci_errors *errors) \
	{ \
		const void *doc = NULL; \
		int r = oci_document_read(&O##_object, text, len, opt, ret_arena, &doc, errors); \
		if (r == 0) \
			*ret = doc; \
		return r; \
	} \
	int O##_write(const struct O *doc, unsigned indent, char **ret, size_t *ret_len) \
	{ \
		return oci_document_write(&O##_object, doc, indent, ret, ret_len); \
	}

OCI_DOCUMENT(oci_config)
OCI_DOCUMENT(oci_process)
OCI_DOCUMENT(oci_resources)
OCI_DOCUMENT(oci_state)
OCI_DOCUMENT(oci_features)
OCI_DOCUMENT(oci_seccomp_state)
OCI_DOCUMENT(husk_record)
