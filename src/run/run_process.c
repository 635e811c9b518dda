/* SPDX-License-Identifier: Apache-2.0 */
/* Host ops of the processes: executor, id maps, keeper, hooks, terminal, seccomp agent, network devices. */
#include "plan/annotation.h"
#include "run_ops.h"

#include "console.h"
#include "hook.h"
#include "hook_poststop.h"
#include "idmap.h"
#include "keeper.h"
#include "netdev.h"
#include "seccomp_agent.h"
#include "spawn.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* ---- the executor -------------------------------------------------------------------------- */

#define MAX_HIERARCHIES 24 /* of cgroup v1, named ones too */

/* In a frozen cgroup it would freeze at once, and we, who wait for its exec, with it. */
static bool may_enter(const struct run *r)
{
	return r->cgroup && !(r->request->exec && r->request->exec->paused);
}

/* The image is executed in the container's cgroup. */
static bool has_memory_limit(const struct run *r)
{
	const struct oci_resources *res = r->config && r->config->linux_ ? r->config->linux_->resources : NULL;

	return r->cgroup && res && res->memory && res->memory->has_limit && res->memory->limit > 0;
}

static int spawn_with(struct run *r, const struct op *op, int sync_fd, int cgroup_fd, struct err *err)
{
	_cleanup_fd_ int plan_fd = spawn_sealed_data("husk-plan", r->block, r->block_size);
	_cleanup_free_ char *first = mem_printf("%u", r->plan.header->first_fd);
	const char *args[] = { first, NULL };
	int fds[] = { sync_fd, plan_fd }, task_fds[MAX_HIERARCHIES];
	size_t n_task_fds = may_enter(r) ? cgroup_open_tasks(r->cgroup, task_fds, MAX_HIERARCHIES) : 0;
	struct spawn s = {
		.role = "run",
		.args = args,
		.first_fd = r->plan.header->first_fd,
		.fds = fds,
		.n_fds = 2,
		.cgroup_fd = cgroup_fd,
		.task_fds = task_fds,
		.n_task_fds = n_task_fds,
		.namespaces = op->u.SPAWN.namespaces,
		.temp_dir = r->request->root,
	};
	int code = plan_fd < 0 ? err_set(err, plan_fd, "make the plan's memory file")
			       : spawn_executor(&s, &r->executor_pid, &r->executor_pid_fd, &r->entered, err);
	fd_close_many(task_fds, n_task_fds);
	if (code == -ENOMEM && has_memory_limit(r))
		code = run_error_memory(err);
	if (code == 0 && op->u.SPAWN.born) {
		r->init_pid = r->executor_pid;
		r->init_pid_fd = fd_take(r->executor_pid_fd);
	}
	return code;
}

int run_op_SPAWN(struct run *r, const struct op *op, struct err *err)
{
	int sync_fds[2];
	int code = sync_channel_open(sync_fds);

	if (code < 0)
		return err_set(err, code, "make the sync socket");
	r->sync_fd = sync_fds[0];
	_cleanup_fd_ int child_fd = sync_fds[1];
	_cleanup_fd_ int cgroup_fd = op->u.SPAWN.into_cgroup && r->cgroup ? cgroup_open_v2(r->cgroup) : -1;
	return spawn_with(r, op, child_fd, cgroup_fd, err);
}

int run_op_IDMAP(struct run *r, const struct op *op, struct err *err)
{
	return idmap_write(r->executor_pid, plan_view_str(&r->plan, op->u.IDMAP.uid_map),
			   plan_view_str(&r->plan, op->u.IDMAP.gid_map), op->u.IDMAP.flags, err);
}

int run_op_KEEPER(struct run *r, const struct op *op, struct err *err)
{
	(void)op;
	if (!r->cgroup)
		return 0;
	return keeper_start(r->init_pid_fd, r->cgroup, r->request->root, &r->keeper_pid, err);
}

