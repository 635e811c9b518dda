/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building plans.  plan_build and plan_build_exec are pure: what they do depends only on their
 * arguments, and they make no system call.
 *
 * A plan under construction (struct plan) grows ops and data; plan_seal turns it into the block of
 * plan.h.  Order of a container's plan: docs/design/0001-plan.md.
 */
#ifndef HUSK_PLAN_BUILD_H
#define HUSK_PLAN_BUILD_H

#include "facts.h"
#include "plan.h"

#include <stddef.h>
#include <stdio.h>

struct oci_config;
struct oci_process;
struct err;

struct plan {
	struct op *ops;
	size_t n_ops, cap_ops;
	char *data;
	size_t n_data, cap_data;
	char where[256];                /* pointer given to ops that are added from here on */
	uint32_t where_offset;
	uint32_t *strings;              /* hash table of the strings' offsets */
	size_t n_strings, cap_strings;
	char **warnings;                /* sentences for the log: what was asked for and cannot be granted */
	size_t n_warnings;
};

void plan_init(struct plan *p);
void plan_done(struct plan *p);

const char *plan_annotation(const struct oci_config *c, const char *key);       /* NULL: none */

/* Add data; the offset is never 0 (plan_str(NULL) is 0). Equal strings share one place. */
uint64_t plan_str(struct plan *p, const char *s);
uint64_t plan_strf(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
uint64_t plan_strv(struct plan *p, const char *const *v, size_t n);
uint64_t plan_blob(struct plan *p, const void *data, size_t len);

/* The JSON pointer of the ops that follow; "" for none. */
void plan_where(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Add an op:  struct op *op = plan_add(p, OP_MKNOD); op->u.MKNOD.path = plan_str(p, path);
 * The pointer is good until the next plan_add. Slots that mean "none" must be set to PLAN_NO_SLOT. */
struct op *plan_add(struct plan *p, enum op_code code);
/* PLAN_ADD(p, MKNOD, .path = …, .mode = …) */
#define PLAN_ADD(p, ID, ...) \
	__extension__({ union op_args a_ = { .ID = { __VA_ARGS__ } }; \
		struct op *o_ = plan_add((p), OP_##ID); o_->u = a_; o_; })

/* Add a sentence to p->warnings: for the command layer to log. */
void plan_warn(struct plan *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The plan of `create` and `run`. Every property that cannot be carried out is an error with its pointer. */
int plan_build(struct plan *p, const struct oci_config *config, const struct facts *facts,
	       const struct request *request, struct err *err);
/* The plan of `exec`: process joins the container whose saved configuration is config. */
int plan_build_exec(struct plan *p, const struct oci_config *config, const struct oci_process *process,
		    const struct facts *facts, const struct request *request, struct err *err);

/* The plan of `mounts`: a process joins the container and makes config->mounts in it, or removes what is there, last
 * one first. The rest of config is the container's. */
int plan_build_mounts(struct plan *p, const struct oci_config *config, bool removes, const struct facts *facts,
		      const struct request *request, struct err *err);

/* first_fd of the header: the program's descriptors (0, 1, 2, LISTEN_FDS and preserved ones) end before it. */
unsigned plan_first_fd(const struct request *request);

/* The finished block: malloc'ed, plan_check has passed. */
int plan_seal(const struct plan *p, uint32_t flags, uint32_t first_fd, void **ret, size_t *ret_size);

/* A sealed plan, for reading. */
struct plan_view {
	const struct plan_header *header;
	const struct op *ops;
	const char *data;
};
void plan_view_init(struct plan_view *v, const void *block);
const char *plan_view_str(const struct plan_view *v, uint64_t offset);                  /* NULL for 0 */
size_t plan_view_strv(const struct plan_view *v, uint64_t offset, const char ***ret);   /* malloc'ed, NULL-terminated */
const void *plan_view_blob(const struct plan_view *v, uint64_t offset, size_t *ret_len);

/* What op.def says of an op. */
struct op_info {
	const char *name;               /* "move_mount" */
	const char *text;
	enum op_side side;
	unsigned n_args;
	struct { const char *type, *name; } args[OP_MAX_ARGS];
};
extern const struct op_info op_info[OP_MAX];

/* Print for people (a table), or as JSON (one array of objects). */
void plan_print_text(const struct plan_view *v, FILE *out);
void plan_print_json(const struct plan_view *v, FILE *out);
/* "fsmount tmpfs" — an op and its object in a few words, for errors and traces. */
void plan_describe_op(const struct plan_view *v, uint32_t op, char *buf, size_t size);

#endif
