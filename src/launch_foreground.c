/* SPDX-License-Identifier: Apache-2.0 */
/* A container in the foreground: until its program ends, then what is left of it goes; see launch.h. */
#include "foreground.h"
#include "launch.h"
#include "run_ops.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>

#define LOCK_TIMEOUT_MS 30000

/* Is the record still this container's? Someone may have deleted it, and made another of that name. */
static bool is_ours(const struct launch *l, const struct state_dir *dir)
{
	struct oci_arena *arena = NULL;
	const struct husk_record *record = NULL;

	if (state_read(dir, &arena, &record, NULL) < 0 && !record)
		return false;
	bool same = record->pid == l->record.pid && record->pid_start_time == l->record.pid_start_time;
	oci_arena_free(arena);
	return same;
}

/* After the program's end: what is left of the container goes, as with delete. */
static void clean_up(struct launch *l)
{
	struct err err = { 0 };
	struct state_dir dir;

	if (l->request.keep) {
		if (cgroup_kill(&l->cgroup, LOCK_TIMEOUT_MS, &err) < 0)
			log_warning("%s", err.text);
		return;
	}
	if (state_dir_open(l->global->root, l->request.id, LOCK_TIMEOUT_MS, &dir, &err) < 0) {
		if (err.code != -ENOENT)
			log_warning("%s", err.text);
		return;
	}
	if (is_ours(l, &dir)) {
		l->dir = dir;
		l->has_dir = true;
		l->run.hook_failed = true; /* the poststop hooks run */
		/* It has been reaped: nobody is behind it any more. */
		l->run.init_pid_fd = fd_close(l->run.init_pid_fd);
		run_unmake(&l->run);
	} else {
		state_dir_done(&dir);
	}
}

int launch_in_foreground(struct launch *l, int (*start)(struct launch *l, struct err *err), struct err *err)
{
	struct foreground f;
	int status = 1, code = foreground_begin(&f, !l->request.no_subreaper, err);

	if (code == 0)
		code = start(l, err);
	if (code == 0) {
		/* Others may work on the container while we wait. */
		state_dir_done(&l->dir);
		l->has_dir = false;
		f.notify_fd = l->notify_fd;
		f.notify_path = l->request.notify_socket;
		code = foreground_wait(&f, l->run.init_pid, fd_take(l->run.console_fd), &status, err);
		clean_up(l);
	}
	foreground_end(&f);
	return code < 0 ? code : status;
}
