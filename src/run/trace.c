/* SPDX-License-Identifier: Apache-2.0 */
/* Times of ops as a Chrome trace; see trace.h. */
#include "trace.h"

#include "plan/op_info.h"
#include "plan/plan_print.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct trace {
	struct sync_trace *v;
	size_t n, cap;
};

struct trace *trace_new(void)
{
	return mem_alloc(sizeof(struct trace));
}

void trace_free(struct trace *t)
{
	if (!t)
		return;
	free(t->v);
	free(t);
}

uint64_t trace_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void trace_add(struct trace *t, uint32_t op, uint64_t start, uint64_t end)
{
	if (!t)
		return;
	if (t->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 128;
		t->v = mem_grow(t->v, t->cap, sizeof(*t->v));
	}
	t->v[t->n++] = (struct sync_trace){ .op = op, .start = start, .end = end };
}

static void add_string(struct buf *b, const char *s)
{
	buf_adds(b, "\"");
	for (; s && *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addf(b, "\\%c", *s);
		else if ((unsigned char)*s < 0x20)
			buf_addf(b, "\\u%04x", (unsigned char)*s);
		else
			buf_add(b, s, 1);
	}
	buf_adds(b, "\"");
}

static void add_event(struct buf *b, const struct plan_view *v, const struct sync_trace *e)
{
	static const char *const sides[] = { [SIDE_HOST] = "1", [SIDE_EXEC] = "2", [SIDE_INIT] = "2" };
	const struct op *op = &v->ops[e->op];
	char name[256];

	plan_describe_op(v, e->op, name, sizeof(name));
	buf_adds(b, ",\n{\"ph\":\"X\",\"pid\":1,\"tid\":");
	buf_adds(b, sides[op_info[op->code].side]);
	buf_addf(b, ",\"ts\":%" PRIu64 ".%03u,\"dur\":%" PRIu64 ".%03u,\"name\":", e->start / 1000,
		 (unsigned)(e->start % 1000), (e->end - e->start) / 1000, (unsigned)((e->end - e->start) % 1000));
	add_string(b, name);
	buf_addf(b, ",\"args\":{\"op\":%" PRIu32 ",\"where\":", e->op);
	add_string(b, plan_view_str(v, op->where));
	buf_adds(b, "}}");
}

int trace_write(const struct trace *t, const struct plan_view *v, const char *path, struct err *err)
{
	_cleanup_buf_ struct buf b = { 0 };

	if (!t)
		return 0;
	buf_adds(&b, "[\n{\"ph\":\"M\",\"pid\":1,\"tid\":1,\"name\":\"thread_name\",\"args\":{\"name\":\"host\"}},\n"
		     "{\"ph\":\"M\",\"pid\":1,\"tid\":2,\"name\":\"thread_name\",\"args\":{\"name\":\"container\"}}");
	for (size_t i = 0; i < t->n; i++)
		if (t->v[i].op < v->header->n_ops)
			add_event(&b, v, &t->v[i]);
	buf_adds(&b, "\n]\n");

	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	int r = fd < 0 ? fd : fd_write_all(fd, b.data, b.len);
	return r < 0 ? err_set(err, r, "write the trace %s", path) : 0;
}
