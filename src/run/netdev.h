/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving a network device into a container (linux.netDevices): its permanent global addresses go with
 * it, and it is up afterwards.
 */
#ifndef HUSK_NETDEV_H
#define HUSK_NETDEV_H

#include <sys/types.h>

struct err;

/* new_name may hold a "%d" that the kernel fills; NULL or "": the same name. pid is in the container's
 * network namespace. */
int netdev_move(const char *name, const char *new_name, pid_t pid, struct err *err);

#endif
