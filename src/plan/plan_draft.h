/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan under construction.  It grows ops and data; plan_seal turns it into the block of plan.h.  What the ops mean is
 * none of its business: that is the builder's (plan_build.h).
 */
#ifndef HUSK_PLAN_DRAFT_H
#define HUSK_PLAN_DRAFT_H

#include "plan.h"

#include <stddef.h>

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

/* The finished block: malloc'ed, plan_check has passed. */
int plan_seal(const struct plan *p, uint32_t flags, uint32_t first_fd, void **ret, size_t *ret_size);

#endif
