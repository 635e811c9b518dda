/* SPDX-License-Identifier: Apache-2.0 */
/* After a failure: what was started is killed, what was made is removed. A failed create leaves nothing; a
 * failed start leaves a stopped container. */
#include "hook_poststop.h"
#include "run_ops.h"

#include "container/container.h"
#include "container/container_members.h"
#include "rdt.h"
#include "run_record.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILL_TIMEOUT_MS 10000

static void kill_by_fd(int pid_fd)
{
	if (pid_fd >= 0)
		syscall(SYS_pidfd_send_signal, pid_fd, SIGKILL, NULL, 0);
}

/* Wait for the death of a process that was killed; reap it when it is our child. */
static void reap(int *pid_fd)
{
	struct pollfd p = { .fd = *pid_fd, .events = POLLIN };
	siginfo_t info;

	if (*pid_fd < 0)
		return;
	if (poll(&p, 1, KILL_TIMEOUT_MS) > 0)
		waitid(P_PIDFD, (id_t)*pid_fd, &info, WEXITED | WNOHANG);
	*pid_fd = fd_close(*pid_fd);
}

/* Between two messages a container process may exist that nobody has told us about; closing the socket
 * ends it, and it is our child (CLONE_PARENT). */
static void reap_unknown(const struct run *r)
{
	if (r->executor_pid > 0 && r->init_pid <= 0)
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
}

/* Everyone in the container: by its cgroup, or else by its namespaces. */
static int kill_members(struct run *r, struct err *err)
{
	struct container c = { .dir = *r->dir,
			       .record = r->record,
			       .seen = { .pid = r->init_pid, .pid_fd = r->init_pid_fd } };

	if (r->cgroup && r->cgroup->n_dirs > 0)
		return r->cgroup->owned ? cgroup_kill(r->cgroup, KILL_TIMEOUT_MS, err) : 0;
	if (r->init_pid <= 0)
		return 0;
	if (r->executor_pid > 0)
		run_record_process(r);
	return container_members_kill(&c, KILL_TIMEOUT_MS, err);
}

static void kill_processes(struct run *r)
{
	struct err err = { 0 };

	r->sync_fd = fd_close(r->sync_fd);
	kill_by_fd(r->executor_pid_fd);
	/* Before init is gone: its namespaces tell who else is in the container. */
	if (r->dir && r->record && r->executor_pid + r->init_pid > 0 && kill_members(r, &err) < 0)
		log_warning("%s", err.text);
	kill_by_fd(r->init_pid_fd);
	reap(&r->executor_pid_fd);
	reap(&r->init_pid_fd);
	reap_unknown(r);
	if (r->keeper_pid > 0)
		while (waitpid(r->keeper_pid, NULL, 0) < 0 && errno == EINTR)
			;
}

static void remove_made(struct run *r)
{
	struct err err = { 0 };

	if (r->record->rdt_path)
		rdt_remove(r->record->rdt_path);
	if (r->cgroup && r->cgroup->owned && cgroup_remove(r->cgroup, KILL_TIMEOUT_MS, &err) < 0)
		log_warning("%s", err.text);
	/* What could not be removed stays in the record, for `delete --force`. */
	if (err.code == 0 && state_dir_remove(r->dir, &err) < 0)
		log_warning("%s", err.text);
}

void run_unmake(struct run *r)
{
	/* `start` did not make the container: it stays, stopped, unless the lifecycle destroys it. */
	bool is_start = r->executor_pid == 0 && r->init_pid > 0;

	kill_processes(r);
	if (!r->dir || !r->record || (is_start && !r->hook_failed))
		return;
	remove_made(r);
	if (r->hook_failed)
		hook_run_poststop(r->config, r->record);
}
