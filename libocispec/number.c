/* SPDX-License-Identifier: Apache-2.0 */
/* Exact integers; see number.h. */
#include "number.h"

#include <errno.h>
#include <string.h>

int oci_integer_parse(const char *text, size_t len, struct oci_integer *ret)
{
	bool negative = len > 0 && text[0] == '-', over = false;
	uint64_t magnitude = 0;

	for (size_t i = negative; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		over = over || __builtin_mul_overflow(magnitude, 10u, &magnitude) ||
		       __builtin_add_overflow(magnitude, (uint64_t)(text[i] - '0'), &magnitude);
	}
	if (over)
		return -ERANGE;
	*ret = (struct oci_integer){ negative && magnitude, magnitude };
	return 0;
}

bool oci_integer_in_range(struct oci_integer n, int64_t min, uint64_t max)
{
	if (n.negative)
		return min < 0 && n.magnitude <= -(uint64_t)min;
	return n.magnitude <= max && (min <= 0 || n.magnitude >= (uint64_t)min);
}

void oci_integer_store(struct oci_integer n, enum oci_number type, void *member)
{
	uint64_t bits = n.negative ? -n.magnitude : n.magnitude;

	switch (type) {
	case OCI_int32_t:
	case OCI_uint32_t: memcpy(member, &(uint32_t){ (uint32_t)bits }, sizeof(uint32_t)); break;
	case OCI_uint16_t: memcpy(member, &(uint16_t){ (uint16_t)bits }, sizeof(uint16_t)); break;
	case OCI_int64_t:
	case OCI_uint64_t: memcpy(member, &bits, sizeof(bits)); break;
	}
}

static struct oci_integer from_signed(int64_t n)
{
	return (struct oci_integer){ n < 0, n < 0 ? -(uint64_t)n : (uint64_t)n };
}

struct oci_integer oci_integer_load(enum oci_number type, const void *member)
{
	switch (type) {
	case OCI_int32_t: return from_signed(*(const int32_t *)member);
	case OCI_int64_t: return from_signed(*(const int64_t *)member);
	case OCI_uint16_t: return (struct oci_integer){ false, *(const uint16_t *)member };
	case OCI_uint32_t: return (struct oci_integer){ false, *(const uint32_t *)member };
	case OCI_uint64_t: return (struct oci_integer){ false, *(const uint64_t *)member };
	}
	return (struct oci_integer){ 0 };
}
