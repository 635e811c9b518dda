/* SPDX-License-Identifier: Apache-2.0 */
/* Memory and growing buffers; see mem.h. */
#include "mem.h"
#include "kernel.h"
#include "self.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct {
	void (*undo)(void *user);
	void *user;
	pid_t pid; /* who is to undo it: a child has a copy of this */
} exhaustion;

void mem_on_exhaustion(void (*undo)(void *user), void *user)
{
	exhaustion.undo = undo;
	exhaustion.user = user;
	exhaustion.pid = self_pid();
}

static _Noreturn void out_of_memory(void)
{
	static const char message[] = "husk: out of memory\n";
	void (*undo)(void *user) = exhaustion.undo;

	exhaustion.undo = NULL;
	if (write(STDERR_FILENO, message, sizeof(message) - 1) < 0) {
		/* Then without a word. */
	}
	if (undo && exhaustion.pid == getpid())
		undo(exhaustion.user);
	_exit(1);
}

void mem_prefault(size_t size)
{
	const uintptr_t page = (uintptr_t)getpagesize();
	void *first = mem_alloc(1);
	uintptr_t from = (uintptr_t)first & ~(page - 1), to = (uintptr_t)sbrk(0) & ~(page - 1);

	free(first);
	if (to > from + size)
		to = from + size;
	if (to > from)
		madvise((void *)from, to - from, MADV_POPULATE_WRITE); /* Linux 5.14 */
}

void *mem_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		out_of_memory();
	return p;
}

void *mem_grow(void *p, size_t n, size_t size)
{
	p = reallocarray(p, n ? n : 1, size);
	if (!p)
		out_of_memory();
	return p;
}

char *mem_strdup(const char *s)
{
	if (!s)
		return NULL;
	size_t len = strlen(s) + 1;
	return memcpy(mem_alloc(len), s, len);
}

char *mem_printf(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = mem_vprintf(fmt, ap);
	va_end(ap);
	return s;
}

char *mem_vprintf(const char *fmt, va_list ap)
{
	char *s = NULL;

	if (vasprintf(&s, fmt, ap) < 0)
		out_of_memory();
	return s;
}

void mem_freep(void *p)
{
	free(*(void **)p);
}

static void buf_reserve(struct buf *b, size_t more)
{
	if (more > SIZE_MAX - b->len - 1)
		out_of_memory();
	size_t need = b->len + more + 1;
	if (need <= b->cap)
		return;
	size_t cap = b->cap ? b->cap : 256;
	while (cap < need)
		cap *= 2;
	b->data = mem_grow(b->data, cap, 1);
	b->cap = cap;
}

void buf_add(struct buf *b, const void *data, size_t len)
{
	buf_reserve(b, len);
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
}

void buf_adds(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;

	va_start(ap, fmt);
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n > 0) {
		buf_reserve(b, (size_t)n);
		vsnprintf(b->data + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ 0 };
}
