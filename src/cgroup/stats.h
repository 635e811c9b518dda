/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, as numbers for `events`; and word of its running out of memory. */
#ifndef HUSK_CGROUP_STATS_H
#define HUSK_CGROUP_STATS_H

#include "cgroup.h"

/* The "data" object of `events`, one compact line, with the names that engines read: cpu, cpuset, memory, pids,
 * blkio, hugetlb, intel_rdt, network_interfaces. What this host cannot say is left out or zero. malloc'ed. */
int cgroup_stats_json(const struct cgroup *c, char **ret, struct err *err);

struct cgroup_oom {
	int fd;                         /* poll it for POLLIN, then call cgroup_oom_read */
	int dir_fd;
	long long count;
	bool v2;
};
/* Begin to listen. -EOPNOTSUPP when the container has no memory controller. */
int cgroup_oom_open(const struct cgroup *c, struct cgroup_oom *ret, struct err *err);
/* How often memory ran out since the last call (≥ 0); -ENODEV when the cgroup is gone. */
int cgroup_oom_read(struct cgroup_oom *o);
/* Was a process of it killed for want of memory? 1 or 0; negative errno: nobody knows. */
int cgroup_oom_kills(const struct cgroup *c);
void cgroup_oom_done(struct cgroup_oom *o);

#endif
