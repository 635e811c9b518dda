/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that is there: its directory, its record, what is seen of it, and its cgroup, opened together.
 * What kill, delete, pause, ps and their like work on.
 */
#ifndef HUSK_CONTAINER_H
#define HUSK_CONTAINER_H

#include "cgroup/cgroup.h"
#include "state.h"

struct err;

struct container {
	struct state_dir dir;
	struct oci_arena *arena;
	const struct husk_record *record;
	bool damaged;                   /* the record was missing or corrupt: this is what is left of it */
	bool has_file;                  /* there is a state.json, whatever is in it */
	struct state_seen seen;
	struct cgroup cgroup;
	bool has_cgroup;                /* cgroup names directories */
};

/* timeout_ms as in state_dir_open. A damaged record is opened too. */
int container_open(const char *root, const char *id, int timeout_ms, struct container *ret, struct err *err);
/* The record and what is seen, without its directory and its cgroup: for lists. root_fd: of root, open as a directory. */
int container_glance(const char *root, int root_fd, const char *id, struct container *ret, struct err *err);
void container_done(struct container *c);
/* Look again: who lives, in which state. */
void container_observe(struct container *c);

/* The saved configuration; -ENOENT when create had not saved it yet. */
int container_config(const struct container *c, struct oci_arena **ret_arena, const struct oci_config **ret, struct err *err);
/* A record that is there but damaged may have lost its cgroup: find it as create did. */
int container_guess_cgroup(struct container *c, const struct oci_config *config, struct err *err);

#endif
