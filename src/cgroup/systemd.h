/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to src/cgroup: scopes of systemd, over D-Bus.  libsystemd is loaded on first use.  Every call has
 * a time limit.
 */
#ifndef HUSK_CGROUP_SYSTEMD_H
#define HUSK_CGROUP_SYSTEMD_H

#include <sys/types.h>

struct cgroup;
struct oci_resources;
struct err;

/* Start the scope with the process in it, and wait until the job is done. */
int systemd_start_scope(const struct cgroup *c, pid_t pid, const struct oci_resources *res, struct err *err);
/* Tell systemd the limits, so that it does not undo them when it is reloaded. */
int systemd_set_properties(const struct cgroup *c, const struct oci_resources *res, struct err *err);
/* Stop the scope and forget that it failed. A unit that is not there is fine. */
int systemd_stop_scope(const struct cgroup *c, int timeout_ms, struct err *err);

#endif
