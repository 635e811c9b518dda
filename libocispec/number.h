/* SPDX-License-Identifier: Apache-2.0 */
/* Exact integers: from their JSON text, into and out of the members of a struct. */
#ifndef OCISPEC_NUMBER_H
#define OCISPEC_NUMBER_H

#include "table.h"

struct oci_integer {
	bool negative; /* never with magnitude 0 */
	uint64_t magnitude;
};

/* 0; -EINVAL when it has a fraction or an exponent; -ERANGE when no 64-bit type holds it. */
int oci_integer_parse(const char *text, size_t len, struct oci_integer *ret);
bool oci_integer_in_range(struct oci_integer n, int64_t min, uint64_t max);
void oci_integer_store(struct oci_integer n, enum oci_number type, void *member);
struct oci_integer oci_integer_load(enum oci_number type, const void *member);

#endif
