/* SPDX-License-Identifier: Apache-2.0 */
/* Names of flags for the printers: which table an argument of an op is decoded with. */
#ifndef HUSK_PLAN_FLAGS_H
#define HUSK_PLAN_FLAGS_H

#include "plan.h"
#include "ocispec.h"

struct buf;

/* Add the names of the set bits of value, joined by "|"; what has no name as a number. name is the argument's. */
void plan_flags_add(struct buf *b, enum op_code code, const char *name, uint64_t value);
/* "NET", "USER" … of one CLONE_NEW* flag, as words joined by "|". */
void plan_flags_add_namespaces(struct buf *b, uint64_t value);

/* The numbers of getrlimit(2), by enum oci_rlimit_type; and the name of one, "RLIMIT_NOFILE". */
extern const unsigned plan_flags_rlimits[oci_rlimit_type_MAX];
const char *plan_flags_rlimit_name(unsigned resource);

#endif
