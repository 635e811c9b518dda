/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the keeper: the executor image once more, outside the cgroup, for a container whose PID
 * namespace is not its own. When init is gone it kills what is left in the cgroup (init/keeper.h).
 */
#ifndef HUSK_KEEPER_H
#define HUSK_KEEPER_H

#include "cgroup/cgroup.h"

#include <sys/types.h>

struct err;

int keeper_start(int init_pid_fd, const struct cgroup *c, const char *temp_dir, pid_t *ret_pid, struct err *err);

#endif
