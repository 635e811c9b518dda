/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts of the host that the container takes over.  A privileged host clones them, all before any target is
 * touched; where there are more of them than slots, in batches, each opened just before its first one is taken.
 * An unprivileged host cannot: there the container process clones them inside its own mount namespace.
 */
#include "plan_parts.h"

size_t plan_tree_add(struct build *b, const char *path, uint64_t flags)
{
	b->trees = mem_grow(b->trees, b->n_trees + 1, sizeof(*b->trees));
	b->trees[b->n_trees] = (struct tree){ .path = path, .flags = flags, .where_offset = b->p->where_offset };
	return b->n_trees++;
}

static void open_tree(struct build *b, const struct tree *t, uint64_t slot)
{
	const struct oci_device *d = t->node;

	if (d) {
		PLAN_ADD(b->p, DEVICE_NODE, .slot = slot, .path = plan_str(b->p, d->path),
			 .mode = t->node_type | (d->has_file_mode ? d->file_mode & 07777 : 0666),
			 .major = (uint64_t)d->major, .minor = (uint64_t)d->minor, .uid = t->node_uid,
			 .gid = t->node_gid);
		return;
	}
	struct op *op = PLAN_ADD(b->p, OPEN_TREE, .slot = slot, .path = plan_str(b->p, t->path), .flags = t->flags);
	op->on_error = t->may_be_missing ? ON_ERROR_MISSING : ON_ERROR_FAIL;
}

static void open_batch(struct build *b)
{
	uint32_t where_offset = b->p->where_offset;

	b->first_of_batch = b->n_trees_open;
	for (uint64_t slot = b->tree_slots; slot < PLAN_SLOTS && b->n_trees_open < b->n_trees; slot++) {
		const struct tree *t = &b->trees[b->n_trees_open++];
		b->p->where_offset = t->where_offset;
		open_tree(b, t, slot);
		if (t->uid_map)
			PLAN_ADD(b->p, TREE_IDMAP, .slot = slot, .uid_map = plan_str(b->p, t->uid_map),
				 .gid_map = plan_str(b->p, t->gid_map), .recursive = t->idmap_recursive);
	}
	b->p->where_offset = where_offset;
}

void plan_tree_open(struct build *b)
{
	b->tree_slots = b->n_slots;
	if (b->host_trees)
		open_batch(b);
}

void plan_tree_ready(struct build *b, size_t tree)
{
	if (b->host_trees && tree != TREE_NONE && tree >= b->n_trees_open)
		open_batch(b);
}

uint64_t plan_tree_slot(const struct build *b, size_t tree)
{
	return b->host_trees ? b->tree_slots + (tree - b->first_of_batch) : PLAN_NO_SLOT;
}

void plan_tree_take(struct build *b, size_t tree)
{
	if (b->host_trees)
		PLAN_ADD(b->p, TAKE_TREE, .slot = plan_tree_slot(b, tree));
	else
		PLAN_ADD(b->p, CLONE_TREE, .path = plan_str(b->p, b->trees[tree].path), .flags = b->trees[tree].flags);
}
