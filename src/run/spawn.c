/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the executor image; see spawn.h. */
#include "spawn.h"

#include "cgroup/cgroup.h"
#include "spawn_image.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAX_FDS 40
#define MAX_ARGS 48

/* Everything that the child needs, made before it is. */
struct child {
	const char *argv[MAX_ARGS];
	const int *fds;
	size_t n_fds;
	unsigned first_fd;
	int image_fd, null_fd;
	const int *task_fds;
	size_t n_task_fds;
	volatile int error;    /* why it could not execute the image: written by the child, in our memory */
	volatile bool entered; /* by the child too: it is in all v1 cgroups */
	int copies[MAX_FDS];   /* of the child: descriptors that stood where others belong */
};

static int child_prepare(struct child *c, const struct spawn *s)
{
	size_t n = 0;

	*c = (struct child){
		.image_fd = -1,
		.null_fd = -1,
		.first_fd = s->first_fd,
		.fds = s->fds,
		.n_fds = s->n_fds,
		.task_fds = s->task_fds,
		.n_task_fds = s->n_task_fds,
	};
	c->argv[n++] = "husk-init";
	c->argv[n++] = s->role;
	for (const char *const *a = s->args; a && *a; a++) {
		if (n == MAX_ARGS - 1)
			return -E2BIG;
		c->argv[n++] = *a;
	}
	if (s->n_fds > MAX_FDS)
		return -E2BIG;
	c->image_fd = spawn_image_open(s->temp_dir);
	if (c->image_fd < 0)
		return c->image_fd;
	if (s->null_stdio)
		c->null_fd = fd_open(AT_FDCWD, "/dev/null", O_RDWR, 0);
	return s->null_stdio && c->null_fd < 0 ? c->null_fd : 0;
}

static _Noreturn void child_fail(struct child *c)
{
	c->error = errno;
	_exit(125);
}

/* Out of the way of the numbers that are to be filled. */
static int move_up(struct child *c, int fd)
{
	if (fd < (int)c->first_fd || fd >= (int)(c->first_fd + c->n_fds))
		return fd;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, (int)(c->first_fd + c->n_fds));
	if (fd < 0)
		child_fail(c);
	return fd;
}

static void child_place_fds(struct child *c)
{
	int image_fd = move_up(c, c->image_fd);

	for (size_t i = 0; i < c->n_fds; i++)
		c->copies[i] = move_up(c, c->fds[i]);
	for (size_t i = 0; i < c->n_fds; i++)
		if (dup2(c->copies[i], (int)(c->first_fd + i)) < 0)
			child_fail(c);
	/* The image begins by closing what is beyond them. */
	c->copies[0] = image_fd;
}

static void child_enter_cgroups(struct child *c)
{
	for (size_t i = 0; i < c->n_task_fds; i++)
		if (write(c->task_fds[i], "0", 1) < 0)
			return; /* attaching by pid says why */
	c->entered = c->n_task_fds > 0;
}

/* Between clone and exec: system calls alone, nothing is allocated or formatted. */
static _Noreturn void child_run(struct child *c)
{
	static char *const no_env[] = { NULL };

	child_enter_cgroups(c);
	if (c->null_fd >= 0) {
		if (dup2(c->null_fd, 0) < 0 || dup2(c->null_fd, 1) < 0 || dup2(c->null_fd, 2) < 0)
			child_fail(c);
		if (setsid() < 0 || chdir("/") < 0)
			child_fail(c);
	}
	child_place_fds(c);
	syscall(SYS_execveat, c->copies[0], "", (char *const *)c->argv, no_env, AT_EMPTY_PATH);
	child_fail(c);
}

/*
 * With CLONE_VM the child runs in our memory and on our stack, while we wait for its exec: no page table is copied.
 * So clone3 must be no function call, from which the child would return first and leave us with a broken frame.
 */
static inline __attribute__((always_inline)) long clone_here(const struct clone_args *args, size_t size)
{
#if defined(__x86_64__)
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"((long)SYS_clone3), "D"(args), "S"(size) : "rcx", "r11", "memory");
	return ret;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = SYS_clone3, x0 __asm__("x0") = (long)args, x1 __asm__("x1") = (long)size;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return x0;
#else
#error "husk does not know how to make a system call here"
#endif
}

static __attribute__((noinline)) long clone_child(struct child *c, uint64_t flags, int cgroup_fd, int *ret_pid_fd)
{
	struct clone_args args = {
		/* The parent waits until the image is executed; the image finds nothing caught. */
		.flags = flags | CLONE_VM | CLONE_VFORK | CLONE_PIDFD | CLONE_CLEAR_SIGHAND,
		.pidfd = (uint64_t)(uintptr_t)ret_pid_fd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup_fd >= 0 ? (uint64_t)cgroup_fd : 0,
	};
	long pid = clone_here(&args, sizeof(args));

	if (pid == 0)
		child_run(c);
	return pid;
}

/* In the cgroup when that works: not before Linux 5.7, and not for a cgroup that may not be entered so, or that the
 * container has divided (EBUSY). */
static long clone_into(struct child *c, const struct spawn *s, int *ret_pid_fd, unsigned *ret_entered)
{
	long pid = -EINVAL;

	*ret_entered = 0;
	if (s->cgroup_fd >= 0) {
		pid = clone_child(c, s->namespaces | CLONE_INTO_CGROUP, s->cgroup_fd, ret_pid_fd);
		*ret_entered = pid > 0 ? CGROUP_ENTERED_V2 : 0;
		if (pid == -ENOMEM || pid == -EAGAIN)
			return pid;
	}
	return pid < 0 ? clone_child(c, s->namespaces, -1, ret_pid_fd) : pid;
}

static int start_child(struct child *c, const struct spawn *s, int *ret_pid_fd, unsigned *ret_entered)
{
	siginfo_t info;

	/* No handler of ours can run in the child (CLONE_CLEAR_SIGHAND); the image blocks all signals with its first call. */
	long pid = clone_into(c, s, ret_pid_fd, ret_entered);
	if (c->entered)
		*ret_entered |= CGROUP_ENTERED_V1;
	if (pid < 0 || !c->error)
		return (int)pid;
	while (waitid(P_PIDFD, (id_t)*ret_pid_fd, &info, WEXITED) < 0 && errno == EINTR)
		;
	*ret_pid_fd = fd_close(*ret_pid_fd);
	return -c->error;
}

int spawn_executor(const struct spawn *s, pid_t *ret_pid, int *ret_pid_fd, unsigned *ret_entered, struct err *err)
{
	int pid_fd = -1;
	struct child c;

	int r = child_prepare(&c, s);
	if (r >= 0)
		r = start_child(&c, s, &pid_fd, ret_entered);
	fd_close(c.image_fd);
	fd_close(c.null_fd);
	if (r < 0)
		return err_set(err, r, "start the executor");
	*ret_pid = r;
	*ret_pid_fd = pid_fd;
	return 0;
}
