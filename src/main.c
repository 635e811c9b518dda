/* SPDX-License-Identifier: Apache-2.0 */
/* husk's entry: the global options, the log, and the command. */
#include "cmd/cmd.h"
#include "cmd/cmd_help.h"
#include "cmd/cmd_parse.h"
#include "container/state.h"
#include "util/err.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/version.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAP_SIZE (40 * 1024u) /* what a command that reads a record uses */

static int print_version(void)
{
	const struct scmp_version *v = seccomp_version();

	printf("husk version %s\n", husk_version);
	printf("commit: %s\n", husk_commit);
	printf("spec: %s\n", OCISPEC_VERSION);
	if (v)
		printf("libseccomp: %u.%u.%u\n", v->major, v->minor, v->micro);
	return 0;
}

/* The place of word in a NULL-terminated list, or an error that names the flag. */
static int find_word(const char *flag, const char *word, const char *const *words, struct err *err)
{
	_cleanup_buf_ struct buf list = { 0 };

	for (int i = 0; words[i]; i++) {
		if (strcmp(word, words[i]) == 0)
			return i;
		buf_addf(&list, "%s%s", i ? ", " : "", words[i]);
	}
	return err_say(err, -EINVAL, "invalid value \"%s\" for flag --%s: expected one of %s", word, flag, list.data);
}

static int open_log(struct global *g, const struct options *o, struct err *err)
{
	static const char *const formats[] = { "text", "json", NULL };
	static const char *const levels[] = { "error", "warning", "info",  "debug", "warn",
					      "fatal", "panic",   "trace", NULL };
	static const enum log_level level_of[] = { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO,
						   LOG_LEVEL_DEBUG, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR,
						   LOG_LEVEL_ERROR, LOG_LEVEL_DEBUG };
	int format = LOG_FORMAT_TEXT, level = LOG_LEVEL_WARNING, r;

	g->debug = option_flag(o, "debug");
	g->log = option_string(o, "log");
	g->log_format = option_string(o, "log-format");
	g->log_level = option_string(o, "log-level");
	if (g->log_format) {
		format = find_word("log-format", g->log_format, formats, err);
		if (format < 0)
			return format;
	}
	if (g->log_level) {
		level = find_word("log-level", g->log_level, levels, err);
		if (level < 0)
			return level;
		level = (int)level_of[level];
	}
	r = log_open(g->log, (enum log_format)format, g->debug ? LOG_LEVEL_DEBUG : (enum log_level)level);
	return r < 0 ? err_set(err, r, "open log %s", g->log) : 0;
}

static int choose_driver(struct global *g, const struct options *o, struct err *err)
{
	static const char *const words[] = { [CGROUP_DRIVER_CGROUPFS] = "cgroupfs",
					     [CGROUP_DRIVER_SYSTEMD] = "systemd",
					     [CGROUP_DRIVER_DISABLED] = "disabled",
					     NULL };
	const char *manager = option_string(o, "cgroup-manager");
	int r;

	g->driver = option_flag(o, "systemd-cgroup") ? CGROUP_DRIVER_SYSTEMD : CGROUP_DRIVER_CGROUPFS;
	if (!manager)
		return 0;
	r = find_word("cgroup-manager", manager, words, err);
	if (r < 0)
		return r;
	g->driver = (enum cgroup_driver)r;
	return 0;
}

static int choose_rootless(struct global *g, const struct options *o, struct err *err)
{
	static const char *const words[] = { "auto", "false", "true", NULL };
	const char *mode = option_string(o, "rootless");
	int r;

	g->rootless = -1;
	if (!mode)
		return 0;
	r = find_word("rootless", mode, words, err);
	if (r < 0)
		return r;
	g->rootless = r - 1;
	return 0;
}

