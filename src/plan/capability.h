/* SPDX-License-Identifier: Apache-2.0 */
/* Capabilities: names and bits.  The table is husk's own, so that no library is asked for a constant. */
#ifndef HUSK_CAPABILITY_H
#define HUSK_CAPABILITY_H

#include <stddef.h>
#include <stdint.h>

enum {
#define CAPABILITY(name) CAPABILITY_##name,
#include "capability.def"
#undef CAPABILITY
	CAPABILITY_MAX
};
#define CAPABILITY_BIT(name) (UINT64_C(1) << CAPABILITY_##name)
#define CAPABILITY_ALL ((UINT64_C(1) << CAPABILITY_MAX) - 1)

/* "CAP_CHOWN", "chown" (any case, with or without CAP_): its number; -EINVAL for a name that is not known. */
int capability_find(const char *name);
/* "CAP_CHOWN"; NULL for a number without a name. */
const char *capability_name(unsigned number);

#endif
