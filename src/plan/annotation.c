/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations of a configuration. */
#include "annotation.h"
#include "ocispec.h"
#include "util/path.h"

#include <string.h>

const char *annotation_get(const struct oci_config *config, const char *key)
{
	for (size_t i = 0; i < config->n_annotations; i++)
		if (strcmp(config->annotations[i].key, key) == 0)
			return config->annotations[i].value;
	return NULL;
}

char *annotation_hook_output(const struct oci_config *config, const char *bundle, const char *key)
{
	const char *path = config ? annotation_get(config, key) : NULL;

	return path ? path_join(bundle, path) : NULL;
}
