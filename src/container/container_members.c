/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a container that has no cgroup: those that share its own PID namespace, else its own mount
 * namespace.  Both can be told from outside, and neither is left without a privilege that a container's program seldom has.
 */
#include "container_members.h"
#include "container.h"
#include "util/clock.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/number.h"
#include "util/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXIT_MS 200 /* in which a process ends that has been killed */
#define PAUSE_MS 5

struct membership {
	const char *kind;   /* "pid" or "mnt" of /proc/PID/ns; NULL: none */
	uint64_t inode, id; /* id: 0 where it is not known */
};

/* Of the kind of namespace that the record calls `type`; all 0: it has none. */
static struct membership recorded(const struct husk_record *r, const char *type, const char *kind)
{
	struct membership m = { .kind = kind };
	size_t len = strlen(type);

	for (size_t i = 0; i < r->n_namespaces; i++) {
		const char *s = r->namespaces[i];

		if (strncmp(s, type, len) != 0 || s[len] != ':')
			continue;
		const char *rest = number_scan(s + len + 1, 10, &m.inode);
		if (*rest == ':')
			number_scan(rest + 1, 10, &m.id);
		break;
	}
	return m;
}

static uint64_t inode_of(pid_t pid, const char *kind)
{
	uint64_t inode;

	return process_namespace(pid, kind, &inode) == 0 ? inode : 0;
}

/* Does the configuration give the container a new mount namespace? One that it joined is another's. */
static bool has_own_mount_ns(const struct container *c)
{
	struct oci_arena *arena = NULL;
	const struct oci_config *config;
	bool own = false;

	if (container_config(c, &arena, &config, NULL) < 0)
		return false;
	for (size_t i = 0; config->linux_ && i < config->linux_->n_namespaces; i++) {
		const struct oci_namespace *ns = &config->linux_->namespaces[i];
		own |= ns->type == OCI_NS_MOUNT && (!ns->path || !ns->path[0]);
	}
	oci_arena_free(arena);
	return own;
}

/* A pidfd is readable once its process has ended. */
static bool init_lives(const struct container *c)
{
	struct pollfd p = { .fd = c->seen.pid_fd, .events = POLLIN };

	return p.fd >= 0 && poll(&p, 1, 0) == 0;
}

static struct membership find_membership(const struct container *c)
{
	struct membership m = { 0 };

	if (c->record->boot_id && strcmp(c->record->boot_id, process_boot_id()) != 0)
		return m; /* inodes of another boot mean nothing */
	/* Nobody outlives the first process of a PID namespace. */
	if (c->record->own_pid_namespace && init_lives(c))
		m = recorded(c->record, "pid", "pid");
	else if (!c->record->own_pid_namespace && has_own_mount_ns(c))
		m = recorded(c->record, "mount", "mnt");
	/* Never what husk itself is in. */
	if (!m.kind || m.inode == 0 || m.inode == inode_of(0, m.kind))
		return (struct membership){ 0 };
	return m;
}

/* exiting: has it begun to? It runs no more of its program, but may hold files and mounts for a moment. */
static bool is_gone(pid_t pid, bool exiting)
{
	struct process_stat stat;

	return process_stat(pid, &stat) < 0 || (exiting ? process_is_gone(&stat) : process_is_zombie(&stat));
}

static bool is_pid(const char *name)
{
	return name[0] >= '1' && name[0] <= '9' && strspn(name, "0123456789") == strlen(name);
}

static bool has_root(pid_t pid, const char *rootfs)
{
	_cleanup_free_ char *path = mem_printf("/proc/%d/root", (int)pid);
	struct stat its, want;

	return rootfs && stat(path, &its) == 0 && stat(rootfs, &want) == 0 && its.st_dev == want.st_dev &&
	       its.st_ino == want.st_ino;
}

/* Once init has ended, the inode of its mount namespace may be another container's, as the kernel gives it anew: then what
 * tells is the id, or, where there is none, the root. */
