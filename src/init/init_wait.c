/* SPDX-License-Identifier: Apache-2.0 */
/*
 * INIT op wait_start: the container is created, and waits.  From here on nobody of the runtime needs to live.  Whoever
 * connects and says START becomes the host; those that hang up or say something else are dropped.
 */
#include "init/init.h"

#define MAX_PENDING 4

enum { POLL_SIGNAL, POLL_LISTEN, POLL_PENDING, POLL_MAX = POLL_PENDING + MAX_PENDING };

/* The pages of the plan come back from its file when they are needed. */
static void save_memory(const struct init *c)
{
	sys(NR_madvise, c->plan, c->plan->size, MADV_DONTNEED);
}

static bool signal_ends(uint32_t n)
{
	switch (n) {
	case SIGCHLD:
	case SIGCONT:
	case SIGURG:
	case SIGWINCH:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU: return false;
	}
	return true;
}

/* As the first process of a PID namespace it inherits orphans. */
static void reap(void)
{
	struct siginfo info;

	do
		info.pid = 0;
	while (sys(NR_waitid, P_ALL, 0, &info, WEXITED | WNOHANG, 0) == 0 && info.pid);
}

static void take_signal(int fd)
{
	struct signalfd_siginfo info;

	if (sys_retry(NR_read, fd, &info, sizeof(info)) != (long)sizeof(info))
		return;
	if (info.signo == SIGCHLD)
		reap();
	else if (signal_ends(info.signo))
		sys_exit(128 + (int)info.signo);
}

/* The oldest connection gives way when there are too many that say nothing. */
static void accept_pending(struct pollfd *p)
{
	int fd = (int)sys_retry(NR_accept4, p[POLL_LISTEN].fd, 0, 0, SOCK_CLOEXEC);

	if (fd < 0)
		return;
	if (p[POLL_MAX - 1].fd >= 0) {
		sys_close(&p[POLL_PENDING].fd);
		for (unsigned i = POLL_PENDING; i < POLL_MAX - 1; i++)
			p[i] = p[i + 1];
		p[POLL_MAX - 1].fd = -1;
	}
	for (unsigned i = POLL_PENDING; i < POLL_MAX; i++)
		if (p[i].fd < 0) {
			p[i] = (struct pollfd){ .fd = fd, .events = POLLIN };
			return;
		}
}

/* The connection that said START, or -1. */
static int take_start(struct init *c, struct pollfd *p)
{
	struct sync_message m;
	int fd = -1;

	if (init_receive(c, p->fd, &m) == 1 && m.type == SYNC_START) {
		fd = p->fd;
		p->fd = -1;
	}
	sys_close(&p->fd);
	return fd;
}

static int wait_connection(struct init *c, int listen_fd, int signal_fd)
{
	struct pollfd p[POLL_MAX];
	int start = -1;

	for (unsigned i = 0; i < POLL_MAX; i++)
		p[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	p[POLL_SIGNAL].fd = signal_fd;
	p[POLL_LISTEN].fd = listen_fd;
	while (start < 0) {
		long r = sys_retry(NR_ppoll, p, POLL_MAX, 0, 0, 0);

		if (r < 0)
			return (int)r;
		if (p[POLL_SIGNAL].revents)
			take_signal(signal_fd);
		for (unsigned i = POLL_PENDING; start < 0 && i < POLL_MAX; i++)
			if (p[i].fd >= 0 && p[i].revents)
				start = take_start(c, &p[i]);
		if (start < 0 && p[POLL_LISTEN].revents)
			accept_pending(p);
	}
	for (unsigned i = POLL_PENDING; i < POLL_MAX; i++)
		sys_close(&p[i].fd);
	return start;
}

/* What was held of the container's mounts while they were made. */
static void let_go(struct init *c)
{
	anchor_close(c);
	parent_forget(c);
	target_close(c);
	init_close(c, &c->mount_fd);
	init_close(c, &c->mask_fd);
	init_close(c, &c->null_fd);
	init_close_all(c);
}

int op_WAIT_START(struct init *c, const struct op_args_WAIT_START *a)
{
	uint64_t all = ~0ull;
	int listen_fd = init_slot(c, a->slot), signal_fd, fd;

	if (listen_fd < 0)
		return listen_fd;
	signal_fd = (int)sys(NR_signalfd4, -1, &all, sizeof(all), SFD_CLOEXEC | O_NONBLOCK);
	if (signal_fd < 0)
		return signal_fd;
	let_go(c);
	init_send_trace(c);
	init_send(c, SYNC_READY, 0, 0, -1, 0);
	sys_close(&c->sync_fd);
	save_memory(c);
	fd = wait_connection(c, listen_fd, signal_fd);
	sys_close(&signal_fd);
	if (fd < 0)
		sys_exit(1);
	c->sync_fd = fd;
	sys_close(&c->slots[a->slot]);
	return 0;
}
