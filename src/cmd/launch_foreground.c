/* SPDX-License-Identifier: Apache-2.0 */
/* A container in the foreground: until its program ends, then what is left of it goes; see launch.h. */
#include "launch.h"
#include "run/foreground.h"
#include "run/run_ops.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>

#define LOCK_TIMEOUT_MS 30000

/* After the program's end: what is left of the container goes, as with delete. */
static void clean_up(struct launch *l)
{
	struct err err = { 0 };

	if (l->request.keep) {
		if (cgroup_kill(&l->cgroup, LOCK_TIMEOUT_MS, &err) < 0)
			log_warning("%s", err.text);
		return;
	}
	/* Someone may have deleted it, and made another of that name: that would be another directory. */
	if (state_dir_lock(&l->dir, LOCK_TIMEOUT_MS, &err) < 0) {
		if (err.code != -ENOENT)
			log_warning("%s", err.text);
		return;
	}
	l->run.hook_failed = true; /* the poststop hooks run */
	/* It has been reaped: nobody is behind it any more. */
	l->run.init_pid_fd = fd_close(l->run.init_pid_fd);
	cgroup_remove_empty(&l->cgroup);
	run_unmake(&l->run);
}

int launch_in_foreground(struct launch *l, int (*start)(struct launch *l, struct err *err), struct err *err)
{
	struct foreground f;
	int status = 1, code = foreground_begin(&f, !l->request.no_subreaper, err);

	if (code == 0)
		code = start(l, err);
	if (code == 0) {
		/* Others may work on the container while we wait. */
		state_dir_unlock(&l->dir);
		f.notify_fd = l->notify_fd;
		f.notify_path = l->request.notify_socket;
		code = foreground_wait(&f, l->run.init_pid, fd_take(l->run.console_fd), &status, err);
		clean_up(l);
	}
	foreground_end(&f);
	return code < 0 ? code : status;
}
