/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `update`: new limits for a running container.  What was is read before each write, so that a refused
 * change can be taken back.  Limits that depend on each other (memory and memory+swap, quota and burst)
 * must be raised and lowered in different orders: a write that the kernel refuses as invalid waits until
 * the others are done.
 */
#include "ocispec.h"
#include "resources.h"
#include "systemd.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the document leaves out -------------------------------------------------------------------- */

/* A number from a file of the container; "max" is -1. */
static int read_number(const struct cgroup *c, const char *controller, const char *file, int64_t *ret)
{
	const struct cgroup_dir *d = cgroup_find_dir(c, controller);
	_cleanup_fd_ int fd = d ? cgroup_dir_open(d) : -ENOENT;
	_cleanup_free_ char *text = NULL;
	int r = fd < 0 ? fd : cgroup_read(fd, file, &text);

	if (r < 0)
		return r;
	*ret = strncmp(text, "max", 3) == 0 ? -1 : strtoll(text, NULL, 10);
	return 0;
}

/* v2: swap is the sum of both minus memory, so a new sum alone needs the limit that is there. */
static void fill_memory(const struct cgroup *c, struct oci_memory *m)
{
	int64_t limit;

	if (m->limit == 0 && m->swap > 0 && read_number(c, "memory", "memory.max", &limit) == 0 && limit > 0) {
		m->limit = limit;
		m->has_limit = true;
	}
}

/* v2: cpu.max has both; a new period alone keeps the quota. */
static int read_period(const struct cgroup *c, uint64_t *ret)
{
	const struct cgroup_dir *d = cgroup_find_dir(c, "cpu");
	_cleanup_fd_ int fd = d ? cgroup_dir_open(d) : -ENOENT;
	_cleanup_free_ char *text = NULL;
	int r = fd < 0 ? fd : cgroup_read(fd, d->v2 ? "cpu.max" : "cpu.cfs_period_us", &text);

	if (r < 0)
		return r;
	const char *second = d->v2 ? strchr(text, ' ') : text;
	*ret = second ? strtoull(second, NULL, 10) : 0;
	return *ret ? 0 : -EINVAL;
}

/* Quota and period are one value on v2, and for systemd, which has the quota of a second. */
static void fill_cpu(const struct cgroup *c, struct oci_cpu *cpu)
{
	int64_t quota;

	if (cpu->quota > 0 && cpu->period == 0 && c->driver == CGROUP_DRIVER_SYSTEMD &&
	    read_period(c, &cpu->period) == 0)
		cpu->has_period = true;
	if (cpu->quota == 0 && cpu->period != 0 && read_number(c, "cpu", "cpu.max", &quota) == 0) {
		cpu->quota = quota;
		cpu->has_quota = true;
	}
}

/* ---- checkBeforeUpdate ------------------------------------------------------------------------------- */

static int check_usage(const struct cgroup *c, const struct oci_memory *m, struct err *err)
{
	int64_t usage;

	if (!m || !m->check_before_update || m->limit <= 0)
		return 0;
	if (read_number(c, "memory", "memory.current", &usage) < 0)
		return 0; /* v1: the kernel refuses by itself */
	if (usage <= m->limit)
		return 0;
	err_say(err, -EBUSY, "memory limit %" PRId64 " is below what the container uses now, %" PRId64, m->limit,
		usage);
	return err_where(err, "/memory/limit");
}

/* ---- writing, and taking back -------------------------------------------------------------------------- */

struct change {
	const struct cgroup_write *w;
	char *file; /* the alternative that is there */
	char *old;  /* what to write to take it back; NULL: cannot */
	bool written;
};

