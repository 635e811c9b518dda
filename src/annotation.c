/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations of a configuration. */
#include "annotation.h"
#include "ocispec.h"

#include <string.h>

const char *annotation_get(const struct oci_config *config, const char *key)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (strcmp(config->annotations[i].key, key) == 0)
			return config->annotations[i].value;
	return NULL;
}
