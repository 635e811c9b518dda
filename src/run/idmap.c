/* SPDX-License-Identifier: Apache-2.0 */
/* Id maps of user namespaces; see idmap.h. */
#include "idmap.h"

#include "plan/plan.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int write_proc(pid_t pid, const char *name, const char *text, struct err *err)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int r = fd_write_file(AT_FDCWD, path, text);
	if (r == -EPERM)
		return err_say(err, r,
			       "write %s: operation not permitted (the map names ids that are not the "
			       "caller's; /etc/subuid and /etc/subgid with newuidmap(1), or root, are needed)",
			       name);
	if (r == -EINVAL)
		return err_say(err, r,
			       "write %s: invalid argument (ranges that overlap or are empty, or more than "
			       "340 lines)",
			       name);
	return r < 0 ? err_set(err, r, "write %s", name) : 0;
}

/* One line that maps one id to `own`. */
static bool is_single(const char *map, unsigned own)
{
	unsigned long inside, outside, count;
	char rest;

	return sscanf(map, "%lu %lu %lu %c", &inside, &outside, &count, &rest) == 3 && count == 1 && outside == own;
}

/* newuidmap PID INSIDE OUTSIDE COUNT … */
static char **helper_argv(const char *program, pid_t pid, char *words)
{
	char **argv = mem_alloc((strlen(words) / 2 + 4) * sizeof(char *));
	char *rest = NULL;
	size_t n = 0;

	argv[n++] = mem_strdup(program);
	argv[n++] = mem_printf("%d", (int)pid);
	for (char *word = strtok_r(words, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest))
		argv[n++] = mem_strdup(word);
	return argv;
}

static void free_argv(char **argv)
{
	for (size_t i = 0; argv[i]; i++)
		free(argv[i]);
	free(argv);
}

static int run_helper(const char *program, pid_t pid, const char *map, struct err *err)
{
	_cleanup_free_ char *words = mem_strdup(map);
	char **argv = helper_argv(program, pid, words);
	pid_t child;
	int status;

	int code = posix_spawnp(&child, program, NULL, NULL, argv, environ);
	free_argv(argv);
	if (code != 0)
		return err_set(err, -code, "run %s (package uidmap), which maps more ids than the caller's own",
			       program);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(err, -errno, "wait for %s", program);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_say(err, -EPERM, "%s refused the map (its message is above; see /etc/subuid and /etc/subgid)",
		       program);
}

static int write_map(pid_t pid, const char *name, const char *program, const char *map, unsigned own, uint64_t flags,
		     struct err *err)
{
	if (!map)
		return 0;
	if ((flags & IDMAP_HELPERS) && !is_single(map, own))
		return run_helper(program, pid, map, err);
	return write_proc(pid, name, map, err);
}

int idmap_write(pid_t pid, const char *uid_map, const char *gid_map, uint64_t flags, struct err *err)
{
	int r = 0;

	/* Without privileges the kernel takes a group map only where setgroups is denied (user_namespaces(7)). */
	bool single = (flags & IDMAP_HELPERS) && gid_map && is_single(gid_map, getegid());
	if ((flags & IDMAP_DENY_SETGROUPS) || single)
		r = write_proc(pid, "setgroups", "deny", err);
	if (r == 0)
		r = write_map(pid, "gid_map", "newgidmap", gid_map, getegid(), flags, err);
	if (r == 0)
		r = write_map(pid, "uid_map", "newuidmap", uid_map, geteuid(), flags, err);
	return r;
}

/* A process that does nothing but own a user namespace until it is killed. */
static pid_t clone_holder(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	return pid < 0 ? -errno : (pid_t)pid;
}

int idmap_open_userns(const char *uid_map, const char *gid_map, int *ret_fd, struct err *err)
{
	char path[64];
	pid_t pid = clone_holder();

	if (pid < 0)
		return err_set(err, pid, "make a user namespace for the ids of a mount");
	int r = idmap_write(pid, uid_map, gid_map, 0, err);
	if (r == 0) {
		snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
		r = fd_open(AT_FDCWD, path, O_RDONLY, 0);
		if (r < 0)
			err_set(err, r, "open %s", path);
	}
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return r;
	*ret_fd = r;
	return 0;
}
