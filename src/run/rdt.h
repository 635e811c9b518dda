/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel RDT: groups of the resctrl file system (config-linux.md, IntelRdt).
 */
#ifndef HUSK_RDT_H
#define HUSK_RDT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

#define RDT_ROOT "/sys/fs/resctrl"

struct rdt_request {
	const char *root;               /* where resctrl is mounted */
	const char *id;                 /* of the container */
	const char *clos_id;            /* NULL: a group of its own, named after the id; "/": the default group */
	const char *const *schemata;    /* lines, in the order in which they are written */
	size_t n_schemata;
	size_t n_compared;              /* the first of them a group that is there must have already; the others are written */
	bool monitoring;                /* a monitoring group mon_groups/<id> too */
	bool create;                    /* make the group if it is missing; else it must be there */
	pid_t pid;
};

/* What delete must remove again: the container's own group, or its monitoring group; NULL: nothing. A group that is
 * there already is not the container's, even where it has its name: ask before rdt_apply(). malloc'ed. */
char *rdt_removable_path(const struct rdt_request *r);
int rdt_apply(const struct rdt_request *r, struct err *err);
/* Gone is fine. */
int rdt_remove(const char *path);

#endif
