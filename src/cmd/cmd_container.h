/* SPDX-License-Identifier: Apache-2.0 */
/* What commands that take an id, or a regular expression of ids, share. */
#ifndef HUSK_CMD_CONTAINER_H
#define HUSK_CMD_CONTAINER_H

#include "cmd.h"

struct err;

/* Do something to one container; 0 or a negative errno with err filled. */
typedef int cmd_container_fn(const struct global *g, const char *id, void *user, struct err *err);

/* Call fn for id, or with regex for every container whose whole or part of the id matches the extended regular
 * expression. Goes on after a failure. Returns the exit status; errors are reported. */
int cmd_each_container(const struct global *g, const char *id, bool regex, cmd_container_fn *fn, void *user);

#endif
