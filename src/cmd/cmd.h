/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands.  cmd.def is the table of commands and their options; from it come parsing, help,
 * completions and man pages.  Each command is a file cmd_NAME.c with one exported entry,
 * cmd_NAME, that gets its parsed options and returns the exit status.
 */
#ifndef HUSK_CMD_H
#define HUSK_CMD_H

#include "host/facts.h"

#include <stdbool.h>
#include <stddef.h>

/* Global options. */
struct global {
	const char *root;               /* absolute, never NULL */
	bool root_given;
	bool debug;
	const char *log, *log_format, *log_level;
	enum cgroup_driver driver;      /* --systemd-cgroup, --cgroup-manager */
	int rootless;                   /* -1 auto, 0, 1 */
};

enum option_kind {
	OPTION_FLAG,                    /* --name, --name=false */
	OPTION_STRING,                  /* --name VALUE, --name=VALUE */
	OPTION_STRINGS,                 /* may be repeated */
	OPTION_NUMBER,                  /* a whole number */
};

struct option_info {
	const char *name;               /* long name, without dashes; one dash works too */
	char letter;                    /* 0: none */
	enum option_kind kind;
	const char *value;              /* what help calls the value: "FILE" */
	const char *text;
};

struct options {                        /* values, by the order of the command's option_info[] */
	const struct option_info *info;
	struct option_value {
		bool given;
		bool flag;
		long long number;
		const char **strings;   /* the last one counts for OPTION_STRING */
		size_t n_strings;
	} *values;
	const char **args;              /* positional arguments */
	size_t n_args;
	bool help;                      /* --help or -h */
};
bool option_flag(const struct options *o, const char *name);
const char *option_string(const struct options *o, const char *name);          /* NULL when not given */
size_t option_strings(const struct options *o, const char *name, const char *const **ret);
bool option_number(const struct options *o, const char *name, long long *ret); /* false when not given */

struct command {
	const char *name, *alias;
	const char *usage;              /* "[options] ID" */
	const char *text;               /* one line */
	const char *details;            /* more, for help and the man page; or NULL */
	const struct option_info *options;   /* ends with a NULL name */
	size_t min_args, max_args;      /* of positional arguments */
	size_t stop_args;               /* after so many nothing is an option (ps: 1, exec: 2); 0: no such end */
	bool hidden;                    /* not in the list of commands */
	int (*run)(const struct global *g, const struct options *o);
};
extern const struct command commands[];  /* ends with a NULL name */
extern const struct option_info global_options[];

/* Report an error as the caller expects (stderr, --log) and return status. */
struct err;
int cmd_fail(const struct err *e, int status);

#endif
