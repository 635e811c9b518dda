/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a command line by a table of options; see cmd_parse.h. */
#include "cmd_parse.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct parser {
	const struct option_info *info;
	const char *who;
	const char *const *argv; /* what is still to be read */
	struct options o;
	struct err *err;
};

static const char *option_name_at(const void *user, size_t i)
{
	const struct option_info *info = user;

	return info[i].name;
}

static size_t smallest(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Edit distance; words longer than the table are never near. */
static size_t distance(const char *a, const char *b)
{
	enum { MAX = 32 };
	size_t n = strlen(a), m = strlen(b), row[MAX + 1];

	if (n > MAX || m > MAX)
		return MAX;
	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			size_t up = row[j];
			row[j] = smallest(up + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = up;
		}
	}
	return row[m];
}

const char *word_nearest(const char *word, const char *(*next)(const void *user, size_t i), const void *user)
{
	const char *best = NULL, *candidate;
	size_t best_distance = strlen(word) < 4 ? 2 : 3; /* must be below */

	for (size_t i = 0; (candidate = next(user, i)); i++) {
		size_t d = distance(word, candidate);
		if (d < best_distance) {
			best = candidate;
			best_distance = d;
		}
	}
	return best;
}

static const struct option_info *find_long(const struct option_info *info, const char *name, size_t len)
{
	for (; info->name; info++)
		if (strncmp(info->name, name, len) == 0 && !info->name[len])
			return info;
	return NULL;
}

static const struct option_info *find_letter(const struct option_info *info, char letter)
{
	for (; info->name; info++)
		if (info->letter && info->letter == letter)
			return info;
	return NULL;
}

static int unknown(const struct parser *p, const char *arg)
{
	const char *name = arg + strspn(arg, "-");
	size_t len = strcspn(name, "=");
	_cleanup_free_ char *word = mem_printf("%.*s", (int)len, name);
	const char *near = word_nearest(word, option_name_at, p->info);
	int dashes = (int)(name - arg);

	if (dashes == 1 && name[0] >= '0' && name[0] <= '9')
		return err_say(p->err, -EINVAL, "%s%sunknown flag: %s (a number stands without a dash: %s)", p->who,
			       p->who[0] ? ": " : "", arg, name);
	if (p->who[0] && find_long(global_options, name, len))
		return err_say(p->err, -EINVAL, "%s: unknown flag: %.*s%s (it is a global one: put it before \"%s\")",
			       p->who, dashes, arg, word, p->who);
	return err_say(p->err, -EINVAL, "%s%sunknown flag: %.*s%s%s%s%s (\"husk %s%s--help\" lists them)", p->who,
		       p->who[0] ? ": " : "", dashes, arg, word, near ? ", did you mean --" : "", near ? near : "",
		       near ? "?" : "", p->who, p->who[0] ? " " : "");
}

static int bad_value(const struct parser *p, const struct option_info *info, const char *value, const char *expected)
{
	return err_say(p->err, -EINVAL, "%s%sinvalid value \"%s\" for flag --%s: expected %s", p->who,
		       p->who[0] ? ": " : "", value, info->name, expected);
}

static int set_flag(struct parser *p, const struct option_info *info, struct option_value *v, const char *value)
{
	static const char *const yes[] = { "true", "1", "t", "T", "TRUE", "True" };
	static const char *const no[] = { "false", "0", "f", "F", "FALSE", "False" };

	v->flag = true;
	for (size_t i = 0; value && i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (strcmp(value, yes[i]) == 0)
			break;
		if (strcmp(value, no[i]) == 0) {
			v->flag = false;
			break;
		}
		if (i == sizeof(yes) / sizeof(yes[0]) - 1)
			return bad_value(p, info, value, "true or false");
	}
	v->given = true;
	return 0;
}

/* Give the option its value; NULL: it stands alone (flags). */
static int set_value(struct parser *p, const struct option_info *info, const char *value)
{
	struct option_value *v = &p->o.values[info - p->info];
	char *end;

	if (info->kind == OPTION_FLAG)
		return set_flag(p, info, v, value);
	if (info->kind == OPTION_NUMBER) {
		errno = 0;
		v->number = strtoll(value, &end, 10);
		if (errno || end == value || *end)
			return bad_value(p, info, value, "a whole number");
	}
	v->strings = mem_grow(v->strings, v->n_strings + 1, sizeof(*v->strings));
	v->strings[v->n_strings++] = value;
	v->given = true;
	return 0;
}

/* The value stands in the next argument. shown: the flag as the user wrote it. */
static int take_value(struct parser *p, const struct option_info *info, const char *shown)
{
	if (!*p->argv)
		return err_say(p->err, -EINVAL, "flag needs an argument: %s", shown);
	return set_value(p, info, *p->argv++);
}

