/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between the executor and the host (sync.h).  When the host is gone, so is the reason to go on. */
#include "init/init.h"

struct rights {
	struct cmsghdr head;
	int fds[SYNC_MAX_FDS];
};

#define RIGHTS_LEN(n) (sizeof(struct cmsghdr) + (n) * sizeof(int))

static _Noreturn void host_lost(void)
{
	sys_exit(1);
}

static void send_message(struct init *c, struct sync_message *m, const void *text, int fd)
{
	struct iovec iov[2] = { { m, sizeof(*m) }, { (void *)text, m->text_len } };
	struct rights rights = { { RIGHTS_LEN(1), SOL_SOCKET, SCM_RIGHTS }, { fd } };
	struct msghdr msg = { .iov = iov, .iovlen = m->text_len ? 2 : 1 };

	if (fd >= 0) {
		m->n_fds = 1;
		msg.control = &rights;
		msg.controllen = sizeof(struct cmsghdr) + 8; /* CMSG_SPACE of one descriptor */
	}
	if (sys_retry(NR_sendmsg, c->sync_fd, &msg, MSG_NOSIGNAL) < 0)
		host_lost();
}

void init_send(struct init *c, enum sync_type type, int error, int pid, int fd, uint8_t slot)
{
	struct sync_message m = { .type = type, .op = c->at, .error = error, .pid = pid };

	if (type == SYNC_FAIL || type == SYNC_WARN) {
		m.detail = c->detail;
		m.text_len = (uint32_t)c->text.len;
	}
	m.slots[0] = slot;
	send_message(c, &m, c->text.s, fd);
}

void init_send_namespaces(struct init *c, const uint64_t *numbers, uint32_t size)
{
	struct sync_message m = { .type = SYNC_NAMESPACES, .op = c->at, .text_len = size };

	send_message(c, &m, numbers, -1);
}

static uint64_t read_clock(int clock)
{
	struct timespec t;

	sys(NR_clock_gettime, clock, &t);
	return (uint64_t)t.sec * 1000000000u + (uint64_t)t.nsec;
}

uint64_t init_clock(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

/* As the host's trace_now: a time namespace shifts all clocks but this one. */
uint64_t init_trace_clock(void)
{
	return read_clock(CLOCK_REALTIME);
}

void init_send_trace(struct init *c)
{
	struct sync_message m = { .type = SYNC_TRACE, .op = c->at };

	m.text_len = c->n_trace * (uint32_t)sizeof(struct sync_trace);
	c->n_trace = 0;
	if (m.text_len)
		send_message(c, &m, c->traces, -1);
}

void init_trace(struct init *c, uint64_t start)
{
	if (c->n_trace == INIT_TRACE_MAX)
		init_send_trace(c);
	c->traces[c->n_trace++] = (struct sync_trace){ .op = c->at, .start = start, .end = init_trace_clock() };
}

/* Put the descriptors of a message where it says. */
static int take_rights(struct init *c, const struct sync_message *m, const struct msghdr *msg, const struct rights *r)
{
	unsigned n = 0;

	if (msg->controllen >= RIGHTS_LEN(1) && r->head.level == SOL_SOCKET && r->head.type == SCM_RIGHTS)
		n = (unsigned)((r->head.len - sizeof(r->head)) / sizeof(int));
	bool bad = n != m->n_fds || n > SYNC_MAX_FDS || msg->flags & MSG_CTRUNC;
	for (unsigned i = 0; i < n && !bad; i++)
		bad = m->slots[i] >= PLAN_SLOTS;
	for (unsigned i = 0; i < n && bad; i++)
		sys(NR_close, r->fds[i]);
	if (bad)
		return -EPROTO;
	for (unsigned i = 0; i < n; i++) {
		sys_close(&c->slots[m->slots[i]]);
		c->slots[m->slots[i]] = r->fds[i];
	}
	return 0;
}

int init_receive(struct init *c, int fd, struct sync_message *m)
{
	struct iovec iov = { m, sizeof(*m) };
	struct rights rights;
	struct msghdr msg = { .iov = &iov, .iovlen = 1, .control = &rights, .controllen = sizeof(rights) };
	long n = sys_retry(NR_recvmsg, fd, &msg, MSG_CMSG_CLOEXEC);

	if (n <= 0)
		return (int)n;
	if (n != (long)sizeof(*m) || msg.flags & MSG_TRUNC || take_rights(c, m, &msg, &rights) < 0)
		return -EPROTO;
	return 1;
}

uint32_t init_wait_go(struct init *c)
{
	struct sync_message m;

	do
		if (init_receive(c, c->sync_fd, &m) <= 0 || m.type != SYNC_GO)
			host_lost();
	while (m.more);
	if (c->dumpable)
		init_dumpable(c->dumpable = false);
	return m.op;
}
