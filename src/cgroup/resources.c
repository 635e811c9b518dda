/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources as writes into files of the cgroup: the table of resources.def, and its walker. */
#include "resources.h"
#include "ocispec.h"
#include "tree.h"
#include "util/err.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum kind { KIND_I64, KIND_U64, KIND_U32, KIND_U16, KIND_BOOL, KIND_STR };

struct input { /* a member's value */
	bool set;
	int64_t number; /* bit pattern for U64 */
	bool is_unsigned;
	const char *text;
	const struct oci_resources *res;
	const char *pointer;
};

struct output {
	char *value;
	unsigned flags;
};

/* 1: write it; 0: not set; negative errno. */
typedef int convert_fn(const struct input *in, struct output *out, struct err *err);

struct target {
	const char *controller, *file;
	convert_fn *convert; /* NULL: cannot be carried out, file says why */
};

struct row {
	size_t section, member, has;
	enum kind kind;
	const char *pointer;
	struct target v1, v2;
};

/* ---- conversions ------------------------------------------------------------------------------- */

static int write_number(struct output *out, const struct input *in)
{
	out->value =
		in->is_unsigned ? mem_printf("%" PRIu64, (uint64_t)in->number) : mem_printf("%" PRId64, in->number);
	return 1;
}

static int as_text(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (!in->text || !in->text[0])
		return 0;
	out->value = mem_strdup(in->text);
	return 1;
}

static int as_number(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	return in->number == 0 ? 0 : write_number(out, in);
}

static int as_max(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0)
		return 0;
	if (in->number > 0)
		return write_number(out, in);
	out->value = mem_strdup("max");
	return 1;
}

static int as_idle(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0)
		out->flags |= CGROUP_WRITE_OPTIONAL; /* 5.15; before, nobody is idle */
	return write_number(out, in);
}

/* An idle group has the least weight, whatever the shares. */
static bool is_idle(const struct oci_resources *res)
{
	return res->cpu && res->cpu->has_idle && res->cpu->idle == 1;
}

static int as_shares(const struct input *in, struct output *out, struct err *err)
{
	return is_idle(in->res) ? 0 : as_number(in, out, err);
}

static int as_weight(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0 || is_idle(in->res))
		return 0;
	out->value = mem_printf("%" PRIu64, cgroup_weight_from_shares((uint64_t)in->number));
	return 1;
}

static int as_quota_v1(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0)
		return 0;
	out->value = in->number < 0 ? mem_strdup("-1") : mem_printf("%" PRId64, in->number);
	return 1;
}

/* cpu.max is "QUOTA PERIOD": the row of the quota writes both; that of the period, a period alone. */
static int as_quota_v2(const struct input *in, struct output *out, struct err *err)
{
	const struct oci_cpu *cpu = in->res->cpu;
	_cleanup_free_ char *quota = NULL;

	(void)err;
	if (in->number == 0)
		return 0;
	quota = in->number < 0 ? mem_strdup("max") : mem_printf("%" PRId64, in->number);
	out->value = cpu->period ? mem_printf("%s %" PRIu64, quota, cpu->period) : take(quota);
	return 1;
}

static int as_period(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0 || in->res->cpu->quota != 0)
		return 0;
	out->value = mem_printf("max %" PRIu64, (uint64_t)in->number);
	return 1;
}

static int as_burst(const struct input *in, struct output *out, struct err *err)
{
	const struct oci_cpu *cpu = in->res->cpu;

	if (cpu->quota > 0 && cpu->burst > (uint64_t)cpu->quota)
		return err_say(err, -EINVAL, "cpu.burst (%" PRIu64 ") is larger than cpu.quota (%" PRId64 ")",
			       cpu->burst, cpu->quota);
	if (in->number == 0)
		out->flags |= CGROUP_WRITE_OPTIONAL; /* 5.14; before, there is no burst */
	return write_number(out, in);
}

static int as_nothing(const struct input *in, struct output *out, struct err *err)
{
	(void)in, (void)out, (void)err;
	return 0;
}

static int as_flag(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0)
		return 0;
	out->value = mem_strdup("1");
	return 1;
}

