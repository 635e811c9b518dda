/* SPDX-License-Identifier: Apache-2.0 */
/* The reference page of the documents: every object, property and word of schema.def, as Markdown. */
#ifndef OCISPEC_REFERENCE_H
#define OCISPEC_REFERENCE_H

#include <stdio.h>

void oci_reference_print(FILE *out);

#endif
