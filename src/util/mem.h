/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory and growing buffers.  husk is a short-lived command: running out of memory ends it with a
 * message (mem_* never return NULL), except where a record or a container would be left half-made:
 * there, state.json is already written, so `delete --force` cleans up.
 */
#ifndef HUSK_MEM_H
#define HUSK_MEM_H

#include <stdarg.h>
#include <stddef.h>

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
