/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hook in the runtime namespace: its own environment (husk's, when it has none), the container's state on its standard
 * input, its output kept for the error. A hook that outlives its timeout is killed, with its process group.
 */
#ifndef HUSK_HOOK_H
#define HUSK_HOOK_H

#include <stdint.h>

struct err;

struct hook {
	const char *stage; /* "prestart" */
	unsigned index;    /* in the list of its stage */
	const char *path;
	const char *const *argv; /* NULL-terminated; NULL or empty: the path alone */
	const char *const *envp; /* NULL-terminated; NULL: husk's own, as a child has it */
	uint64_t timeout;        /* seconds, 0: none */
	const char *state;       /* JSON text */
	const char *stdout_path; /* where its output is appended; NULL: kept for the error */
	const char *stderr_path;
};

int hook_run(const struct hook *h, struct err *err);

/* How a hook has failed: a negative errno (-ETIMEDOUT: it was killed after its timeout), else its wait status. */
struct hook_end {
	int code, status;
	const char *output; /* the end of what it printed; "" */
};

/* The sentence for it, of hooks in both namespaces; of h: stage, index, path, timeout. Returns a negative errno. */
int hook_say_failure(const struct hook *h, const struct hook_end *end, struct err *err);
/* The index in a JSON pointer such as "/hooks/prestart/1"; 0 where there is none. */
unsigned hook_index(const char *pointer);

#endif
