/* SPDX-License-Identifier: Apache-2.0 */
/* What op.def says of an op. */
#ifndef HUSK_OP_INFO_H
#define HUSK_OP_INFO_H

#include "plan.h"

/* Words in place, not pointers to them: see libocispec/table.h. What an op does is said in op.def alone. */
struct op_info {
	char name[20];                  /* "move_mount" */
	uint8_t side;                   /* enum op_side */
	uint8_t n_args;
	struct { char type[6], name[16]; } args[OP_MAX_ARGS];
};
extern const struct op_info op_info[OP_MAX];

#endif
