/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a container: what `delete` does, and `checkpoint` after it has saved one. */
#ifndef HUSK_CONTAINER_DELETE_H
#define HUSK_CONTAINER_DELETE_H

#include "container/container.h"

/* Kill what is left of it, remove its cgroup and its record, run the poststop hooks (their failures are warnings). c was
 * opened with the lock; container_done is still the caller's. */
int container_delete(struct container *c, struct err *err);

#endif
