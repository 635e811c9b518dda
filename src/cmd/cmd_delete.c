/* SPDX-License-Identifier: Apache-2.0 */
/* `husk delete`: remove a stopped container, or with --force any, and everything that husk made for it. */
#include "cmd.h"
#include "cmd_container.h"
#include "container/container_processes.h"
#include "run/container_delete.h"
#include "util/err.h"

#include <errno.h>

int cmd_delete(const struct global *g, const struct options *o);

enum {
	LOCK_TIMEOUT_MS = 10000,
	FORCE_LOCK_MS = 3000, /* after that whoever has the lock loses its processes */
	KILL_TIMEOUT_MS = 10000,
};

/* A create that hangs (a hook, a file system) has the lock. Its container's processes are what it waits for. */
static int break_in(const char *root, const char *id, struct err *err)
{
	struct container c;
	int r = container_open(root, id, -1, &c, err);

	if (r < 0)
		return r;
	r = container_kill(&c, KILL_TIMEOUT_MS, err);
	container_done(&c);
	return r;
}

static int open_locked(const char *root, const char *id, bool force, struct container *ret, struct err *err)
{
	int r = container_open(root, id, force ? FORCE_LOCK_MS : LOCK_TIMEOUT_MS, ret, err);

	if (r != -ETIMEDOUT || !force)
		return r;
	r = break_in(root, id, err);
	return r < 0 ? r : container_open(root, id, LOCK_TIMEOUT_MS, ret, err);
}

static int delete_one(const struct global *g, const char *id, void *user, struct err *err)
{
	bool force = *(const bool *)user;
	struct container c;
	int r = open_locked(g->root, id, force, &c, err);

	if (r == -ENOENT && force)
		return 0;
	if (r < 0)
		return r;
	if (!force && c.seen.status != OCI_STATUS_STOPPED)
		r = err_say(err, -EBUSY, "cannot delete container %s that is not stopped: %s", id,
			    oci_status_words[c.seen.status]);
	else
		r = container_delete(&c, err);
	container_done(&c);
	return r;
}

int cmd_delete(const struct global *g, const struct options *o)
{
	bool force = option_flag(o, "force");

	return cmd_each_container(g, o->args[0], option_flag(o, "regex"), delete_one, &force);
}
