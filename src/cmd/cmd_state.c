/* SPDX-License-Identifier: Apache-2.0 */
/* `husk state`: print the state of a container. */
#include "cmd.h"
#include "container/state.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdio.h>

int cmd_state(const struct global *g, const struct options *o);

static int print_state(const struct state_dir *d, struct err *err)
{
	struct oci_arena *arena = NULL;
	const struct husk_record *record = NULL;
	_cleanup_free_ char *text = NULL;
	struct state_seen seen;
	int r = state_read(d, &arena, &record, err);

	if (r < 0 && r != -ENODATA)
		return r;
	/* A create that is under way has its directory before its record, and its record before its process. */
	if (r == -ENODATA && !state_dir_is_busy(d)) {
		oci_arena_free(arena);
		return r;
	}
	state_observe_dir(d, record, &seen);
	r = state_json(record, seen.status, seen.pid, 2, &text);
	if (r == 0)
		puts(text);
	else
		err_set(err, r, "write the state of container %s", d->id);
	state_seen_done(&seen);
	oci_arena_free(arena);
	return r;
}

int cmd_state(const struct global *g, const struct options *o)
{
	struct state_dir dir;
	struct err err = { 0 };

	if (state_dir_open(g->root, o->args[0], -1, &dir, &err) < 0)
		return cmd_fail(&err, 1);
	int r = print_state(&dir, &err);
	state_dir_done(&dir);
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
