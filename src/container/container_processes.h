/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a container: those of its cgroup; where it has none (rootless without delegation, cgroups disabled),
 * those that share its own PID namespace, else its own mount namespace.
 */
#ifndef HUSK_CONTAINER_PROCESSES_H
#define HUSK_CONTAINER_PROCESSES_H

#include "container.h"

/* Its processes, as pids of the caller's /proc; malloc'ed. */
int container_pids(const struct container *c, pid_t **ret, size_t *ret_n, struct err *err);
/* Is any left? 1, 0, or a negative errno. Zombies do not count. */
int container_populated(const struct container *c);
/* Send sig to each of its processes once. Returns how many were reached, or a negative errno. */
int container_signal(const struct container *c, int sig, struct err *err);
/* Kill them all, paused ones too, and wait until none is left; -ETIMEDOUT: err says which are. */
int container_kill(const struct container *c, int timeout_ms, struct err *err);

#endif
