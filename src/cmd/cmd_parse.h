/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a command line by a table of options.
 *
 * Options may follow positional arguments.  "--name=value", "--name value", "-name value" (one dash
 * works for long names), "-n value", "-nvalue", "-n=value" and clusters of short flags ("-itd") are all
 * read; "--" ends the options; "-" alone is a positional argument.
 */
#ifndef HUSK_CMD_PARSE_H
#define HUSK_CMD_PARSE_H

#include "cmd.h"

struct err;

/* Read argv (NULL-terminated). who: "" for the global options, else the command's name, for errors. The
 * strings stay argv's. On failure nothing needs to be freed. */
int options_parse(const struct option_info *info, size_t stop_args, const char *who,
		  const char *const *argv, struct options *ret, struct err *err);
void options_done(struct options *o);

/* The row of a command, by name or alias; NULL when there is none. */
const struct command *command_find(const char *name);
/* The candidate that is nearest to a mistyped word, NULL when none is near. next gives candidate i, NULL at the end. */
const char *word_nearest(const char *word, const char *(*next)(const void *user, size_t i), const void *user);
const char *command_nearest(const char *name);

#endif
