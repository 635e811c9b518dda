/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations for the systemd scope: org.systemd.property.*, run.oci.systemd.subgroup.  Checked with every driver. */
#include "plan_parts.h"
#include "annotation.h"
#include "cgroup_annotations.h"
#include "plan_json.h"
#include "unit_property.h"

#include <string.h>

static const char *property_name(const struct oci_pair *annotation)
{
	size_t n = strlen(UNIT_PROPERTY_PREFIX);

	return strncmp(annotation->key, UNIT_PROPERTY_PREFIX, n) == 0 ? annotation->key + n : NULL;
}

static void where(struct build *b, const char *key)
{
	_cleanup_buf_ struct buf token = { 0 };

	plan_json_add_token(&token, key);
	plan_where(b->p, "/annotations/%s", token.data);
}

static int read_property(struct build *b, size_t i, struct unit_property *ret)
{
	const struct oci_pair *a = &b->config->annotations[i];

	where(b, a->key);
	int r = unit_property_read(property_name(a), a->value, ret, b->err);
	if (r < 0)
		err_where(b->err, b->p->where);
	return r;
}

/* "TimeoutStopSec" beside "TimeoutStopUSec": nobody could say which one counts. */
static int check_twice(struct build *b, size_t i, const char *name)
{
	for (size_t k = 0; k < i; k++) {
		const struct oci_pair *a = &b->config->annotations[k];
		const char *other = property_name(a) ? unit_property_name(property_name(a)) : NULL;
		if (other && strcmp(other, name) == 0)
			return plan_fail(b, "%s is set by %s already: remove one", name, a->key);
	}
	return 0;
}

int plan_unit_check(struct build *b)
{
	const char *subgroup = annotation_get(b->config, ANNOTATION_SUBGROUP), *left_out = NULL;

	for (size_t i = 0; i < b->config->n_annotations; i++) {
		struct unit_property p;
		if (!property_name(&b->config->annotations[i]))
			continue;
		int r = read_property(b, i, &p);
		if (r < 0)
			return r;
		r = check_twice(b, i, p.name);
		/* Podman 5 gives these to every container, whatever the driver. They say how systemd may stop the unit. */
		if (strcmp(p.name, "TimeoutStopUSec") != 0 && strcmp(p.name, "KillSignal") != 0)
			left_out = b->config->annotations[i].key;
		unit_property_done(&p);
		if (r < 0)
			return r;
	}
	if (b->request->driver == CGROUP_DRIVER_SYSTEMD)
		return 0;
	if (subgroup && *subgroup)
		left_out = ANNOTATION_SUBGROUP;
	if (left_out)
		plan_warn(b->p,
			  "annotations: %s has no effect: without the systemd driver (--systemd-cgroup) the container "
			  "is no unit",
			  left_out);
	return 0;
}

void plan_unit_properties(struct build *b)
{
	for (size_t i = 0; i < b->config->n_annotations; i++) {
		struct unit_property p;
		if (!property_name(&b->config->annotations[i]) || read_property(b, i, &p) < 0)
			continue;
		PLAN_ADD(b->p, UNIT_PROPERTY, .name = plan_str(b->p, p.name), .type = plan_str(b->p, p.type),
			 .words = plan_strv(b->p, (const char *const *)p.value.v, p.value.n));
		unit_property_done(&p);
	}
}
