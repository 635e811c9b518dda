/* SPDX-License-Identifier: Apache-2.0 */
/* A signal to every process of a container, each exactly once. */
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* Does the path, as /proc/PID/cgroup shows it, have the container's as whole components? It begins with a slash. */
static bool path_holds(const char *path, const char *own)
{
	size_t len = strlen(own);

	for (const char *at = path; (at = strstr(at, own)) != NULL; at++)
		if (at[len] == '/' || at[len] == '\0')
			return true;
	return false;
}

/* Is the process in one of the container's cgroups, now? */
static bool is_member(const struct cgroup *c, pid_t pid)
{
	char path[64];
	_cleanup_free_ char *text = NULL;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	if (fd_read_file(AT_FDCWD, path, CGROUP_FILE_MAX, &text, NULL) < 0)
		return false;
	/* The lines are from the root of the hierarchy, which the mount may not show: compare from the end of
	 * what the mount hides, so the container's path must occur as whole components. */
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *own = strchr(line, ':');
		own = own ? strchr(own + 1, ':') : NULL;
		for (size_t i = 0; own && i < c->n_dirs; i++)
			if (path_holds(own + 1, c->dirs[i].path))
				return true;
	}
	return false;
}

int cgroup_signal_member(const struct cgroup *c, pid_t pid, int sig)
{
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd < 0)
		return errno == ESRCH || errno == EINVAL ? 0 : -errno;
	if (!is_member(c, pid))
		return 0;
	if (syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) < 0)
		return errno == ESRCH ? 0 : -errno;
	return 1;
}

/* Signal those of pids that are not in done. Gone is fine. Returns how many got it, or a negative errno. */
static int signal_new(const struct cgroup *c, const pid_t *pids, size_t n, int sig, const struct done *done,
		      struct err *err)
{
	int reached = 0, failed = 0;

	for (size_t i = 0; i < n; i++) {
		if (done->n && bsearch(&pids[i], done->v, done->n, sizeof(pid_t), compare))
			continue;
		int r = cgroup_signal_member(c, pids[i], sig);
		if (r < 0)
			failed = err_set(err, r, "signal %d to process %d", sig, (int)pids[i]);
		else
			reached += r;
	}
	return failed ? failed : reached;
}

/* Frozen, nobody forks and nobody leaves: one list is exact. (SIGKILL from elsewhere goes through the freezer of v2.) */
static int signal_frozen(const struct cgroup *c, int sig, struct err *err)
{
	struct done none = { 0 };
	_cleanup_free_ pid_t *pids = NULL;
	size_t n;
	int r = cgroup_pids(c, &pids, &n, err);

	return r < 0 ? r : signal_new(c, pids, n, sig, &none, err);
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
			r = signal_new(c, pids, n, sig, &done, err);
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
