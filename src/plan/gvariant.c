/* SPDX-License-Identifier: Apache-2.0 */
/* Values in GVariant's text form; see gvariant.h. */
#include "gvariant.h"
#include "util/err.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	char type;
} types[] = {
	{ "boolean", 'b' }, { "byte", 'y' },   { "int16", 'n' },      { "uint16", 'q' },
	{ "int32", 'i' },   { "uint32", 'u' }, { "int64", 'x' },      { "uint64", 't' },
	{ "double", 'd' },  { "string", 's' }, { "objectpath", 'o' }, { "signature", 'g' },
};

struct reader {
	const char *text, *p;
	struct gvariant g;
	struct err *err;
};

void gvariant_done(struct gvariant *g)
{
	for (size_t i = 0; i < g->n; i++)
		free(g->v[i]);
	free(g->v);
	*g = (struct gvariant){ 0 };
}

const char *gvariant_type_name(char type)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].name;
	return NULL;
}

static int fail(struct reader *r, const char *why)
{
	return err_say(r->err, -EINVAL, "%s is no value in GVariant's text form: %s at byte %zu", r->text, why,
		       (size_t)(r->p - r->text));
}

static void skip_space(struct reader *r)
{
	while (isspace((unsigned char)*r->p))
		r->p++;
}

static bool skip_char(struct reader *r, char c)
{
	skip_space(r);
	if (*r->p != c)
		return false;
	r->p++;
	return true;
}

/* Takes text over. All elements of an array have one type. */
static int add(struct reader *r, char type, bool typed, char *text)
{
	struct gvariant *g = &r->g;

	if (!g->type)
		g->type = type;
	/* A fraction among numbers without a type makes all of them fractions. */
	if (!g->typed && !typed && type == 'd' && g->type == 'i')
		g->type = 'd';
	bool same = type == g->type || (!typed && type == 'i' && strchr("ynqiuxtd", g->type)) ||
		    (type == 's' && (g->type == 'o' || g->type == 'g'));
	if (!same) {
		free(text);
		return fail(r, "the value is of another type");
	}
	g->typed = g->typed || typed;
	g->v = mem_grow(g->v, g->n + 1, sizeof(*g->v));
	g->v[g->n++] = text;
	return 0;
}

/* ---- text ------------------------------------------------------------------------------------------ */

static void add_utf8(struct buf *b, unsigned long c)
{
	const char out[4] = { (char)(c < 0x80      ? c
				     : c < 0x800   ? 0xc0 | c >> 6
				     : c < 0x10000 ? 0xe0 | c >> 12
						   : 0xf0 | c >> 18),
			      (char)(0x80 | (c < 0x800     ? c & 0x3f
					     : c < 0x10000 ? c >> 6 & 0x3f
							   : c >> 12 & 0x3f)),
			      (char)(0x80 | (c < 0x10000 ? c & 0x3f : c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f)) };

	buf_add(b, out, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
}

/* \uXXXX and \UXXXXXXXX; p is behind the letter. */
static int read_code_point(struct reader *r, size_t digits, struct buf *b)
{
	unsigned long c = 0;

	for (size_t i = 0; i < digits; i++, r->p++) {
		if (!isxdigit((unsigned char)*r->p))
			return fail(r, "hexadecimal digits are missing");
		c = c << 4 | (unsigned long)(isdigit((unsigned char)*r->p) ? *r->p - '0' : (*r->p | 0x20) - 'a' + 10);
	}
	if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return fail(r, "no text has such a character");
	add_utf8(b, c);
	return 0;
}

static int read_escape(struct reader *r, struct buf *b)
{
	static const char letters[] = "abfnrtv", meant[] = "\a\b\f\n\r\t\v";
	char c = *r->p;

	if (!c)
		return fail(r, "the text does not end");
	r->p++;
	if (c == 'u' || c == 'U')
		return read_code_point(r, c == 'u' ? 4 : 8, b);
	const char *at = strchr(letters, c);
	buf_add(b, at ? &meant[at - letters] : &c, 1);
	return 0;
}

static int read_text(struct reader *r, char **ret)
{
	_cleanup_buf_ struct buf b = { 0 };
	char quote = *r->p++;

	buf_adds(&b, "");
	while (*r->p != quote) {
		if (!*r->p)
			return fail(r, "the text does not end");
		if (*r->p != '\\') {
			buf_add(&b, r->p++, 1);
			continue;
		}
		r->p++;
		int code = read_escape(r, &b);
		if (code < 0)
			return code;
	}
	r->p++;
	*ret = b.data ? take(b.data) : mem_strdup("");
	return 0;
}

/* ---- numbers -------------------------------------------------------------------------------------------- */

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || strchr("_+-.", c);
}

/* "-5", "0x1f", "017": the value in decimal. */
static char *whole_number(const char *word)
{
	bool negative = word[0] == '-';
	const char *digits = word + (negative || word[0] == '+');
	char *end;

	errno = 0;
	unsigned long long n = strtoull(digits, &end, 0);
	if (!isdigit((unsigned char)digits[0]) || *end || errno)
		return NULL;
	return mem_printf("%s%llu", negative && n ? "-" : "", n);
}

