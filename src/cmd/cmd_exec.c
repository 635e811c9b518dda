/* SPDX-License-Identifier: Apache-2.0 */
/* `husk exec`: one more process in a running container. */
#include "container/container.h"
#include "exec_process.h"
#include "launch.h"
#include "plan/plan_build.h"
#include "run/foreground.h"
#include "run/run_record.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/kernel.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETUP_FAILED 255 /* exit status, as callers know it */
#define END_TIMEOUT_MS 1000

int cmd_exec(const struct global *g, const struct options *o);

struct exec {
	struct launch launch;
	struct container container;
	bool has_container;
	struct oci_arena *arena; /* of the container's configuration */
	struct exec_process process;
	struct exec_request request;
};

/* ---- the container ------------------------------------------------------------------------------- */

static int check_status(const struct exec *e, const struct options *o, struct err *err)
{
	enum oci_status status = e->container.seen.status;

	if (status == OCI_STATUS_PAUSED && !option_flag(o, "ignore-paused"))
		return err_say(err, -EINVAL, "cannot exec in a paused container (use --ignore-paused to override)");
	/* Its masked and read-only paths may not be there yet. */
	if (status == OCI_STATUS_CREATING)
		return err_say(err, -EINVAL, "cannot exec in a container that is still being created");
	if (status == OCI_STATUS_STOPPED || e->container.seen.pid <= 0)
		return err_say(err, -EINVAL, "cannot exec in a stopped container");
	return 0;
}

/* ---- --cgroup [CONTROLLERS:]PATH ------------------------------------------------------------------- */

static bool names_controller(const char *list, size_t len, const char *controllers)
{
	for (const char *p = list; p < list + len;) {
		size_t n = strcspn(p, ",:");
		for (const char *c = controllers; *c; c += strcspn(c, ","), c += *c == ',')
			if (strcspn(c, ",") == n && strncmp(c, p, n) == 0)
				return true;
		p += n + 1;
	}
	return false;
}

/* 1: d is one of those that the text names, and its path is the one below now. */
static int enter_sub_cgroup(struct cgroup_dir *d, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');
	const char *sub = colon ? colon + 1 : text;

	if (colon && !names_controller(text, (size_t)(colon - text), d->controllers))
		return 0;
	_cleanup_free_ char *joined = mem_printf("%s/%s", d->path, sub);
	_cleanup_free_ char *path = path_clean(joined);
	if (!path_is_below(path, d->path))
		return err_say(
			err, -EINVAL,
			"--cgroup %s: bad sub cgroup path: %s is not a sub cgroup path of the container's cgroup", text,
			sub);
	_cleanup_free_ char *procs = mem_printf("%s%s/cgroup.procs", d->mount, path);
	if (access(procs, F_OK) < 0)
		return err_set(err, -errno, "--cgroup %s: adding pid to %s", text, procs);
	free(d->path);
	d->path = take(path);
	return 1;
}

static int enter_sub_cgroups(struct cgroup *c, const char *text, struct err *err)
{
	int found = 0;

	for (size_t i = 0; i < c->n_dirs; i++) {
		int r = enter_sub_cgroup(&c->dirs[i], text, err);
		if (r < 0)
			return r;
		found |= r;
	}
	return found ? 0
		     : err_say(err, -EINVAL,
			       "--cgroup %s: unknown controller %.*s: the container is in no cgroup hierarchy that has "
			       "it",
			       text, (int)strcspn(text, ":"), text);
}

static int use_cgroup(struct exec *e, const struct options *o, struct err *err)
{
	const char *const *subs;
	size_t n = option_strings(o, "cgroup", &subs);
	struct cgroup *c = &e->launch.cgroup;

	/* The container's, without systemd: its scope exists already. */
	*c = e->container.cgroup;
	e->container.cgroup = (struct cgroup){ 0 };
	c->driver = c->driver == CGROUP_DRIVER_SYSTEMD ? CGROUP_DRIVER_CGROUPFS : c->driver;
	for (size_t s = 0; s < n; s++) {
		int code = enter_sub_cgroups(c, subs[s], err);
		if (code < 0)
			return code;
	}
	if (n) {
		free(c->delegated);
		c->delegated = NULL;
	}
	e->request.sub_cgroup = n ? subs[0] : NULL;
	return 0;
}

