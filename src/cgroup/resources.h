/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/cgroup: numbers of v1 that mean something else on v2. */
#ifndef HUSK_CGROUP_RESOURCES_H
#define HUSK_CGROUP_RESOURCES_H

#include "cgroup.h"

#include <stdint.h>

/* cpu.shares (2 … 262144, default 1024) to cpu.weight (1 … 10000, default 100); 0 is 0. */
uint64_t cgroup_weight_from_shares(uint64_t shares);
/* blkio.weight (10 … 1000) to io.weight (1 … 10000); 0 is 0. */
uint64_t cgroup_io_weight_from_blkio(uint64_t weight);
/* memory.memsw of v1, memory and swap together, to swap alone. -1: no limit; 0 and *ret_set false: not set. */
int cgroup_swap_from_memsw(int64_t swap, int64_t limit, int64_t *ret, bool *ret_set, struct err *err);

/* Writes under construction. */
struct cgroup_build {
	const struct facts *facts;
	const struct oci_resources *res;
	const char *base;
	struct cgroup_writes *writes;
	struct err *err;
};
/* Is the controller on v1 (1), on v2 (2), or nowhere (0)? */
int cgroup_controller_version(const struct facts *f, const char *v1, const char *v2);
/* Append; takes value. */
void cgroup_build_add(struct cgroup_build *b, const char *controller, const char *file, char *value, unsigned flags,
		      const char *pointer, ...) __attribute__((format(printf, 6, 7)));
/* Say where the error is: pointer below base. Returns the error's code. */
int cgroup_build_fail(struct cgroup_build *b, const char *pointer);
/* The error for a controller that is not there; where is the pointer below base. */
int cgroup_build_missing(struct cgroup_build *b, const char *controller, const char *pointer);
/* resources_lists.c: devices with weights and throttles, huge pages, RDMA, interface priorities. */
int cgroup_build_lists(struct cgroup_build *b);
/* resources_unified.c */
int cgroup_build_unified(struct cgroup_build *b);

#endif
