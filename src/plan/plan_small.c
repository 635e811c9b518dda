/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Can a container's mount namespace start from a small one?  A new mount namespace is a copy of the one that it is
 * made in: with thousands of mounts on the host, copying and dropping them costs more than all the rest of a start.
 * The mount namespace of the kernel thread kdevtmpfs has one mount.  It serves where everything of the host that the
 * container gets is opened by the host, and nobody looks for the host's files in there: docs/design/0012-speed-mounts.md
 */
#include "plan_parts.h"
#include "capability.h"

#include <string.h>

/* Made of nothing: no path, no device of the host is looked up when they are mounted. */
static bool is_virtual(const char *type)
{
	static const char *const types[] = { "proc", "tmpfs", "devpts", "mqueue", "sysfs", "cgroup", "cgroup2" };

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return true;
	return false;
}

/* Hooks that run before the root is the container's find the host's files, and may enter the namespace. */
static bool has_early_hooks(const struct oci_hooks *h)
{
	return h && (h->n_prestart || h->n_create_runtime || h->n_create_container);
}

static bool may_enter(const struct facts *f)
{
	return f->kdevtmpfs && f->privileged && !f->in_user_ns && f->mount_setattr &&
	       f->caps & CAPABILITY_BIT(SYS_CHROOT);
}

bool plan_small_namespace(const struct build *b)
{
	if (!may_enter(b->facts) || b->ns[OCI_NS_MOUNT].how != NAMESPACE_NEW || b->user_ns || !b->host_trees)
		return false;
	if (b->request->no_pivot || b->request->restore || has_early_hooks(b->config->hooks))
		return false;
	for (size_t i = 0; i < b->n_mounts; i++)
		if (!b->mounts[i].bind && !is_virtual(b->mounts[i].m->type))
			return false;
	return true;
}
