/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record: <root>/<id>/state.json, and what is observed beside it.
 *
 * Written (temporary file, rename) before the thing that it names is made, so that `delete --force`
 * finds everything after a command was killed at any instant.  config.json beside it is the copy of
 * the configuration that counts after create.  A lock (flock on the directory) orders commands that
 * change a container; state, list, ps and kill take none.
 */
#ifndef HUSK_STATE_H
#define HUSK_STATE_H

#include "ocispec.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

struct state_dir {                      /* an opened container directory */
	int root_fd, dir_fd;            /* <root>, <root>/<id> */
	char *id;
	bool locked;
};

/* Is the id valid? [A-Za-z0-9_+.-], not "." or "..", at most 1024 bytes (and NAME_MAX). */
int state_check_id(const char *id, struct err *err);

/* Make <root>/<id> and lock it; -EEXIST: "container with given ID already exists". */
int state_dir_create(const char *root, const char *id, struct state_dir *ret, struct err *err);
/* Open it; -ENOENT: "container does not exist". timeout_ms ≥ 0: lock it, waiting at most so long
 * (-ETIMEDOUT); -1: no lock. */
int state_dir_open(const char *root, const char *id, int timeout_ms, struct state_dir *ret, struct err *err);
/* Let others work on it meanwhile; lock it again: -ENOENT when it has been deleted by then. */
void state_dir_unlock(struct state_dir *d);
int state_dir_lock(struct state_dir *d, int timeout_ms, struct err *err);
void state_dir_done(struct state_dir *d);               /* closes; the record stays */
int state_dir_remove(struct state_dir *d, struct err *err);  /* removes everything in it, and it */

int state_write(const struct state_dir *d, const struct husk_record *r, struct err *err);
/* Read the record. -ENODATA when it is missing, cut or corrupt: then *ret is made of what there is
 * (the id at least), so that it can still be deleted. */
int state_read(const struct state_dir *d, struct oci_arena **ret_arena, const struct husk_record **ret, struct err *err);
/* The same, by the directory of records, of one that is whole and finished: the others need state_read. */
int state_read_below(int root_fd, const char *id, struct oci_arena **ret_arena, const struct husk_record **ret);

int state_write_config(const struct state_dir *d, const char *text, size_t len, struct err *err);
int state_read_config(const struct state_dir *d, char **ret, size_t *ret_len, struct err *err);

/* What is observed: the record's pid checked against start time and boot id, the freezer, whether init
 * has executed the program. Never fails: what cannot be seen is stopped. */
struct state_seen {
	enum oci_status status;
	pid_t pid;                      /* 0 unless init lives */
	int pid_fd;                     /* of init, -1 unless it lives */
	bool zombie;                    /* init is dead but not reaped */
};
void state_observe(const struct husk_record *r, struct state_seen *ret);
void state_seen_done(struct state_seen *s);
/* Does another command hold the directory's lock? */
bool state_dir_is_busy(const struct state_dir *d);
/* state_observe, and creating while the create that has the lock has not made init yet. */
void state_observe_dir(const struct state_dir *d, const struct husk_record *r, struct state_seen *ret);

/* The OCI state as JSON text (compact when indent is 0), malloc'ed: `state`, hooks, seccomp agents. */
int state_json(const struct husk_record *r, enum oci_status status, pid_t pid, unsigned indent, char **ret);

/* Names of all containers below root, sorted; an unreadable one is left out. */
int state_list(const char *root, char ***ret, size_t *ret_n, struct err *err);

/* Where records are by default: /run/husk, or $XDG_RUNTIME_DIR/husk for ordinary users; malloc'ed. */
char *state_default_root(void);

#endif
