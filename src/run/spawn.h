/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting the executor image: the small static ELF that is embedded in husk runs from a sealed,
 * anonymous copy, so that nothing which a container can reach leads back to the husk binary.
 */
#ifndef HUSK_SPAWN_H
#define HUSK_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

struct err;

struct spawn {
	const char *role;               /* argv[1]: "run" or "keep" */
	const char *const *args;        /* more arguments, NULL-terminated; or NULL */
	unsigned first_fd;              /* fds[i] becomes first_fd + i; what is below stays as it is */
	const int *fds;
	size_t n_fds;
	int cgroup_fd;                  /* v2 directory to be born in, or -1 */
	const int *task_fds;            /* cgroup_open_tasks: v1 cgroups to enter before the exec */
	size_t n_task_fds;
	unsigned long long namespaces;  /* CLONE_NEW* to be born in, none of which may be a user namespace */
	const char *temp_dir;           /* where an unnamed file can be made when memory files cannot be executed */
	int null_stdio;                 /* standard streams are /dev/null, a session of its own, no preserved ones */
};

/* Start it. *ret_entered says of which cgroups it is (CGROUP_ENTERED_*); what is missing (kernel or permission) must
 * be attached by pid. Returns once the image has been executed, or with why it could not be. */
int spawn_executor(const struct spawn *s, pid_t *ret_pid, int *ret_pid_fd, unsigned *ret_entered, struct err *err);

/* A sealed memory file with this content, close-on-exec. */
int spawn_sealed_data(const char *name, const void *data, size_t size);

#endif
