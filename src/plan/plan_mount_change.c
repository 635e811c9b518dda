/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of `mounts add` and `mounts remove`: a process joins the container, makes or removes mounts, and ends.
 * It is in the container's namespaces, but not in its cgroup: there might be no room for it.
 */
#include "plan_build.h"
#include "plan_parts.h"
#include "util/kernel.h"

#include <string.h>

#define UNMOUNT_LAZILY 2 /* MNT_DETACH: programs in the container may have it open */

static bool is_bind(const struct oci_mount *m)
{
	for (size_t i = 0; i < m->n_options; i++)
		if (strcmp(m->options[i], "bind") == 0 || strcmp(m->options[i], "rbind") == 0)
			return true;
	return m->type && strcmp(m->type, "bind") == 0;
}

static int check(struct build *b, bool removes)
{
	plan_where(b->p, "%s", "");
	if (!b->config->n_mounts)
		return plan_fail(b, "there are no mounts in the list");
	if (!b->mount_ns)
		return plan_fail(b, "the container has no mount namespace of its own");
	for (size_t i = 0; i < b->config->n_mounts; i++) {
		const struct oci_mount *m = &b->config->mounts[i];

		plan_where(b->p, "/mounts/%zu/type", i);
		if (!removes && !b->host_trees && is_bind(m))
			return plan_fail(
				b, "an unprivileged user cannot bind a file of the host in a container that runs: "
				   "the kernel takes mounts only from the namespace that a process is in; "
				   "list it in config.json");
		if (m->type && strcmp(m->type, "cgroup") == 0)
			return plan_fail(b, "a mount of type cgroup can only be made with the container");
	}
	return 0;
}

static void remove_mounts(struct build *b)
{
	for (size_t i = b->config->n_mounts; i-- > 0;) {
		_cleanup_free_ char *absolute = path_join("/", b->config->mounts[i].destination);
		_cleanup_free_ char *path = path_clean(absolute);

		plan_where(b->p, "/mounts/%zu", i);
		PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, path), .kind = TARGET_EXISTING, .like = PLAN_NO_SLOT);
		PLAN_ADD(b->p, UNMOUNT, .flags = UNMOUNT_LAZILY);
	}
}

static int build(struct build *b, bool removes)
{
	int r = check(b, removes);

	if (r == 0 && !removes)
		r = plan_mounts_read(b);
	if (r < 0)
		return r;
	uint64_t init_slot = plan_slot(b);
	plan_where(b->p, "%s", "");
	plan_exec_open(b, init_slot);
	plan_tree_open(b);
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, SPAWN, .into_cgroup = 0);
	plan_exec_enter(b, init_slot);
	if (removes)
		remove_mounts(b);
	else
		plan_mounts_make(b);
	plan_where(b->p, "%s", "");
	PLAN_ADD(b->p, FINISH);
	return 0;
}

int plan_build_mounts(struct plan *p, const struct oci_config *config, bool removes, const struct facts *facts,
		      const struct request *request, struct err *err)
{
	struct build b = plan_begin(p, config, facts, request, err);

	b.process = NULL; /* nobody is started */
	b.mount_ns = request->exec->nstypes & CLONE_NEWNS;
	b.host_trees = facts->privileged;
	plan_exec_choose_maps(&b);
	int r = build(&b, removes);
	plan_end(&b);
	return r;
}
