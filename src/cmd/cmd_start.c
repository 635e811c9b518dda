/* SPDX-License-Identifier: Apache-2.0 */
/* `husk start`: run the program of a container that was created. */
#include "cmd.h"
#include "container/container.h"
#include "run/notify_socket.h"
#include "run/run.h"
#include "run/run_record.h"
#include "run/run_walk.h"
#include "run/start_socket.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 30000

#ifndef HUSK_BUILD_ID
#error "HUSK_BUILD_ID is not defined"
#endif

int cmd_start(const struct global *g, const struct options *o);

struct start {
	struct container container;
	struct oci_arena *arena;
	const struct oci_config *config;
	struct husk_record record; /* a copy that can be written to */
	struct request request;
	char *block;
	size_t block_size;
};

/* The words are those that callers know. */
static int check_status(const struct start *s, struct err *err)
{
	static const char *const refusals[oci_status_MAX] = {
		[OCI_STATUS_CREATING] = "cannot start a container that is still being created",
		[OCI_STATUS_RUNNING] = "cannot start an already running container",
		[OCI_STATUS_STOPPED] = "cannot start a container that has stopped",
		[OCI_STATUS_PAUSED] = "cannot start a paused container",
	};
	const char *why = refusals[s->container.seen.status];

	if (why)
		return err_say(err, -EINVAL, "%s", why);
	if (!s->config->process)
		return err_say(err, -EINVAL, "cannot start container %s: its config.json has no process",
			       s->request.id);
	return 0;
}

static int load_plan(struct start *s, struct err *err)
{
	int code = fd_read_file(s->container.dir.dir_fd, "plan", PLAN_MAX_SIZE, &s->block, &s->block_size);

	if (code < 0)
		return err_set(err, code, "read the plan of container %s", s->request.id);
	code = plan_check(s->block, s->block_size, HUSK_BUILD_ID);
	return code < 0
		       ? err_set(err, code, "the plan of container %s was made by another build of husk, or is damaged",
				 s->request.id)
		       : 0;
}

/* Only where create was asked for it too: then the directory is there, and in the container. */
static int listen_notify(const struct start *s, int *ret_fd, struct err *err)
{
	int dir_fd = s->container.dir.dir_fd;

	if (!s->request.notify_socket || faccessat(dir_fd, "notify", F_OK, 0) < 0)
		return 0;
	*ret_fd = notify_socket_listen(dir_fd, err);
	return *ret_fd < 0 ? *ret_fd : 0;
}

static int walk(struct start *s, struct err *err)
{
	struct run r;

	run_init(&r);
	r.request = &s->request;
	r.config = s->config;
	r.block = s->block;
	r.block_size = s->block_size;
	plan_view_init(&r.plan, s->block);
	r.cgroup = s->record.cgroup ? &s->container.cgroup : NULL;
	/* From here on written anew from r.cgroup; what was read belongs to the arena. */
	s->record.cgroup = NULL;
	r.dir = &s->container.dir;
	r.record = &s->record;
	r.init_pid = s->container.seen.pid;
	r.init_pid_fd = fd_take(s->container.seen.pid_fd);
	int code = start_socket_connect(s->container.dir.dir_fd, &r.sync_fd, err);
	_cleanup_fd_ int notify_fd = -1;
	if (code == 0)
		code = listen_notify(s, &notify_fd, err);
	if (code == 0)
		code = run_plan_start(&r, err);
	if (code == 0 && notify_fd >= 0)
		code = notify_socket_forward(notify_fd, s->request.notify_socket, r.init_pid, r.init_pid_fd, err);
	run_done(&r);
	cgroup_record_free(s->record.cgroup);
	return code;
}

static int start(struct start *s, struct err *err)
{
	int code = container_config(&s->container, &s->arena, &s->config, err);

	if (code == 0)
		code = check_status(s, err);
	if (code == 0)
		code = load_plan(s, err);
	if (code < 0)
		return code;
	s->record = *s->container.record;
	return walk(s, err);
}

int cmd_start(const struct global *g, const struct options *o)
{
	struct start s = { .request = { .id = o->args[0], .root = g->root, .notify_socket = getenv("NOTIFY_SOCKET") } };
	struct err err = { 0 };

	int code = container_open(g->root, o->args[0], LOCK_TIMEOUT_MS, &s.container, &err);
	if (code < 0)
		return cmd_fail(&err, 1);
	code = start(&s, &err);
	container_done(&s.container);
	oci_arena_free(s.arena);
	free(s.block);
	return code < 0 ? cmd_fail(&err, 1) : 0;
}
