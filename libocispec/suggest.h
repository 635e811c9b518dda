/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean": the nearest of the known names, by edit distance, or NULL when none is near. */
#ifndef OCISPEC_SUGGEST_H
#define OCISPEC_SUGGEST_H

#include "table.h"

const char *oci_suggest_property(const struct oci_object *object, const char *name, size_t len);
const char *oci_suggest_word(const char *const *words, const char *word, size_t len);

#endif
