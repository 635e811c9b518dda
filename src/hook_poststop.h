/* SPDX-License-Identifier: Apache-2.0 */
/* The poststop hooks of a container that is gone, and the files to which the hooks of a configuration print. */
#ifndef HUSK_HOOK_POSTSTOP_H
#define HUSK_HOOK_POSTSTOP_H

struct husk_record;
struct oci_config;

/* Run them, one after the other. One that fails is a warning (runtime.md, Lifecycle 13). config may be NULL. */
void hook_run_poststop(const struct oci_config *config, const struct husk_record *record);

/* The file of HOOKS_STDOUT_ANNOTATION or HOOKS_STDERR_ANNOTATION.  Relative paths count from the bundle, as all others of
 * config.json do. malloc'ed; NULL: there is none. config may be NULL. */
char *hook_output_path(const struct oci_config *config, const char *bundle, const char *annotation);

#endif
