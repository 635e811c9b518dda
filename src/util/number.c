/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in text; see number.h. */
#include "number.h"

static unsigned digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20; /* lower case */
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : UINT8_MAX;
}

const char *number_scan(const char *p, unsigned base, uint64_t *ret)
{
	*ret = 0;
	while (*p == ' ' || *p == '\t')
		p++;
	for (; digit(*p) < base; p++)
		*ret = *ret * base + digit(*p);
	return p;
}
