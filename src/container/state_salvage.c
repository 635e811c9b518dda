/* SPDX-License-Identifier: Apache-2.0 */
/* What can still be read of a damaged record: whatever stands before the damage; see state_salvage.h. */
#include "state_salvage.h"
#include "ocispec.h"
#include "parser.h"
#include "util/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_LEVELS = 2, KEY_MAX = 32 };

struct salvage {
	const char *text;
	size_t len;
	struct husk_record record;
	struct husk_cgroup_record cgroup;
	unsigned depth;                 /* of objects and lists */
	char keys[MAX_LEVELS][KEY_MAX]; /* the key that we are in, by depth */
};

/* Only what delete and kill need. All strings are malloc'ed. */
static const struct field {
	const char *in, *key; /* in: "" for the record itself */
	enum { TEXT, TEXTS, INT32, UINT64, FLAG } type;
	size_t at, count_or_has;
} fields[] = {
#define FIELD(in, key, type, m) \
	{ \
		in, key, type, offsetof(struct salvage, m), 0 \
	}
#define FIELD2(in, key, type, m, h) \
	{ \
		in, key, type, offsetof(struct salvage, m), offsetof(struct salvage, h) \
	}
	FIELD("", "id", TEXT, record.id),
	FIELD("", "status", TEXT, record.status),
	FIELD2("", "pid", INT32, record.pid, record.has_pid),
	FIELD2("", "pidStartTime", UINT64, record.pid_start_time, record.has_pid_start_time),
	FIELD("", "bootId", TEXT, record.boot_id),
	FIELD2("", "keeperPid", INT32, record.keeper_pid, record.has_keeper_pid),
	FIELD2("", "keeperStartTime", UINT64, record.keeper_start_time, record.has_keeper_start_time),
	FIELD2("", "ownPidNamespace", FLAG, record.own_pid_namespace, record.has_own_pid_namespace),
	FIELD2("", "namespaces", TEXTS, record.namespaces, record.n_namespaces),
	FIELD("", "bundle", TEXT, record.bundle),
	FIELD("", "rootfs", TEXT, record.rootfs),
	FIELD("", "created", TEXT, record.created),
	FIELD("", "owner", TEXT, record.owner),
	FIELD2("", "rootless", FLAG, record.rootless, record.has_rootless),
	FIELD("", "rdtPath", TEXT, record.rdt_path),
	FIELD("cgroup", "driver", TEXT, cgroup.driver),
	FIELD("cgroup", "layout", TEXT, cgroup.layout),
	FIELD2("cgroup", "paths", TEXTS, cgroup.paths, cgroup.n_paths),
	FIELD("cgroup", "unit", TEXT, cgroup.unit),
	FIELD2("cgroup", "userManager", FLAG, cgroup.user_manager, cgroup.has_user_manager),
	FIELD2("cgroup", "owned", FLAG, cgroup.owned, cgroup.has_owned),
	FIELD("cgroup", "slice", TEXT, cgroup.slice),
	FIELD("cgroup", "mark", TEXT, cgroup.mark),
	FIELD2("cgroup", "ownBases", TEXTS, cgroup.own_bases, cgroup.n_own_bases),
#undef FIELD
#undef FIELD2
};

static void *at(struct salvage *s, size_t offset)
{
	return (char *)s + offset;
}

/* The field that a value belongs to. in_list: the innermost level is a list. */
static const struct field *current(const struct salvage *s, int type)
{
	unsigned level = type == TEXTS ? s->depth - 1 : s->depth;

	if (s->depth == 0 || level == 0 || level > MAX_LEVELS)
		return NULL;
	const char *in = level == 2 ? s->keys[0] : "", *key = s->keys[level - 1];
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if ((int)fields[i].type == type && strcmp(fields[i].in, in) == 0 && strcmp(fields[i].key, key) == 0)
			return &fields[i];
	return NULL;
}

static char *copy(const unsigned char *text, size_t len)
{
	return memchr(text, '\0', len) ? mem_strdup("") : mem_printf("%.*s", (int)len, (const char *)text);
}

static int on_string(void *user, const unsigned char *text, size_t len)
{
	struct salvage *s = user;
	const struct field *f = current(s, TEXT);

	if (f) {
		char **p = at(s, f->at);
		free(*p);
		*p = copy(text, len);
		return 1;
	}
	f = current(s, TEXTS);
	if (f) {
		char ***list = at(s, f->at);
		size_t *n = at(s, f->count_or_has);
		*list = mem_grow(*list, *n + 1, sizeof(**list));
		(*list)[(*n)++] = copy(text, len);
	}
	return 1;
}

