/* SPDX-License-Identifier: Apache-2.0 */
/* Restoring a container by CRIU; see restore.h. */
#include "restore.h"

#include "criu/criu_tree.h"
#include "plan/op_info.h"
#include "restore_rootfs.h"
#include "run/console.h"
#include "run/descriptors.h"
#include "run/run_ops.h"
#include "run/run_walk.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct restoring {
	const struct restore *options;
	struct launch *launch;
	struct run *run;
	struct criu criu;
	bool criu_runs;
	int root_fd;
	char *streams[DESCRIPTORS_N]; /* what the standard streams were */
	int fds[CRIU_MAX_FDS];        /* that criu gets: the caller's streams, then namespaces */
	size_t n_fds;
};

/* ---- descriptors ----------------------------------------------------------------------------------- */

static bool is_replaced(const char *stream)
{
	return stream && strncmp(stream, "pipe:", 5) == 0;
}

static int collect_fds(struct restoring *s, struct err *err)
{
	descriptors_load(s->options->images_path, s->streams);
	for (int i = 0; i < DESCRIPTORS_N; i++) {
		if (!is_replaced(s->streams[i]))
			continue;
		int fd = fcntl(i, F_DUPFD_CLOEXEC, 3);
		if (fd < 0)
			return err_set(err, -errno, "restore: standard stream %d, which was a pipe", i);
		s->fds[s->n_fds++] = fd;
	}
	return criu_open_namespaces(s->launch->config, s->fds, &s->n_fds, err);
}

static size_t put_streams(struct buf *opts, const struct restoring *s)
{
	size_t n = 0;

	for (int i = 0; i < DESCRIPTORS_N; i++)
		if (is_replaced(s->streams[i]))
			criu_put_inherited(opts, s->streams[i], n++);
	return n;
}

/* ---- what CRIU is asked for --------------------------------------------------------------------------- */

