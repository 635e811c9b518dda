/* SPDX-License-Identifier: Apache-2.0 */
/* Annotations that are properties of a systemd unit; see unit_property.h. */
#include "unit_property.h"
#include "util/err.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECOND 1000000 /* microseconds */

static const struct row {
	const char *name, *type;
} rows[] = {
#define PROPERTY(name, type) { #name, type },
#include "unit_property.def"
#undef PROPERTY
};

void unit_property_done(struct unit_property *p)
{
	gvariant_done(&p->value);
}

static const struct row *find(const char *name)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* "TimeoutStopSec" for TimeoutStopUSec: the length without "Sec"; 0: none of these. */
static size_t seconds_stem(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, "Sec") == 0 && islower((unsigned char)name[n - 4]) ? n - 3 : 0;
}

static int wrong_type(const struct row *row, const char *text, struct err *err)
{
	bool is_array = row->type[0] == 'a';
	const char *type = gvariant_type_name(row->type[is_array]);

	return err_say(err, -EINVAL, "%s is not what systemd takes for %s: %s%s%s", text, row->name,
		       is_array ? "an array, with elements of type " : "it must be of type ", type,
		       row->type[is_array] == 's' ? ", in quotes" : "");
}

/* Text goes to systemd, its log and its unit files: one line. */
static bool has_control(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return true;
	return false;
}

static int check_text(const struct row *row, const struct gvariant *g, struct err *err)
{
	for (size_t i = 0; i < g->n; i++)
		if (has_control(g->v[i]))
			return err_say(err, -EINVAL, "the value of %s has a newline or another control character in it",
				       row->name);
	return 0;
}

static bool fits_all(const struct gvariant *g, char type)
{
	for (size_t i = 0; i < g->n; i++)
		if (!gvariant_fits(g->v[i], type))
			return false;
	return true;
}

static int check_value(const struct row *row, const struct gvariant *g, const char *text, struct err *err)
{
	bool is_array = row->type[0] == 'a';
	char type = row->type[is_array];

	if (g->is_array != is_array)
		return wrong_type(row, text, err);
	if (is_array && g->n == 0)
		return g->type && g->type != type ? wrong_type(row, text, err) : 0;
	if (type == 's')
		return g->type == 's' ? check_text(row, g, err) : wrong_type(row, text, err);
	if (g->type == type)
		return 0;
	/* A number without a type is of the one that is needed, if it can be. */
	if (g->typed || g->type != 'i' || !fits_all(g, type))
		return wrong_type(row, text, err);
	return 0;
}

/* Whole or fraction, as microseconds. */
static int to_microseconds(struct gvariant *g, const char *name, const char *text, struct err *err)
{
	const char *s = g->n == 1 && !g->is_array && strchr("ynqiuxtd", g->type) ? g->v[0] : NULL;
	char *end;

	if (!s || s[0] == '-')
		return err_say(err, -EINVAL, "%s is no number of seconds, which %s needs", text, name);
	errno = 0;
	uint64_t n = strtoull(s, &end, 10);
	bool whole = !*end && !errno;
	double fraction = whole ? 0 : strtod(s, NULL) * SECOND;
	if (whole ? n > UINT64_MAX / SECOND : !(fraction >= 0 && fraction < 1e18))
		return err_say(err, -EINVAL, "%s seconds are more than %s can be", s, name);
	char *out = mem_printf("%" PRIu64, whole ? n * SECOND : (uint64_t)(fraction + 0.5));
	free(g->v[0]);
	g->v[0] = out;
	g->type = 't';
	return 0;
}

static int read_value(const struct row *row, const char *name, const char *text, struct gvariant *g, struct err *err)
{
	int r = gvariant_read(text, g, err);

	if (r == 0 && strcmp(row->name, name) != 0)
		r = to_microseconds(g, name, text, err);
	return r == 0 ? check_value(row, g, text, err) : r;
}

static const struct row *find_any(const char *name)
{
	size_t stem = seconds_stem(name);
	_cleanup_free_ char *usec = stem ? mem_printf("%.*sUSec", (int)stem, name) : NULL;

	return find(usec ? usec : name);
}

const char *unit_property_name(const char *name)
{
	const struct row *row = find_any(name);

	return row ? row->name : NULL;
}

int unit_property_read(const char *name, const char *text, struct unit_property *ret, struct err *err)
{
	const struct row *row = find_any(name);
	struct gvariant g = { 0 };

	if (!row)
		return err_say(
			err, -EINVAL,
			"annotations may not set the property %s of the container's unit: it is none of those that "
			"change this unit alone (as TimeoutStopUSec or MemoryHigh); a drop-in of its slice may",
			name);
	int r = read_value(row, name, text, &g, err);
	if (r < 0) {
		gvariant_done(&g);
		return r;
	}
	*ret = (struct unit_property){ .name = row->name, .type = row->type, .value = g };
	return 0;
}
