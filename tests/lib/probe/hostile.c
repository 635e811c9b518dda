/* SPDX-License-Identifier: Apache-2.0 */
/* What a hostile program tries: terminal injection, swapping names, overwriting the runtime, many processes. */
#include <errno.h>
#include <fcntl.h>
#include <linux/tiocl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

static const char *outcome(long ret)
{
	return ret >= 0 ? "ok" : strerrorname_np(errno);
}

/* probe call NUMBER [ARG …]: a raw system call with numbers as arguments (or paths when they begin with /). */
int probe_call(int argc, char **argv)
{
	long args[7] = { 0 };

	for (int i = 1; i < argc && i < 8; i++)
		args[i - 1] = argv[i][0] == '/' ? (long)argv[i] : strtol(argv[i], NULL, 0);
	long ret = syscall(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);

	if (ret < 0)
		printf("%s\n", strerrorname_np(errno));
	else
		printf("ok %ld\n", ret);
	return 0;
}

int probe_open(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDONLY | O_NONBLOCK | O_CLOEXEC);

		printf("%s=%s\n", argv[i], outcome(fd));
		if (fd >= 0)
			close(fd);
	}
	return 0;
}

int probe_tty(int argc, char **argv)
{
	char letter = 'x', arg[2] = { TIOCL_SETSEL, 0 };
	unsigned long high = 1UL << 32;

	(void)argc;
	(void)argv;
	printf("tiocsti=%s\n", outcome(syscall(SYS_ioctl, 0, (unsigned long)TIOCSTI, &letter)));
	printf("tiocsti-high=%s\n", outcome(syscall(SYS_ioctl, 0, TIOCSTI | high, &letter)));
	printf("tioclinux=%s\n", outcome(syscall(SYS_ioctl, 0, (unsigned long)TIOCLINUX, arg)));
	printf("tiocsctty=%s\n", outcome(syscall(SYS_ioctl, 0, (unsigned long)TIOCSCTTY, 1)));
	return 0;
}

/* probe exchange SECONDS A B */
int probe_exchange(int argc, char **argv)
{
	if (argc < 4)
		return 2;
	time_t end = time(NULL) + atoi(argv[1]);

	printf("ready\n");
	fflush(stdout);
	while (time(NULL) < end)
		for (int i = 0; i < 1000; i++)
			syscall(SYS_renameat2, AT_FDCWD, argv[2], AT_FDCWD, argv[3], 2 /* RENAME_EXCHANGE */);
	return 0;
}

int probe_many(int argc, char **argv)
{
	int n = argc > 1 ? atoi(argv[1]) : 10, made = 0;

	for (int i = 0; i < n; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			pause();
			_exit(0);
		}
		made += pid > 0;
	}
	printf("ready %d\n", made);
	fflush(stdout);
	for (;;)
		pause();
}

int probe_bomb(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	printf("ready\n");
	fflush(stdout);
	signal(SIGCHLD, SIG_IGN);
	for (;;)
		if (fork() < 0)
			usleep(100);
}

int probe_ignore(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_IGN);
	printf("ready\n");
	fflush(stdout);
	for (;;)
		pause();
}

/* probe overwrite SECONDS: whatever process comes by, try to write to its program and to reach its descriptors. */
int probe_overwrite(int argc, char **argv)
{
	time_t end = time(NULL) + (argc > 1 ? atoi(argv[1]) : 3);
	int self = getpid();

	printf("ready\n");
	fflush(stdout);
	while (time(NULL) < end)
		for (int pid = 1; pid < 400; pid++) {
			char path[64], exe[256];
			ssize_t n;

			if (pid == self)
				continue;
			snprintf(path, sizeof(path), "/proc/%d/exe", pid);
			n = readlink(path, exe, sizeof(exe) - 1);
			if (n < 0)
				continue;
			exe[n] = '\0';
			if (strncmp(exe, "/bin/", 5) == 0)
				continue;
			int fd = open(path, O_RDONLY | O_CLOEXEC);

			if (fd < 0)
				continue;
			char again[64];

			snprintf(again, sizeof(again), "/proc/self/fd/%d", fd);
			int writable = open(again, O_WRONLY | O_TRUNC | O_CLOEXEC);

			if (writable >= 0) {
				printf("OVERWRITTEN %s\n", exe);
				fflush(stdout);
				(void)!write(writable, "#!/bin/true\n", 12);
				return 1;
			}
			close(fd);
		}
	printf("end\n");
	return 0;
}
