/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stepper: run a command under ptrace, its whole process tree, and at the N-th system call do harm.
 *
 *   stepper [-n N] [-m MODE] [-o FILE] [-t SECONDS] COMMAND [ARG …]
 *
 *   -m count      only count (the default); the number of system calls goes to FILE
 *   -m kill       SIGKILL the command (its first process alone, as an engine's time limit does)
 *   -m killtree   SIGKILL every traced process
 *   -m EIO, ENOMEM, ENOSPC, EMFILE, EINTR, EPERM, EAGAIN …   the call is not made and fails with this error
 *   -m short      a read or write (also pread64 and the like) is cut to one byte; other calls are left alone, and so is a
 *                 write to a file of the kernel's (cgroup, proc, sysfs): they take all or nothing, and one byte of a
 *                 process id written to cgroup.procs is another process
 *
 * System calls are counted at their entry, over all processes of the tree, until the program of the
 * container itself runs (an execve whose file is the one that -x FILE names is the last one counted).
 * What outlives the command (a container that waits for its start) is let go of and lives on.
 *
 * FILE gets lines: "calls N", "hit COUNT NUMBER command|child FIRST-ARGUMENT", "exit CODE" or "signal NUMBER", "timeout".
 * Exit status: 0 when the command ended, whatever its status; 3 for a time limit; 2 for an error of ours.
 */
#include <elf.h>
#include <errno.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_TRACEES 4096

struct tracee {
	pid_t pid;
	bool inside; /* between entry and exit of a system call */
	bool spoil;  /* its return value is to be replaced at exit */
};

struct stepper {
	long n, count;
	const char *mode, *program;
	long error; /* errno to inject, or 0 */
	unsigned seconds;
	FILE *out;
	pid_t command;
	bool ended, counting;
	int status;
	struct tracee tracees[MAX_TRACEES];
	size_t n_tracees;
};

static volatile sig_atomic_t alarmed;

static void on_alarm(int sig)
{
	(void)sig;
	alarmed = 1;
}

static const struct {
	const char *name;
	int value;
} errors[] = {
	{ "EIO", EIO },     { "ENOMEM", ENOMEM }, { "ENOSPC", ENOSPC }, { "EMFILE", EMFILE }, { "EINTR", EINTR },
	{ "EPERM", EPERM }, { "EAGAIN", EAGAIN }, { "EBUSY", EBUSY },   { "ENOSYS", ENOSYS },
};

/* ---- registers, per architecture ------------------------------------------------------------- */

#if defined(__x86_64__)
typedef struct user_regs_struct regs_t;
#define REG_NUMBER(r) ((long)(r).orig_rax)
#define REG_LENGTH(r) ((r).rdx)
#define REG_FIRST(r) ((r).rdi)
static void set_result(regs_t *r, long value)
{
	r->rax = (unsigned long)value;
}
static void set_number(pid_t pid, regs_t *r, long number)
{
	struct iovec iov = { r, sizeof(*r) };

	r->orig_rax = (unsigned long)number;
	ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &iov);
}
#elif defined(__aarch64__)
typedef struct user_regs_struct regs_t;
#define REG_NUMBER(r) ((long)(r).regs[8])
#define REG_LENGTH(r) ((r).regs[2])
#define REG_FIRST(r) ((r).regs[0])
static void set_result(regs_t *r, long value)
{
	r->regs[0] = (unsigned long)value;
}
static void set_number(pid_t pid, regs_t *r, long number)
{
	int value = (int)number;
	struct iovec iov = { &value, sizeof(value) };

	(void)r;
	ptrace(PTRACE_SETREGSET, pid, (void *)NT_ARM_SYSTEM_CALL, &iov);
}
#else
#error "the stepper knows the registers of x86_64 and aarch64"
#endif

static int get_regs(pid_t pid, regs_t *r)
{
	struct iovec iov = { r, sizeof(*r) };

	return ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &iov) < 0 ? -errno : 0;
}

static void put_regs(pid_t pid, regs_t *r)
{
	struct iovec iov = { r, sizeof(*r) };

	ptrace(PTRACE_SETREGSET, pid, (void *)NT_PRSTATUS, &iov);
}

/* ---- the tracees ------------------------------------------------------------------------------ */