/* ---- the process ------------------------------------------------------------------------------------- */

static int build(struct exec *e, struct err *err)
{
	struct launch *l = &e->launch;
	const struct oci_linux *linux_ = l->config->linux_;
	struct plan p;

	int code = host_probe(l->config, &l->request, &l->facts, err);
	if (code == 0)
		code = launch_seccomp(l, linux_ ? linux_->seccomp : NULL, err);
	if (code < 0)
		return code;
	plan_init(&p);
	code = plan_build_exec(&p, l->config, &e->process.process, &l->facts, &l->request, err);
	if (code == 0)
		code = launch_seal(l, &p, err);
	plan_done(&p);
	return code;
}

static int open_container(struct exec *e, const struct options *o, struct err *err)
{
	struct launch *l = &e->launch;
	int code = container_open(l->global->root, l->request.id, -1, &e->container, err);

	if (code < 0)
		return code;
	e->has_container = true;
	code = check_status(e, o, err);
	if (code == 0)
		code = container_config(&e->container, &e->arena, &l->config, err);
	if (code < 0)
		return code;
	e->request.paused = e->container.seen.status == OCI_STATUS_PAUSED;
	e->request.init_pid = e->container.seen.pid;
	e->request.init_pid_fd = e->container.seen.pid_fd;
	l->record = *e->container.record;
	e->request.nstypes = run_namespaces_of(e->container.seen.pid);
	e->request.user_ns = e->request.nstypes & CLONE_NEWUSER;
	return use_cgroup(e, o, err);
}

static int prepare(struct exec *e, const struct options *o, struct err *err)
{
	struct launch *l = &e->launch;

	int code = launch_options(l, o, err);
	if (code == 0)
		code = open_container(e, o, err);
	if (code == 0)
		code = exec_process_read(&e->process, l->config, o, err);
	if (code < 0)
		return code;
	l->request.detach = option_flag(o, "detach");
	l->request.bundle = l->record.bundle;
	l->request.exec = &e->request;
	e->request.terminal = e->process.process.terminal;
	code = launch_check_terminal(l, e->request.terminal, err);
	return code < 0 ? code : build(e, err);
}

/* Init that dies leaves its namespaces, which cannot be joined then (ESRCH), kills the others of its pid namespace, and lets
 * nobody be born there (ENOMEM); it is seen to have ended a moment after them. */
static bool container_ended(const struct exec *e, int code)
{
	struct pollfd init = { .fd = e->container.seen.pid_fd, .events = POLLIN };
	bool may_be_ending = code == -ECHILD || code == -ENOMEM || code == -ESRCH;

	return poll(&init, 1, may_be_ending ? END_TIMEOUT_MS : 0) > 0;
}

static int start(struct exec *e, struct err *err)
{
	int code = launch_run(&e->launch, err);

	if (code == 0)
		return launch_send_pidfd(&e->launch, err);
	if (!container_ended(e, code))
		return code;
	return err_say(err, -EINVAL,
		       "cannot exec in a stopped container: it ended while the process was being started");
}

static int in_foreground(struct exec *e, struct err *err)
{
	struct run *r = &e->launch.run;
	struct foreground f;
	int status = SETUP_FAILED, code = foreground_begin(&f, false, err);

	if (code == 0)
		code = start(e, err);
	if (code == 0)
		code = foreground_wait(&f, r->init_pid, fd_take(r->console_fd), &status, err);
	foreground_end(&f);
	return code < 0 ? code : status;
}

static void exec_done(struct exec *e)
{
	/* What is in the record belongs to the container's arena. */
	e->launch.record = (struct husk_record){ 0 };
	e->launch.config = NULL;
	launch_done(&e->launch);
	exec_process_done(&e->process);
	oci_arena_free(e->arena);
	if (e->has_container)
		container_done(&e->container);
}

int cmd_exec(const struct global *g, const struct options *o)
{
	struct err err = { 0 };
	struct exec e = { .has_container = false };

	launch_init(&e.launch, g);
	int code = prepare(&e, o, &err);
	if (code == 0)
		code = e.launch.request.detach ? start(&e, &err) : in_foreground(&e, &err);
	exec_done(&e);
	return code < 0 ? cmd_fail(&err, SETUP_FAILED) : code;
}
