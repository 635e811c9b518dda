/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/cgroup: linux.resources as properties of a systemd unit, so that systemd does not undo them. */
#ifndef HUSK_CGROUP_SYSTEMD_RESOURCES_H
#define HUSK_CGROUP_SYSTEMD_RESOURCES_H

#include "systemd_properties.h"

struct err;
struct oci_resources;

/* The least TasksMax of a new scope: the container and the executor that makes it. */
#define SYSTEMD_TASKS_MIN 3

/* What of resources systemd knows, so that it does not undo it when it is reloaded. v2: the layout is v2.
 * initial: for a new scope (accounting and devices too). Pure. */
int systemd_properties_from(const struct oci_resources *res, bool v2, bool initial, struct systemd_properties *ret,
			    struct err *err);
/* What of resources.unified systemd has properties for (v2). */
void systemd_properties_add_unified(struct systemd_properties *p, const struct oci_resources *res);
/* DevicePolicy and DeviceAllow for the rules: systemd's own list must not be narrower than ours. */
int systemd_devices_append(struct systemd_bus *b, sd_bus_message *m, const struct oci_resources *res);

#endif
