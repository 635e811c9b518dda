/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks as ops.  Those in the container namespace are run by the container process; the state that they read is
 * written here, around the pid, which is not known yet.  poststop hooks are no part of a plan: delete runs them.
 */
#include "annotation.h"
#include "plan_json.h"
#include "plan_parts.h"

#include <string.h>

static uint64_t add_argv(struct build *b, const struct oci_hook *h)
{
	const char *path = h->path;

	return h->n_args ? plan_strv(b->p, (const char *const *)h->args, h->n_args) : plan_strv(b->p, &path, 1);
}

static uint64_t add_envp(struct build *b, const struct oci_hook *h)
{
	return plan_strv(b->p, (const char *const *)h->env, h->n_env);
}

/* A hook in the runtime namespace whose env is absent has husk's environment: no list. */
static uint64_t add_host_envp(struct build *b, const struct oci_hook *h)
{
	return h->env ? add_envp(b, h) : 0;
}

static void add_host_hooks(struct build *b, const char *stage, const struct oci_hook *hooks, size_t n,
			   const char *status)
{
	for (size_t i = 0; i < n; i++) {
		const struct oci_hook *h = &hooks[i];
		plan_where(b->p, "/hooks/%s/%zu", stage, i);
		PLAN_ADD(b->p, HOOK, .stage = plan_str(b->p, stage), .path = plan_str(b->p, h->path),
			 .argv = add_argv(b, h), .envp = add_host_envp(b, h),
			 .timeout = h->has_timeout ? (uint64_t)h->timeout : 0, .status = plan_str(b->p, status));
	}
}

static uint64_t state_head(struct build *b)
{
	_cleanup_buf_ struct buf s = { 0 };

	buf_adds(&s, "{\"ociVersion\":");
	plan_json_add_string(&s, OCISPEC_VERSION);
	buf_adds(&s, ",\"id\":");
	plan_json_add_string(&s, b->request->id);
	buf_adds(&s, ",\"pid\":");
	return plan_str(b->p, s.data);
}

static uint64_t state_tail(struct build *b, const char *status)
{
	const struct oci_config *c = b->config;
	_cleanup_buf_ struct buf s = { 0 };

	buf_adds(&s, ",\"status\":");
	plan_json_add_string(&s, status);
	buf_adds(&s, ",\"bundle\":");
	plan_json_add_string(&s, b->request->bundle);
	buf_adds(&s, ",\"annotations\":{");
	for (size_t i = 0; i < c->n_annotations; i++) {
		buf_adds(&s, i ? "," : "");
		plan_json_add_string(&s, c->annotations[i].key);
		buf_adds(&s, ":");
		plan_json_add_string(&s, c->annotations[i].value ? c->annotations[i].value : "");
	}
	buf_adds(&s, "}}");
	return plan_str(b->p, s.data);
}

static uint64_t open_output(struct build *b, const char *annotation)
{
	_cleanup_free_ char *path = annotation_hook_output(b->config, b->request->bundle, annotation);

	if (!path)
		return PLAN_NO_SLOT;
	uint64_t slot = plan_slot(b);
	plan_where(b->p, "/annotations/%s", annotation);
	PLAN_ADD(b->p, OPEN, .slot = slot, .path = plan_str(b->p, path), .expect = plan_str(b->p, "append"));
	return slot;
}

void plan_hooks_open(struct build *b)
{
	const struct oci_hooks *h = b->config->hooks;

	b->hook_output_slot = b->hook_error_slot = PLAN_NO_SLOT;
	if (!h || h->n_create_container + h->n_start_container == 0)
		return;
	b->hook_output_slot = open_output(b, HOOKS_STDOUT_ANNOTATION);
	b->hook_error_slot = open_output(b, HOOKS_STDERR_ANNOTATION);
}

static void direct_output(struct build *b)
{
	if (b->hook_output_slot == PLAN_NO_SLOT && b->hook_error_slot == PLAN_NO_SLOT)
		return;
	plan_where(b->p, "/annotations");
	PLAN_ADD(b->p, HOOK_OUTPUT, .output = b->hook_output_slot, .error = b->hook_error_slot);
}

/* In the container's namespace a startContainer hook without env has the program's environment, as it runs where that will:
 * no list; createContainer has none of anybody's. */
static void add_container_hooks(struct build *b, const char *stage, const struct oci_hook *hooks, size_t n,
				const char *status)
{
	for (size_t i = 0; i < n; i++) {
		const struct oci_hook *h = &hooks[i];
		bool as_program = strcmp(stage, "startContainer") == 0 && !h->env;
		plan_where(b->p, "/hooks/%s/%zu", stage, i);
		PLAN_ADD(b->p, HOOK_IN, .stage = plan_str(b->p, stage), .path = plan_str(b->p, h->path),
			 .argv = add_argv(b, h), .envp = as_program ? 0 : add_envp(b, h),
			 .timeout = h->has_timeout ? (uint64_t)h->timeout : 0, .state_head = state_head(b),
			 .state_tail = state_tail(b, status));
	}
}

void plan_hooks_create(struct build *b)
{
	const struct oci_hooks *h = b->config->hooks;

	if (!h)
		return;
	add_host_hooks(b, "prestart", h->prestart, h->n_prestart, "creating");
	add_host_hooks(b, "createRuntime", h->create_runtime, h->n_create_runtime, "creating");
	direct_output(b);
	add_container_hooks(b, "createContainer", h->create_container, h->n_create_container, "creating");
}

void plan_hooks_start(struct build *b)
{
	const struct oci_hooks *h = b->config->hooks;

	if (h)
		add_container_hooks(b, "startContainer", h->start_container, h->n_start_container, "created");
}

void plan_hooks_poststart(struct build *b)
{
	const struct oci_hooks *h = b->config->hooks;

	if (h)
		add_host_hooks(b, "poststart", h->poststart, h->n_poststart, "running");
}
