/* SPDX-License-Identifier: Apache-2.0 */
/* `husk events`: statistics of a container, and word of its running out of memory, as lines of JSON, until it ends. */
#include "cgroup/stats.h"
#include "cmd.h"
#include "container/container.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cmd_events(const struct global *g, const struct options *o);

/* Go's durations, as callers of runc write them: "5s", "500ms", "1m30s"; a number alone is seconds. */
static int read_interval(const char *text, long long *ret_ms)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = { { "ms", 1 }, { "us", 1e-3 }, { "ns", 1e-6 }, { "s", 1e3 }, { "m", 60e3 }, { "h", 3600e3 } };
	double total = 0;

	while (*text) {
		char *end;
		double value = strtod(text, &end), ms = *end ? 0 : 1e3;
		if (end == text || value < 0)
			return -EINVAL;
		for (size_t i = 0; ms <= 0 && i < sizeof(units) / sizeof(units[0]); i++) {
			size_t len = strlen(units[i].unit);
			if (strncmp(end, units[i].unit, len) != 0)
				continue;
			ms = units[i].ms;
			end += len;
		}
		if (ms <= 0)
			return -EINVAL;
		total += value * ms;
		text = end;
	}
	if (!(total >= 1 && total <= 1e12)) /* "nan" too */
		return -EINVAL;
	*ret_ms = (long long)total;
	return 0;
}

static int print_stats(const struct container *c, struct err *err)
{
	_cleanup_free_ char *data = NULL;
	int r = cgroup_stats_json(&c->cgroup, &data, err);

	if (r < 0)
		return r;
	printf("{\"type\":\"stats\",\"id\":\"%s\",\"data\":%s}\n", c->dir.id, data);
	return fflush(stdout) == 0 ? 0 : err_set(err, -errno, "write to standard output");
}

static int print_ooms(const struct container *c, struct cgroup_oom *oom, struct err *err)
{
	for (int n = cgroup_oom_read(oom); n > 0; n--)
		printf("{\"type\":\"oom\",\"id\":\"%s\"}\n", c->dir.id);
	return fflush(stdout) == 0 ? 0 : err_set(err, -errno, "write to standard output");
}

/* oom->fd is -1 where nobody tells of it. */
static int follow(const struct container *c, struct cgroup_oom *oom, long long interval, struct err *err)
{
	long long next = clock_ms() + interval;

	for (;;) {
		struct pollfd fds[] = { { .fd = c->seen.pid_fd, .events = POLLIN },
					{ .fd = oom->fd, .events = POLLIN } };
		long long wait = next - clock_ms();
		int r = poll(fds, 2, wait < 0 ? 0 : wait > 60000 ? 60000 : (int)wait);
		if (r < 0 && errno != EINTR)
			return err_set(err, -errno, "wait for events of container %s", c->dir.id);
		r = r > 0 && fds[1].revents ? print_ooms(c, oom, err) : 0;
		if (r < 0 || fds[0].revents)
			return r; /* init is gone, and so is what there was to tell */
		if (clock_ms() < next)
			continue;
		next += interval;
		r = print_stats(c, err);
		if (r < 0)
			return r;
	}
}

static int listen_and_follow(const struct container *c, long long interval, struct err *err)
{
	struct cgroup_oom oom = { .fd = -1, .dir_fd = -1 };
	bool listening = cgroup_oom_open(&c->cgroup, &oom, err) == 0;

	if (!listening) {
		log_warning("%s", err->text);
		oom = (struct cgroup_oom){ .fd = -1, .dir_fd = -1 };
	}
	int r = follow(c, &oom, interval, err);
	if (listening)
		cgroup_oom_done(&oom);
	return r;
}

static int tell(const struct container *c, bool once, long long interval, struct err *err)
{
	if (c->seen.status == OCI_STATUS_STOPPED)
		return err_say(err, -ESRCH, "container not running: %s is stopped", c->dir.id);
	if (!c->has_cgroup)
		return err_say(err, -EOPNOTSUPP, "container %s has no cgroup that counts what it uses", c->dir.id);
	return once ? print_stats(c, err) : listen_and_follow(c, interval, err);
}

int cmd_events(const struct global *g, const struct options *o)
{
	const char *interval = option_string(o, "interval");
	struct container c;
	struct err err = { 0 };
	long long ms = 5000;
	int r = interval ? read_interval(interval, &ms) : 0;

	if (r < 0) {
		err_say(&err, r, "events: invalid value \"%s\" for flag --interval: expected a time, as 5s", interval);
		return cmd_fail(&err, 1);
	}
	r = container_open(g->root, o->args[0], -1, &c, &err);
	if (r == 0) {
		r = tell(&c, option_flag(o, "stats"), ms, &err);
		container_done(&c);
	}
	return r < 0 ? cmd_fail(&err, 1) : 0;
}
