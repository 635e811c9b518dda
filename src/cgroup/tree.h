/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Private to src/cgroup: the directories of a container's cgroup, and walking what is below them.
 */
#ifndef HUSK_CGROUP_TREE_H
#define HUSK_CGROUP_TREE_H

#include "cgroup.h"

#include <stdbool.h>
#include <stddef.h>

#define CGROUP_FILE_MAX (1u << 20)      /* bytes; no file of cgroupfs is larger, but for lists of pids */
#define CGROUP_PIDS_MAX (64u << 20)
#define CGROUP_DEPTH_MAX 128            /* directories below a container's cgroup, nested */

/* Does a list of words ("cpu,cpuacct" or "cpu memory") have word? */
bool cgroup_list_has(const char *list, const char *word);

/* The directory that carries a controller: v1 by its list, else the v2 one; "" is the v2 one; NULL: none. */
const struct cgroup_dir *cgroup_find_dir(const struct cgroup *c, const char *controller);
const struct cgroup_dir *cgroup_find_v1(const struct cgroup *c, const char *controller);
const struct cgroup_dir *cgroup_find_v2(const struct cgroup *c);

/* Its path in the file system; malloc'ed. */
char *cgroup_dir_path(const struct cgroup_dir *d);
char *cgroup_dir_file(const struct cgroup_dir *d, const char *file);
/* Open it, O_DIRECTORY: a descriptor or a negative errno. */
int cgroup_dir_open(const struct cgroup_dir *d);

/* Read a file below a directory, without the newline at its end; *ret is malloc'ed. */
int cgroup_read(int dir_fd, const char *file, char **ret);
/* The value of a line "key value" of cgroup.events and the like, or -ENOENT. */
int cgroup_read_key(int dir_fd, const char *file, const char *key, long long *ret);

/* Call fn for the directory and all below it. The order is parents first, or children first. A directory that
 * is gone is no error. fn's first non-zero return ends the walk and is returned. */
enum cgroup_order { CGROUP_PARENTS_FIRST, CGROUP_CHILDREN_FIRST };
typedef int cgroup_walk_fn(int dir_fd, void *user);
int cgroup_walk(const struct cgroup_dir *d, enum cgroup_order order, cgroup_walk_fn *fn, void *user);

/* Call fn for each line's number of a list of pids. */
int cgroup_read_pids(int dir_fd, int (*fn)(pid_t pid, void *user), void *user);

/* v2: enable all controllers that can be, top-down, from the mount to the parent of the directory. */
int cgroup_enable_controllers(const struct cgroup *c, const struct cgroup_dir *d);
/* The container's own part of d (c->delegated); its path is malloc'ed, and all of it that is the caller's to free. */
struct cgroup_dir cgroup_dir_delegated(const struct cgroup *c, const struct cgroup_dir *d);
/* Make the directory, and those above it that are missing. */
int cgroup_make_dir(const struct cgroup_dir *d, bool *ret_existed, struct err *err);
/* Make the directories that are missing, without looking at who is in them. */
int cgroup_make_dirs(const struct cgroup *c, struct err *err);

/* mark.c: mark the first directory, which is there, as c's. -EBUSY: it is another container's; -ENOENT: it is gone. */
int cgroup_claim(struct cgroup *c, struct err *err);
/* Of a cgroup from a record: forget directories that bear another's mark. */
void cgroup_drop_foreign(struct cgroup *c);

/* Thaw the cgroup itself; what a container froze below it stays as it is. */
int cgroup_thaw_top(const struct cgroup *c, int timeout_ms, struct err *err);

/* signal.c: a signal to a process, by pidfd: between a list and the signal a pid can be reused, so membership is checked
 * while it is held. 1: it got it; 0: it is gone, or no member. */
int cgroup_signal_member(const struct cgroup *c, pid_t pid, int sig);

#endif
