/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the keeper; see keeper.h. */
#include "keeper.h"

#include "init/keeper.h"
#include "spawn.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

/* What the keeper gets: a descriptor and a word for each. The first descriptor, init's, has none. */
struct tools {
	int fds[KEEPER_MAX_FDS];
	const char *words[KEEPER_MAX_FDS + 1];
	size_t n;
};

static void add_tool(struct tools *t, const char *word, int fd)
{
	if (fd < 0 || t->n == KEEPER_MAX_FDS - 1) {
		fd_close(fd);
		return;
	}
	t->words[t->n] = word;
	t->fds[++t->n] = fd;
}

static bool has_controller(const char *controllers, const char *name)
{
	size_t len = strlen(name);

	for (const char *p = controllers; p && *p; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, name, len) == 0 && (p[len] == ',' || !p[len]))
			return true;
	return false;
}

static int add_dir(struct tools *t, const struct cgroup_dir *d)
{
	const char *word = d->v2 ? KEEPER_V2 : has_controller(d->controllers, "freezer") ? KEEPER_FREEZER : KEEPER_V1;
	_cleanup_free_ char *path = mem_printf("%s%s", d->mount, d->path);
	int fd = fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	/* A hierarchy that the cgroup is not in has nothing to kill. */
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return fd;
	add_tool(t, word, fd);
	return 0;
}

static int gather(struct tools *t, const struct cgroup *c)
{
	int kill_fd = cgroup_open_kill(c), r = 0;

	if (kill_fd >= 0)
		add_tool(t, KEEPER_KILL, kill_fd);
	for (size_t i = 0; i < c->n_dirs && r == 0; i++)
		/* cgroup.kill does for all but whom a v1 freezer holds; it refuses when the container made its cgroup threaded. */
		if (kill_fd < 0 || c->dirs[i].v2 || has_controller(c->dirs[i].controllers, "freezer"))
			r = add_dir(t, &c->dirs[i]);
	return r;
}

int keeper_start(int init_pid_fd, const struct cgroup *c, const char *temp_dir, pid_t *ret_pid, struct err *err)
{
	struct tools t = { .fds = { init_pid_fd } };
	unsigned entered;
	int pid_fd = -1, r;

	r = gather(&t, c);
	if (r < 0) {
		err_set(err, r, "start the keeper: open the cgroup");
	} else {
		struct spawn s = { .role = "keep",
				   .args = t.words,
				   .first_fd = KEEPER_PID_FD,
				   .fds = t.fds,
				   .n_fds = t.n + 1,
				   .cgroup_fd = -1,
				   .temp_dir = temp_dir,
				   .null_stdio = 1 };
		r = spawn_executor(&s, ret_pid, &pid_fd, &entered, err);
	}
	fd_close(pid_fd);
	for (size_t i = 1; i <= t.n; i++)
		fd_close(t.fds[i]);
	return r;
}
