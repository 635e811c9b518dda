/* SPDX-License-Identifier: Apache-2.0 */
/* `husk completion`: completion scripts for shells, from the table of commands. */
#include "cmd.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int cmd_completion(const struct global *g, const struct options *o);

/* "--a --b -x": the options of a row. */
static char *option_words(const struct option_info *i)
{
	struct buf b = { 0 };

	for (; i->name; i++) {
		buf_addf(&b, "--%s ", i->name);
		if (i->letter)
			buf_addf(&b, "-%c ", i->letter);
	}
	buf_adds(&b, "--help");
	return b.data;
}

/* Does the command take the id of a container that is there? */
static bool takes_id(const struct command *c)
{
	return strncmp(c->usage, "ID", 2) == 0 && strncmp(c->usage, "ID|", 3) != 0 && strcmp(c->name, "create") != 0;
}

static void print_bash(void)
{
	_cleanup_free_ char *globals = option_words(global_options);

	printf("_husk() {\n"
	       "\tlocal word=${COMP_WORDS[COMP_CWORD]} command= i\n"
	       "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	       "\t\tcase ${COMP_WORDS[i]} in\n"
	       "\t\t--root|--log|--log-format|--log-level|--cgroup-manager|--rootless) ((i++)) ;;\n"
	       "\t\t-*) ;;\n"
	       "\t\t*) command=${COMP_WORDS[i]}; break ;;\n"
	       "\t\tesac\n"
	       "\tdone\n"
	       "\tcase $command in\n"
	       "\t'') COMPREPLY=($(compgen -W '%s",
	       globals);
	for (const struct command *c = commands; c->name; c++)
		if (!c->hidden)
			printf(" %s", c->name);
	printf("' -- \"$word\")) ;;\n");
	for (const struct command *c = commands; c->name; c++) {
		_cleanup_free_ char *words = option_words(c->options);
		printf("\t%s%s%s)\n\t\tcase $word in\n\t\t-*) COMPREPLY=($(compgen -W '%s' -- \"$word\")) ;;\n",
		       c->name, c->alias ? "|" : "", c->alias ? c->alias : "", words);
		if (takes_id(c))
			printf("\t\t*) COMPREPLY=($(compgen -W \"$(husk list -q 2>/dev/null)\" -- \"$word\")) ;;\n");
		else
			printf("\t\t*) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n");
		printf("\t\tesac ;;\n");
	}
	printf("\tesac\n}\ncomplete -o filenames -F _husk husk\n");
}

/* Inside single quotes of zsh and fish. */
static char *quoted(const char *text)
{
	struct buf b = { 0 };

	buf_adds(&b, "");
	for (; *text; text++) {
		const char *in_place = *text == '\''  ? "'\\''"
				       : *text == '[' ? "("
				       : *text == ']' ? ")"
				       : *text == ':' ? " -"
						      : NULL;
		if (in_place)
			buf_adds(&b, in_place);
		else
			buf_add(&b, text, 1);
	}
	return b.data;
}

static void print_zsh_options(const struct option_info *i)
{
	for (; i->name; i++) {
		_cleanup_free_ char *text = quoted(i->text), *value = i->value ? quoted(i->value) : NULL;
		printf(" \\\n\t\t\t'--%s%s[%s]", i->name, i->value ? "=" : "", text);
		if (value)
			printf(":%s:_files", value);
		printf("'");
	}
}

static void print_zsh(void)
{
	printf("#compdef husk\n_husk() {\n\tlocal line state\n\t_arguments -C");
	print_zsh_options(global_options);
	printf(" \\\n\t\t'1:command:->command' '*::arguments:->arguments'\n\tcase $state in\n\tcommand)\n"
	       "\t\tlocal -a names=(\n");
	for (const struct command *c = commands; c->name; c++) {
		_cleanup_free_ char *text = quoted(c->text);
		if (!c->hidden)
			printf("\t\t\t'%s:%s'\n", c->name, text);
	}
	printf("\t\t)\n\t\t_describe command names ;;\n\targuments)\n\t\tcase $line[1] in\n");
	for (const struct command *c = commands; c->name; c++) {
		printf("\t\t%s%s%s) _arguments", c->name, c->alias ? "|" : "", c->alias ? c->alias : "");
		print_zsh_options(c->options);
		printf(" \\\n\t\t\t'*:%s:%s' ;;\n", takes_id(c) ? "container" : "file",
		       takes_id(c) ? "(${(f)\"$(husk list -q 2>/dev/null)\"})" : "_files");
	}
	printf("\t\tesac ;;\n\tesac\n}\n_husk \"$@\"\n");
}

static void print_fish_options(const struct option_info *i, const char *condition)
{
	for (; i->name; i++) {
		_cleanup_free_ char *text = quoted(i->text);
		printf("complete -c husk -n '%s' -l %s", condition, i->name);
		if (i->letter)
			printf(" -s %c", i->letter);
		printf("%s -d '%s'\n", i->value ? " -r" : "", text);
	}
}

static void print_fish(void)
{
	print_fish_options(global_options, "__fish_use_subcommand");
	for (const struct command *c = commands; c->name; c++) {
		_cleanup_free_ char *text = quoted(c->text);
		_cleanup_free_ char *condition = mem_printf("__fish_seen_subcommand_from %s%s%s", c->name,
							    c->alias ? " " : "", c->alias ? c->alias : "");
		if (!c->hidden)
			printf("complete -c husk -f -n __fish_use_subcommand -a %s -d '%s'\n", c->name, text);
		print_fish_options(c->options, condition);
		if (takes_id(c))
			printf("complete -c husk -f -n '%s' -a '(husk list -q 2>/dev/null)'\n", condition);
	}
}

static const struct {
	const char *name;
	void (*print)(void);
} shells[] = {
	{ "bash", print_bash },
	{ "zsh", print_zsh },
	{ "fish", print_fish },
};

int cmd_completion(const struct global *g, const struct options *o)
{
	struct err err = { 0 };

	(void)g;
	for (size_t i = 0; i < sizeof(shells) / sizeof(shells[0]); i++) {
		if (strcmp(shells[i].name, o->args[0]) == 0) {
			shells[i].print();
			return 0;
		}
	}
	err_say(&err, -EINVAL, "no completions for \"%s\": expected bash, zsh or fish", o->args[0]);
	return cmd_fail(&err, 1);
}
