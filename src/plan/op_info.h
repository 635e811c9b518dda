/* SPDX-License-Identifier: Apache-2.0 */
/* What op.def says of an op. */
#ifndef HUSK_OP_INFO_H
#define HUSK_OP_INFO_H

#include "plan.h"

struct op_info {
	const char *name;               /* "move_mount" */
	const char *text;
	enum op_side side;
	unsigned n_args;
	struct { const char *type, *name; } args[OP_MAX_ARGS];
};
extern const struct op_info op_info[OP_MAX];

#endif
