/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of the process that exec keeps: scheduling, limits, signals, descriptors, clocks. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "probe.h"

struct attr {
	unsigned int size, policy;
	unsigned long long flags;
	int nice;
	unsigned int priority;
	unsigned long long runtime, deadline, period;
};

int probe_sched(int argc, char **argv)
{
	struct attr attr = { .size = sizeof(attr) };
	cpu_set_t cpus;
	int mode = -1, ioprio;
	unsigned long nodes[16] = { 0 };

	(void)argc;
	(void)argv;
	syscall(SYS_sched_getattr, 0, &attr, sizeof(attr), 0);
	printf("policy=%u\nnice=%d\npriority=%u\nflags=%llu\n", attr.policy, attr.nice, attr.priority, attr.flags);
	printf("runtime=%llu\ndeadline=%llu\nperiod=%llu\n", attr.runtime, attr.deadline, attr.period);
	ioprio = (int)syscall(SYS_ioprio_get, 1, 0);
	printf("ioprio=%d:%d\n", ioprio >> 13, ioprio & 7);
	CPU_ZERO(&cpus);
	sched_getaffinity(0, sizeof(cpus), &cpus);
	printf("cpus=");
	for (int i = 0, n = 0; i < CPU_SETSIZE; i++)
		if (CPU_ISSET(i, &cpus))
			printf("%s%d", n++ ? "," : "", i);
	printf("\npersonality=%x\n", personality(0xffffffff));
	if (syscall(SYS_get_mempolicy, &mode, nodes, 1024, NULL, 0) == 0)
		printf("mempolicy=%x:%lx\n", mode, nodes[0]);
	return 0;
}

int probe_signals(int argc, char **argv)
{
	sigset_t set;

	(void)argc;
	(void)argv;
	sigprocmask(SIG_SETMASK, NULL, &set);
	printf("blocked=");
	for (int i = 1; i < NSIG; i++)
		if (sigismember(&set, i) == 1)
			printf("%d ", i);
	printf("\nignored=");
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;

		if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
			printf("%d ", i);
	}
	printf("\n");
	return 0;
}

int probe_fds(int argc, char **argv)
{
	DIR *dir = opendir("/proc/self/fd");
	struct dirent *entry;

	(void)argc;
	(void)argv;
	while (dir && (entry = readdir(dir))) {
		char target[512];
		ssize_t n = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (n < 0 || atoi(entry->d_name) == dirfd(dir))
			continue;
		target[n] = '\0';
		printf("%s %s\n", entry->d_name, target);
	}
	return 0;
}

int probe_rlimits(int argc, char **argv)
{
	static const char *const names[] = {
		[RLIMIT_AS] = "AS",           [RLIMIT_CORE] = "CORE",         [RLIMIT_CPU] = "CPU",
		[RLIMIT_DATA] = "DATA",       [RLIMIT_FSIZE] = "FSIZE",       [RLIMIT_LOCKS] = "LOCKS",
		[RLIMIT_MEMLOCK] = "MEMLOCK", [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE",
		[RLIMIT_NOFILE] = "NOFILE",   [RLIMIT_NPROC] = "NPROC",       [RLIMIT_RSS] = "RSS",
		[RLIMIT_RTPRIO] = "RTPRIO",   [RLIMIT_RTTIME] = "RTTIME",     [RLIMIT_SIGPENDING] = "SIGPENDING",
		[RLIMIT_STACK] = "STACK",
	};

	(void)argc;
	(void)argv;
	for (int i = 0; i < RLIM_NLIMITS; i++) {
		struct rlimit limit;

		if (getrlimit(i, &limit) == 0)
			printf("%s=%lld:%lld\n", names[i], (long long)limit.rlim_cur, (long long)limit.rlim_max);
	}
	return 0;
}

int probe_clock(int argc, char **argv)
{
	struct timespec mono, boot;

	(void)argc;
	(void)argv;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_BOOTTIME, &boot);
	printf("monotonic=%lld\nboottime=%lld\n", (long long)mono.tv_sec, (long long)boot.tv_sec);
	return 0;
}

/* probe caught N: install a handler for everything, print "ready", then each signal's number until N have come. */
int probe_caught(int argc, char **argv)
{
	sigset_t all;
	int n = argc > 1 ? atoi(argv[1]) : 1;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	printf("ready\n");
	fflush(stdout);
	while (n-- > 0) {
		siginfo_t info;
		int sig = sigwaitinfo(&all, &info);

		if (sig == SIGCHLD || sig < 0) {
			n++;
			continue;
		}
		printf("caught %d\n", sig);
		fflush(stdout);
	}
	return 0;
}
