/* SPDX-License-Identifier: Apache-2.0 */
/* `husk help`: help from the table of commands. */
#include "cmd_help.h"
#include "cmd_parse.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <string.h>

int cmd_help(const struct global *g, const struct options *o);

static void print_option(const struct option_info *i, FILE *out)
{
	_cleanup_buf_ struct buf left = { 0 };

	if (i->letter)
		buf_addf(&left, "-%c, ", i->letter);
	else
		buf_adds(&left, "    ");
	buf_addf(&left, "--%s%s%s", i->name, i->value ? " " : "", i->value ? i->value : "");
	if (left.len > 26)
		fprintf(out, "  %s\n  %-26s  %s\n", left.data, "", i->text);
	else
		fprintf(out, "  %-26s  %s\n", left.data, i->text);
}

static void print_options(const struct option_info *i, FILE *out)
{
	for (; i->name; i++)
		print_option(i, out);
	fprintf(out, "  -h, --help                  print this help\n");
}

void help_print(FILE *out)
{
	fprintf(out, "husk runs containers as the Open Container Initiative's runtime specification says.\n\n"
		     "Usage: husk [global options] COMMAND [options] [arguments]\n\n"
		     "Commands:\n");
	for (const struct command *c = commands; c->name; c++)
		if (!c->hidden)
			fprintf(out, "  %-12s  %s\n", c->name, c->text);
	fprintf(out, "\nGlobal options:\n");
	print_options(global_options, out);
	fprintf(out, "\n\"husk help COMMAND\" tells more.\n"
		     "To try it: make a directory with a root filesystem in rootfs/, run \"husk spec\" there,\n"
		     "then \"husk run ./\".\n");
}

void help_print_command(const struct command *c, FILE *out)
{
	fprintf(out, "husk %s: %s\n\nUsage: husk [global options] %s%s%s%s\n", c->name, c->text, c->name,
		c->options[0].name ? " [options]" : "", c->usage[0] ? " " : "", c->usage);
	if (c->alias)
		fprintf(out, "Also: husk %s\n", c->alias);
	if (c->details)
		fprintf(out, "\n%s\n", c->details);
	fprintf(out, "\nOptions:\n");
	print_options(c->options, out);
}

/* "No help topic for" is what scripts look for. */
int help_no_command(const char *name)
{
	const char *near = command_nearest(name);
	struct err err = { 0 };

	err_say(&err, -EINVAL, "No help topic for '%s': there is no such command%s%s%s (\"husk help\" lists them)",
		name, near ? ", did you mean " : "", near ? near : "", near ? "?" : "");
	return cmd_fail(&err, 1);
}

int cmd_help(const struct global *g, const struct options *o)
{
	(void)g;
	if (o->n_args == 0) {
		help_print(stdout);
		return 0;
	}

	const struct command *c = command_find(o->args[0]);
	if (!c)
		return help_no_command(o->args[0]);
	help_print_command(c, stdout);
	return 0;
}
