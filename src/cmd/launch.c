/* SPDX-License-Identifier: Apache-2.0 */
/* What create, run and exec share; see launch.h. */
#include "launch.h"

#include "plan/annotation.h"
#include "plan/cgroup_annotations.h"
#include "plan/plan_build.h"
#include "run/notify_socket.h"
#include "run/passed_fds.h"
#include "run/run_ops.h"
#include "run/run_record.h"
#include "run/run_walk.h"
#include "run/trace.h"
#include "util/date.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define HEAP_SIZE (112 * 1024u) /* what a launch of a small configuration uses */

/* Without memory for more: what this launch has made is unmade, as after any other failure. */
static void undo(void *user)
{
	struct launch *l = user;

	if (l->run.plan.header)
		run_unmake(&l->run);
	else if (l->has_dir)
		state_dir_remove(&l->dir, NULL);
}

void launch_init(struct launch *l, const struct global *g)
{
	*l = (struct launch){ .global = g, .request = { .root = g->root, .driver = g->driver }, .notify_fd = -1 };
	mem_prefault(HEAP_SIZE);
	run_init(&l->run);
	mem_on_exhaustion(undo, l);
}

void launch_done(struct launch *l)
{
	mem_on_exhaustion(NULL, NULL);
	run_done(&l->run);
	trace_free(l->run.trace);
	fd_close(l->notify_fd);
	run_record_done(&l->record);
	free(l->record.rdt_path);
	if (l->has_dir)
		state_dir_done(&l->dir);
	cgroup_done(&l->cgroup);
	seccomp_program_done(&l->seccomp);
	facts_done(&l->facts);
	oci_arena_free(l->arena);
	free(l->text);
	free(l->block);
	free(l->created);
	free(l->owner);
	free(l->rootfs);
	free(l->id);
	free(l->bundle);
	free(l->pid_file);
	free(l->console_socket);
	free(l->pidfd_socket);
}

/* ---- options ------------------------------------------------------------------------------------ */

/* Relative to the caller's directory; NULL stays NULL. */
static int absolute(const char *path, char **ret, struct err *err)
{
	if (!path)
		return 0;
	_cleanup_free_ char *dir = path[0] == '/' ? mem_strdup("/") : getcwd(NULL, 0);
	if (!dir)
		return err_set(err, -errno, "find the current directory");
	free(*ret);
	*ret = path_join(dir, path);
	return 0;
}

static int count_fds(struct launch *l, const struct options *o, struct err *err)
{
	long long n;

	l->request.listen_fds = passed_listen_fds();
	if (!option_number(o, "preserve-fds", &n))
		n = 0;
	if (n < 0 || n > 65536)
		return err_say(err, -EINVAL, "--preserve-fds %lld: must be between 0 and 65536", n);
	l->request.preserve_fds = (unsigned)n;
	return passed_fds_check(&l->request, err);
}

int launch_options(struct launch *l, const struct options *o, struct err *err)
{
	int code = absolute(option_string(o, "pid-file"), &l->pid_file, err);

	if (code == 0)
		code = absolute(option_string(o, "console-socket"), &l->console_socket, err);
	if (code == 0)
		code = absolute(option_string(o, "pidfd-socket"), &l->pidfd_socket, err);
	if (code == 0)
		code = count_fds(l, o, err);
	if (code < 0)
		return code;
	l->request.id = o->args[0];
	l->request.pid_file = l->pid_file;
	l->request.console_socket = l->console_socket;
	l->request.pidfd_socket = l->pidfd_socket;
	l->request.notify_socket = getenv("NOTIFY_SOCKET");
	l->trace_path = option_string(o, "trace");
	l->request.trace = l->trace_path != NULL;
	return 0;
}

int launch_check_terminal(const struct launch *l, bool terminal, struct err *err)
{
	bool detach = l->request.detach, has_socket = l->request.console_socket != NULL;

	if (terminal && detach && !has_socket)
		return err_say(err, -EINVAL,
			       "cannot allocate tty if husk will detach without setting console socket: "
			       "use --console-socket, or do not detach");
	if (has_socket && (!terminal || !detach))
		return err_say(err, -EINVAL, "cannot use console socket if husk will not detach or allocate tty");
	return 0;
}

/* ---- configuration ------------------------------------------------------------------------------ */

static int parse_config(struct launch *l, const char *path, struct err *err)
{
	const struct oci_read_options options = { .name = "config.json" };
	struct oci_errors errors = { 0 };

	int code = oci_config_read(l->text, l->text_len, &options, &l->arena, &l->config, &errors);
	if (code < 0)
		err_say(err, code, "%s", errors.text ? errors.text : path);
	oci_errors_done(&errors);
	return code;
}

