/* SPDX-License-Identifier: Apache-2.0 */
/* A signal to every process of a container, each exactly once. */
#include "tree.h"
#include "../util/err.h"
#include "../util/fd.h"
#include "../util/log.h"
#include "../util/mem.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define SIGNAL_FREEZE_MS 2000
#define SIGNAL_ROUNDS 1000

struct done { /* those that have had it, sorted */
	pid_t *v;
	size_t n;
};

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Signal those of pids that are not in done. Gone is fine. Returns how many got it, or a negative errno. */
static int signal_new(const pid_t *pids, size_t n, int sig, const struct done *done, struct err *err)
{
	int reached = 0, failed = 0;

	for (size_t i = 0; i < n; i++) {
		if (done->n && bsearch(&pids[i], done->v, done->n, sizeof(pid_t), compare))
			continue;
		if (kill(pids[i], sig) == 0)
			reached++;
		else if (errno != ESRCH)
			failed = err_set(err, -errno, "signal %d to process %d", sig, (int)pids[i]);
	}
	return failed ? failed : reached;
}

/* Frozen, nobody forks and nobody leaves: one list is exact, and no pid of it is reused. */
static int signal_frozen(const struct cgroup *c, int sig, struct err *err)
{
	struct done none = { 0 };
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;
	int r = cgroup_pids(c, &pids, &n, err);

	return r < 0 ? r : signal_new(pids, n, sig, &none, err);
}

/* No freezer: until a list has nobody new. */
static int signal_rounds(const struct cgroup *c, int sig, struct err *err)
{
	struct done done = { 0 };
	int total = 0, r = 1;

	for (int round = 0; r > 0 && round < SIGNAL_ROUNDS; round++) {
		pid_t *pids = NULL;
		size_t n;
		r = cgroup_pids(c, &pids, &n, err);
		if (r == 0)
			r = signal_new(pids, n, sig, &done, err);
		if (r < 0) {
			free(pids);
			break;
		}
		total += r;
		/* Who was there and is gone may come back as another process: only this list counts. */
		free(done.v);
		done = (struct done){ .v = pids, .n = n };
	}
	free(done.v);
	return r < 0 ? r : total;
}

int cgroup_signal(const struct cgroup *c, int sig, struct err *err)
{
	if (c->n_dirs == 0)
		return 0;
	if (cgroup_frozen(c)) /* paused: they get it when they are resumed */
		return signal_frozen(c, sig, err);

	int populated = cgroup_populated(c);
	if (populated == 0)
		return 0;
	if (cgroup_freeze(c, SIGNAL_FREEZE_MS, NULL) < 0)
		return signal_rounds(c, sig, err);
	int r = signal_frozen(c, sig, err);
	int t = cgroup_thaw_top(c, SIGNAL_FREEZE_MS, r < 0 ? NULL : err);
	return r >= 0 && t < 0 ? t : r;
}