static void put_flags(struct buf *opts, const struct restore *o)
{
	const struct {
		enum criu_option field;
		bool given;
	} flags[] = {
		{ CRIU_RST_SIBLING, true }, /* our child, not criu's */
		{ CRIU_TCP_ESTABLISHED, o->tcp_established },
		{ CRIU_TCP_CLOSE, o->tcp_close },
		{ CRIU_EXT_UNIX_SK, o->ext_unix_sk },
		{ CRIU_SHELL_JOB, o->shell_job },
		{ CRIU_LAZY_PAGES, o->lazy_pages },
		{ CRIU_FILE_LOCKS, o->file_locks },
		{ CRIU_AUTO_DEDUP, o->auto_dedup },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (flags[i].given)
			criu_put_number(opts, flags[i].field, 1);
	criu_put_string(opts, CRIU_LSM_PROFILE, o->lsm_profile);
	criu_put_string(opts, CRIU_LSM_MOUNT_CONTEXT, o->lsm_mount_context);
}

/* The cgroup may have another name than when the container was saved. */
static void put_cgroup_roots(struct buf *opts, const struct cgroup *c)
{
	for (size_t i = 0; c && i < c->n_dirs; i++) {
		const char *p = c->dirs[i].controllers;

		do {
			size_t n = strcspn(p, ",");
			_cleanup_free_ char *name = mem_printf("%.*s", (int)n, p);

			criu_put_pair(opts, CRIU_CG_ROOT, name, c->dirs[i].path);
			p += n + (p[n] == ',');
		} while (*p);
	}
}

static int put_words(struct buf *opts, const struct restore *o, struct err *err)
{
	int code = criu_put_cgroup_mode(opts, o->cgroup_mode, err);

	if (code == 0)
		code = criu_put_network_lock(opts, o->network_lock, err);
	return code < 0 ? code : criu_put_empty_namespaces(opts, o->empty_ns, o->n_empty_ns, err);
}

static int put_options(struct buf *opts, struct restoring *s, struct err *err)
{
	const struct run *r = s->run;
	int code = put_words(opts, s->options, err);

	if (code < 0)
		return code;
	criu_put_defaults(&s->criu, opts);
	put_flags(opts, s->options);
	criu_put_string(opts, CRIU_ROOT, r->record->rootfs);
	criu_put_mounts(opts, &r->plan, s->root_fd, r->record->rootfs, true);
	put_cgroup_roots(opts, r->cgroup);
	criu_put_config_file(opts, r->config);
	return criu_put_joined_namespaces(opts, r->config, put_streams(opts, s), err);
}

/* ---- while it restores ------------------------------------------------------------------------------------ */

/* The namespaces are there, the processes not yet: what sets up a network does it now. */
static int run_hooks(struct run *r, pid_t pid, struct err *err)
{
	r->init_pid = pid;
	for (uint32_t i = 0, next; i < r->plan.header->n_ops && r->plan.ops[i].code != OP_EXECVE; i = next) {
		next = i + 1;
		if (r->plan.ops[i].code != OP_HOOK)
			continue;
		int code = run_host_op(r, i, &next, err);
		if (code < 0)
			return code;
	}
	return 0;
}

static int take_terminal(struct run *r, int fd, struct err *err)
{
	if (fd < 0)
		return err_say(err, -EPROTO, "CRIU sent no terminal");
	if (!r->request->console_socket) {
		r->console_fd = fd;
		return 0;
	}
	int code = console_send(r->request->console_socket, fd, err);
	fd_close(fd);
	return code;
}

static int notified(void *user, const char *script, pid_t pid, int fd, struct err *err)
{
	struct restoring *s = user;

	if (strcmp(script, "setup-namespaces") == 0)
		return run_hooks(s->run, pid, err);
	if (strcmp(script, "orphan-pts-master") == 0)
		return take_terminal(s->run, fd, err);
	fd_close(fd);
	return 0;
}

/* ---- the steps of the plan that are done otherwise --------------------------------------------------------- */

static int start_criu(struct restoring *s, struct err *err)
{
	struct run *r = s->run;
	const char *rootfs = r->record->rootfs;

	if (!rootfs)
		return err_say(err, -EINVAL, "/root: restore needs a root file system");
	s->root_fd = fd_open(AT_FDCWD, rootfs, O_PATH | O_DIRECTORY, 0);
	if (s->root_fd < 0)
		return err_set(err, s->root_fd, "/root/path: open %s", rootfs);
	int code = restore_make_mountpoints(s->root_fd, &r->plan, err);
	if (code == 0)
		code = collect_fds(s, err);
	if (code < 0)
		return code;
	const struct criu_start start = { .what = "restore",
					  .log_name = "restore.log",
					  .rootfs = rootfs,
					  .images_path = s->options->images_path,
					  .work_path = s->options->work_path,
					  .fds = s->fds,
					  .n_fds = s->n_fds };
	code = criu_start(&s->criu, &start, err);
	if (code < 0)
		return code;
	s->criu_runs = true;
	r->executor_pid = s->criu.pid;
	return 0;
}

static int call_criu(struct restoring *s, struct err *err)
{
	_cleanup_buf_ struct buf opts = { 0 };
	struct criu_reply reply = { 0 };
	struct run *r = s->run;

	int code = put_options(&opts, s, err);
	if (code == 0)
		code = criu_call(&s->criu, CRIU_RESTORE, &opts, notified, s, &reply, err);
	if (code < 0)
		return code;
	if (reply.pid <= 0)
		return err_say(err, -EPROTO, "CRIU named no process");
	r->init_pid = reply.pid;
	r->init_pid_fd = (int)syscall(SYS_pidfd_open, reply.pid, 0);
	return r->init_pid_fd < 0 ? err_set(err, -errno, "the restored process %d", (int)reply.pid) : 0;
}

/* The ops of a plan that a restore needs too: the record, the cgroup, and what is about init from outside. */
static bool is_needed(unsigned code)
{
	static const bool needed[OP_MAX] = {
		[OP_RECORD] = true,          [OP_CGROUP_CREATE] = true, [OP_CGROUP_WRITE] = true,
		[OP_CGROUP_DEVICES] = true,  [OP_CGROUP_CHOWN] = true,  [OP_CGROUP_ATTACH] = true,
		[OP_CGROUP_DELEGATE] = true, [OP_UNIT_PROPERTY] = true, [OP_RDT] = true,
		[OP_KEEPER] = true,          [OP_PID_FILE] = true,
	};

	return needed[code];
}

static int step(struct restoring *s, uint32_t i, uint32_t *ret_next, struct err *err)
{
	unsigned code = s->run->plan.ops[i].code;

	*ret_next = i + 1;
	if (code == OP_SPAWN)
		return start_criu(s, err);
	/* Where the container process would begin: its tree is what CRIU makes. */
	if (s->run->init_pid_fd < 0 && (code == OP_CLONE || op_info[code].side == SIDE_INIT))
		return call_criu(s, err);
	return is_needed(code) ? run_host_op(s->run, i, ret_next, err) : 0;
}

static int walk(struct run *r, void *user, struct err *err)
{
	struct restoring *s = user;
	int code = 0;

	s->run = r;
	for (uint32_t i = 0, next; code == 0 && i < r->plan.header->n_ops; i = next)
		code = step(s, i, &next, err);
	if (s->criu_runs)
		criu_end(&s->criu);
	if (code < 0)
		run_unmake(r);
	return code;
}

static void restoring_done(struct restoring *s)
{
	fd_close(s->root_fd);
	for (int i = 0; i < DESCRIPTORS_N; i++)
		free(s->streams[i]);
	for (size_t i = 0; i < s->n_fds; i++)
		fd_close(s->fds[i]);
}

int restore_container(struct launch *l, const struct restore *options, struct err *err)
{
	struct restoring s = { .options = options, .launch = l, .root_fd = -1 };

	/* Without a directory of images nothing need be made. */
	if (access(options->images_path, R_OK | X_OK) < 0)
		return err_set(err, -errno, "restore container %s: images in %s", l->request.id, options->images_path);
	l->request.restore = true;
	int code = launch_prepare(l, err);
	if (code < 0)
		return code;
	code = launch_walk(l, walk, &s, err);
	restoring_done(&s);
	return code < 0 ? err_prefix(err, "restore container %s", l->request.id) : 0;
}
