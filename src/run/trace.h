/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --trace FILE: when each op began and ended, on the host and in the container process, as a Chrome
 * trace (an array of events, one track a side; open it in a trace viewer).
 */
#ifndef HUSK_TRACE_H
#define HUSK_TRACE_H

#include "init/sync.h"
#include "plan/plan_view.h"

struct err;
struct trace;                           /* NULL is fine everywhere: nothing is measured */

struct trace *trace_new(void);
void trace_free(struct trace *t);
/* CLOCK_REALTIME, nanoseconds: the one clock that a time namespace does not shift. */
uint64_t trace_now(void);
void trace_add(struct trace *t, uint32_t op, uint64_t start, uint64_t end);
int trace_write(const struct trace *t, const struct plan_view *v, const char *path, struct err *err);

#endif
