/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device node on a file system of its own, as a detached mount of that node alone.
 *
 * Inside a user namespace nobody can make a device node, and on a file system that was mounted there none can be opened
 * (SB_I_NODEV).  On one that the initial user namespace mounted both can be, so the host makes it and the container binds
 * it: with owner, mode and number as they are asked for, whatever the host's own /dev has.
 */
#ifndef HUSK_DEVICE_NODE_H
#define HUSK_DEVICE_NODE_H

#include <sys/types.h>

struct err;

/* Needs CAP_SYS_ADMIN, CAP_MKNOD and CAP_CHOWN in the initial user namespace. */
int device_node_open(mode_t mode, dev_t dev, uid_t uid, gid_t gid, int *ret_fd, struct err *err);

#endif
