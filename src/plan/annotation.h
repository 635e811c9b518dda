/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations of a configuration. */
#ifndef HUSK_ANNOTATION_H
#define HUSK_ANNOTATION_H

struct oci_config;

/* Annotations that name the files to which hooks print. */
#define HOOKS_STDOUT_ANNOTATION "run.oci.hooks.stdout"
#define HOOKS_STDERR_ANNOTATION "run.oci.hooks.stderr"

/* The value that goes with key; NULL: there is none. */
const char *annotation_get(const struct oci_config *config, const char *key);
/* The file that one of the HOOKS_* names. Relative paths count from the bundle, as all others of config.json do. malloc'ed;
 * NULL: there is none. config may be NULL. */
char *annotation_hook_output(const struct oci_config *config, const char *bundle, const char *key);

#endif
