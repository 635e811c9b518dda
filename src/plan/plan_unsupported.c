/* SPDX-License-Identifier: Apache-2.0 */
/* What the specification names without defining it, and a word of an annotation that is none: refused, with its pointer. */
#include "plan_parts.h"
#include "annotation.h"

#include <string.h>

static int check_context_type(struct build *b)
{
	static const char *const types[] = { "context", "fscontext", "defcontext", "rootcontext" };
	const char *type = annotation_get(b->config, PLAN_MOUNT_CONTEXT_TYPE);

	for (size_t i = 0; type && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(type, types[i]) == 0)
			return 0;
	if (!type)
		return 0;
	plan_where(b->p, "/annotations/" PLAN_MOUNT_CONTEXT_TYPE);
	return plan_fail(b, "\"%s\" is no kind of context: use context, fscontext, defcontext or rootcontext", type);
}

int plan_unsupported(struct build *b)
{
	const struct oci_personality *personality = b->linux_->personality;

	plan_where(b->p, "/linux/personality/flags");
	if (personality && personality->n_flags)
		return plan_fail(b, "no personality flags are defined: remove %s", personality->flags[0]);
	return check_context_type(b);
}
