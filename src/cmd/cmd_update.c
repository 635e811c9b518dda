/* SPDX-License-Identifier: Apache-2.0 */
/* `husk update`: change the limits of a container, from flags or from the resources object of config.json. */
#include "cmd.h"
#include "container/container.h"
#include "host/facts.h"
#include "run/rdt.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int cmd_update(const struct global *g, const struct options *o);

enum { LOCK_TIMEOUT_MS = 10000 };

/* The limits, as flags fill them in. A document's are copied here first, and flags change the copies. */
struct limits {
	struct oci_resources resources;
	struct oci_cpu cpu;
	struct oci_memory memory;
	struct oci_pids pids;
	struct oci_block_io block_io;
};

/* A flag and the limit that it sets. */
static const struct limit_flag {
	const char *name;
	enum { I64, U64, U16, SIZE, TEXT } type;
	size_t at, has, part, in; /* of the value, of has_value, of the object, of the pointer to the object */
} limit_flags[] = {
#define LIMIT(name, type, part, m) \
	{ \
		name, type, offsetof(struct limits, part.m), offsetof(struct limits, part.has_##m), \
			offsetof(struct limits, part), offsetof(struct limits, resources.part) \
	}
#define LIMIT_TEXT(name, part, m) \
	{ \
		name, TEXT, offsetof(struct limits, part.m), 0, offsetof(struct limits, part), \
			offsetof(struct limits, resources.part) \
	}
	LIMIT("blkio-weight", U16, block_io, weight),
	LIMIT("cpu-period", U64, cpu, period),
	LIMIT("cpu-quota", I64, cpu, quota),
	LIMIT("cpu-burst", U64, cpu, burst),
	LIMIT("cpu-share", U64, cpu, shares),
	LIMIT("cpu-rt-period", U64, cpu, realtime_period),
	LIMIT("cpu-rt-runtime", I64, cpu, realtime_runtime),
	LIMIT("cpu-idle", I64, cpu, idle),
	LIMIT_TEXT("cpuset-cpus", cpu, cpus),
	LIMIT_TEXT("cpuset-mems", cpu, mems),
	LIMIT("memory", SIZE, memory, limit),
	LIMIT("memory-reservation", SIZE, memory, reservation),
	LIMIT("memory-swap", SIZE, memory, swap),
	LIMIT("pids-limit", I64, pids, limit),
#undef LIMIT
#undef LIMIT_TEXT
};

static const char *const expected_of[] = {
	[I64] = "a whole number",
	[U64] = "a whole number, not below 0",
	[U16] = "a whole number from 0 to 65535",
	[SIZE] = "bytes, with K, M or G behind them or not, or -1 for no limit",
	[TEXT] = "a list as 0-3,7",
};

/* "50M", "1g", "-1": bytes, a whole number of them. */
static int read_size(const char *text, int64_t *ret)
{
	static const char suffixes[] = "bkmgt";
	char *end;

	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno || end == text || n < -1)
		return -EINVAL;
	if (*end && n >= 0) {
		const char *suffix = strchr(suffixes, *end | 0x20);
		unsigned shift = suffix ? (unsigned)(suffix - suffixes) * 10 : 64;
		if (shift == 64 || n > INT64_MAX >> shift)
			return -EINVAL;
		n <<= shift;
		end++;
		/* "MB" and "MiB" mean what "M" does. */
		if (shift && (*end | 0x20) == 'i')
			end++;
		if (shift && (*end | 0x20) == 'b')
			end++;
	}
	if (*end)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int read_signed(const char *text, int64_t *ret)
{
	char *end;

	errno = 0;
	long long n = strtoll(text, &end, 10);
	if (errno || end == text || *end)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int read_unsigned(const char *text, uint64_t max, uint64_t *ret)
{
	char *end;

	errno = 0;
	unsigned long long n = strtoull(text, &end, 10);
	if (errno || text[0] < '0' || text[0] > '9' || *end || n > max)
		return -EINVAL;
	*ret = n;
	return 0;
}

static int read_value(const struct limit_flag *f, const char *text, struct limits *l)
{
	void *at = (char *)l + f->at;
	uint64_t weight;
	int r;

	switch (f->type) {
	case TEXT: *(const char **)at = text; return 0;
	case SIZE: return read_size(text, at);
	case I64: return read_signed(text, at);
	case U64: return read_unsigned(text, UINT64_MAX, at);
	case U16:
		r = read_unsigned(text, UINT16_MAX, &weight);
		if (r == 0)
			*(uint16_t *)at = (uint16_t)weight;
		return r;
	}
	return -EINVAL;
}

static int read_flags(const struct options *o, struct limits *l, struct err *err)
{
	for (size_t i = 0; i < sizeof(limit_flags) / sizeof(limit_flags[0]); i++) {
		const struct limit_flag *f = &limit_flags[i];
		const char *text = option_string(o, f->name);
		if (!text)
			continue;
		if (read_value(f, text, l) < 0)
			return err_say(err, -EINVAL, "update: invalid value \"%s\" for flag --%s: expected %s", text,
				       f->name, expected_of[f->type]);
		if (f->has)
			*(bool *)((char *)l + f->has) = true;
		*(void **)((char *)l + f->in) = (char *)l + f->part;
	}
	if (option_string(o, "kernel-memory") || option_string(o, "kernel-memory-tcp"))
		log_warning("update: limits of kernel memory are ignored: no kernel that husk runs on has them");
	return 0;
}

/* The document's limits into l. They borrow from *ret_arena. */
static int read_document(const char *path, struct limits *l, struct oci_arena **ret_arena, struct err *err)
{
	const struct oci_read_options options = { .name = strcmp(path, "-") == 0 ? "standard input" : path };
	struct oci_errors errors = { 0 };
	_cleanup_free_ char *text = NULL;
	const struct oci_resources *r;
	size_t len;
	int code = strcmp(path, "-") == 0 ? fd_read_all(STDIN_FILENO, OCI_DOCUMENT_MAX, &text, &len)
					  : fd_read_file(AT_FDCWD, path, OCI_DOCUMENT_MAX, &text, &len);

	if (code < 0)
		return err_set(err, code, "read the limits from %s", options.name);
	code = oci_resources_read(text, len, &options, ret_arena, &r, &errors);
	if (code < 0)
		err_say(err, code, "%s", errors.text ? errors.text : "not a resources object");
	oci_errors_done(&errors);
	if (code < 0)
		return code;
	l->resources = *r;
	if (r->cpu)
		l->cpu = *r->cpu;
	if (r->memory)
		l->memory = *r->memory;
	if (r->pids)
		l->pids = *r->pids;
	if (r->block_io)
		l->block_io = *r->block_io;
	return 0;
}

/* The schema lines of flags go to the container's own resctrl group. */
static int update_rdt(const struct container *c, const struct options *o, struct err *err)
{
	const char *lines[2];
	size_t n = 0;
	const char *l3 = option_string(o, "l3-cache-schema"), *mb = option_string(o, "mem-bw-schema");

	if (l3)
		lines[n++] = l3;
	if (mb)
		lines[n++] = mb;
	if (n == 0)
		return 0;
	/* Of a group that it shares (closID), no more than a monitoring group is its own. */
	if (!c->record->rdt_path || strstr(c->record->rdt_path, "/mon_groups/"))
		return err_say(err, -EINVAL, "update: container %s has no resctrl group of its own (linux.intelRdt)",
			       c->dir.id);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = mem_printf("%s/schemata", c->record->rdt_path);
		_cleanup_free_ char *line = mem_printf("%s\n", lines[i]);
		int r = fd_write_file(AT_FDCWD, path, line);
		if (r < 0)
			return err_set(err, r, "write \"%s\" to %s", lines[i], path);
	}
	return 0;
}

static int update(const struct container *c, const struct limits *l, const struct options *o, struct err *err)
{
	struct facts facts;

	if (c->seen.status == OCI_STATUS_STOPPED)
		return err_say(err, -ESRCH, "container not running: %s is stopped", c->dir.id);
	if (!c->has_cgroup)
		return err_say(err, -EOPNOTSUPP, "update container %s: it has no cgroup", c->dir.id);
	int r = host_probe(NULL, NULL, &facts, err);
	if (r < 0)
		return r;
	r = cgroup_update(&c->cgroup, &facts, &l->resources, err);
	facts_done(&facts);
	return r < 0 ? r : update_rdt(c, o, err);
}

int cmd_update(const struct global *g, const struct options *o)
{
	const char *path = option_string(o, "resources");
	struct oci_arena *arena = NULL;
	struct limits limits = { 0 };
	struct container c;
	struct err err = { 0 };
	int r = path ? read_document(path, &limits, &arena, &err) : 0;

	/* The document's objects are const: what flags change are the copies. */
	if (r == 0)
		r = read_flags(o, &limits, &err);
	if (r == 0)
		r = container_open(g->root, o->args[0], LOCK_TIMEOUT_MS, &c, &err);
	if (r == 0) {
		r = update(&c, &limits, o, &err);
		container_done(&c);
	}
	oci_arena_free(arena);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
