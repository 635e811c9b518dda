/* SPDX-License-Identifier: Apache-2.0 */
/* `husk mounts add|remove`: change the mounts of a running container. */
#include "container/container.h"
#include "launch.h"
#include "plan/plan_build.h"
#include "run/run_ops.h"
#include "run/run_record.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/kernel.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

#define LOCK_TIMEOUT_MS 10000

int cmd_mounts(const struct global *g, const struct options *o);

struct change {
	struct launch launch;
	struct container container;
	struct oci_arena *config_arena, *mounts_arena;
	struct oci_config config; /* the container's, with the mounts of the file */
	struct exec_request request;
	bool removes;
};

/* The list is read as the mounts of a configuration: the same checks, and the same words. */
static int read_mounts(struct change *c, const char *path, const struct oci_config **ret, struct err *err)
{
	const struct oci_read_options options = { .name = path };
	struct oci_errors errors = { 0 };
	_cleanup_free_ char *text = NULL;

	int code = fd_read_file(AT_FDCWD, strcmp(path, "-") == 0 ? "/dev/stdin" : path, OCI_DOCUMENT_MAX, &text, NULL);
	if (code < 0)
		return err_set(err, code, "read the mounts %s", path);
	_cleanup_free_ char *document =
		mem_printf("{\"mounts\":%s,\"ociVersion\":\"%s\",\"root\":{\"path\":\"/\"}}", text, OCISPEC_VERSION);
	code = oci_config_read(document, strlen(document), &options, &c->mounts_arena, ret, &errors);
	if (code < 0)
		err_say(err, code, "%s", errors.text ? errors.text : path);
	oci_errors_done(&errors);
	return code;
}

static int read_config(struct change *c, const char *path, struct err *err)
{
	const struct oci_config *own, *given;
	int code = container_config(&c->container, &c->config_arena, &own, err);

	if (code == 0)
		code = read_mounts(c, path, &given, err);
	if (code < 0)
		return code;
	c->config = *own;
	c->config.mounts = given->mounts;
	c->config.n_mounts = given->n_mounts;
	c->launch.config = &c->config;
	return 0;
}

static void fill_request(struct change *c)
{
	struct request *r = &c->launch.request;

	r->id = c->container.dir.id;
	r->bundle = c->container.record->bundle;
	c->request.init_pid = c->container.seen.pid;
	c->request.init_pid_fd = c->container.seen.pid_fd;
	c->request.nstypes = run_namespaces_of(c->container.seen.pid);
	c->request.user_ns = c->request.nstypes & CLONE_NEWUSER;
	r->exec = &c->request;
}

static int build(struct change *c, struct err *err)
{
	struct launch *l = &c->launch;
	struct plan p;

	int code = host_probe(l->config, &l->request, &l->facts, err);
	if (code < 0)
		return code;
	plan_init(&p);
	code = plan_build_mounts(&p, l->config, c->removes, &l->facts, &l->request, err);
	if (code == 0)
		code = launch_seal(l, &p, err);
	plan_done(&p);
	return code;
}

static int change_mounts(struct change *c, const struct options *o, struct err *err)
{
	if (c->container.seen.pid <= 0)
		return err_say(err, -EINVAL, "container not running: %s", c->container.dir.id);
	int code = read_config(c, o->args[2], err);
	if (code < 0)
		return code;
	fill_request(c);
	code = build(c, err);
	return code < 0 ? code : launch_run(&c->launch, err);
}

static int change(const struct global *g, const struct options *o, struct err *err)
{
	bool removes = strcmp(o->args[0], "remove") == 0;
	struct change c = { .removes = removes };

	if (!removes && strcmp(o->args[0], "add") != 0)
		return err_say(err, -EINVAL, "mounts %s: use mounts add or mounts remove", o->args[0]);
	int code = container_open(g->root, o->args[1], LOCK_TIMEOUT_MS, &c.container, err);
	if (code < 0)
		return code;
	launch_init(&c.launch, g);
	code = change_mounts(&c, o, err);
	c.launch.config = NULL;
	launch_done(&c.launch);
	oci_arena_free(c.mounts_arena);
	oci_arena_free(c.config_arena);
	container_done(&c.container);
	return code;
}

int cmd_mounts(const struct global *g, const struct options *o)
{
	struct err err = { 0 };

	return change(g, o, &err) < 0 ? cmd_fail(&err, 1) : 0;
}
