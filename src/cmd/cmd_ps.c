/* SPDX-License-Identifier: Apache-2.0 */
/* `husk ps`: the processes of a container, as pids or as ps(1) shows them. */
#include "cmd.h"
#include "container/container.h"
#include "container/container_processes.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int cmd_ps(const struct global *g, const struct options *o);

static void print_json(const pid_t *pids, size_t n)
{
	putchar('[');
	for (size_t i = 0; i < n; i++)
		printf("%s%d", i ? "," : "", (int)pids[i]);
	puts("]");
}

static bool contains(const pid_t *pids, size_t n, long pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

/* ---- running ps ------------------------------------------------------------------------------ */

static int spawn_ps(const char *const *args, size_t n, int out_fd, pid_t *ret, struct err *err)
{
	/* Engines call us with hardly any environment. */
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	_cleanup_free_ char *own = getenv("PATH") ? mem_printf("PATH=%s", getenv("PATH")) : NULL;
	_cleanup_free_ const char **argv = mem_alloc((n + 3) * sizeof(*argv));
	char *envp[] = { own ? own : path, (char *)"LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;

	argv[0] = "ps";
	argv[1] = n ? NULL : "-ef";
	for (size_t i = 0; i < n; i++)
		argv[i + 1] = args[i];
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	if (!own)
		setenv("PATH", path + strlen("PATH="), 1); /* where posix_spawnp looks */
	int r = posix_spawnp(ret, "ps", &actions, &attributes, (char *const *)argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return r ? err_set(err, -r, "run ps (is procps installed? \"--format json\" needs no ps)") : 0;
}

static int read_ps(const char *const *args, size_t n, char **ret, struct err *err)
{
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, -errno, "make a pipe for ps");
	_cleanup_fd_ int read_fd = ends[0];
	int r = spawn_ps(args, n, ends[1], &pid, err);
	fd_close(ends[1]);
	if (r < 0)
		return r;
	r = fd_read_all(read_fd, 16 << 20, ret, NULL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return err_set(err, r, "read what ps prints");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_say(err, -EINVAL, "ps failed (its message is on standard error)");
	return 0;
}

/* ---- its table --------------------------------------------------------------------------------- */

/* Which word of the heading is PID, from 0; or a negative errno. */
static int pid_column(const char *heading, struct err *err)
{
	int column = 0;

	for (const char *p = heading + strspn(heading, " "); *p && *p != '\n'; column++) {
		size_t len = strcspn(p, " \n");
		if (len == 3 && strncmp(p, "PID", 3) == 0)
			return column;
		p += len;
		p += strspn(p, " ");
	}
	return err_say(err, -EINVAL, "ps prints no column PID: give it options that do, as \"-o pid,args\"");
}

static long number_in_column(const char *line, int column)
{
	const char *p = line + strspn(line, " ");

	for (int i = 0; i < column; i++) {
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	return strtol(p, NULL, 10);
}

static int print_matching(char *text, const pid_t *pids, size_t n, struct err *err)
{
	int column = pid_column(text, err);
	bool heading = true;

	if (column < 0)
		return column;
	for (char *line = text, *end; *line; line = end, heading = false) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		if (heading || contains(pids, n, number_in_column(line, column)))
			puts(line);
	}
	return 0;
}

static int print_table(const struct options *o, const pid_t *pids, size_t n, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = read_ps((const char *const *)o->args + 1, o->n_args - 1, &text, err);

	return r < 0 ? r : print_matching(text, pids, n, err);
}

int cmd_ps(const struct global *g, const struct options *o)
{
	const char *format = option_string(o, "format");
	_cleanup_free_ pid_t *pids = NULL;
	struct container c;
	struct err err = { 0 };
	size_t n = 0;

	if (format && strcmp(format, "json") != 0 && strcmp(format, "table") != 0) {
		err_say(&err, -EINVAL, "invalid format \"%s\": expected table or json", format);
		return cmd_fail(&err, 1);
	}
	if (container_open(g->root, o->args[0], -1, &c, &err) < 0)
		return cmd_fail(&err, 1);
	int r = container_pids(&c, &pids, &n, &err);
	container_done(&c);
	if (r == 0 && format && strcmp(format, "json") == 0)
		print_json(pids, n);
	else if (r == 0)
		r = print_table(o, pids, n, &err);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