int launch_config(struct launch *l, struct err *err)
{
	int code = absolute(l->request.bundle ? l->request.bundle : ".", &l->bundle, err);

	if (code < 0)
		return code;
	/* "." alone is not a name that anybody would want to read in the state. */
	if (!l->request.bundle || strcmp(l->request.bundle, ".") == 0) {
		char *clean = path_clean(l->bundle);
		free(l->bundle);
		l->bundle = clean;
	}
	l->request.bundle = l->bundle;
	_cleanup_free_ char *path = l->config_path ? mem_strdup(l->config_path) : path_join(l->bundle, "config.json");
	code = fd_read_document(AT_FDCWD, path, OCI_DOCUMENT_MAX, &l->text, &l->text_len);
	if (code == -ENODEV)
		return err_say(err, code, "read the configuration %s: not a regular file", path);
	if (code == -ENOENT)
		return err_say(err, code, "read the configuration %s: %s (\"husk spec\" writes one to begin with)",
			       path, err_reason(code));
	if (code < 0)
		return err_set(err, code, "read the configuration %s", path);
	return parse_config(l, path, err);
}

int launch_seccomp(struct launch *l, const struct oci_seccomp *s, struct err *err)
{
	_cleanup_free_ char *cache = mem_printf("%s/.seccomp", l->global->root);

	if (!s)
		return 0;
	const char *strict = annotation_get(l->config, "run.oci.seccomp_fail_unknown_syscall");
	int code = strict && strcmp(strict, "0") != 0 ? seccomp_check_names(s, err) : 0;
	if (code < 0)
		return code;
	code = seccomp_compile(s, cache, &l->seccomp, err);
	if (code == 0)
		l->request.seccomp = &l->seccomp;
	return code;
}

/* ---- record --------------------------------------------------------------------------------------- */

static char *now(void)
{
	struct timespec t;
	struct date d;

	clock_gettime(CLOCK_REALTIME, &t);
	date_utc(t.tv_sec, &d);
	return mem_printf("%04u-%02u-%02uT%02u:%02u:%02u.%09ldZ", d.year, d.month, d.day, d.hour, d.minute, d.second,
			  t.tv_nsec);
}

/* From /etc/passwd alone: asking the name services would load libraries. */
static char *user_name(uid_t uid)
{
	FILE *f = uid ? fopen("/etc/passwd", "re") : NULL;
	struct passwd *p = NULL;

	if (uid == 0)
		return mem_strdup("root");
	while (f && (p = fgetpwent(f)) && p->pw_uid != uid)
		;
	char *name = p ? mem_strdup(p->pw_name) : mem_printf("%u", (unsigned)uid);
	if (f)
		fclose(f);
	return name;
}

static void fill_record(struct launch *l)
{
	const struct oci_config *c = l->config;

	l->created = now();
	l->owner = user_name(l->facts.euid);
	_cleanup_free_ char *rootfs = c->root && c->root->path ? path_join(l->bundle, c->root->path) : NULL;
	l->rootfs = rootfs ? path_clean(rootfs) : NULL;
	l->record = (struct husk_record){
		.oci_version = (char *)OCISPEC_VERSION,
		.id = (char *)l->request.id,
		.status = (char *)"creating",
		.bundle = l->bundle,
		.rootfs = l->rootfs,
		.created = l->created,
		.owner = l->owner,
		.rootless = l->facts.rootless,
		.has_rootless = true,
		.terminal = c->process && c->process->terminal,
		.has_terminal = true,
		.annotations = c->annotations,
		.n_annotations = c->n_annotations,
	};
}

/* ---- plan ------------------------------------------------------------------------------------------ */

int launch_seal(struct launch *l, const struct plan *p, struct err *err)
{
	int code = plan_seal(p, l->request.trace ? PLAN_TRACE : 0, request_first_fd(&l->request), &l->block,
			     &l->block_size);

	if (code < 0)
		return err_set(err, code, "seal the plan");
	/* Dispositions survive two execs; those that are default already cost no call. */
	((struct plan_header *)l->block)->ignored = l->facts.ignored;
	return 0;
}

