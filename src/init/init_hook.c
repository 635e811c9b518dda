/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INIT ops hook_output and hook_in: a hook in the container's namespaces.  It reads the state from its standard input;
 * what it prints goes to the files that hook_output named, or is kept for the error, should it fail.  It is a process
 * group of its own, killed as a whole when its time is up.
 *
 * Errors: the errno with which the hook could not be executed; -ECHILD: it ended with c->detail, a wait status;
 * -ETIMEDOUT.  The text is the start of what it printed.
 */
#include "init/init.h"

#define OUTPUT_MAX 2048

struct hook {
	const struct op_args_HOOK_IN *a;
	char **argv, **envp;
	int in[2], out[2], error[2]; /* pipes: to its standard input, from its output, and for a failing execve */
	int pid, pid_fd;
	uint64_t deadline; /* init_clock(), or 0 */
	const char *part;  /* of the state: what is to be written next */
	unsigned n_part;
	char pid_text[24];
	uint32_t status;
};

static _Noreturn void hook_child(struct init *c, struct hook *h)
{
	int error;

	sys(NR_setpgid, 0, 0);
	error = (int)sys(NR_dup3, h->in[0], 0, 0);
	if (error >= 0)
		error = (int)sys(NR_dup3, c->hook_output_fd >= 0 ? c->hook_output_fd : h->out[1], 1, 0);
	if (error >= 0)
		error = (int)sys(NR_dup3, c->hook_error_fd >= 0 ? c->hook_error_fd : h->out[1], 2, 0);
	if (error >= 0 && !c->pivoted && c->rootfs_fd >= 0)
		error = (int)sys(NR_fchdir, c->rootfs_fd);
	if (error >= 0) {
		sys(NR_umask, c->umask);
		init_restore_signals(c);
		/* What the caller preserves is for the program, not for hooks; before Linux 5.11 they find it. */
		sys(NR_fcntl, c->sync_fd, F_SETFD, FD_CLOEXEC);
		sys(NR_close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
		error = (int)sys(NR_execve, init_str(c, h->a->path), h->argv, h->envp);
	}
	sys(NR_write, h->error[1], &error, sizeof(error));
	sys_exit(127);
}

/* The state is written in three parts: head, pid, tail. */
static void next_part(struct init *c, struct hook *h)
{
	while (h->part && !*h->part) {
		h->n_part++;
		h->part = h->n_part == 1 ? h->pid_text : h->n_part == 2 ? init_str(c, h->a->state_tail) : NULL;
	}
}

/* The signal of a pipe that nobody reads is blocked, and waits: for wait_start, which it would end, or for the program. */
static void drop_sigpipe(void)
{
	const uint64_t set = 1ull << (SIGPIPE - 1);
	const struct timespec none = { 0, 0 };

	sys(NR_rt_sigtimedwait, &set, 0, &none, sizeof(set));
}

static void write_state(struct init *c, struct hook *h)
{
	long n = sys_retry(NR_write, h->in[1], h->part, strlen(h->part));

	if (n > 0)
		h->part += n;
	else if (n != -EAGAIN)
		h->part = NULL; /* a hook need not read it */
	if (n == -EPIPE)
		drop_sigpipe();
	next_part(c, h);
	if (!h->part)
		sys_close(&h->in[1]);
}

static void read_output(struct init *c, struct hook *h)
{
	char buf[512];
	long n = sys_retry(NR_read, h->out[0], buf, sizeof(buf));
	size_t room = OUTPUT_MAX - c->text.len;

	if (n > 0)
		text_add(&c->text, buf, (size_t)n < room ? (size_t)n : room);
	else if (n != -EAGAIN)
		sys_close(&h->out[0]);
}

static void reap_hook(struct hook *h)
{
	struct siginfo info = { 0 };

	sys_retry(NR_waitid, P_PIDFD, h->pid_fd, &info, WEXITED, 0);
	if (info.code == CLD_EXITED)
		h->status = ((uint32_t)info.status & 0xff) << 8;
	else
		h->status = ((uint32_t)info.status & 0x7f) | (info.code == CLD_DUMPED ? 0x80 : 0);
}

/* Time that is left; false when there is none. */
static bool time_left(const struct hook *h, struct timespec *ret)
{
	uint64_t now = init_clock();

	if (now >= h->deadline)
		return false;
	*ret = (struct timespec){ (int64_t)((h->deadline - now) / 1000000000u),
				  (int64_t)((h->deadline - now) % 1000000000u) };
	return true;
}

/* Until the hook ends: it may leave others behind that keep its output open. */
static int attend(struct init *c, struct hook *h)
{
	struct timespec left;
	long r;

	for (;;) {
		struct pollfd p[3] = {
			{ .fd = h->pid_fd, .events = POLLIN },
			{ .fd = h->out[0], .events = POLLIN },
			{ .fd = h->in[1], .events = POLLOUT },
		};

		if (h->deadline && !time_left(h, &left))
			return -ETIMEDOUT;
		r = sys_retry(NR_ppoll, p, 3, h->deadline ? &left : NULL, 0, 0);
		if (r < 0)
			return (int)r;
		if (p[2].revents)
			write_state(c, h);
		if (p[1].revents)
			read_output(c, h);
		else if (p[0].revents)
			return 0;
	}
}

static int watch_hook(struct init *c, struct hook *h)
{
	int error = 0, r;

	sys_close(&h->in[0]);
	sys_close(&h->out[1]);
	sys_close(&h->error[1]);
	sys(NR_fcntl, h->in[1], F_SETFL, O_WRONLY | O_NONBLOCK);
	sys(NR_fcntl, h->out[0], F_SETFL, O_RDONLY | O_NONBLOCK);
	if (sys_retry(NR_read, h->error[0], &error, sizeof(error)) > 0) {
		reap_hook(h);
		return error;
	}
	r = attend(c, h);
	if (r < 0)
		sys(NR_kill, -h->pid, SIGKILL);
	reap_hook(h);
	c->detail = h->status;
	return r < 0 ? r : h->status ? -ECHILD : 0;
}

static int start_hook(struct init *c, struct hook *h)
{
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uint64_t)(uintptr_t)&h->pid_fd,
		.exit_signal = SIGCHLD,
	};
	uint32_t n;
	long r = sys(NR_pipe2, h->in, O_CLOEXEC);

	h->argv = init_vector(c, h->a->argv, 1, &n);
	h->envp = h->a->envp ? init_vector(c, h->a->envp, 0, &n) : init_environment(c);
	if (!h->argv || !h->envp)
		return -ENOMEM;
	if (!h->argv[0])
		h->argv[0] = (char *)init_str(c, h->a->path);
	if (r == 0)
		r = sys(NR_pipe2, h->out, O_CLOEXEC);
	if (r == 0)
		r = sys(NR_pipe2, h->error, O_CLOEXEC);
	if (r == 0)
		r = sys(NR_clone3, &args, sizeof(args));
	if (r < 0)
		return (int)r;
	if (r == 0)
		hook_child(c, h);
	h->pid = (int)r;
	sys(NR_setpgid, h->pid, h->pid); /* whoever comes first */
	return watch_hook(c, h);
}

int op_HOOK_OUTPUT(struct init *c, const struct op_args_HOOK_OUTPUT *a)
{
	int output = init_slot(c, a->output), error = init_slot(c, a->error);

	if ((a->output != PLAN_NO_SLOT && output < 0) || (a->error != PLAN_NO_SLOT && error < 0))
		return -EBADF;
	c->hook_output_fd = output < 0 ? -1 : output;
	c->hook_error_fd = error < 0 ? -1 : error;
	return 0;
}

int op_HOOK_IN(struct init *c, const struct op_args_HOOK_IN *a)
{
	struct hook h = { .a = a, .in = { -1, -1 }, .out = { -1, -1 }, .error = { -1, -1 }, .pid_fd = -1 };
	struct text pid = TEXT(h.pid_text);
	int r;

	text_number(&pid, sys(NR_getpid));
	if (a->timeout)
		h.deadline = init_clock() + a->timeout * 1000000000u;
	h.part = init_str(c, a->state_head);
	next_part(c, &h);
	r = start_hook(c, &h);
	for (unsigned i = 0; i < 2; i++) {
		sys_close(&h.in[i]);
		sys_close(&h.out[i]);
		sys_close(&h.error[i]);
	}
	sys_close(&h.pid_fd);
	return r;
}
