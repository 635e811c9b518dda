/* SPDX-License-Identifier: Apache-2.0 */
/* The poststop hooks of a container that is gone; see hook_poststop.h. */
#include "hook_poststop.h"
#include "container/state.h"
#include "hook.h"
#include "ocispec.h"
#include "plan/annotation.h"
#include "util/err.h"
#include "util/log.h"
#include "util/mem.h"

#include <stdlib.h>

/* A copy that ends with NULL. */
static const char **null_terminated(char *const *v, size_t n)
{
	const char **copy = mem_alloc((n + 1) * sizeof(*copy));

	for (size_t i = 0; i < n; i++)
		copy[i] = v[i];
	return copy;
}

void hook_run_poststop(const struct oci_config *config, const struct husk_record *record)
{
	const struct oci_hooks *hooks = config ? config->hooks : NULL;
	_cleanup_free_ char *state = NULL;

	if (!hooks || hooks->n_poststop == 0 || state_json(record, OCI_STATUS_STOPPED, 0, 0, &state) < 0)
		return;
	_cleanup_free_ char *output = annotation_hook_output(config, record->bundle, HOOKS_STDOUT_ANNOTATION);
	_cleanup_free_ char *error = annotation_hook_output(config, record->bundle, HOOKS_STDERR_ANNOTATION);
	for (size_t i = 0; i < hooks->n_poststop; i++) {
		const struct oci_hook *h = &hooks->poststop[i];
		_cleanup_free_ const char **argv = null_terminated(h->args, h->n_args);
		_cleanup_free_ const char **envp = h->env ? null_terminated(h->env, h->n_env) : NULL;
		const struct hook hook = {
			.stage = "poststop",
			.index = (unsigned)i,
			.path = h->path,
			.argv = argv,
			.envp = envp,
			.timeout = h->has_timeout ? (uint64_t)h->timeout : 0,
			.state = state,
			.stdout_path = output,
			.stderr_path = error,
		};
		struct err err = { 0 };
		if (hook_run(&hook, &err) < 0)
			log_warning("/hooks/poststop/%zu: %s", i, err.text);
	}
}
