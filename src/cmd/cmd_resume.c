/* SPDX-License-Identifier: Apache-2.0 */
/* `husk resume`: thaw a paused container. */
#include "cmd.h"
#include "container/container.h"
#include "util/err.h"

#include <errno.h>

int cmd_resume(const struct global *g, const struct options *o);

enum { LOCK_TIMEOUT_MS = 10000, THAW_TIMEOUT_MS = 10000 };

static int resume_container(const struct container *c, struct err *err)
{
	if (c->seen.status == OCI_STATUS_STOPPED)
		return err_say(err, -ESRCH, "container not running: %s is stopped", c->dir.id);
	if (c->seen.status != OCI_STATUS_PAUSED)
		return err_say(err, -EBUSY, "container not paused: %s is %s", c->dir.id,
			       oci_status_words[c->seen.status]);
	return cgroup_thaw(&c->cgroup, THAW_TIMEOUT_MS, err);
}

int cmd_resume(const struct global *g, const struct options *o)
{
	struct container c;
	struct err err = { 0 };

	if (container_open(g->root, o->args[0], LOCK_TIMEOUT_MS, &c, &err) < 0)
		return cmd_fail(&err, 1);
	int r = resume_container(&c, &err);
	container_done(&c);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
