/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Id maps of user namespaces. A map is the text of /proc/PID/uid_map: lines "inside outside count".
 */
#ifndef HUSK_IDMAP_H
#define HUSK_IDMAP_H

#include <stdint.h>
#include <sys/types.h>

struct err;

/* Write both maps of pid's (new) user namespace, each with one write; flags are IDMAP_* of plan.h. With
 * IDMAP_HELPERS they are written by newuidmap(1) and newgidmap(1); a single id that is the caller's own
 * needs none. Either map may be NULL. */
int idmap_write(pid_t pid, const char *uid_map, const char *gid_map, uint64_t flags, struct err *err);

/* A descriptor of a new user namespace with these maps, for mapping the ids of a mount. */
int idmap_open_userns(const char *uid_map, const char *gid_map, int *ret_fd, struct err *err);

#endif