int launch_plan(struct launch *l, struct err *err)
{
	struct plan p;
	const struct oci_linux *linux_ = l->config->linux_;

	int code = host_probe(l->config, &l->request, &l->facts, err);
	if (code == 0)
		code = launch_seccomp(l, linux_ ? linux_->seccomp : NULL, err);
	if (code == 0)
		code = cgroup_locate_configured(l->config, &l->facts, &l->request, &l->cgroup, err);
	if (code < 0)
		return code;
	if (!l->facts.rootless)
		cgroup_set_mark(&l->cgroup, l->request.id);
	plan_init(&p);
	code = plan_build(&p, l->config, &l->facts, &l->request, err);
	for (size_t i = 0; i < p.n_warnings; i++)
		log_warning("%s", p.warnings[i]);
	if (code == 0)
		log_debug("plan of container %s: %zu ops", l->request.id, (size_t)p.n_ops);
	if (code == 0)
		code = launch_seal(l, &p, err);
	plan_done(&p);
	return code;
}

/* `start` walks the rest of the plan, by this copy. */
static int save_plan(struct launch *l, struct err *err)
{
	if (l->request.run)
		return 0;
	int code = fd_replace_file(l->dir.dir_fd, "plan", l->block, l->block_size, 0600);
	return code < 0 ? err_set(err, code, "save the plan of container %s", l->request.id) : 0;
}

static int prepare_notify(struct launch *l, struct err *err)
{
	if (!l->request.notify_socket)
		return 0;
	int code = notify_socket_prepare(l->dir.dir_fd, err);
	if (code < 0 || !l->request.run)
		return code;
	l->notify_fd = notify_socket_listen(l->dir.dir_fd, err);
	return l->notify_fd < 0 ? l->notify_fd : 0;
}

int launch_wait_ready(struct launch *l, struct err *err)
{
	if (l->notify_fd < 0)
		return 0;
	return notify_socket_forward(l->notify_fd, l->request.notify_socket, l->run.init_pid, l->run.init_pid_fd, err);
}

static int make_dir(struct launch *l, struct err *err)
{
	int code = state_dir_create(l->global->root, l->request.id, &l->dir, err);

	if (code < 0)
		return code;
	l->has_dir = true;
	fill_record(l);
	/* The record itself is the plan's first op, which knows the cgroup. */
	code = state_write_config(&l->dir, l->text, l->text_len, err);
	if (code == 0)
		code = save_plan(l, err);
	if (code == 0)
		code = prepare_notify(l, err);
	if (code < 0)
		state_dir_remove(&l->dir, NULL);
	return code;
}

int launch_walk(struct launch *l, int (*walk)(struct run *r, void *user, struct err *err), void *user, struct err *err)
{
	struct run *r = &l->run;
	struct err trace_err = { 0 };

	r->request = &l->request;
	r->facts = &l->facts;
	r->config = l->config;
	r->block = l->block;
	r->block_size = l->block_size;
	plan_view_init(&r->plan, l->block);
	r->cgroup = &l->cgroup;
	r->dir = l->has_dir ? &l->dir : NULL;
	r->record = &l->record;
	r->trace = l->request.trace ? trace_new() : NULL;
	int code = walk(r, user, err);
	if (l->trace_path && trace_write(r->trace, &r->plan, l->trace_path, &trace_err) < 0 && code == 0) {
		run_unmake(r);
		*err = trace_err;
		return trace_err.code;
	}
	return code;
}

static int walk_plan(struct run *r, void *user, struct err *err)
{
	(void)user;
	return run_plan(r, err);
}

int launch_run(struct launch *l, struct err *err)
{
	return launch_walk(l, walk_plan, NULL, err);
}

int launch_send_pidfd(struct launch *l, struct err *err)
{
	if (!l->pidfd_socket)
		return 0;
	/* The text is what is there with a descriptor in similar interfaces: a name. */
	int code = unix_socket_deliver("pidfd socket", l->pidfd_socket, "pidfd", 5, l->run.init_pid_fd, err);
	if (code < 0)
		run_unmake(&l->run);
	return code;
}

/* --pidfd-socket, for callers that cannot give flags. */
static int pidfd_receiver(struct launch *l, struct err *err)
{
	const char *path = l->pidfd_socket ? NULL : annotation_get(l->config, "run.oci.pidfd_receiver");

	if (path && !path[0])
		return err_say(err, -EINVAL, "the annotation run.oci.pidfd_receiver names no socket");
	return absolute(path, &l->pidfd_socket, err);
}

int launch_prepare(struct launch *l, struct err *err)
{
	int code = state_check_id(l->request.id, err);

	if (code == 0)
		code = launch_config(l, err);
	if (code == 0)
		code = pidfd_receiver(l, err);
	if (code == 0)
		code = launch_check_terminal(l, l->config->process && l->config->process->terminal, err);
	if (code == 0)
		code = launch_plan(l, err);
	if (code == 0)
		code = make_dir(l, err);
	return code;
}

int launch_container(struct launch *l, struct err *err)
{
	int code = launch_prepare(l, err);

	return code < 0 ? code : launch_run(l, err);
}
