/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hook in the runtime namespace: its own environment (husk's, when it has none), the container's state on its standard
 * input, its output kept for the error. A hook that outlives its timeout is killed, with its process group.
 */
#ifndef HUSK_HOOK_H
#define HUSK_HOOK_H

#include <stdint.h>

struct err;

/* Annotations that name the files to which hooks print. */
#define HOOKS_STDOUT_ANNOTATION "run.oci.hooks.stdout"
#define HOOKS_STDERR_ANNOTATION "run.oci.hooks.stderr"

struct hook {
	const char *stage; /* "prestart" */
	const char *path;
	const char *const *argv; /* NULL-terminated; NULL or empty: the path alone */
	const char *const *envp; /* NULL-terminated; NULL: husk's own, as a child has it */
	uint64_t timeout;        /* seconds, 0: none */
	const char *state;       /* JSON text */
	const char *stdout_path; /* where its output is appended; NULL: kept for the error */
	const char *stderr_path;
};

int hook_run(const struct hook *h, struct err *err);

#endif