static int as_hierarchy(const struct input *in, struct output *out, struct err *err)
{
	out->flags |= CGROUP_WRITE_OPTIONAL; /* always on from 5.11 */
	return as_flag(in, out, err);
}

static int as_swap_v1(const struct input *in, struct output *out, struct err *err)
{
	const struct oci_memory *m = in->res->memory;

	if (in->number > 0 && m->limit > 0 && in->number < m->limit)
		return err_say(err, -EINVAL, "memory.swap (memory and swap together) is less than memory.limit");
	return as_number(in, out, err);
}

static int as_swap_v2(const struct input *in, struct output *out, struct err *err)
{
	int64_t value;
	bool set;
	int r = cgroup_swap_from_memsw(in->number, in->res->memory->limit, &value, &set, err);

	if (r < 0 || !set)
		return r;
	out->value = value < 0 ? mem_strdup("max") : mem_printf("%" PRId64, value);
	/* Without swap in the kernel there is none to forbid, and none to allow. */
	if (value <= 0)
		out->flags |= CGROUP_WRITE_OPTIONAL;
	return 1;
}

/* Kernel memory cannot be limited by itself any more (v1: gone in 5.16; v2: never); config-linux.md advises
 * against it. It counts as memory. */
static int as_ignored_limit(const struct input *in, struct output *out, struct err *err)
{
	(void)out, (void)err;
	if (in->number > 0)
		log_warning("%s is ignored: kernels have no limit of its own for it; memory/limit counts it in",
			    in->pointer);
	return 0;
}

static int as_swappiness(const struct input *in, struct output *out, struct err *err)
{
	if ((uint64_t)in->number > 100)
		return err_say(err, -EINVAL, "memory.swappiness %" PRIu64 " is not within 0 to 100",
			       (uint64_t)in->number);
	return write_number(out, in);
}

static int as_io_weight(const struct input *in, struct output *out, struct err *err)
{
	(void)err;
	if (in->number == 0)
		return 0;
	out->value = mem_printf("%" PRId64 "|default %" PRIu64, in->number,
				cgroup_io_weight_from_blkio((uint64_t)in->number));
	return 1;
}

/* ---- the table --------------------------------------------------------------------------------- */

#define V1(c, f, fn) \
	{ \
		c, f, fn \
	}
#define V2(c, f, fn) \
	{ \
		c, f, fn \
	}
#define NONE(why) \
	{ \
		NULL, why, NULL \
	}
