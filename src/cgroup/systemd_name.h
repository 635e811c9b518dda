/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/cgroup: names of systemd units and slices, as text. */
#ifndef HUSK_CGROUP_SYSTEMD_NAME_H
#define HUSK_CGROUP_SYSTEMD_NAME_H

#include <stdbool.h>
#include <sys/types.h>

struct err;

/* "slice:prefix:name" (NULL: the default) to slice and unit: "system.slice", "husk-ID.scope". A name that ends in
 * ".slice" names a slice and is refused: a container is a scope. Both are malloc'ed. */
int systemd_name_parse(const char *path, const char *id, bool user_manager,
		       char **ret_slice, char **ret_unit, struct err *err);
/* "a-b.slice" to "/a.slice/a-b.slice"; "-.slice" is "". malloc'ed. */
int systemd_slice_path(const char *slice, char **ret, struct err *err);
/* The cgroup of the manager: "" for the system's, that of user@UID.service for a user's. malloc'ed. */
char *systemd_manager_path(const char *own, bool user_manager, uid_t uid);
/* Bytes that a unit name cannot have, as \xNN. malloc'ed. */
char *systemd_unit_escape(const char *name);

#endif