static struct tracee *find(struct stepper *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_tracees; i++)
		if (s->tracees[i].pid == pid)
			return &s->tracees[i];
	if (s->n_tracees == MAX_TRACEES)
		return NULL;
	s->tracees[s->n_tracees] = (struct tracee){ .pid = pid };
	return &s->tracees[s->n_tracees++];
}

static void forget(struct stepper *s, pid_t pid)
{
	for (size_t i = 0; i < s->n_tracees; i++)
		if (s->tracees[i].pid == pid)
			s->tracees[i] = s->tracees[--s->n_tracees];
}

/* ---- one system call --------------------------------------------------------------------------- */

/* Is this descriptor of the tracee a file whose writes the kernel reads as one word? */
static bool is_kernel_file(pid_t pid, long long fd)
{
	char path[64];
	struct statfs fs;

	snprintf(path, sizeof(path), "/proc/%d/fd/%lld", (int)pid, fd);
	if (statfs(path, &fs) < 0)
		return false;
	return fs.f_type == CGROUP_SUPER_MAGIC || fs.f_type == CGROUP2_SUPER_MAGIC || fs.f_type == PROC_SUPER_MAGIC ||
	       fs.f_type == SYSFS_MAGIC;
}

static bool can_be_short(pid_t pid, const regs_t *r)
{
	long number = REG_NUMBER(*r);

	if (number == SYS_read || number == SYS_pread64)
		return true;
	if (number == SYS_write || number == SYS_pwrite64)
		return !is_kernel_file(pid, (long long)REG_FIRST(*r));
	return false;
}

/* The program of the container begins: what follows is not the runtime's. */
static bool is_program(struct stepper *s, pid_t pid, const regs_t *r)
{
	char path[256] = "";

	if (!s->program || REG_NUMBER(*r) != SYS_execve)
		return false;
	for (size_t i = 0; i + sizeof(long) < sizeof(path); i += sizeof(long)) {
		errno = 0;
		long word = ptrace(PTRACE_PEEKDATA, pid, (void *)(REG_FIRST(*r) + i), NULL);

		if (errno)
			break;
		memcpy(path + i, &word, sizeof(word));
		if (memchr(&word, 0, sizeof(word)))
			break;
	}
	return strcmp(path, s->program) == 0;
}

static void kill_tree(struct stepper *s)
{
	for (size_t i = 0; i < s->n_tracees; i++)
		kill(s->tracees[i].pid, SIGKILL);
}

static void hit(struct stepper *s, struct tracee *t, regs_t *r)
{
	long number = REG_NUMBER(*r);

	fprintf(s->out, "hit %ld %ld %s %lld\n", s->count, number, t->pid == s->command ? "command" : "child",
		(long long)REG_FIRST(*r));
	if (strcmp(s->mode, "kill") == 0) {
		kill(s->command, SIGKILL);
	} else if (strcmp(s->mode, "killtree") == 0) {
		kill_tree(s);
	} else if (strcmp(s->mode, "short") == 0) {
		if (REG_LENGTH(*r) > 1 && can_be_short(t->pid, r)) {
			REG_LENGTH(*r) = 1;
			put_regs(t->pid, r);
		}
	} else if (s->error && number != SYS_exit && number != SYS_exit_group && number != SYS_rt_sigreturn) {
		t->spoil = true;
		/* A close that fails has closed all the same. */
		if (number != SYS_close)
			set_number(t->pid, r, -1);
	}
}

static void on_syscall(struct stepper *s, struct tracee *t)
{
	regs_t r;

	if (get_regs(t->pid, &r) < 0)
		return;
	t->inside = !t->inside;
	if (!t->inside) {
		if (t->spoil) {
			set_result(&r, -s->error);
			put_regs(t->pid, &r);
			t->spoil = false;
		}
		return;
	}
	if (!s->counting)
		return;
	s->count++;
	if (s->count == s->n)
		hit(s, t, &r);
	else if (is_program(s, t->pid, &r))
		s->counting = false;
}

/* ---- the loop ------------------------------------------------------------------------------------ */

