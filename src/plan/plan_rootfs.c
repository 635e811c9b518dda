/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root filesystem of a plan: how it is taken, its propagation, what is hidden in it, how it becomes /.
 *
 * "/" of the new mount namespace is made slave or private first, so that nothing that is done there reaches
 * the host; it goes away with pivot_root.  The rootfs and bind sources are clones of the host's mounts, with a
 * propagation of their own: private, slave, or, where rootfsPropagation is shared, peers of the host's.  The
 * rootfs itself gets its shared or unbindable propagation at the end, when it is "/".
 */
#include "plan_parts.h"
#include "util/kernel.h"

static uint64_t asked_propagation(const struct build *b)
{
	static const uint64_t words[oci_propagation_MAX] = {
		[OCI_PROPAGATION_SHARED] = MS_SHARED,
		[OCI_PROPAGATION_SLAVE] = MS_SLAVE,
		[OCI_PROPAGATION_PRIVATE] = MS_PRIVATE,
		[OCI_PROPAGATION_UNBINDABLE] = MS_UNBINDABLE,
		[OCI_PROPAGATION_RSHARED] = MS_SHARED | MS_REC,
		[OCI_PROPAGATION_RSLAVE] = MS_SLAVE | MS_REC,
		[OCI_PROPAGATION_RPRIVATE] = MS_PRIVATE | MS_REC,
		[OCI_PROPAGATION_RUNBINDABLE] = MS_UNBINDABLE | MS_REC,
	};

	return b->linux_->has_rootfs_propagation ? words[b->linux_->rootfs_propagation] : MS_SLAVE | MS_REC;
}

uint64_t plan_rootfs_propagation(const struct build *b)
{
	uint64_t asked = asked_propagation(b) & ~(uint64_t)MS_REC;

	return asked == MS_UNBINDABLE ? MS_PRIVATE : asked;
}

int plan_rootfs_choose(struct build *b)
{
	const struct oci_root *root = b->config->root;

	plan_where(b->p, "/root");
	if (!root || !root->path || !*root->path)
		return plan_fail(b, "the container has no root filesystem: root.path is required");
	char *joined = path_join(b->request->bundle, root->path);
	b->rootfs = path_clean(joined);
	mem_freep(&joined);
	if (b->mount_ns)
		return 0;
	plan_where(b->p, "/root/readonly");
	if (root->readonly)
		return plan_fail(b, "a read-only root needs a mount namespace: add {\"type\": \"mount\"} to "
				    "linux.namespaces");
	return 0;
}

void plan_rootfs_open(struct build *b)
{
	plan_where(b->p, "/root/path");
	if (!b->mount_ns) {
		b->rootfs_slot = plan_slot(b);
		PLAN_ADD(b->p, OPEN, .slot = b->rootfs_slot, .path = plan_str(b->p, b->rootfs),
			 .expect = plan_str(b->p, "dir"));
	} else if (b->host_trees) {
		b->rootfs_slot = plan_slot(b);
		PLAN_ADD(b->p, OPEN_TREE, .slot = b->rootfs_slot, .path = plan_str(b->p, b->rootfs),
			 .flags = OPEN_TREE_CLONE | AT_RECURSIVE);
	}
}

void plan_rootfs_set_up(struct build *b)
{
	uint64_t propagation = plan_rootfs_propagation(b);
	uint64_t outside = propagation == MS_PRIVATE ? MS_PRIVATE : MS_SLAVE;

	plan_where(b->p, "/root/path");
	if (!b->mount_ns) {
		PLAN_ADD(b->p, ROOTFS_HERE, .slot = b->rootfs_slot);
		return;
	}
	plan_where(b->p, "%s", b->linux_->has_rootfs_propagation ? "/linux/rootfsPropagation" : "");
	PLAN_ADD(b->p, PROPAGATION, .flags = MS_REC | outside);
	plan_where(b->p, "/root/path");
	if (b->host_trees)
		PLAN_ADD(b->p, TAKE_TREE, .slot = b->rootfs_slot);
	else
		PLAN_ADD(b->p, ROOTFS_OPEN, .path = plan_str(b->p, b->rootfs), .flags = OPEN_TREE_CLONE | AT_RECURSIVE);
	if (propagation != MS_SHARED)
		PLAN_ADD(b->p, MOUNT_SETATTR, .propagation = propagation, .recursive = 1);
	else /* mounts made below a shared one would become shared */
		PLAN_ADD(b->p, MOUNT_SETATTR, .propagation = MS_PRIVATE);
	PLAN_ADD(b->p, ROOTFS);
}

/* The working directory is made while the root is writable, by the container's root. */
void plan_rootfs_working_dir(struct build *b)
{
	if (!b->process || !b->process->cwd || !b->process->cwd[0])
		return;
	_cleanup_free_ char *cwd = path_clean(b->process->cwd);
	if (cwd[0] != '/' || !cwd[1])
		return;
	plan_where(b->p, "/process/cwd");
	PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, cwd), .kind = TARGET_DIR, .like = PLAN_NO_SLOT, .mode = 0755);
}

static int check_path(struct build *b, const char *path)
{
	if (path[0] != '/')
		return plan_fail(b, "the path %s is not absolute", path);
	if (!b->mount_ns)
		return plan_fail(b, "a path can only be hidden in a mount namespace: add {\"type\": \"mount\"} to "
				    "linux.namespaces");
	return 0;
}

int plan_rootfs_hide(struct build *b)
{
	for (size_t i = 0; i < b->linux_->n_readonly_paths; i++) {
		plan_where(b->p, "/linux/readonlyPaths/%zu", i);
		int r = check_path(b, b->linux_->readonly_paths[i]);
		if (r < 0)
			return r;
		_cleanup_free_ char *path = path_clean(b->linux_->readonly_paths[i]);
		PLAN_ADD(b->p, READONLY, .path = plan_str(b->p, path));
	}
	for (size_t i = 0; i < b->linux_->n_masked_paths; i++) {
		plan_where(b->p, "/linux/maskedPaths/%zu", i);
		int r = check_path(b, b->linux_->masked_paths[i]);
		if (r < 0)
			return r;
		_cleanup_free_ char *path = path_clean(b->linux_->masked_paths[i]);
		PLAN_ADD(b->p, MASK, .path = plan_str(b->p, path), .null = b->null_slot);
	}
	return 0;
}

void plan_rootfs_enter(struct build *b)
{
	uint64_t asked = asked_propagation(b);

	plan_where(b->p, "/root/path");
	if (!b->mount_ns) {
		PLAN_ADD(b->p, CHROOT);
		return;
	}
	if (b->request->no_pivot)
		PLAN_ADD(b->p, MOVE_ROOT, .own = b->ns[OCI_NS_MOUNT].how == NAMESPACE_NEW);
	else
		PLAN_ADD(b->p, PIVOT_ROOT);
	if (asked & (MS_SHARED | MS_UNBINDABLE)) {
		plan_where(b->p, "/linux/rootfsPropagation");
		PLAN_ADD(b->p, ROOT_SETATTR, .propagation = asked & ~(uint64_t)MS_REC, .recursive = !!(asked & MS_REC));
	}
	if (b->config->root->readonly) {
		plan_where(b->p, "/root/readonly");
		PLAN_ADD(b->p, ROOT_SETATTR, .set = MOUNT_ATTR_RDONLY);
	}
}
