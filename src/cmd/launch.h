/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What create, run and exec share: read the configuration, probe the host, build the plan, walk it.
 *
 * Order: launch_init; launch_options; launch_config (or the members set by hand); launch_container;
 * launch_done.
 */
#ifndef HUSK_LAUNCH_H
#define HUSK_LAUNCH_H

#include "cmd.h"
#include "plan/plan_draft.h"
#include "run/run.h"
#include "seccomp/seccomp.h"

struct err;

struct launch {
	const struct global *global;
	struct request request;
	const char *config_path;        /* --config, or NULL: config.json of the bundle */
	const char *trace_path;         /* --trace, or NULL */
	char *id, *bundle, *pid_file, *console_socket, *pidfd_socket;   /* absolute; request borrows them */

	char *text;                     /* of the configuration */
	size_t text_len;
	struct oci_arena *arena;
	const struct oci_config *config;

	struct facts facts;
	struct seccomp_program seccomp;
	struct cgroup cgroup;
	struct state_dir dir;
	bool has_dir;
	struct husk_record record;
	char *created, *owner, *rootfs;
	void *block;
	size_t block_size;
	struct run run;
	int notify_fd;                  /* where the program says that it is ready, -1: nobody asks */
};

/* *l stays where it is until launch_done: what it has made by then is unmade when memory runs out. */
void launch_init(struct launch *l, const struct global *g);
void launch_done(struct launch *l);

/* The options that create, run and exec have in common, into the request. */
int launch_options(struct launch *l, const struct options *o, struct err *err);
/* Is a terminal asked for in a way that can be given? (The words are those that callers know.) */
int launch_check_terminal(const struct launch *l, bool terminal, struct err *err);
/* Read and check config.json. */
int launch_config(struct launch *l, struct err *err);
/* Compile the filter for the request. s may be NULL. */
int launch_seccomp(struct launch *l, const struct oci_seccomp *s, struct err *err);
/* Seal a plan that was built, for run. */
int launch_seal(struct launch *l, const struct plan *p, struct err *err);
/* Probe the host, compile the filter, locate the cgroup, build and seal the plan of the container. */
int launch_plan(struct launch *l, struct err *err);
/* Everything before the plan is walked: the configuration, the plan, the container's directory (locked). */
int launch_prepare(struct launch *l, struct err *err);
/* Walk the sealed plan by a function of your own; the trace is written in any case. */
int launch_walk(struct launch *l, int (*walk)(struct run *r, void *user, struct err *err), void *user, struct err *err);
/* Make the container: everything that create and run do. The container's directory stays locked. */
int launch_container(struct launch *l, struct err *err);
/* Walk the sealed plan; the trace is written in any case. */
int launch_run(struct launch *l, struct err *err);
/* Start it with this function, wait for its end, remove it (unless keep). Returns the exit status, or a negative errno. */
int launch_in_foreground(struct launch *l, int (*start)(struct launch *l, struct err *err), struct err *err);
/* NOTIFY_SOCKET: wait until the program that runs now is ready, and say so. */
int launch_wait_ready(struct launch *l, struct err *err);
/* Send the pidfd of init where --pidfd-socket says. What nobody got to know of is unmade. */
int launch_send_pidfd(struct launch *l, struct err *err);

#endif