static void on_stop(struct stepper *s, pid_t pid, int status)
{
	struct tracee *t = find(s, pid);
	int sig = WSTOPSIG(status), event = status >> 16, deliver = 0;

	if (!t)
		return;
	if (sig == (SIGTRAP | 0x80))
		on_syscall(s, t);
	else if (event == PTRACE_EVENT_EXEC)
		t->inside = true; /* its exit stop is still to come */
	else if (event == PTRACE_EVENT_STOP || event)
		deliver = 0;
	else
		deliver = sig;
	if (event == PTRACE_EVENT_STOP && (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN || sig == SIGTTOU))
		ptrace(PTRACE_LISTEN, pid, NULL, NULL);
	else
		ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)deliver);
}

static void on_end(struct stepper *s, pid_t pid, int status)
{
	forget(s, pid);
	if (pid == s->command) {
		s->ended = true;
		s->status = status;
	}
}

/* After the command has ended: let go of what is waiting, without a stop that it could notice. */
static void let_go(struct stepper *s)
{
	for (size_t i = 0; i < s->n_tracees; i++)
		ptrace(PTRACE_INTERRUPT, s->tracees[i].pid, NULL, NULL);
	while (s->n_tracees) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (pid < 0 && errno == EINTR && !alarmed)
			continue;
		if (pid < 0)
			break;
		if (!WIFSTOPPED(status)) {
			forget(s, pid);
			continue;
		}
		struct tracee *t = find(s, pid);
		int sig = WSTOPSIG(status);

		if (t && t->spoil && sig == (SIGTRAP | 0x80))
			on_syscall(s, t);
		ptrace(PTRACE_DETACH, pid, NULL, (void *)(long)(sig == (SIGTRAP | 0x80) || status >> 16 ? 0 : sig));
		forget(s, pid);
	}
}

static int run(struct stepper *s)
{
	while (!s->ended && s->n_tracees) {
		int status;
		pid_t pid = waitpid(-1, &status, __WALL);

		if (alarmed) {
			fprintf(s->out, "timeout\n");
			kill_tree(s);
			return 3;
		}
		if (pid < 0 && errno == EINTR)
			continue;
		if (pid < 0)
			break;
		if (WIFSTOPPED(status))
			on_stop(s, pid, status);
		else
			on_end(s, pid, status);
	}
	let_go(s);
	fprintf(s->out, "calls %ld\n", s->count);
	if (WIFEXITED(s->status))
		fprintf(s->out, "exit %d\n", WEXITSTATUS(s->status));
	else
		fprintf(s->out, "signal %d\n", WTERMSIG(s->status));
	return 0;
}

static int start(struct stepper *s, char **argv)
{
	long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
		       PTRACE_O_TRACEEXEC;
	int go[2];
	char byte = 0;

	if (pipe(go) < 0)
		return -errno;
	s->command = fork();
	if (s->command < 0)
		return -errno;
	if (s->command == 0) {
		close(go[1]);
		(void)!read(go[0], &byte, 1);
		close(go[0]);
		execvp(argv[0], argv);
		_exit(127);
	}
	close(go[0]);
	if (ptrace(PTRACE_SEIZE, s->command, NULL, (void *)options) < 0 ||
	    ptrace(PTRACE_INTERRUPT, s->command, NULL, NULL) < 0)
		return -errno;
	(void)!write(go[1], &byte, 1);
	close(go[1]);
	find(s, s->command);
	return 0;
}

static void parse_mode(struct stepper *s, const char *mode)
{
	s->mode = mode;
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(errors[i].name, mode) == 0)
			s->error = errors[i].value;
}

int main(int argc, char **argv)
{
	static struct stepper s = { .mode = "count", .seconds = 30, .counting = true };
	struct sigaction action = { .sa_handler = on_alarm };
	const char *path = NULL;
	int option, ret;

	while ((option = getopt(argc, argv, "+n:m:o:t:x:")) != -1)
		switch (option) {
		case 'n': s.n = strtol(optarg, NULL, 10); break;
		case 'm': parse_mode(&s, optarg); break;
		case 'o': path = optarg; break;
		case 't': s.seconds = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'x': s.program = optarg; break;
		default: return 2;
		}
	s.out = path ? fopen(path, "we") : stderr;
	if (!s.out || optind == argc)
		return 2;
	sigaction(SIGALRM, &action, NULL);
	ret = start(&s, argv + optind);
	if (ret < 0) {
		fprintf(stderr, "stepper: %s\n", strerror(-ret));
		return 2;
	}
	alarm(s.seconds);
	ret = run(&s);
	fclose(s.out);
	return ret;
}
