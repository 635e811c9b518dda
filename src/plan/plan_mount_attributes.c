/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes and propagation of the mount that is in MOUNT. */
#include "plan_parts.h"
#include "util/kernel.h"

static void set_attributes(struct build *b, const struct mount_attributes *a, uint64_t propagation, bool recursive)
{
	if (a->set || a->clear || propagation)
		PLAN_ADD(b->p, MOUNT_SETATTR, .set = a->set, .clear = a->clear, .propagation = propagation,
			 .recursive = recursive);
}

/* What is asked for, on top of what mounts of the host become. */
static size_t collect_propagation(const struct build *b, const struct mount_options *o, bool tree, bool of_host,
				  uint64_t *ret)
{
	size_t n = 0;

	if (of_host && plan_rootfs_propagation(b) != MS_SHARED)
		ret[n++] = plan_rootfs_propagation(b) | MS_REC;
	for (size_t i = 0; i < o->n_propagation; i++) {
		/* a shared mount may be a slave as well; all others replace what was */
		bool whole = !tree || (o->propagation[i] & MS_REC);
		if (whole && !(o->propagation[i] & MS_SHARED))
			n = 0;
		ret[n++] = o->propagation[i];
	}
	return n;
}

static void add_attributes(struct build *b, const struct mount_options *o, bool tree, bool of_host,
			   struct mount_attributes attr)
{
	uint64_t propagation[1 + sizeof(o->propagation) / sizeof(o->propagation[0])];
	size_t n = collect_propagation(b, o, tree, of_host, propagation);
	const struct mount_attributes none = { 0 };
	size_t i = 0;

	/* one mount: attributes and the first propagation in one go */
	if (!tree && n) {
		set_attributes(b, &attr, propagation[0] & ~(uint64_t)MS_REC, false);
		i = 1;
	}
	for (; i < n; i++)
		set_attributes(b, &none, propagation[i] & ~(uint64_t)MS_REC, tree && (propagation[i] & MS_REC));
	if (tree || !n)
		set_attributes(b, &attr, 0, false);
	set_attributes(b, &o->rec, 0, tree);
}

void plan_mount_attributes(struct build *b, const struct mount_options *o, struct mount_attributes attr)
{
	add_attributes(b, o, false, false, attr);
}

void plan_mount_attributes_of_host(struct build *b, const struct mount_options *o, struct mount_attributes attr,
				   bool tree)
{
	add_attributes(b, o, tree, true, attr);
}
