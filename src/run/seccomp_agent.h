/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seccomp agent (linux.seccomp.listenerPath): gets the notification descriptor and the container
 * process state, one connection each.
 */
#ifndef HUSK_SECCOMP_AGENT_H
#define HUSK_SECCOMP_AGENT_H

#include "container/state.h"

#include <sys/types.h>

struct err;

int seccomp_agent_send(const char *path, const char *metadata, const struct husk_record *record, const char *status,
		       pid_t pid, int listener_fd, struct err *err);

#endif