#define RES(section, kind, m, pointer, ...) \
	{ offsetof(struct oci_resources, section), \
	  offsetof(struct oci_##section, m), \
	  offsetof(struct oci_##section, has_##m), \
	  KIND_##kind, \
	  pointer, \
	  __VA_ARGS__ },
#define has_cpus cpus /* strings have no has_ member: NULL is absent */
#define has_mems mems
static const struct row rows[] = {
#include "resources.def"
};
#undef has_cpus
#undef has_mems

static struct input read_member(const struct row *row, const struct oci_resources *res)
{
	struct input in = { .res = res, .pointer = row->pointer };
	const char *section = *(const char *const *)((const char *)res + row->section);

	if (!section)
		return in;
	const void *p = section + row->member;
	in.set = row->kind == KIND_STR || *(const bool *)(section + row->has);
	switch (row->kind) {
	case KIND_STR:
		in.text = *(char *const *)p;
		in.set = in.text != NULL;
		break;
	case KIND_I64: in.number = *(const int64_t *)p; break;
	case KIND_U64:
		in.number = (int64_t) * (const uint64_t *)p;
		in.is_unsigned = true;
		break;
	case KIND_U32: in.number = *(const uint32_t *)p; break;
	case KIND_U16: in.number = *(const uint16_t *)p; break;
	case KIND_BOOL: in.number = *(const bool *)p; break;
	}
	return in;
}

/* ---- building ------------------------------------------------------------------------------------ */

/* Where a row goes. Without the controller anywhere, the layout decides whose name the error has. */
static const struct target *choose_target(const struct cgroup_build *b, const struct row *row, int *ret_version)
{
	*ret_version = cgroup_controller_version(b->facts, row->v1.controller, row->v2.controller);
	if (*ret_version)
		return *ret_version == 1 ? &row->v1 : &row->v2;
	return b->facts->layout == CGROUP_V2 ? &row->v2 : &row->v1;
}

static bool asks_for_nothing(const struct input *in)
{
	return in->text ? !in->text[0] : in->number == 0;
}

static int build_row(struct cgroup_build *b, const struct row *row)
{
	struct input in = read_member(row, b->res);
	struct output out = { 0 };
	int version;

	if (!in.set)
		return 0;
	const struct target *t = choose_target(b, row, &version);
	if (!t->convert) {
		if (asks_for_nothing(&in))
			return 0;
		err_say(b->err, -EOPNOTSUPP, "%s", t->file);
		cgroup_build_fail(b, row->pointer);
		return -EOPNOTSUPP;
	}
	int r = t->convert(&in, &out, b->err);
	if (r < 0) {
		cgroup_build_fail(b, row->pointer);
		return r;
	}
	if (r == 0)
		return 0;
	if (!version) {
		free(out.value);
		return asks_for_nothing(&in) ? 0 : cgroup_build_missing(b, t->controller, row->pointer);
	}
	cgroup_build_add(b, t->controller, t->file, out.value, out.flags, "%s", row->pointer);
	return 0;
}

/* v1, memory unlimited and nothing said of swap: memory and swap together must not keep an older limit. */
static void build_unlimited_swap(struct cgroup_build *b)
{
	const struct oci_memory *m = b->res->memory;

	if (!m || m->limit != -1 || m->swap != 0)
		return;
	int version = cgroup_controller_version(b->facts, "memory", "memory");
	if (version == 1)
		cgroup_build_add(b, "memory", "memory.memsw.limit_in_bytes", mem_strdup("-1"), CGROUP_WRITE_OPTIONAL,
				 "memory/limit");
	else if (version == 2 && !m->has_swap)
		cgroup_build_add(b, "memory", "memory.swap.max", mem_strdup("max"), CGROUP_WRITE_OPTIONAL,
				 "memory/limit");
}

/* 0 is a valid limit (config-linux.md); negative is none. */
static int build_pids(struct cgroup_build *b)
{
	const struct oci_pids *p = b->res->pids;

	if (!p || !p->has_limit)
		return 0;
	if (!cgroup_controller_version(b->facts, "pids", "pids"))
		return p->limit <= 0 ? 0 : cgroup_build_missing(b, "pids", "pids/limit");
	cgroup_build_add(b, "pids", "pids.max", p->limit < 0 ? mem_strdup("max") : mem_printf("%" PRId64, p->limit), 0,
			 "pids/limit");
	return 0;
}

/* Limits of pids are written when the executor is gone: move them to the end, in order. */
static void move_pids_last(struct cgroup_writes *w)
{
	size_t n = 0, n_last = 0;
	struct cgroup_write *last = mem_alloc(w->n * sizeof(*last));

	for (size_t i = 0; i < w->n; i++)
		if (strcmp(w->v[i].controller, "pids") == 0)
			last[n_last++] = w->v[i];
		else
			w->v[n++] = w->v[i];
	if (n_last)
		memcpy(w->v + n, last, n_last * sizeof(*last));
	free(last);
}

int cgroup_resources(const struct facts *f, const struct oci_resources *res, const char *base,
		     struct cgroup_writes *ret, struct err *err)
{
	struct cgroup_writes w = { 0 };
	struct cgroup_build b = { .facts = f, .res = res, .base = base, .writes = &w, .err = err };
	int r = 0;

	for (size_t i = 0; res && r == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
		r = build_row(&b, &rows[i]);
	if (res && r == 0) {
		build_unlimited_swap(&b);
		r = cgroup_build_lists(&b);
	}
	if (res && r == 0)
		r = build_pids(&b);
	if (res && r == 0)
		r = cgroup_build_unified(&b);
	if (r < 0) {
		cgroup_writes_done(&w);
		return r;
	}
	move_pids_last(&w);
	*ret = w;
	return 0;
}
