/* SPDX-License-Identifier: Apache-2.0 */
/* The process of `exec`; see exec_process.h. */
#include "exec_process.h"

#include "plan/capability.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

/* ---- ids ----------------------------------------------------------------------------------------- */

/* Digits up to end, as an id that setresuid(2) takes: 2^32 - 1 means "unchanged" there. */
static int parse_id(const char *text, size_t len, uint32_t *ret)
{
	uint64_t id = 0;

	if (len == 0 || len > 10)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		id = id * 10 + (uint64_t)(text[i] - '0');
	}
	if (id >= UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)id;
	return 0;
}

int exec_process_parse_user(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, bool *ret_has_gid, struct err *err)
{
	const char *colon = strchr(text, ':');
	size_t len = colon ? (size_t)(colon - text) : strlen(text);
	uint32_t uid, gid = 0;

	int code = parse_id(text, len, &uid);
	if (code == 0 && colon)
		code = parse_id(colon + 1, strlen(colon + 1), &gid);
	if (code < 0)
		return err_say(err, code,
			       "--user \"%s\": expected UID or UID:GID as numbers below 4294967295 (names are not "
			       "looked up: the container's passwd is not to be trusted)",
			       text);
	*ret_uid = uid;
	*ret_gid = gid;
	*ret_has_gid = colon != NULL;
	return 0;
}

static int take_user(struct exec_process *p, const struct options *o, struct err *err)
{
	const char *text = option_string(o, "user");
	bool has_gid;

	p->user = p->process.user ? *p->process.user : (struct oci_user){ 0 };
	p->process.user = &p->user;
	if (!text)
		return 0;
	int code = exec_process_parse_user(text, &p->user.uid, &p->user.gid, &has_gid, err);
	p->user.has_uid = p->user.has_gid = true;
	return code;
}

static int take_gids(struct exec_process *p, const struct options *o, struct err *err)
{
	const char *const *texts;
	size_t n = option_strings(o, "additional-gids", &texts);

	if (n == 0)
		return 0;
	p->gids = mem_alloc((p->user.n_additional_gids + n) * sizeof(*p->gids));
	for (size_t i = 0; i < p->user.n_additional_gids; i++)
		p->gids[i] = p->user.additional_gids[i];
	for (size_t i = 0; i < n; i++) {
		if (parse_id(texts[i], strlen(texts[i]), &p->gids[p->user.n_additional_gids]) < 0)
			return err_say(err, -EINVAL, "--additional-gids \"%s\": expected a number below 4294967295",
				       texts[i]);
		p->user.n_additional_gids++;
	}
	p->user.additional_gids = p->gids;
	return 0;
}

/* ---- lists --------------------------------------------------------------------------------------- */

/* A vector of both; the strings are borrowed. */
static char **append(char **v, size_t n, const char *const *more, size_t n_more)
{
	char **all = mem_alloc((n + n_more + 1) * sizeof(*all));

	for (size_t i = 0; i < n; i++)
		all[i] = v[i];
	for (size_t i = 0; i < n_more; i++)
		all[n + i] = (char *)more[i];
	return all;
}

static int take_env(struct exec_process *p, const struct options *o, struct err *err)
{
	const char *const *more;
	size_t n = option_strings(o, "env", &more);

	for (size_t i = 0; i < n; i++)
		if (!strchr(more[i], '=') || more[i][0] == '=')
			return err_say(err, -EINVAL, "--env \"%s\": expected NAME=VALUE", more[i]);
	p->env = append(p->process.env, p->process.n_env, more, n);
	p->process.env = p->env;
	p->process.n_env += n;
	return 0;
}

static bool names(char *const *v, size_t n, int number)
{
	for (size_t i = 0; i < n; i++)
		if (capability_find(v[i]) == number)
			return true;
	return false;
}

/* Those of --cap that are known; the others are a warning. */
static const char **known_caps(const struct options *o, size_t *ret_n)
{
	const char *const *all;
	size_t n = option_strings(o, "cap", &all), n_known = 0;
	const char **known = mem_alloc((n + 1) * sizeof(*known));

	for (size_t i = 0; i < n; i++) {
		if (capability_find(all[i]) >= 0)
			known[n_known++] = all[i];
		else
			log_warning("--cap \"%s\": not a capability that husk knows, so it is left out", all[i]);
	}
	*ret_n = n_known;
	return known;
}

