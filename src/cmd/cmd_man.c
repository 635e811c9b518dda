/* SPDX-License-Identifier: Apache-2.0 */
/* `husk man`: the manual page husk(1), from the table of commands. */
#include "cmd.h"
#include "util/mem.h"
#include "util/version.h"

#include <stdio.h>
#include <string.h>

int cmd_man(const struct global *g, const struct options *o);

/* Text for roff: a dash is a minus, a backslash is itself, and no line begins with a dot or a quote. */
static void print_text(const char *text)
{
	bool line_start = true;

	for (; *text; text++) {
		if (line_start && (*text == '.' || *text == '\''))
			printf("\\&");
		if (*text == '-')
			printf("\\-");
		else if (*text == '\\')
			printf("\\e");
		else
			putchar(*text);
		line_start = *text == '\n';
	}
}

static void print_options(const struct option_info *i)
{
	for (; i->name; i++) {
		printf(".TP\n");
		if (i->letter)
			printf("\\fB\\-%c\\fR, ", i->letter);
		printf("\\fB\\-\\-");
		print_text(i->name);
		printf("\\fR");
		if (i->value) {
			printf(" \\fI");
			print_text(i->value);
			printf("\\fR");
		}
		printf("\n");
		print_text(i->text);
		printf("\n");
	}
}

static void print_command(const struct command *c)
{
	printf(".SS husk ");
	print_text(c->name);
	if (c->options[0].name)
		printf(" [options]");
	printf(" ");
	print_text(c->usage);
	printf("\n");
	print_text(c->text);
	printf(".\n");
	if (c->alias)
		printf("Also: husk %s.\n", c->alias);
	if (c->details) {
		printf(".PP\n");
		print_text(c->details);
		printf("\n");
	}
	print_options(c->options);
}

int cmd_man(const struct global *g, const struct options *o)
{
	(void)g;
	(void)o;
	printf(".TH HUSK 1 \"\" \"husk %s\" \"User Commands\"\n"
	       ".SH NAME\nhusk \\- run containers as the Open Container Initiative's runtime specification says\n"
	       ".SH SYNOPSIS\n\\fBhusk\\fR [\\fIglobal options\\fR] \\fICOMMAND\\fR [\\fIoptions\\fR] "
	       "[\\fIarguments\\fR]\n"
	       ".SH DESCRIPTION\nhusk makes a container from a bundle: a directory with a root filesystem and a "
	       "config.json.\n"
	       "Container engines call it in place of runc or crun; it can be used by hand too.\n"
	       ".PP\nOptions may follow arguments. One dash before a long option works, and \\fB\\-\\-\\fR ends the "
	       "options.\n"
	       ".SH GLOBAL OPTIONS\n",
	       husk_version);
	print_options(global_options);
	printf(".SH COMMANDS\n");
	for (const struct command *c = commands; c->name; c++)
		if (!c->hidden)
			print_command(c);
	printf(".SH FILES\n.TP\n/run/husk/ID/state.json\nThe record of a container.\n"
	       ".TP\n/run/husk/ID/config.json\nThe copy of its configuration, which counts from create on.\n"
	       ".SH EXIT STATUS\n0, or 1 for an error of husk's own; run and exec return what their program returned.\n"
	       ".SH SEE ALSO\n.UR https://github.com/opencontainers/runtime\\-spec\nThe runtime specification\n.UE\n");
	return 0;
}