static int read_long(struct parser *p, const struct option_info *info, const char *arg, const char *equals)
{
	if (equals)
		return set_value(p, info, equals + 1);
	if (info->kind == OPTION_FLAG)
		return set_value(p, info, NULL);
	return take_value(p, info, arg);
}

/* -x, -xVALUE, -x=VALUE, -xyz */
static int read_letters(struct parser *p, const char *arg)
{
	for (const char *c = arg + 1; *c; c++) {
		const struct option_info *info = find_letter(p->info, *c);
		if (!info && *c == 'h') {
			p->o.help = true;
			continue;
		}
		if (!info)
			return unknown(p, arg);
		if (c[1] == '=')
			return set_value(p, info, c + 2);
		if (info->kind == OPTION_FLAG) {
			int r = set_value(p, info, NULL);
			if (r < 0)
				return r;
			continue;
		}
		if (c[1])
			return set_value(p, info, c + 1);
		char shown[] = { '-', *c, '\0' };
		return take_value(p, info, shown);
	}
	return 0;
}

static int read_option(struct parser *p, const char *arg)
{
	const char *name = arg + (arg[1] == '-' ? 2 : 1);
	size_t len = (size_t)(strchrnul(name, '=') - name);
	const struct option_info *info = find_long(p->info, name, len);

	/* "-d" is a letter even where a long option has that name. */
	if (info && (arg[1] == '-' || len > 1))
		return read_long(p, info, arg, name[len] ? name + len : NULL);
	if (strcmp(name, "help") == 0) {
		p->o.help = true;
		return 0;
	}
	if (arg[1] == '-')
		return unknown(p, arg);
	return read_letters(p, arg);
}

static size_t count_options(const struct option_info *info)
{
	size_t n = 0;

	while (info[n].name)
		n++;
	return n;
}

static int read_all(struct parser *p, size_t stop_args)
{
	bool ended = false;

	while (*p->argv) {
		const char *arg = *p->argv++;
		if (!ended && stop_args && p->o.n_args >= stop_args)
			ended = true;
		if (!ended && strcmp(arg, "--") == 0) {
			ended = true;
			continue;
		}
		if (ended || arg[0] != '-' || !arg[1]) {
			p->o.args = mem_grow(p->o.args, p->o.n_args + 2, sizeof(*p->o.args));
			p->o.args[p->o.n_args++] = arg;
			p->o.args[p->o.n_args] = NULL;
			continue;
		}
		int r = read_option(p, arg);
		if (r < 0)
			return r;
	}
	return 0;
}

int options_parse(const struct option_info *info, size_t stop_args, const char *who, const char *const *argv,
		  struct options *ret, struct err *err)
{
	struct parser p = { .info = info, .who = who, .argv = argv, .err = err };

	p.o.info = info;
	p.o.values = mem_alloc((count_options(info) + 1) * sizeof(*p.o.values));
	int r = read_all(&p, stop_args);
	if (r < 0) {
		options_done(&p.o);
		return r;
	}
	*ret = p.o;
	return 0;
}

void options_done(struct options *o)
{
	size_t n = o->info ? count_options(o->info) : 0;

	for (size_t i = 0; i < n; i++)
		free(o->values[i].strings);
	free(o->values);
	free(o->args);
	*o = (struct options){ 0 };
}

/* ---- what commands ask ----------------------------------------------------------------- */

/* A command that asks for an option which its table lacks is a bug, and says so at once. */
static const struct option_value *value_of(const struct options *o, const char *name)
{
	const struct option_info *info = find_long(o->info, name, strlen(name));

	if (!info)
		abort();
	return &o->values[info - o->info];
}

bool option_flag(const struct options *o, const char *name)
{
	const struct option_value *v = value_of(o, name);

	return v->given && v->flag;
}

const char *option_string(const struct options *o, const char *name)
{
	const struct option_value *v = value_of(o, name);

	return v->n_strings ? v->strings[v->n_strings - 1] : NULL;
}

size_t option_strings(const struct options *o, const char *name, const char *const **ret)
{
	const struct option_value *v = value_of(o, name);

	*ret = (const char *const *)v->strings;
	return v->n_strings;
}

bool option_number(const struct options *o, const char *name, long long *ret)
{
	const struct option_value *v = value_of(o, name);

	if (v->given)
		*ret = v->number;
	return v->given;
}

/* ---- commands by name ------------------------------------------------------------------- */

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0 || (c->alias && strcmp(c->alias, name) == 0))
			return c;
	return NULL;
}

static const char *command_name_at(const void *user, size_t i)
{
	const struct command *c = user;

	return c[i].name;
}

const char *command_nearest(const char *name)
{
	return word_nearest(name, command_name_at, commands);
}
