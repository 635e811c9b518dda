/* SPDX-License-Identifier: Apache-2.0 */
/* `husk create`: make a container whose program waits for start. */
#include "launch.h"
#include "util/err.h"

int cmd_create(const struct global *g, const struct options *o);

static int create(struct launch *l, const struct options *o, struct err *err)
{
	int code = launch_options(l, o, err);

	if (code < 0)
		return code;
	l->request.bundle = option_string(o, "bundle");
	l->config_path = option_string(o, "config");
	l->request.no_pivot = option_flag(o, "no-pivot");
	l->request.no_new_keyring = option_flag(o, "no-new-keyring");
	l->request.detach = true;
	code = launch_container(l, err);
	return code < 0 ? code : launch_send_pidfd(l, err);
}

int cmd_create(const struct global *g, const struct options *o)
{
	struct err err = { 0 };
	struct launch l;

	launch_init(&l, g);
	int code = create(&l, o, &err);
	launch_done(&l);
	return code < 0 ? cmd_fail(&err, 1) : 0;
}
