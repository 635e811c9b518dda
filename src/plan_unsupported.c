/* SPDX-License-Identifier: Apache-2.0 */
/* What the specification names without defining it: refused, with its pointer. */
#include "plan_parts.h"

int plan_unsupported(struct build *b)
{
	const struct oci_personality *personality = b->linux_->personality;

	plan_where(b->p, "/linux/personality/flags");
	if (personality && personality->n_flags)
		return plan_fail(b, "no personality flags are defined: remove %s", personality->flags[0]);
	return 0;
}
