/* SPDX-License-Identifier: Apache-2.0 */
/* The table of op_info.h, from op.def. */
#include "op_info.h"

const struct op_info op_info[OP_MAX] = {
#define A0()
#define A1(t1, a1) { #t1, #a1 },
#define A2(t1, a1, ...) { #t1, #a1 }, A1(__VA_ARGS__)
#define A3(t1, a1, ...) { #t1, #a1 }, A2(__VA_ARGS__)
#define A4(t1, a1, ...) { #t1, #a1 }, A3(__VA_ARGS__)
#define A5(t1, a1, ...) { #t1, #a1 }, A4(__VA_ARGS__)
#define A6(t1, a1, ...) { #t1, #a1 }, A5(__VA_ARGS__)
#define A7(t1, a1, ...) { #t1, #a1 }, A6(__VA_ARGS__)
#define OP(id, side_, name_, args_, text_) \
	[OP_##id] = { .name = name_, \
		      .side = SIDE_##side_, \
		      .n_args = sizeof(struct op_args_##id) / sizeof(uint64_t), \
		      .args = { args_ } },
#include "op.def"
#undef OP
};
