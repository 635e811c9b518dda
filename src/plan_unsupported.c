/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the specification names without defining it: refused, with its pointer.  Annotations that other runtimes carry out:
 * a wrong word is refused; what husk does not do is a warning, since unknown annotations are no error (config.md).
 */
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

static bool is_not_done(const char *key)
{
	static const char systemd[] = "org.systemd.property.";

	return strcmp(key, "run.oci.systemd.subgroup") == 0 || strcmp(key, "run.oci.delegate-cgroup") == 0 ||
	       strncmp(key, systemd, sizeof(systemd) - 1) == 0;
}

static void warn_of_annotations(struct build *b)
{
	for (size_t i = 0; i < b->config->n_annotations; i++)
		if (is_not_done(b->config->annotations[i].key))
			plan_warn(b->p, "annotations: %s is not carried out by husk, so it is left out",
				  b->config->annotations[i].key);
}

int plan_unsupported(struct build *b)
{
	const struct oci_personality *personality = b->linux_->personality;

	plan_where(b->p, "/linux/personality/flags");
	if (personality && personality->n_flags)
		return plan_fail(b, "no personality flags are defined: remove %s", personality->flags[0]);
	warn_of_annotations(b);
	return check_context_type(b);
}
