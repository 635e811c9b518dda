/* SPDX-License-Identifier: Apache-2.0 */
/*
 * peak FILE PROGRAM ARGS...: run it and write into FILE the peak resident memory, in KiB, of it and what it waited for.
 * calls FILE PROGRAM ARGS... (by that name): write the number of system calls of it and all that it starts.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void run(char **argv, int traced)
{
	if (traced && ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0)
		raise(SIGSTOP);
	execv(argv[0], argv);
	_exit(126);
}

static void go_on(pid_t pid, int status)
{
	int sig = WSTOPSIG(status);

	/* Stops of the tracing itself pass nothing on. */
	if (sig == SIGSTOP || sig == SIGTRAP || sig == (SIGTRAP | 0x80))
		sig = 0;
	ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)sig);
}

/* Each call stops twice: at its entry and at its return, execve once more. */
static long count_calls(pid_t first, int *ret_status)
{
	long stops = 0;
	int status;
	pid_t pid;

	waitpid(first, &status, 0);
	ptrace(PTRACE_SETOPTIONS, first, NULL,
	       (void *)(long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
			      PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL));
	ptrace(PTRACE_SYSCALL, first, NULL, NULL);
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid == first && !WIFSTOPPED(status))
			*ret_status = status;
		if (!WIFSTOPPED(status))
			continue;
		stops += WSTOPSIG(status) == (SIGTRAP | 0x80);
		go_on(pid, status);
	}
	return stops / 2;
}

int main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	int traced = strcmp(name ? name + 1 : argv[0], "calls") == 0, status = 1;
	struct rusage usage;
	pid_t pid = argc > 2 ? fork() : -1;
	FILE *out;

	if (pid < 0)
		return 125;
	if (pid == 0)
		run(argv + 2, traced);
	long result = traced ? count_calls(pid, &status) : wait4(pid, &status, 0, &usage) > 0 ? usage.ru_maxrss : 0;
	out = fopen(argv[1], "w");
	if (!out || fprintf(out, "%ld\n", result) < 0 || fclose(out))
		return 125;
	return status != 0;
}