static bool is_member(const struct container *c, const struct membership *m, pid_t pid)
{
	if (inode_of(pid, m->kind) != m->inode)
		return false;
	if (init_lives(c) && inode_of(c->seen.pid, m->kind) == m->inode)
		return true;
	uint64_t id = m->id ? process_mount_namespace_id(pid) : 0;
	return id ? id == m->id : has_root(pid, c->record->rootfs);
}

static int list(const struct container *c, bool without_exiting, pid_t **ret, size_t *ret_n, struct err *err)
{
	struct membership m = find_membership(c);
	pid_t *pids = mem_alloc(sizeof(*pids));
	size_t n = 0;

	if (!m.kind) {
		if (init_lives(c))
			pids[n++] = c->seen.pid;
		*ret = pids;
		*ret_n = n;
		return 0;
	}
	DIR *proc = opendir("/proc");
	if (!proc) {
		free(pids);
		return err_set(err, -errno, "open /proc");
	}
	for (struct dirent *e; (e = readdir(proc));) {
		pid_t pid = is_pid(e->d_name) ? (pid_t)strtol(e->d_name, NULL, 10) : 0;
		if (!pid || !is_member(c, &m, pid) || is_gone(pid, without_exiting))
			continue;
		pids = mem_grow(pids, n + 1, sizeof(*pids));
		pids[n++] = pid;
	}
	closedir(proc);
	*ret = pids;
	*ret_n = n;
	return 0;
}

int container_members(const struct container *c, pid_t **ret, size_t *ret_n, struct err *err)
{
	return list(c, true, ret, ret_n, err);
}

/* Held first, then checked: a pid that went to another process meanwhile is not signalled. */
static bool signal_member(const struct container *c, const struct membership *m, pid_t pid, int sig)
{
	if (!m->kind)
		return c->seen.pid_fd >= 0 && syscall(SYS_pidfd_send_signal, c->seen.pid_fd, sig, NULL, 0) == 0;
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0 || !is_member(c, m, pid))
		return false;
	return syscall(SYS_pidfd_send_signal, fd, sig, NULL, 0) == 0;
}

static bool contains(const pid_t *pids, size_t n, pid_t pid)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

int container_members_signal(const struct container *c, int sig, struct err *err)
{
	enum { ROUNDS = 100 }; /* of forks that race with us */
	const struct membership m = find_membership(c);
	_cleanup_free_ pid_t *done = NULL;
	size_t n_done = 0;

	/* Until a look finds nobody new. */
	for (int round = 0; round < ROUNDS; round++) {
		_cleanup_free_ pid_t *pids = NULL;
		size_t n, fresh = 0;
		int r = container_members(c, &pids, &n, err);
		if (r < 0)
			return r;
		for (size_t i = 0; i < n; i++) {
			if (contains(done, n_done, pids[i]) || !signal_member(c, &m, pids[i], sig))
				continue;
			done = mem_grow(done, n_done + 1, sizeof(*done));
			done[n_done++] = pids[i];
			fresh++;
		}
		if (fresh == 0)
			break;
	}
	return (int)n_done;
}

static int describe_left(const struct container *c, const pid_t *pids, size_t n, struct err *err)
{
	_cleanup_free_ char *who = process_describe(pids, n);

	return err_say(
		err, -ETIMEDOUT,
		"kill container %s: its processes were killed but are still there: %s; try again when they can end",
		c->dir.id, who);
}

int container_members_kill(const struct container *c, int timeout_ms, struct err *err)
{
	const struct membership m = find_membership(c);
	for (long long start = clock_ms(), passed = 0;; passed = clock_ms() - start) {
		_cleanup_free_ pid_t *pids = NULL;
		size_t n;
		/* Who exits is waited for, unless it waits for us: for others of its PID namespace that we are to reap. */
		int r = list(c, passed > EXIT_MS, &pids, &n, err);
		if (r < 0)
			return r;
		if (n == 0)
			return 0;
		for (size_t i = 0; i < n; i++)
			signal_member(c, &m, pids[i], SIGKILL);
		if (passed > timeout_ms)
			return describe_left(c, pids, n, err);
		clock_sleep_ms(PAUSE_MS);
	}
}
