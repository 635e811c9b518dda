/* SPDX-License-Identifier: Apache-2.0 */
/* The poststop hooks of a container that is gone. */
#ifndef HUSK_HOOK_POSTSTOP_H
#define HUSK_HOOK_POSTSTOP_H

struct husk_record;
struct oci_config;

/* Run them, one after the other. One that fails is a warning (runtime.md, Lifecycle 13). config may be NULL. */
void hook_run_poststop(const struct oci_config *config, const struct husk_record *record);

#endif
