/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in what the kernel writes, without the locale and the checks of strtoul(3) and sscanf(3). */
#ifndef HUSK_NUMBER_H
#define HUSK_NUMBER_H

#include <stdint.h>

/* The digits of base 10 or 16 at p, after blanks; *ret is 0 where there are none, and wraps as unsigned numbers do.
 * Returns what follows them. */
const char *number_scan(const char *p, unsigned base, uint64_t *ret);

#endif
