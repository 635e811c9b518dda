/* SPDX-License-Identifier: Apache-2.0 */
/* The processes of a container that has no cgroup: those that share its own namespaces; for container_processes.c. */
#ifndef HUSK_CONTAINER_MEMBERS_H
#define HUSK_CONTAINER_MEMBERS_H

#include <stddef.h>
#include <sys/types.h>

struct container;
struct err;

/* All but zombies; malloc'ed. A container with no namespace of its own has only init. */
int container_members(const struct container *c, pid_t **ret, size_t *ret_n, struct err *err);
int container_members_signal(const struct container *c, int sig, struct err *err);      /* how many, or negative errno */
int container_members_kill(const struct container *c, int timeout_ms, struct err *err);

#endif
