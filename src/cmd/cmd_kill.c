/* SPDX-License-Identifier: Apache-2.0 */
/* `husk kill`: send a signal to init, or to every process of a container. */
#include "cmd.h"
#include "cmd_container.h"
#include "container/container.h"
#include "container/container_processes.h"
#include "util/err.h"
#include "util/signal_name.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

int cmd_kill(const struct global *g, const struct options *o);

enum { KILL_TIMEOUT_MS = 10000 };

struct kill_request {
	int sig;
	bool all;
};

static int not_running(const struct container *c, struct err *err)
{
	return err_say(err, -ESRCH, "container not running: %s is %s", c->dir.id, oci_status_words[c->seen.status]);
}

static int signal_all(const struct container *c, int sig, struct err *err)
{
	if (sig == SIGKILL)
		return container_kill(c, KILL_TIMEOUT_MS, err);
	int n = container_signal(c, sig, err);
	return n < 0 ? n : 0; /* nobody left: nothing to do */
}

static int signal_init(const struct container *c, int sig, struct err *err)
{
	if (c->seen.pid_fd < 0) {
		if (sig != SIGKILL || container_populated(c) <= 0)
			return not_running(c, err);
		return container_kill(c, KILL_TIMEOUT_MS, err);
	}
	if (sig == SIGKILL)
		return container_kill(c, KILL_TIMEOUT_MS, err);
	if (syscall(SYS_pidfd_send_signal, c->seen.pid_fd, sig, NULL, 0) == 0)
		return 0;
	if (errno == ESRCH)
		return not_running(c, err);
	return err_set(err, -errno, "signal init of container %s (pid %d)", c->dir.id, (int)c->seen.pid);
}

static int kill_one(const struct global *g, const char *id, void *user, struct err *err)
{
	const struct kill_request *request = user;
	struct container c;
	int r = container_open(g->root, id, -1, &c, err);

	if (r < 0)
		return r;
	r = request->all ? signal_all(&c, request->sig, err) : signal_init(&c, request->sig, err);
	container_done(&c);
	return r;
}

int cmd_kill(const struct global *g, const struct options *o)
{
	struct kill_request request = { SIGTERM, option_flag(o, "all") };
	struct err err = { 0 };

	if (o->n_args > 1)
		request.sig = signal_from_name(o->args[1]);
	if (request.sig < 0) {
		err_say(&err, -EINVAL,
			"unknown signal \"%s\": a name (TERM, SIGTERM, RTMIN+3) or a number from 0 to 64 is "
			"expected",
			o->args[1]);
		return cmd_fail(&err, 1);
	}
	return cmd_each_container(g, o->args[0], option_flag(o, "regex"), kill_one, &request);
}