int run_op_FINISH(struct run *r, const struct op *op, struct err *err)
{
	siginfo_t info = { .si_pid = 0 };

	(void)op;
	(void)err;
	r->sync_fd = fd_close(r->sync_fd); /* EOF: it ends */
	while (waitid(P_PIDFD, (id_t)r->init_pid_fd, &info, WEXITED) < 0 && errno == EINTR)
		;
	r->started = true;
	return 0;
}

int run_op_NETDEV(struct run *r, const struct op *op, struct err *err)
{
	return netdev_move(plan_view_str(&r->plan, op->u.NETDEV.name), plan_view_str(&r->plan, op->u.NETDEV.new_name),
			   r->init_pid, err);
}

/* ---- hooks --------------------------------------------------------------------------------------- */

static enum oci_status status_of(const char *word)
{
	int status = word ? oci_word_find(oci_status_words, word) : -1;

	return status < 0 ? OCI_STATUS_CREATING : (enum oci_status)status;
}

int run_op_HOOK(struct run *r, const struct op *op, struct err *err)
{
	const struct plan_view *v = &r->plan;
	_cleanup_free_ char *output = annotation_hook_output(r->config, r->record->bundle, HOOKS_STDOUT_ANNOTATION);
	_cleanup_free_ char *error = annotation_hook_output(r->config, r->record->bundle, HOOKS_STDERR_ANNOTATION);
	_cleanup_free_ char *state = NULL;
	const char **argv = NULL, **envp = NULL;

	int code = state_json(r->record, status_of(plan_view_str(v, op->u.HOOK.status)), r->init_pid, 0, &state);
	if (code < 0)
		return err_set(err, code, "write the state for a hook");
	plan_view_strv(v, op->u.HOOK.argv, &argv);
	if (op->u.HOOK.envp)
		plan_view_strv(v, op->u.HOOK.envp, &envp);
	struct hook h = {
		.stage = plan_view_str(v, op->u.HOOK.stage),
		.index = hook_index(plan_view_str(v, op->where)),
		.path = plan_view_str(v, op->u.HOOK.path),
		.argv = argv,
		.envp = envp,
		.timeout = op->u.HOOK.timeout,
		.state = state,
		.stdout_path = output,
		.stderr_path = error,
	};
	code = hook_run(&h, err);
	r->hook_failed = code < 0;
	free(argv);
	free(envp);
	return code;
}

/* ---- what comes from the container process --------------------------------------------------------- */

/* Without a console socket the terminal stays with us: a foreground run copies it. */
int run_op_CONSOLE(struct run *r, const struct op *op, struct err *err)
{
	(void)op;
	if (r->console_fd < 0)
		return err_say(err, -EPROTO, "the container process sent no terminal");
	if (!r->request->console_socket) {
		/* Before the program asks for it: copying begins only once the program runs. */
		console_fit(r->console_fd);
		return 0;
	}
	int code = console_send(r->request->console_socket, r->console_fd, err);
	r->console_fd = fd_close(r->console_fd);
	return code;
}

int run_op_SECCOMP_AGENT(struct run *r, const struct op *op, struct err *err)
{
	const char *path = plan_view_str(&r->plan, op->u.SECCOMP_AGENT.path);

	if (r->seccomp_handed)
		return 0;
	if (r->seccomp_fd < 0)
		return err_say(err, -EPROTO, "the container process sent no seccomp listener");
	const char *status = r->request->exec ? "running" : "created";
	int code = seccomp_agent_send(path, plan_view_str(&r->plan, op->u.SECCOMP_AGENT.metadata), r->record, status,
				      r->init_pid, r->seccomp_fd, err);
	r->seccomp_fd = fd_close(r->seccomp_fd);
	r->seccomp_handed = code == 0;
	if (code < 0) {
		err_prefix(err, "failed to connect with seccomp agent");
		err_where(err, "/linux/seccomp/listenerPath");
	}
	return code;
}
