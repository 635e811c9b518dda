/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks in the runtime namespace; see hook.h. */
#include "hook.h"

#include "spawn.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TAIL_SIZE 1024

struct tail { /* the end of what the hook wrote */
	char text[TAIL_SIZE + 1];
	size_t len;
};

static void tail_add(struct tail *t, const char *data, size_t n)
{
	if (n > TAIL_SIZE) {
		data += n - TAIL_SIZE;
		n = TAIL_SIZE;
	}
	if (t->len + n > TAIL_SIZE) {
		size_t drop = t->len + n - TAIL_SIZE;
		memmove(t->text, t->text + drop, t->len - drop);
		t->len -= drop;
	}
	memcpy(t->text + t->len, data, n);
	t->len += n;
}

static void tail_finish(struct tail *t)
{
	while (t->len > 0 && strchr("\n\r \t", t->text[t->len - 1]))
		t->len--;
	t->text[t->len] = '\0';
}

/* Read what is there; false at the end. */
static bool drain(int fd, struct tail *t)
{
	char data[4096];
	ssize_t n;

	while ((n = read(fd, data, sizeof(data))) > 0)
		tail_add(t, data, (size_t)n);
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

static uint64_t monotonic_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct running {
	pid_t pid;
	int pid_fd, output_fd;
	uint64_t deadline; /* 0: none */
	struct tail tail;
};

static int add_output(posix_spawn_file_actions_t *actions, int fd, const char *path, int output_fd)
{
	if (path)
		return posix_spawn_file_actions_addopen(actions, fd, path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY,
							0600);
	return posix_spawn_file_actions_adddup2(actions, output_fd, fd);
}

static int add_streams(posix_spawn_file_actions_t *actions, const struct hook *h, int input_fd, int output_fd)
{
	int code = posix_spawn_file_actions_adddup2(actions, input_fd, 0);

	if (code == 0)
		code = add_output(actions, 1, h->stdout_path, output_fd);
	if (code == 0)
		code = add_output(actions, 2, h->stderr_path, output_fd);
	return -code;
}

/* A group of its own, so that a timeout reaches what it started; no signal blocked or ignored. */
static int set_attributes(posix_spawnattr_t *attr)
{
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	int code =
		posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	if (code == 0)
		code = posix_spawnattr_setsigmask(attr, &none);
	if (code == 0)
		code = posix_spawnattr_setsigdefault(attr, &all);
	return -code;
}

static int spawn(const struct hook *h, int input_fd, int output_fd, pid_t *ret)
{
	const char *own_argv[] = { h->path, NULL };
	const char *const *argv = h->argv && h->argv[0] ? h->argv : own_argv;
	char *const *envp = h->envp ? (char *const *)h->envp : environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;

	/* What the caller preserves is for the program, which has it by now (or is gone): not for hooks. */
	fd_cloexec_from(3);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	int code = add_streams(&actions, h, input_fd, output_fd);
	if (code == 0)
		code = set_attributes(&attr);
	if (code == 0)
		code = -posix_spawn(ret, h->path, &actions, &attr, (char *const *)argv, envp);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

static int state_file(const char *state)
{
	int fd = spawn_sealed_data("husk-state", state, strlen(state));

	if (fd >= 0 && lseek(fd, 0, SEEK_SET) < 0)
		return fd_close(fd);
	return fd;
}

static int start(const struct hook *h, struct running *ret)
{
	int pipe_fds[2];
	_cleanup_fd_ int input_fd = state_file(h->state);

	if (input_fd < 0)
		return input_fd;
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return -errno;
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	int code = spawn(h, input_fd, pipe_fds[1], &ret->pid);
	fd_close(pipe_fds[1]);
	if (code < 0) {
		fd_close(pipe_fds[0]);
		return code;
	}
	ret->output_fd = pipe_fds[0];
	ret->pid_fd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	ret->deadline = h->timeout ? monotonic_now() + h->timeout * 1000000000u : 0;
	return 0;
}

static int time_left(const struct running *r)
{
	uint64_t now = monotonic_now();

	if (!r->deadline)
		return -1;
	uint64_t ms = now >= r->deadline ? 0 : (r->deadline - now) / 1000000 + 1;
	return ms > 3600000 ? 3600000 : (int)ms;
}

/* Until the hook itself has ended: what it left in the background may keep the pipe open.
 * 0, or -ETIMEDOUT. */
static int wait_end(struct running *r)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = r->pid_fd, .events = POLLIN },
				       { .fd = r->output_fd, .events = POLLIN } };
		int n = poll(p, 2, time_left(r));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0 && p[1].revents && !drain(r->output_fd, &r->tail))
			r->output_fd = fd_close(r->output_fd);
		if (n > 0 && p[0].revents)
			return 0;
		if (r->deadline && monotonic_now() >= r->deadline)
			return -ETIMEDOUT;
	}
}

static int finish(struct running *r, int *ret_status)
{
	int code = wait_end(r);

	if (code < 0)
		kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, ret_status, 0) < 0 && errno == EINTR)
		;
	if (r->output_fd >= 0)
		drain(r->output_fd, &r->tail);
	fd_close(r->output_fd);
	fd_close(r->pid_fd);
	tail_finish(&r->tail);
	return code;
}

unsigned hook_index(const char *pointer)
{
	const char *slash = pointer ? strrchr(pointer, '/') : NULL;

	return slash ? (unsigned)strtoul(slash + 1, NULL, 10) : 0;
}

/* "error running prestart hook #1" is what scripts look for. */
int hook_say_failure(const struct hook *h, const struct hook_end *end, struct err *err)
{
	const char *output = end->output ? end->output : "", *colon = output[0] ? ": " : "";
	_cleanup_free_ char *what = mem_printf("error running %s hook #%u: %s", h->stage, h->index, h->path);
	int status = end->status;

	if (end->code == -ETIMEDOUT)
		return err_say(err, end->code, "%s: timed out after %llu s%s%s", what, (unsigned long long)h->timeout,
			       colon, output);
	if (end->code < 0 && status == 0)
		return err_say(err, end->code, "%s: %s%s%s", what, err_reason(end->code), colon, output);
	if (WIFSIGNALED(status))
		return err_say(err, -ECANCELED, "%s: killed by signal %d (%s)%s%s", what, WTERMSIG(status),
			       strsignal(WTERMSIG(status)), colon, output);
	return err_say(err, -ECANCELED, "%s: exit status %d%s%s", what, WEXITSTATUS(status), colon, output);
}

int hook_run(const struct hook *h, struct err *err)
{
	struct running r = { .pid_fd = -1, .output_fd = -1 };
	int status = 0;

	int code = start(h, &r);
	if (code == 0)
		code = finish(&r, &status);
	if (code == 0 && status == 0)
		return 0;
	const struct hook_end end = { .code = code, .status = code < 0 ? 0 : status, .output = r.tail.text };
	return hook_say_failure(h, &end, err);
}
