/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a JSON pointer (RFC 6901) stands in a text.
 *
 * The text is parsed until the value is met; what follows may be anything.  Only the containers on the way to the value
 * are looked into: `on_path` of them are open, and the pointer's next token is to be met in the innermost.
 */
#include "locate.h"
#include "ocispec.h"
#include "parser.h"
#include "position.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct search {
	yajl_handle yajl;
	const char *text;
	size_t len;
	size_t previous_end;
	const char *rest; /* the pointer from the token that is looked for on; "" when the next value is it */
	size_t depth;     /* open containers */
	size_t on_path;   /* of those, how many lead to the value */
	bool in_array;    /* the innermost on the path is an array */
	size_t index;     /* of its next element */
	bool key_matches; /* the last key of the innermost on the path is the token */
	bool found;
	size_t offset;
};

/* Compare a key with the pointer's first token ("/a~1b/…"); ~0 and ~1 stand for ~ and /. */
static bool token_is_key(const char *token, const char *key, size_t len)
{
	size_t at = 0;

	for (token++; *token && *token != '/'; token++, at++) {
		char c = *token;
		if (c == '~') {
			if (token[1] != '0' && token[1] != '1')
				return false;
			c = *++token == '1' ? '/' : '~';
		}
		if (at >= len || key[at] != c)
			return false;
	}
	return at == len;
}

static bool token_is_index(const char *token, size_t index)
{
	char *end;

	token++;
	if (*token < '0' || *token > '9' || (token[0] == '0' && token[1] >= '0' && token[1] <= '9'))
		return false;
	unsigned long long n = strtoull(token, &end, 10);
	return (*end == '\0' || *end == '/') && n == index;
}

static const char *next_token(const char *rest)
{
	const char *slash = strchr(rest + 1, '/');

	return slash ? slash : rest + strlen(rest);
}

/* A value begins. True when it lies on the path; then the token it was named by is used up. */
static bool search_enter(struct search *s)
{
	if (s->depth != s->on_path)
		return false;
	if (s->depth > 0 && !(s->in_array ? token_is_index(s->rest, s->index++) : s->key_matches))
		return false;
	if (s->depth > 0)
		s->rest = next_token(s->rest);
	if (*s->rest == '\0') {
		s->found = true;
		s->offset = oci_token_start(s->text, s->len, s->previous_end);
	}
	return true;
}

static int search_advance(struct search *s)
{
	s->previous_end = yajl_get_bytes_consumed(s->yajl);
	return !s->found;
}

/* A scalar on the path that is not the value itself has nothing below it: the pointer names nothing. */
static int on_scalar(void *user)
{
	struct search *s = user;

	return search_enter(s) && !s->found ? 0 : search_advance(s);
}

static int on_boolean(void *user, int value)
{
	(void)value;
	return on_scalar(user);
}

static int on_text(void *user, const char *value, size_t len)
{
	(void)value;
	(void)len;
	return on_scalar(user);
}

static int on_string(void *user, const unsigned char *value, size_t len)
{
	return on_text(user, (const char *)value, len);
}

static int search_open(struct search *s, bool array)
{
	if (search_enter(s)) {
		s->on_path++;
		s->in_array = array;
		s->index = 0;
		s->key_matches = false;
	}
	s->depth++;
	return search_advance(s);
}

static int on_start_map(void *user)
{
	return search_open(user, false);
}

static int on_start_array(void *user)
{
	return search_open(user, true);
}

static int on_key(void *user, const unsigned char *key, size_t len)
{
	struct search *s = user;

	if (s->depth == s->on_path)
		s->key_matches = token_is_key(s->rest, (const char *)key, len);
	return search_advance(s);
}

/* When a container on the path closes, the value was not in it. */
static int on_end(void *user)
{
	struct search *s = user;

	if (s->depth == s->on_path)
		return 0;
	s->depth--;
	return search_advance(s);
}

static const yajl_callbacks callbacks = {
	.yajl_null = on_scalar,
	.yajl_boolean = on_boolean,
	.yajl_number = on_text,
	.yajl_string = on_string,
	.yajl_start_map = on_start_map,
	.yajl_map_key = on_key,
	.yajl_end_map = on_end,
	.yajl_start_array = on_start_array,
	.yajl_end_array = on_end,
};

static void search(yajl_handle parser, void *user)
{
	struct search *s = user;

	s->yajl = parser;
	if (yajl_parse(parser, (const unsigned char *)s->text, s->len) == yajl_status_ok)
		yajl_complete_parse(parser);
}

int oci_locate_offset(const char *text, size_t len, const char *pointer, size_t *ret_offset)
{
	struct search s = { .text = text, .len = len, .rest = pointer };

	if (*pointer && *pointer != '/')
		return -EINVAL;
	int r = oci_parser_use(&callbacks, &s, search);
	if (r < 0 || !s.found)
		return r < 0 ? r : -ENOENT;
	*ret_offset = s.offset;
	return 0;
}

int oci_locate(const char *text, size_t len, const char *pointer, unsigned *ret_line, unsigned *ret_column)
{
	struct oci_position at = OCI_POSITION_START;
	size_t offset = 0;
	int r = oci_locate_offset(text, len, pointer, &offset);

	if (r < 0)
		return r;
	oci_position_move(&at, text, len, offset);
	*ret_line = at.line;
	*ret_column = at.column;
	return 0;
}
