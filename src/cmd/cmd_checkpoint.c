/* SPDX-License-Identifier: Apache-2.0 */
/* `husk checkpoint`: save a running container into files, by CRIU. */
#include "checkpoint.h"
#include "launch.h"
#include "run/container_delete.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <unistd.h>

#define LOCK_TIMEOUT_MS 10000

int cmd_checkpoint(const struct global *g, const struct options *o);

static void read_options(struct checkpoint *c, const struct options *o)
{
	long long status_fd = -1;

	option_number(o, "status-fd", &status_fd);
	*c = (struct checkpoint){
		.images_path = option_string(o, "image-path"),
		.work_path = option_string(o, "work-path"),
		.parent_path = option_string(o, "parent-path"),
		.page_server = option_string(o, "page-server"),
		.cgroup_mode = option_string(o, "manage-cgroups-mode"),
		.network_lock = option_string(o, "network-lock"),
		.status_fd = (int)status_fd,
		.leave_running = option_flag(o, "leave-running"),
		.tcp_established = option_flag(o, "tcp-established"),
		.tcp_skip_in_flight = option_flag(o, "tcp-skip-in-flight"),
		.link_remap = option_flag(o, "link-remap"),
		.ext_unix_sk = option_flag(o, "ext-unix-sk"),
		.shell_job = option_flag(o, "shell-job"),
		.lazy_pages = option_flag(o, "lazy-pages"),
		.file_locks = option_flag(o, "file-locks"),
		.pre_dump = option_flag(o, "pre-dump"),
		.auto_dedup = option_flag(o, "auto-dedup"),
	};
	c->n_empty_ns = option_strings(o, "empty-ns", &c->empty_ns);
	if (!c->images_path)
		c->images_path = "checkpoint";
}

static int check_status(const struct container *c, struct err *err)
{
	if (c->seen.status == OCI_STATUS_RUNNING || c->seen.status == OCI_STATUS_PAUSED)
		return 0;
	return err_say(err, -EINVAL, "container %s cannot be checkpointed: it is %s", c->dir.id,
		       oci_status_words[c->seen.status]);
}

/* The plan of its creation says which mounts are the host's. */
static int plan_again(struct launch *l, const struct container *c, struct oci_arena **ret_arena, struct err *err)
{
	int code = container_config(c, ret_arena, &l->config, err);

	if (code < 0)
		return code;
	l->request.id = c->dir.id;
	l->request.bundle = c->record->bundle;
	l->request.run = true;
	return launch_plan(l, err);
}

static int save(struct launch *l, struct container *c, const struct checkpoint *options, struct err *err)
{
	struct oci_arena *arena = NULL;
	struct plan_view plan;
	int code = check_status(c, err);

	if (code == 0)
		code = plan_again(l, c, &arena, err);
	if (code == 0) {
		plan_view_init(&plan, l->block);
		code = checkpoint_container(c, l->config, &plan, options, err);
	}
	oci_arena_free(arena);
	l->config = NULL;
	if (code < 0 || options->leave_running || options->pre_dump)
		return code;
	container_observe(c);
	return container_delete(c, err);
}

int cmd_checkpoint(const struct global *g, const struct options *o)
{
	struct checkpoint options;
	struct container c;
	struct launch l;
	struct err err = { 0 };

	read_options(&options, o);
	int code = container_open(g->root, o->args[0], LOCK_TIMEOUT_MS, &c, &err);
	if (code == 0) {
		launch_init(&l, g);
		code = save(&l, &c, &options, &err);
		launch_done(&l);
		container_done(&c);
	}
	return code < 0 ? cmd_fail(&err, 1) : 0;
}
