/* SPDX-License-Identifier: Apache-2.0 */
/* `husk run`: create and start in one; in the foreground until the program ends, unless detached. */
#include "launch.h"
#include "run/run_ops.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int cmd_run(const struct global *g, const struct options *o);

/* The last name of a path, without slashes at its end; "." and ".." by where they lead. */
static char *name_of(const char *path)
{
	_cleanup_free_ char *dir = path[0] == '/' ? mem_strdup("/") : getcwd(NULL, 0);
	_cleanup_free_ char *joined = path_join(dir ? dir : "/", path);
	_cleanup_free_ char *clean = path_clean(joined);

	return mem_strdup(path_base(clean));
}

/* `run ./web`: the bundle, and an id made from its name. What has no slash is an id, for which there is --bundle. */
static int take_bundle(struct launch *l, const char *arg, struct err *err)
{
	struct err why = { 0 };
	struct stat st;

	if (!strchr(arg, '/'))
		return 0;
	if (stat(arg, &st) == 0 && S_ISDIR(st.st_mode)) {
		l->request.bundle = arg;
		l->request.id = l->id = name_of(arg);
		return 0;
	}
	int code = state_check_id(arg, &why);
	return err_say(err, code, "%s; and as a bundle: there is no directory %s", why.text, arg);
}

static int options_of_run(struct launch *l, const struct options *o, struct err *err)
{
	int code = launch_options(l, o, err);

	if (code < 0)
		return code;
	l->request.bundle = option_string(o, "bundle");
	if (!l->request.bundle) {
		code = take_bundle(l, o->args[0], err);
		if (code < 0)
			return code;
	}
	l->config_path = option_string(o, "config");
	l->request.no_pivot = option_flag(o, "no-pivot");
	l->request.no_new_keyring = option_flag(o, "no-new-keyring");
	l->request.detach = option_flag(o, "detach");
	l->request.keep = option_flag(o, "keep");
	l->request.no_subreaper = option_flag(o, "no-subreaper");
	l->request.run = true;
	return 0;
}

static int start(struct launch *l, struct err *err)
{
	int code = launch_container(l, err);

	if (code < 0)
		return code;
	code = launch_send_pidfd(l, err);
	if (code < 0 || !l->request.detach)
		return code;
	code = launch_wait_ready(l, err);
	if (code < 0)
		run_unmake(&l->run);
	return code;
}

int cmd_run(const struct global *g, const struct options *o)
{
	struct err err = { 0 };
	struct launch l;

	launch_init(&l, g);
	int code = options_of_run(&l, o, &err);
	if (code == 0)
		code = l.request.detach ? start(&l, &err) : launch_in_foreground(&l, start, &err);
	launch_done(&l);
	return code < 0 ? cmd_fail(&err, 1) : code;
}
