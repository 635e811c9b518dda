/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and growing buffers.  husk is a short-lived command: running out of memory ends it with a message and exit
 * status 1 (mem_* never return NULL), after what mem_on_exhaustion named has been undone.
 */
#ifndef HUSK_MEM_H
#define HUSK_MEM_H

#include <stdarg.h>
#include <stddef.h>

/* What this process undoes before it ends for want of memory (not its children); NULL: nothing. What undoes may ask for
 * memory itself: when there is none for it either the process ends at once, and `delete --force` has a record to go by. */
void mem_on_exhaustion(void (*undo)(void *user), void *user);

/* Has the kernel put memory behind the first `size` bytes of the heap, in one call instead of a page fault for each page.
 * For a command that will use about that much. */
void mem_prefault(size_t size);

void *mem_alloc(size_t size);                       /* zeroed */
void *mem_grow(void *p, size_t n, size_t size);     /* like reallocarray */
char *mem_strdup(const char *s);                    /* NULL gives NULL */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
char *mem_vprintf(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
void mem_freep(void *p);                            /* for cleanup: frees *(void **)p */
#define _cleanup_free_ __attribute__((cleanup(mem_freep), unused))
#define take(p) __extension__({ __typeof__(p) *tp_ = &(p); __typeof__(p) tv_ = *tp_; *tp_ = NULL; tv_; })

struct buf {                                        /* {0} is an empty one */
	char *data;                                 /* NUL-terminated whenever len > 0 */
	size_t len, cap;
};
void buf_add(struct buf *b, const void *data, size_t len);
void buf_adds(struct buf *b, const char *s);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_done(struct buf *b);
#define _cleanup_buf_ __attribute__((cleanup(buf_done), unused))

#endif
