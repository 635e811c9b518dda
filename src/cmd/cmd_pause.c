/* SPDX-License-Identifier: Apache-2.0 */
/* `husk pause`: freeze every process of a container. */
#include "cmd.h"
#include "container/container.h"
#include "util/err.h"

#include <errno.h>

int cmd_pause(const struct global *g, const struct options *o);

enum { LOCK_TIMEOUT_MS = 10000, FREEZE_TIMEOUT_MS = 10000 };

static int pause_container(const struct container *c, struct err *err)
{
	struct err ignored = { 0 };

	if (c->seen.status != OCI_STATUS_RUNNING && c->seen.status != OCI_STATUS_CREATED)
		return err_say(err, -EBUSY, "container not running or created: %s is %s", c->dir.id,
			       oci_status_words[c->seen.status]);
	if (!c->has_cgroup)
		return err_say(err, -EOPNOTSUPP, "pause container %s: it has no cgroup to freeze", c->dir.id);
	int r = cgroup_freeze(&c->cgroup, FREEZE_TIMEOUT_MS, err);
	if (r < 0)
		cgroup_thaw(&c->cgroup, FREEZE_TIMEOUT_MS, &ignored); /* half frozen is neither */
	return r;
}

int cmd_pause(const struct global *g, const struct options *o)
{
	struct container c;
	struct err err = { 0 };

	if (container_open(g->root, o->args[0], LOCK_TIMEOUT_MS, &c, &err) < 0)
		return cmd_fail(&err, 1);
	int r = pause_container(&c, &err);
	container_done(&c);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
