/* SPDX-License-Identifier: Apache-2.0 */
/* `husk restore`: a container again from what `checkpoint` saved, by CRIU. */
#include "restore.h"
#include "util/err.h"
#include "util/log.h"

int cmd_restore(const struct global *g, const struct options *o);

/* launch_in_foreground calls start with the launch alone. */
struct restore_launch {
	struct launch launch; /* first */
	struct restore options;
};

static int read_options(struct restore_launch *r, const struct options *o, struct err *err)
{
	struct launch *l = &r->launch;
	int code = launch_options(l, o, err);

	if (code < 0)
		return code;
	l->request.bundle = option_string(o, "bundle");
	l->config_path = option_string(o, "config");
	l->request.detach = option_flag(o, "detach");
	l->request.no_subreaper = option_flag(o, "no-subreaper");
	l->request.run = true;
	l->request.notify_socket = NULL; /* the program has said long ago that it is ready */
	if (l->request.preserve_fds)
		log_warning("--preserve-fds: a restored program has the descriptors that it had");
	r->options = (struct restore){
		.images_path = option_string(o, "image-path"),
		.work_path = option_string(o, "work-path"),
		.cgroup_mode = option_string(o, "manage-cgroups-mode"),
		.network_lock = option_string(o, "network-lock"),
		.lsm_profile = option_string(o, "lsm-profile"),
		.lsm_mount_context = option_string(o, "lsm-mount-context"),
		.tcp_established = option_flag(o, "tcp-established"),
		.tcp_close = option_flag(o, "tcp-close"),
		.ext_unix_sk = option_flag(o, "ext-unix-sk"),
		.shell_job = option_flag(o, "shell-job"),
		.lazy_pages = option_flag(o, "lazy-pages"),
		.file_locks = option_flag(o, "file-locks"),
		.auto_dedup = option_flag(o, "auto-dedup"),
	};
	r->options.n_empty_ns = option_strings(o, "empty-ns", &r->options.empty_ns);
	if (!r->options.images_path)
		r->options.images_path = "checkpoint";
	return 0;
}

static int start(struct launch *l, struct err *err)
{
	struct restore_launch *r = (struct restore_launch *)l;
	int code = restore_container(l, &r->options, err);

	return code < 0 ? code : launch_send_pidfd(l, err);
}

int cmd_restore(const struct global *g, const struct options *o)
{
	struct err err = { 0 };
	struct restore_launch r = { .options = { 0 } };

	launch_init(&r.launch, g);
	int code = read_options(&r, o, &err);
	if (code == 0)
		code = r.launch.request.detach ? start(&r.launch, &err) : launch_in_foreground(&r.launch, start, &err);
	launch_done(&r.launch);
	return code < 0 ? cmd_fail(&err, 1) : code;
}