/* The line of a nested-key file ("8:0 rbps=1 wbps=max") for a device, or what stands for none. */
static char *old_line(const char *text, const struct cgroup_write *w, const char *file)
{
	size_t n = strcspn(w->value, " ");

	for (const char *p = text; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (strncmp(p, w->value, n) == 0 && p[n] == ' ')
			return mem_printf("%.*s", (int)strcspn(p, "\n"), p);
	if (strcmp(file, "io.max") == 0)
		return mem_printf("%.*s rbps=max wbps=max riops=max wiops=max", (int)n, w->value);
	if (strcmp(file, "rdma.max") == 0)
		return mem_printf("%.*s hca_handle=max hca_object=max", (int)n, w->value);
	return strstr(file, "weight") ? mem_printf("%.*s default", (int)n, w->value)
				      : mem_printf("%.*s 0", (int)n, w->value);
}

static bool is_nested(const struct cgroup_write *w, const char *file)
{
	return strchr(w->value, ':') || strcmp(file, "rdma.max") == 0 || strcmp(file, "net_prio.ifpriomap") == 0;
}

static void remember(const struct cgroup *c, struct change *ch)
{
	const struct cgroup_dir *d = cgroup_find_dir(c, ch->w->controller);
	_cleanup_fd_ int fd = d ? cgroup_dir_open(d) : -1;
	const char *p = ch->w->file;

	for (size_t n; fd >= 0 && *p && !ch->old; p += n + (p[n] == '|')) {
		n = strcspn(p, "|");
		_cleanup_free_ char *name = mem_printf("%.*s", (int)n, p), *text = NULL;
		if (cgroup_read(fd, name, &text) < 0)
			continue;
		ch->old = is_nested(ch->w, name) ? old_line(text, ch->w, name)
						 : mem_printf("%.*s", (int)strcspn(text, "\n"), text);
		ch->file = take(name);
	}
	/* memory.oom_control reads as a list of keys. */
	if (ch->old && strncmp(ch->old, "oom_kill_disable ", 17) == 0)
		memmove(ch->old, ch->old + 17, strlen(ch->old + 17) + 1);
}

static void take_back(const struct cgroup *c, struct change *v, size_t n)
{
	/* Twice, as here too one limit may be in the way of another. */
	for (int round = 0; round < 2; round++)
		for (size_t i = n; i-- > 0;)
			if (v[i].written && v[i].old &&
			    cgroup_write(c, v[i].w->controller, v[i].file, v[i].old, 0, NULL) == 0)
				v[i].written = false;
	for (size_t i = 0; i < n; i++)
		if (v[i].written)
			log_warning("could not take back the change of %s", v[i].w->pointer);
}

static bool may_be_order(int code)
{
	return code == -EINVAL || code == -EBUSY;
}

/* One pass over what is not written. Returns how many were, or the error of one that never will be. */
static int write_pass(const struct cgroup *c, struct change *v, size_t n, int *ret_put_off, struct err *err)
{
	int done = 0;

	*ret_put_off = 0;
	for (size_t i = 0; i < n; i++) {
		if (v[i].written)
			continue;
		struct err e = { 0 };
		int r = cgroup_write(c, v[i].w->controller, v[i].w->file, v[i].w->value, v[i].w->flags, &e);
		if (r == 0) {
			v[i].written = true;
			done++;
			continue;
		}
		err_where(&e, v[i].w->pointer);
		bool final = !may_be_order(r);
		if (err && (final || *ret_put_off == 0))
			*err = e;
		if (final)
			return r;
		*ret_put_off = r;
	}
	return done;
}

static int write_all(const struct cgroup *c, struct change *v, size_t n, struct err *err)
{
	for (;;) {
		int put_off, r = write_pass(c, v, n, &put_off, err);
		if (r < 0)
			return r;
		if (put_off == 0)
			return 0;
		if (r == 0) /* none of the rest can be written */
			return put_off;
	}
}

static int write_changes(const struct cgroup *c, const struct cgroup_writes *w, struct err *err)
{
	struct change *v = mem_alloc(w->n * sizeof(*v));
	struct err first = { 0 };

	for (size_t i = 0; i < w->n; i++) {
		v[i].w = &w->v[i];
		remember(c, &v[i]);
	}
	int r = write_all(c, v, w->n, &first);
	if (r < 0) {
		take_back(c, v, w->n);
		if (err)
			*err = first;
	}
	for (size_t i = 0; i < w->n; i++) {
		free(v[i].file);
		free(v[i].old);
	}
	free(v);
	return r;
}

/* Memory with swap on v1: when the sum is raised it goes first, as memory may not be more than the sum. */
static void raise_swap_first(const struct cgroup *c, struct cgroup_writes *w)
{
	int64_t now = 0;
	size_t limit = SIZE_MAX;

	if (read_number(c, "memory", "memory.memsw.limit_in_bytes", &now) < 0)
		return;
	for (size_t i = 0; i < w->n; i++) {
		if (strcmp(w->v[i].file, "memory.limit_in_bytes") == 0)
			limit = i;
		if (strcmp(w->v[i].file, "memory.memsw.limit_in_bytes") != 0 || limit == SIZE_MAX)
			continue;
		int64_t sum = strtoll(w->v[i].value, NULL, 10);
		if (sum < 0 || sum > now) {
			struct cgroup_write t = w->v[i];
			w->v[i] = w->v[limit];
			w->v[limit] = t;
		}
		return;
	}
}

int cgroup_update(const struct cgroup *c, const struct facts *f, const struct oci_resources *res, struct err *err)
{
	struct oci_resources full = *res;
	struct oci_memory memory;
	struct oci_cpu cpu;
	struct cgroup_writes w = { 0 };

	if (c->n_dirs == 0)
		return err_say(err, -EOPNOTSUPP, "the container has no cgroup, so no limits");
	if (res->memory) {
		memory = *res->memory;
		full.memory = &memory;
		fill_memory(c, &memory);
	}
	if (res->cpu) {
		cpu = *res->cpu;
		full.cpu = &cpu;
		fill_cpu(c, &cpu);
	}
	int r = cgroup_resources(f, &full, "", &w, err);
	if (r == 0)
		r = check_usage(c, full.memory, err);
	if (r == 0 && c->driver == CGROUP_DRIVER_SYSTEMD)
		r = systemd_set_properties(c, &full, err);
	if (r == 0) {
		raise_swap_first(c, &w);
		r = write_changes(c, &w, err);
	}
	cgroup_writes_done(&w);
	return r;
}
