/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of the program: process.env, of repeated names the last, and what husk adds. */
#include "plan_parts.h"

#include <stdlib.h>
#include <string.h>

static bool same_name(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");

	return strncmp(a, b, n) == 0 && b[n] == '=';
}

const char *plan_environment_get(const struct oci_process *p, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = p->n_env; i-- > 0;)
		if (strncmp(p->env[i], name, n) == 0 && p->env[i][n] == '=')
			return p->env[i] + n + 1;
	return NULL;
}

static bool is_repeated(const struct oci_process *p, size_t i)
{
	for (size_t k = i + 1; k < p->n_env; k++)
		if (same_name(p->env[i], p->env[k]))
			return true;
	return false;
}

/* An empty HOME counts as unset; the socket of the caller is not the container's. */
static bool is_dropped(const struct build *b, const char *entry)
{
	return strcmp(entry, "HOME=") == 0 || (b->request->notify_socket && same_name("NOTIFY_SOCKET=", entry)) ||
	       (b->request->listen_fds && (same_name("LISTEN_FDS=", entry) || same_name("LISTEN_PID=", entry)));
}

static int check_entry(struct build *b, size_t i)
{
	const char *entry = b->process->env[i];

	plan_where(b->p, "/process/env/%zu", i);
	if (entry[0] == '=')
		return plan_fail(b, "the environment variable %s has no name", entry);
	if (!strchr(entry, '='))
		return plan_fail(b, "the environment variable %s has no value: write NAME=value", entry);
	return 0;
}

int plan_environment(struct build *b, uint64_t *ret)
{
	const struct oci_process *p = b->process;
	const char **list = mem_alloc((p->n_env + 2) * sizeof(*list));
	_cleanup_free_ char *listen_fds = mem_printf("LISTEN_FDS=%u", b->request->listen_fds);
	size_t n = 0;
	int r = 0;

	for (size_t i = 0; i < p->n_env && r == 0; i++) {
		r = check_entry(b, i);
		if (r == 0 && !is_repeated(p, i) && !is_dropped(b, p->env[i]))
			list[n++] = p->env[i];
	}
	if (b->request->listen_fds)
		list[n++] = listen_fds;
	if (b->request->notify_socket && !b->request->exec)
		list[n++] = "NOTIFY_SOCKET=/run/notify/notify.sock";
	if (r == 0)
		*ret = plan_strv(b->p, list, n);
	free(list);
	return r;
}
