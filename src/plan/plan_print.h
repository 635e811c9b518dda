/* SPDX-License-Identifier: Apache-2.0 */
/* Plans for readers. */
#ifndef HUSK_PLAN_PRINT_H
#define HUSK_PLAN_PRINT_H

#include "plan_view.h"

#include <stdio.h>

/* Print for people (a table), or as JSON (one array of objects). */
void plan_print_text(const struct plan_view *v, FILE *out);
void plan_print_json(const struct plan_view *v, FILE *out);
/* "fsmount tmpfs" — an op and its object in a few words, for errors and traces. */
void plan_describe_op(const struct plan_view *v, uint32_t op, char *buf, size_t size);

#endif