static int on_number(void *user, const char *text, size_t len)
{
	struct salvage *s = user;
	_cleanup_free_ char *number = mem_printf("%.*s", (int)len, text);
	char *end;
	unsigned long long v = strtoull(number, &end, 10);
	const struct field *f = current(s, INT32);

	if (*end || number[0] == '-')
		return 1;
	if (f && v <= INT32_MAX) {
		*(int32_t *)at(s, f->at) = (int32_t)v;
		*(bool *)at(s, f->count_or_has) = true;
	}
	f = current(s, UINT64);
	if (f) {
		*(uint64_t *)at(s, f->at) = v;
		*(bool *)at(s, f->count_or_has) = true;
	}
	return 1;
}

static int on_boolean(void *user, int value)
{
	struct salvage *s = user;
	const struct field *f = current(s, FLAG);

	if (f) {
		*(bool *)at(s, f->at) = value;
		*(bool *)at(s, f->count_or_has) = true;
	}
	return 1;
}

static int on_key(void *user, const unsigned char *text, size_t len)
{
	struct salvage *s = user;

	if (s->depth == 0 || s->depth > MAX_LEVELS)
		return 1;
	char *key = s->keys[s->depth - 1];
	key[0] = '\0';
	if (len < KEY_MAX && !memchr(text, '\0', len)) {
		memcpy(key, text, len);
		key[len] = '\0';
	}
	return 1;
}

static int on_open(void *user)
{
	struct salvage *s = user;

	if (s->depth < MAX_LEVELS)
		s->keys[s->depth][0] = '\0';
	s->depth++;
	return s->depth < OCI_DEPTH_MAX;
}

static int on_close(void *user)
{
	struct salvage *s = user;

	s->depth--;
	return 1;
}

static void fill(char **p, const char *text)
{
	if (!*p || !(*p)[0]) {
		free(*p);
		*p = mem_strdup(text);
	}
}

/* What the schema requires, and what nobody may take from a damaged text: the id. */
static void complete(struct salvage *s, const char *id)
{
	struct husk_record *r = &s->record;

	free(r->id);
	r->id = mem_strdup(id);
	fill(&r->oci_version, OCISPEC_VERSION);
	fill(&r->status, "creating");
	fill(&r->bundle, "/");
	if (!s->cgroup.driver || !s->cgroup.driver[0] || !s->cgroup.layout || !s->cgroup.layout[0])
		return;
	r->cgroup = &s->cgroup;
	/* ownBases goes with paths, one for one. */
	for (size_t i = s->cgroup.n_paths; i < s->cgroup.n_own_bases; i++)
		free(s->cgroup.own_bases[i]);
	if (s->cgroup.n_own_bases > s->cgroup.n_paths)
		s->cgroup.n_own_bases = s->cgroup.n_paths;
	while (s->cgroup.n_own_bases && s->cgroup.n_own_bases < s->cgroup.n_paths) {
		s->cgroup.own_bases = mem_grow(s->cgroup.own_bases, s->cgroup.n_own_bases + 1, sizeof(char *));
		s->cgroup.own_bases[s->cgroup.n_own_bases++] = mem_strdup("");
	}
}

static void release(struct salvage *s)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		const struct field *f = &fields[i];
		if (f->type == TEXT)
			free(*(char **)at(s, f->at));
		if (f->type != TEXTS)
			continue;
		char **list = *(char ***)at(s, f->at);
		for (size_t k = 0; k < *(size_t *)at(s, f->count_or_has); k++)
			free(list[k]);
		free(list);
	}
	free(s->record.oci_version);
}

/* An error is what we are here for: all that came before it has been seen. */
static void parse(yajl_handle parser, void *user)
{
	const struct salvage *s = user;

	yajl_parse(parser, (const unsigned char *)s->text, s->len);
}

char *state_salvage(const char *id, const char *text, size_t len)
{
	static const yajl_callbacks callbacks = {
		.yajl_boolean = on_boolean,
		.yajl_number = on_number,
		.yajl_string = on_string,
		.yajl_start_map = on_open,
		.yajl_map_key = on_key,
		.yajl_end_map = on_close,
		.yajl_start_array = on_open,
		.yajl_end_array = on_close,
	};
	struct salvage s = { .text = text, .len = len };
	char *written = NULL;
	size_t written_len;

	if (oci_parser_use(&callbacks, &s, parse) == 0) {
		complete(&s, id);
		if (husk_record_write(&s.record, 0, &written, &written_len) < 0)
			written = NULL;
	}
	release(&s);
	return written;
}