/* A set and n more names; *own is the vector that it is in from here on. */
static void add_caps(char ***set, size_t *n_set, char ***own, const char *const *more, size_t n)
{
	*own = append(*set, *n_set, more, n);
	*set = *own;
	*n_set += n;
}

/* Never inheritable: a program that is not root must not get them by the back door. Ambient where the configuration has
 * it inheritable, as a user who is not root gets nothing of it otherwise. */
static void take_caps(struct exec_process *p, const struct options *o)
{
	struct oci_capabilities *c = &p->caps;
	size_t n, n_ambient = 0;
	_cleanup_free_ const char **more = known_caps(o, &n);
	_cleanup_free_ const char **ambient = mem_alloc((n + 1) * sizeof(*ambient));

	if (n == 0)
		return;
	*c = p->process.capabilities ? *p->process.capabilities : (struct oci_capabilities){ 0 };
	for (size_t i = 0; i < n; i++)
		if (names(c->inheritable, c->n_inheritable, capability_find(more[i])))
			ambient[n_ambient++] = more[i];
	add_caps(&c->bounding, &c->n_bounding, &p->bounding, more, n);
	add_caps(&c->effective, &c->n_effective, &p->effective, more, n);
	add_caps(&c->permitted, &c->n_permitted, &p->permitted, more, n);
	add_caps(&c->ambient, &c->n_ambient, &p->ambient, ambient, n_ambient);
	p->process.capabilities = c;
}

static int take_args(struct exec_process *p, const struct options *o, struct err *err)
{
	if (o->n_args < 2)
		return err_say(err, -EINVAL, "exec: no program given (neither after the id nor with --process)");
	p->args = append(NULL, 0, o->args + 1, o->n_args - 1);
	p->process.args = p->args;
	p->process.n_args = o->n_args - 1;
	return 0;
}

/* ---- both ways ------------------------------------------------------------------------------------- */

static int from_file(struct exec_process *p, const char *path, struct err *err)
{
	const struct oci_read_options options = { .name = path };
	const struct oci_process *process;
	struct oci_errors errors = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;

	int code = strcmp(path, "-") == 0 ? fd_read_all(0, OCI_DOCUMENT_MAX, &text, &len)
					  : fd_read_file(AT_FDCWD, path, OCI_DOCUMENT_MAX, &text, &len);
	if (code < 0)
		return err_set(err, code, "read the process %s", path);
	code = oci_process_read(text, len, &options, &p->arena, &process, &errors);
	if (code < 0)
		err_say(err, code, "%s", errors.text ? errors.text : path);
	else
		p->process = *process;
	oci_errors_done(&errors);
	return code;
}

static int from_options(struct exec_process *p, const struct oci_config *config, const struct options *o,
			struct err *err)
{
	const char *cwd = option_string(o, "cwd"), *label = option_string(o, "process-label");
	const char *apparmor = option_string(o, "apparmor");

	p->process = config->process ? *config->process : (struct oci_process){ .cwd = (char *)"/" };
	p->process.terminal = option_flag(o, "tty");
	p->process.console_size = NULL;
	if (cwd)
		p->process.cwd = (char *)cwd;
	if (label)
		p->process.selinux_label = (char *)label;
	if (apparmor)
		p->process.apparmor_profile = (char *)apparmor;
	if (option_flag(o, "no-new-privs"))
		p->process.no_new_privileges = p->process.has_no_new_privileges = true;
	take_caps(p, o);
	int code = take_args(p, o, err);
	if (code == 0)
		code = take_user(p, o, err);
	if (code == 0)
		code = take_gids(p, o, err);
	return code < 0 ? code : take_env(p, o, err);
}

int exec_process_read(struct exec_process *p, const struct oci_config *config, const struct options *o, struct err *err)
{
	const char *path = option_string(o, "process");

	*p = (struct exec_process){ 0 };
	return path ? from_file(p, path, err) : from_options(p, config, o, err);
}

void exec_process_done(struct exec_process *p)
{
	oci_arena_free(p->arena);
	free(p->args);
	free(p->env);
	free(p->bounding);
	free(p->effective);
	free(p->permitted);
	free(p->ambient);
	free(p->gids);
}