static bool is_fraction(const char *word)
{
	char *end;

	(void)strtod(word, &end);
	return end != word && !*end && strpbrk(word, ".eE") && word[strspn(word, "0123456789.eE+-")] == '\0';
}

bool gvariant_fits(const char *number, char type)
{
	static const struct {
		char type;
		uint64_t below, above; /* how far the range goes below and above 0 */
	} ranges[] = {
		{ 'y', 0, UINT8_MAX },  { 'n', (uint64_t)INT16_MAX + 1, INT16_MAX },
		{ 'q', 0, UINT16_MAX }, { 'i', (uint64_t)INT32_MAX + 1, INT32_MAX },
		{ 'u', 0, UINT32_MAX }, { 'x', (uint64_t)INT64_MAX + 1, INT64_MAX },
		{ 't', 0, UINT64_MAX },
	};
	bool negative = number[0] == '-';
	uint64_t n = strtoull(number + negative, NULL, 10);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (ranges[i].type == type)
			return n <= (negative ? ranges[i].below : ranges[i].above);
	return false;
}

static int read_number(struct reader *r, char type, const char *word)
{
	char *text = whole_number(word);
	bool fraction = !text && is_fraction(word);

	if (!text && !fraction)
		return fail(r, "a number is malformed");
	if (fraction && type && type != 'd')
		return fail(r, "a number with a fraction needs the type double");
	if (text && type && type != 'd' && !gvariant_fits(text, type)) {
		free(text);
		return fail(r, "a number is out of its type's range");
	}
	return add(r, type ? type : fraction ? 'd' : 'i', type, text ? text : mem_strdup(word));
}

/* ---- values ------------------------------------------------------------------------------------------------ */

/* A word that is not quoted: true, false, a number. type: what it is said to be, '\0': nothing was. */
static int read_word(struct reader *r, char type)
{
	size_t n = 0;

	while (r->p[n] && is_word(r->p[n]))
		n++;
	if (n == 0)
		return fail(r, *r->p ? "there is no value" : "the value is missing");
	_cleanup_free_ char *word = mem_printf("%.*s", (int)n, r->p);
	bool is_bool = strcmp(word, "true") == 0 || strcmp(word, "false") == 0;
	int code;
	if (is_bool && (!type || type == 'b'))
		code = add(r, 'b', true, take(word));
	else if (is_bool || (type && !strchr("ynqiuxtd", type)))
		return fail(r, "the value is not of the type that is named");
	else
		code = read_number(r, type, word);
	if (code == 0)
		r->p += n;
	return code;
}

/* "uint64 " and the like, at the start of an element; '\0': there is none. */
static char read_type_word(struct reader *r)
{
	size_t n = strspn(r->p, "abcdefghijklmnopqrstuvwxyz0123456789");

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == n && strncmp(r->p, types[i].name, n) == 0) {
			r->p += n;
			skip_space(r);
			return types[i].type;
		}
	return '\0';
}

static int read_element(struct reader *r, char type)
{
	char *text = NULL, said;

	skip_space(r);
	said = read_type_word(r);
	type = said ? said : type;
	if (*r->p != '\'' && *r->p != '"')
		return read_word(r, type);
	if (type && !strchr("sog", type))
		return fail(r, "the value is not of the type that is named");
	int code = read_text(r, &text);
	return code < 0 ? code : add(r, type ? type : 's', true, text);
}

static int read_array(struct reader *r, char type)
{
	r->g.is_array = true;
	r->g.type = type;
	r->g.typed = type;
	if (skip_char(r, ']'))
		return 0;
	for (;;) {
		int code = read_element(r, type);
		if (code < 0)
			return code;
		if (skip_char(r, ']'))
			return 0;
		if (!skip_char(r, ','))
			return fail(r, "a comma or the end of the array is missing");
	}
}

/* "@as ", "@t ": the type in D-Bus' letters. */
static int read_signature(struct reader *r, bool *ret_array, char *ret_type)
{
	*ret_array = *r->p == 'a';
	r->p += *ret_array;
	if (!*r->p || !gvariant_type_name(*r->p) || !isspace((unsigned char)r->p[1]))
		return fail(r, "the type is none, or none of those that are known here");
	*ret_type = *r->p++;
	skip_space(r);
	return 0;
}

static int read_value(struct reader *r)
{
	bool is_array = false, has_signature;
	char type = '\0';
	int code = 0;

	skip_space(r);
	has_signature = skip_char(r, '@');
	if (has_signature)
		code = read_signature(r, &is_array, &type);
	if (code < 0)
		return code;
	if (*r->p == '[' && (is_array || !has_signature)) {
		r->p++;
		code = read_array(r, type);
	} else if (is_array) {
		code = fail(r, "the array is missing");
	} else {
		code = read_element(r, type);
	}
	skip_space(r);
	return code == 0 && *r->p ? fail(r, "something follows the value") : code;
}

int gvariant_read(const char *text, struct gvariant *ret, struct err *err)
{
	struct reader r = { .text = text, .p = text, .err = err };
	int code = read_value(&r);

	if (code < 0) {
		gvariant_done(&r.g);
		return code;
	}
	*ret = r.g;
	return 0;
}
