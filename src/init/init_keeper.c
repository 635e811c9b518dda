/* SPDX-License-Identifier: Apache-2.0 */
/* The keeper (keeper.h): when init is gone, kill what is left in the container's cgroup. */
#include "init/init.h"
#include "init/keeper.h"

#define MAX_ROUNDS 200
#define MAX_DEPTH 128        /* as CGROUP_DEPTH_MAX */
#define ROUND_PAUSE 20000000 /* nanoseconds */

struct keeper {
	char **words;
	int n_words;
	unsigned killed; /* in this round */
};

static int write_at(int dir, const char *name, const char *value)
{
	int fd = (int)sys_retry(NR_openat, dir, name, O_WRONLY | O_CLOEXEC), r;

	if (fd < 0)
		return fd;
	r = (int)sys_retry(NR_write, fd, value, strlen(value));
	sys_close(&fd);
	return r < 0 ? r : 0;
}

/* Every pid in a list; 0 is a process that this PID namespace does not see. */
static long kill_list(struct keeper *k, int dir, const char *file)
{
	char buf[1024];
	int fd = (int)sys_retry(NR_openat, dir, file, O_RDONLY | O_CLOEXEC), pid = 0;
	long n = fd;

	while (fd >= 0 && (n = sys_retry(NR_read, fd, buf, sizeof(buf))) > 0)
		for (long i = 0; i < n; i++) {
			if (buf[i] >= '0' && buf[i] <= '9') {
				pid = pid * 10 + (buf[i] - '0');
				continue;
			}
			if (pid > 0 && sys(NR_kill, pid, SIGKILL) == 0)
				k->killed++;
			pid = 0;
		}
	sys_close(&fd);
	return n;
}

/* A threaded cgroup lists no processes, only threads: a signal to one is for the whole process. */
static void kill_procs(struct keeper *k, int dir)
{
	if (kill_list(k, dir, "cgroup.procs") == -EOPNOTSUPP)
		kill_list(k, dir, "cgroup.threads");
}

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* For a cgroup and all below it: thaw (a file that takes word), or, without a file, kill. */
static void walk_tree(struct keeper *k, int dir, const char *file, const char *word, unsigned depth)
{
	uint64_t buf[128];
	int list = (int)sys_retry(NR_openat, dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;
	long n;

	if (file)
		write_at(dir, file, word);
	else
		kill_procs(k, dir);
	while (list >= 0 && depth < MAX_DEPTH && (n = sys_retry(NR_getdents64, list, buf, sizeof(buf))) > 0)
		for (long at = 0; at < n; at += ((struct dirent64 *)((char *)buf + at))->reclen) {
			struct dirent64 *e = (struct dirent64 *)((char *)buf + at);

			if (e->type != DT_DIR || is_dots(e->name))
				continue;
			fd = (int)sys_retry(NR_openat, dir, e->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
			if (fd >= 0)
				walk_tree(k, fd, file, word, depth + 1);
			sys_close(&fd);
		}
	sys_close(&list);
}

static void freeze(struct keeper *k)
{
	for (int i = 0; i < k->n_words; i++) {
		if (str_equal(k->words[i], KEEPER_V2))
			write_at(KEEPER_FIRST_FD + i, "cgroup.freeze", "1");
		else if (str_equal(k->words[i], KEEPER_FREEZER))
			write_at(KEEPER_FIRST_FD + i, "freezer.state", "FROZEN");
	}
}

/* What the container froze below its cgroup must go on too, to die. */
static void thaw(struct keeper *k)
{
	for (int i = 0; i < k->n_words; i++) {
		if (str_equal(k->words[i], KEEPER_V2))
			walk_tree(k, KEEPER_FIRST_FD + i, "cgroup.freeze", "0", 0);
		else if (str_equal(k->words[i], KEEPER_FREEZER))
			walk_tree(k, KEEPER_FIRST_FD + i, "freezer.state", "THAWED", 0);
	}
}

/* Frozen processes cannot fork while they are signalled, and die when they are thawed. */
static unsigned kill_round(struct keeper *k)
{
	k->killed = 0;
	freeze(k);
	for (int i = 0; i < k->n_words; i++)
		if (!str_equal(k->words[i], KEEPER_KILL))
			walk_tree(k, KEEPER_FIRST_FD + i, 0, 0, 0);
	thaw(k);
	return k->killed;
}

static bool kill_at_once(const struct keeper *k)
{
	for (int i = 0; i < k->n_words; i++) {
		if (!str_equal(k->words[i], KEEPER_KILL))
			continue;
		long r = sys_retry(NR_write, KEEPER_FIRST_FD + i, "1", 1);

		/* ENODEV: the cgroup is gone, and all that was in it. */
		if (r == 1 || r == -ENODEV)
			return true;
	}
	return false;
}

static void take_leave(int n_fds)
{
	int null = (int)sys_retry(NR_openat, AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC);

	for (int fd = 0; fd < 3; fd++)
		if (null < 0 || sys(NR_dup3, null, fd, 0) < 0)
			sys(NR_close, fd);
	sys(NR_close_range, KEEPER_FIRST_FD + n_fds, ~0u, 0);
	sys(NR_setsid);
	sys(NR_chdir, "/");
	sys(NR_prctl, PR_SET_NAME, "husk-keeper", 0, 0, 0);
	init_dumpable(false);
}

_Noreturn void keeper_main(int argc, char **argv)
{
	struct keeper k = { argv + 2, argc - 2, 0 };
	struct pollfd p = { .fd = KEEPER_PID_FD, .events = POLLIN };
	struct timespec pause = { 0, ROUND_PAUSE };

	if (k.n_words > KEEPER_MAX_FDS)
		sys_exit(2);
	take_leave(k.n_words);
	if (sys_retry(NR_ppoll, &p, 1, 0, 0, 0) < 0)
		sys_exit(1);
	if (kill_at_once(&k)) {
		thaw(&k); /* whom a v1 freezer holds */
		sys_exit(0);
	}
	for (unsigned i = 0; i < MAX_ROUNDS; i++) {
		if (kill_round(&k) == 0)
			sys_exit(0);
		sys(NR_clock_nanosleep, CLOCK_MONOTONIC, 0, &pause, 0);
	}
	sys_exit(1);
}