/* *ret_root is malloc'ed: g->root borrows it. */
static int choose_root(struct global *g, const struct options *o, char **ret_root, struct err *err)
{
	const char *given = option_string(o, "root");
	_cleanup_free_ char *cwd = NULL;

	g->root_given = given && given[0];
	if (!g->root_given) {
		g->root = *ret_root = state_default_root();
		return 0;
	}
	if (given[0] != '/') {
		cwd = getcwd(NULL, 0);
		if (!cwd)
			return err_set(err, -errno, "find the current directory for --root %s", given);
	}
	_cleanup_free_ char *joined = path_join(cwd ? cwd : "/", given);
	g->root = *ret_root = path_clean(joined);
	return 0;
}

static int read_globals(struct global *g, const struct options *o, char **ret_root, struct err *err)
{
	int r;

	/* The log first: it must hear of errors in the other options. */
	r = open_log(g, o, err);
	if (r >= 0)
		r = choose_driver(g, o, err);
	if (r >= 0)
		r = choose_rootless(g, o, err);
	if (r >= 0)
		r = choose_root(g, o, ret_root, err);
	return r;
}

static int check_args(const struct command *c, const struct options *o, struct err *err)
{
	if (o->n_args < c->min_args)
		return err_say(err, -EINVAL, "%s: too few arguments: the usage is \"husk %s%s%s\"", c->name, c->name,
			       c->usage[0] ? " " : "", c->usage);
	if (o->n_args > c->max_args)
		return err_say(err, -EINVAL, "%s: too many arguments, from \"%s\" on: the usage is \"husk %s%s%s\"",
			       c->name, o->args[c->max_args], c->name, c->usage[0] ? " " : "", c->usage);
	return 0;
}

static int run_command(const struct global *g, const struct command *c, const char *const *argv)
{
	struct options o = { 0 };
	struct err err = { 0 };
	int status;

	if (options_parse(c->options, c->stop_args, c->name, argv, &o, &err) < 0)
		return cmd_fail(&err, 1);
	if (o.help) {
		help_print_command(c, stdout);
		status = 0;
	} else if (check_args(c, &o, &err) < 0) {
		status = cmd_fail(&err, 1);
	} else {
		status = c->run(g, &o);
	}
	log_end();
	options_done(&o);
	return status;
}

static int dispatch(const struct global *g, const struct options *o)
{
	if (option_flag(o, "version"))
		return print_version();
	if (o->help) {
		help_print(stdout);
		return 0;
	}
	if (o->n_args == 0) {
		help_print(stderr);
		return 1;
	}

	const struct command *c = command_find(o->args[0]);
	return c ? run_command(g, c, (const char *const *)o->args + 1) : help_no_command(o->args[0]);
}

/* Output that did not reach its reader is a failure: callers parse it. */
static int flush(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	struct err err = { 0 };
	err_set(&err, errno ? -errno : -EIO, "write to standard output");
	return status ? status : cmd_fail(&err, 1);
}

/* Descriptors 0, 1 and 2 must not become something else's. */
static void fill_standard_streams(void)
{
	struct pollfd p[3] = { { .fd = 0 }, { .fd = 1 }, { .fd = 2 } };

	if (poll(p, 3, 0) == 0)
		return; /* POLLNVAL would have been told */
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", fd ? O_WRONLY : O_RDONLY) < 0)
			return;
}

int main(int argc, char **argv)
{
	struct options o = { 0 };
	struct global g = { 0 };
	struct err err = { 0 };
	_cleanup_free_ char *root = NULL;
	int status;

	mem_prefault(HEAP_SIZE);
	fill_standard_streams();
	/* A reader that went away is an error to handle, not a way to die halfway. */
	signal(SIGPIPE, SIG_IGN);
	/* Ignored by who started husk, the kernel would reap its children, and nobody learned how they ended. */
	signal(SIGCHLD, SIG_DFL);

	if (options_parse(global_options, 1, "", (const char *const *)argv + (argc > 0), &o, &err) < 0)
		return cmd_fail(&err, 1);
	status = read_globals(&g, &o, &root, &err) < 0 ? cmd_fail(&err, 1) : dispatch(&g, &o);
	status = flush(status);
	log_end();
	options_done(&o);
	return status;
}
