/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that take an id or a regular expression of ids; see cmd_container.h. */
#include "cmd_container.h"
#include "container/state.h"
#include "util/err.h"
#include "util/log.h"

#include <errno.h>
#include <regex.h>
#include <stdlib.h>

static int compile(const char *pattern, regex_t *ret, struct err *err)
{
	char why[128];
	int r = regcomp(ret, pattern, REG_EXTENDED | REG_NOSUB);

	if (r == 0)
		return 0;
	regerror(r, ret, why, sizeof(why));
	return err_say(err, -EINVAL, "regular expression \"%s\": %s", pattern, why);
}

/* Failures but the last are warnings: a failed command has one error. */
static int call_matching(const struct global *g, const regex_t *regex, cmd_container_fn *fn, void *user,
			 struct err *err)
{
	char **ids = NULL;
	size_t n = 0;
	int status = state_list(g->root, &ids, &n, err);

	if (status == -ENOENT && !g->root_given)
		return 0;
	if (status < 0)
		return status;
	for (size_t i = 0; i < n; i++) {
		struct err e = { 0 };
		if (regexec(regex, ids[i], 0, NULL, 0) == 0 && fn(g, ids[i], user, &e) < 0) {
			if (status < 0)
				log_warning("%s", err->text);
			*err = e;
			status = err->code;
		}
		free(ids[i]);
	}
	free(ids);
	return status;
}

int cmd_each_container(const struct global *g, const char *id, bool regex, cmd_container_fn *fn, void *user)
{
	struct err err = { 0 };
	regex_t compiled;
	int r;

	if (!regex) {
		r = fn(g, id, user, &err);
	} else {
		r = compile(id, &compiled, &err);
		if (r == 0) {
			r = call_matching(g, &compiled, fn, user, &err);
			regfree(&compiled);
		}
	}
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
