/* SPDX-License-Identifier: Apache-2.0 */
/* What CRIU expects of a root file system: that the places of all mounts are there. */
#ifndef HUSK_RESTORE_ROOTFS_H
#define HUSK_RESTORE_ROOTFS_H

#include "plan/plan_view.h"

struct err;

/* Make what is missing, as create does. root_fd is the rootfs; nothing outside of it is touched. What is below another
 * mount is CRIU's to restore. */
int restore_make_mountpoints(int root_fd, const struct plan_view *plan, struct err *err);

#endif
