/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations of a configuration. */
#ifndef HUSK_ANNOTATION_H
#define HUSK_ANNOTATION_H

struct oci_config;

/* The value that goes with key; NULL: there is none. */
const char *annotation_get(const struct oci_config *config, const char *key);

#endif
