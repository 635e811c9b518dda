/* SPDX-License-Identifier: Apache-2.0 */
/* A sealed plan (plan.h), for reading. */
#ifndef HUSK_PLAN_VIEW_H
#define HUSK_PLAN_VIEW_H

#include "plan.h"

#include <stddef.h>

struct plan_view {
	const struct plan_header *header;
	const struct op *ops;
	const char *data;
};
void plan_view_init(struct plan_view *v, const void *block);
const char *plan_view_str(const struct plan_view *v, uint64_t offset);                  /* NULL for 0 */
size_t plan_view_strv(const struct plan_view *v, uint64_t offset, const char ***ret);   /* malloc'ed, NULL-terminated */
const void *plan_view_blob(const struct plan_view *v, uint64_t offset, size_t *ret_len);

#endif
