/* SPDX-License-Identifier: Apache-2.0 */
/* Names and numbers of capabilities; see capability.h. */
#include "capability.h"

#include <errno.h>
#include <strings.h>

static const char *const names[] = {
#define CAPABILITY(name) "CAP_" #name,
#include "capability.def"
#undef CAPABILITY
};

int capability_find(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (int i = 0; i < CAPABILITY_MAX; i++)
		if (strcasecmp(names[i] + 4, name) == 0)
			return i;
	return -EINVAL;
}

const char *capability_name(unsigned number)
{
	return number < CAPABILITY_MAX ? names[number] : NULL;
}
