/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose a cgroup is.  Two creates may be given one cgroupsPath; before either has made it, both records say that it will
 * be theirs.  So the first directory gets a mark, which only one of them can set, and a record is believed only as far
 * as the mark agrees: a create that lost never kills or removes what is the other's, whenever it was cut short.
 */
#include "tree.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/process.h"
#include "util/self.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/* Out of reach of a container to which the cgroup is delegated. */
#define MARK_NAME "trusted.husk"

enum { MARK_MAX = 512, TICKS = 100 /* a second; of /proc/PID/stat, the same everywhere (USER_HZ) */ };

void cgroup_set_mark(struct cgroup *c, const char *id)
{
	struct timespec t;

	/* systemd knows whose a scope is. */
	if (c->n_dirs == 0 || c->driver != CGROUP_DRIVER_CGROUPFS || clock_gettime(CLOCK_BOOTTIME, &t) < 0)
		return;
	free(c->mark);
	unsigned long long ticks =
		(unsigned long long)t.tv_sec * TICKS + (unsigned long long)t.tv_nsec / (1000000000 / TICKS);
	c->mark = mem_printf("%s %d %llu", id, (int)self_pid(), ticks);
}

/* The mark of the first directory; malloc'ed, NULL: none. */
static char *read_mark(const struct cgroup *c)
{
	_cleanup_free_ char *path = cgroup_dir_path(&c->dirs[0]);
	char value[MARK_MAX + 1];
	ssize_t n = getxattr(path, MARK_NAME, value, MARK_MAX);

	if (n < 0)
		return NULL;
	value[n] = '\0';
	return mem_strdup(value);
}

/* Does the command that set the mark still run? Then it may be about to put its container there. Who has its pid now, and
 * was there when it made the mark, is that command. */
static bool maker_lives(const char *mark)
{
	unsigned long long made;
	uint64_t start;
	int pid;

	return sscanf(mark, "%*s %d %llu", &pid, &made) == 2 && process_start_time(pid, &start) == 0 && start <= made;
}

/* Empty, and its maker gone: of a container that has stopped, or of none. */
static int take_over(struct cgroup *c, const char *path, struct err *err)
{
	_cleanup_free_ char *theirs = read_mark(c);

	if (theirs && strcmp(theirs, c->mark) == 0)
		return 0;
	if (theirs && !maker_lives(theirs) && cgroup_populated(c) == 0 &&
	    setxattr(path, MARK_NAME, c->mark, strlen(c->mark), 0) == 0)
		return 0;
	c->owned = false;
	return err_say(err, -EBUSY,
		       "cgroup %s is that of container %.*s; a container needs a cgroup of its own "
		       "(linux.cgroupsPath)",
		       c->dirs[0].path, theirs ? (int)strcspn(theirs, " ") : 1, theirs ? theirs : "?");
}

int cgroup_claim(struct cgroup *c, struct err *err)
{
	_cleanup_free_ char *path = cgroup_dir_path(&c->dirs[0]);

	if (!c->mark || setxattr(path, MARK_NAME, c->mark, strlen(c->mark), XATTR_CREATE) == 0)
		return 0;
	if (errno == EEXIST)
		return take_over(c, path, err);
	if (errno == ENOENT)
		return -ENOENT;
	/* In a user namespace nobody may set it. */
	free(c->mark);
	c->mark = NULL;
	return 0;
}

bool cgroup_may_be_of(const struct cgroup *c, const char *id)
{
	_cleanup_free_ char *mark = c->n_dirs ? read_mark(c) : NULL;
	size_t len = strlen(id);

	return !mark || (strncmp(mark, id, len) == 0 && mark[len] == ' ');
}

void cgroup_drop_foreign(struct cgroup *c)
{
	_cleanup_free_ char *theirs = c->mark && c->n_dirs ? read_mark(c) : NULL;

	if (!theirs || strcmp(theirs, c->mark) == 0)
		return;
	struct cgroup none = { .driver = c->driver, .layout = c->layout, .surveyed = true, .recorded = true };
	cgroup_done(c);
	*c = none;
}
