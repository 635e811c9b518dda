/* SPDX-License-Identifier: Apache-2.0 */
/* Private to src/cgroup: limits as properties of a systemd unit. */
#ifndef HUSK_CGROUP_SYSTEMD_PROPERTIES_H
#define HUSK_CGROUP_SYSTEMD_PROPERTIES_H

#include "cgroup.h"
#include "systemd_bus.h"

#include <stdint.h>

/* The least TasksMax of a new scope: the container and the executor that makes it. */
#define SYSTEMD_TASKS_MIN 3

/* A property: its D-Bus type says which member counts. */
struct systemd_property {
	const char *name;
	char type;                      /* 't' number, 'b' boolean, 's' text, 'y' a set of bits (ay) */
	uint64_t number;
	char *text;
	uint8_t *bits;
	size_t n_bits;                  /* bytes of bits */
};
struct systemd_properties {
	struct systemd_property *v;
	size_t n;
};
void systemd_properties_done(struct systemd_properties *p);
void systemd_properties_add_number(struct systemd_properties *p, const char *name, uint64_t value);
/* A list as "0-2,7" as a set of bits; -EINVAL when it is none. */
int systemd_properties_add_list(struct systemd_properties *p, const char *name, const char *list);
/* What of resources.unified systemd has properties for (v2). */
void systemd_properties_add_unified(struct systemd_properties *p, const struct oci_resources *res);

/* What of resources systemd knows, so that it does not undo it when it is reloaded. v2: the layout is v2.
 * initial: for a new scope (accounting and devices too). Pure. */
int systemd_properties_from(const struct oci_resources *res, bool v2, bool initial, struct systemd_properties *ret,
			    struct err *err);
/* "0-2,7" as systemd's set of bits, lowest first. -EINVAL when it is no list. malloc'ed. */
int systemd_bits_from_list(const char *list, uint8_t **ret, size_t *ret_n);

/* Append them to an open array of (sv). */
int systemd_properties_append(struct systemd_bus *b, sd_bus_message *m, const struct systemd_properties *p);
/* DevicePolicy and DeviceAllow for the rules: systemd's own list must not be narrower than ours. */
int systemd_devices_append(struct systemd_bus *b, sd_bus_message *m, const struct oci_resources *res);

#endif
