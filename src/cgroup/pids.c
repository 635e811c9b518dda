/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a container's cgroup. */
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct pids {
	pid_t *v;
	size_t n, cap;
};

static int each_number(const char *text, int (*fn)(pid_t pid, void *user), void *user)
{
	char *end;

	for (const char *p = text; *p; p = end) {
		long pid = strtol(p, &end, 10);
		if (end == p)
			break;
		int r = pid > 0 ? fn((pid_t)pid, user) : 0; /* 0: not visible in our PID namespace */
		if (r != 0)
			return r;
	}
	return 0;
}

struct owner_of_thread {
	int (*fn)(pid_t pid, void *user);
	void *user;
};

static int with_owner(pid_t thread, void *user)
{
	const struct owner_of_thread *o = user;
	pid_t pid = process_of_thread(thread);

	return pid > 0 ? o->fn(pid, o->user) : 0;
}

/* A threaded cgroup lists threads alone. The container's own can be one: who may write to it may make it so. */
static int read_threads(int dir_fd, int (*fn)(pid_t pid, void *user), void *user)
{
	_cleanup_free_ char *text = NULL;
	struct owner_of_thread o = { fn, user };
	int r = fd_read_file(dir_fd, "cgroup.threads", CGROUP_PIDS_MAX, &text, NULL);

	return r < 0 ? r : each_number(text, with_owner, &o);
}

int cgroup_read_pids(int dir_fd, int (*fn)(pid_t pid, void *user), void *user)
{
	_cleanup_free_ char *text = NULL;
	int r = fd_read_file(dir_fd, "cgroup.procs", CGROUP_PIDS_MAX, &text, NULL);

	if (r == -EOPNOTSUPP)
		return read_threads(dir_fd, fn, user);
	return r < 0 ? r : each_number(text, fn, user);
}

static int add_pid(pid_t pid, void *user)
{
	struct pids *p = user;

	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 64;
		p->v = mem_grow(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->n++] = pid;
	return 0;
}

static int collect(int dir_fd, void *user)
{
	return cgroup_read_pids(dir_fd, add_pid, user);
}

static int compare(const void *a, const void *b)
{
	const pid_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static void sort_unique(struct pids *p)
{
	size_t n = 0;

	if (p->n == 0)
		return;
	qsort(p->v, p->n, sizeof(*p->v), compare);
	for (size_t i = 0; i < p->n; i++)
		if (n == 0 || p->v[i] != p->v[n - 1])
			p->v[n++] = p->v[i];
	p->n = n;
}

int cgroup_pids(const struct cgroup *c, pid_t **ret, size_t *ret_n, struct err *err)
{
	struct pids p = { 0 };

	for (size_t i = 0; i < c->n_dirs; i++) {
		int r = cgroup_walk(&c->dirs[i], CGROUP_PARENTS_FIRST, collect, &p);
		if (r < 0) {
			free(p.v);
			return err_set(err, r, "list the processes of cgroup %s%s", c->dirs[i].mount, c->dirs[i].path);
		}
	}
	sort_unique(&p);
	*ret = p.v ? p.v : mem_alloc(sizeof(pid_t));
	*ret_n = p.n;
	return 0;
}

static int stop_at_first(pid_t pid, void *user)
{
	(void)pid, (void)user;
	return 1;
}

static int find_any(int dir_fd, void *user)
{
	return cgroup_read_pids(dir_fd, stop_at_first, user);
}

static int is_populated(const struct cgroup_dir *d)
{
	if (!d->v2)
		return cgroup_walk(d, CGROUP_PARENTS_FIRST, find_any, NULL);

	_cleanup_fd_ int fd = cgroup_dir_open(d);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	long long value;
	int r = cgroup_read_key(fd, "cgroup.events", "populated", &value);
	return r == -ENOENT || r == -ENODEV ? 0 : r < 0 ? r : value != 0;
}

int cgroup_populated(const struct cgroup *c)
{
	const struct cgroup_dir *v2 = cgroup_find_v2(c);
	int r = v2 ? is_populated(v2) : 0; /* first: it knows with one read */

	for (size_t i = 0; r == 0 && i < c->n_dirs; i++)
		if (!c->dirs[i].v2)
			r = is_populated(&c->dirs[i]);
	return r;
}
