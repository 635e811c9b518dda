/* SPDX-License-Identifier: Apache-2.0 */
/* Turns of the container side: passing it on, and taking in what comes back until it is over. */
#include "plan/op_info.h"
#include "run_ops.h"
#include "trace.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Between two turns nothing takes long, except what others do: hooks, agents, the start command. */
#define TURN_TIMEOUT_MS (180 * 1000)

static size_t fill_message(struct run *r, struct sync_message *m, int *fds)
{
	size_t n = 0;

	for (unsigned slot = 0; slot < PLAN_SLOTS && n < SYNC_MAX_FDS; slot++) {
		if (r->slots[slot] < 0)
			continue;
		m->slots[n] = (uint8_t)slot;
		fds[n++] = fd_take(r->slots[slot]);
	}
	m->n_fds = (uint16_t)n;
	return n;
}

static bool slots_empty(const struct run *r)
{
	for (unsigned slot = 0; slot < PLAN_SLOTS; slot++)
		if (r->slots[slot] >= 0)
			return false;
	return true;
}

int run_send_go(struct run *r, uint32_t op, struct err *err)
{
	bool more;

	do {
		struct sync_message m = { .type = SYNC_GO, .op = op };
		int fds[SYNC_MAX_FDS];
		size_t n = fill_message(r, &m, fds);

		more = !slots_empty(r);
		m.more = more;
		int code = sync_channel_send(r->sync_fd, &m, fds);
		fd_close_many(fds, n);
		/* A dead peer has perhaps said why: that is read next. */
		if (code == -EPIPE)
			return 0;
		if (code < 0)
			return err_set(err, code, "talk to the container process");
	} while (more);
	return 0;
}

static void take_spawned(struct run *r, struct sync_record *record)
{
	r->init_pid = record->m.pid;
	if (record->m.n_fds > 0) {
		fd_close(r->init_pid_fd);
		r->init_pid_fd = fd_take(record->fds[0]);
	}
}

static int hand_listener(struct run *r, struct err *err)
{
	for (uint32_t i = 0; i < r->plan.header->n_ops; i++)
		if (r->plan.ops[i].code == OP_SECCOMP_AGENT)
			return run_op_SECCOMP_AGENT(r, &r->plan.ops[i], err);
	return err_say(err, -EPROTO, "a seccomp listener came that nobody asked for");
}

/* The listener is handed on at once: the program's execve may already wait for the agent. */
static int take_fd(struct run *r, struct sync_record *record, struct err *err)
{
	if (record->m.n_fds != 1)
		return err_say(err, -EPROTO, "the container process sent no descriptor");
	if (record->m.slots[0] == SYNC_FD_CONSOLE) {
		fd_close(r->console_fd);
		r->console_fd = fd_take(record->fds[0]);
		return 0;
	}
	fd_close(r->seccomp_fd);
	r->seccomp_fd = fd_take(record->fds[0]);
	return hand_listener(r, err);
}

static void take_trace(struct run *r, const struct sync_record *record)
{
	for (size_t at = 0; at + sizeof(struct sync_trace) <= record->m.text_len; at += sizeof(struct sync_trace)) {
		struct sync_trace t;

		memcpy(&t, record->text + at, sizeof(t));
		trace_add(r->trace, t.op, t.start, t.end);
	}
}

static void take_namespaces(struct run *r, const struct sync_record *record)
{
	if (record->m.text_len == sizeof(r->namespaces))
		memcpy(r->namespaces, record->text, sizeof(r->namespaces));
}

struct turn {
	uint32_t next; /* the host's next op */
	bool over;
};

static int take_turn(struct run *r, const struct sync_record *record, struct turn *turn, struct err *err)
{
	uint32_t op = record->m.op;

	if (op >= r->plan.header->n_ops || op_info[r->plan.ops[op].code].side != SIDE_HOST)
		return err_say(err, -EPROTO, "the container process passed the turn at op %u, which is not the host's",
			       op);
	turn->next = op;
	turn->over = true;
	return 0;
}

static int take_ready(struct run *r, struct turn *turn)
{
	r->ready = true;
	turn->next = r->plan.header->n_ops;
	turn->over = true;
	return 0;
}

static int take_record(struct run *r, struct sync_record *record, struct turn *turn, struct err *err)
{
	switch ((enum sync_type)record->m.type) {
	case SYNC_SPAWNED: take_spawned(r, record); return 0;
	case SYNC_WARN: run_warn_init(r, record); return 0;
	case SYNC_FD: return take_fd(r, record, err);
	case SYNC_TRACE: take_trace(r, record); return 0;
	case SYNC_NAMESPACES: take_namespaces(r, record); return 0;
	case SYNC_TURN: return take_turn(r, record, turn, err);
	case SYNC_READY: return take_ready(r, turn);
	case SYNC_FAIL: return run_error_init(r, record, err);
	case SYNC_GO:
	case SYNC_START:
	case SYNC_TYPE_MAX: break;
	}
	return err_say(err, -EPROTO, "the container process sent an unexpected message (type %u)", record->m.type);
}

static void reap_executor(struct run *r)
{
	siginfo_t info;

	while (waitid(P_PIDFD, (id_t)r->executor_pid_fd, &info, WEXITED) < 0 && errno == EINTR)
		;
	r->executor_pid_fd = fd_close(r->executor_pid_fd);
}

/* Does the process run, or has it died in, husk's image? A zombie keeps its name, and execve(2) gives one without a
 * slash. */
static bool has_our_name(pid_t pid)
{
	struct process_stat stat;
	char path[32], exe[8];

	/* Who still has a program at all has not begun to die, which would have closed the socket later: it is another one. */
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	if (readlink(path, exe, sizeof(exe)) > 0)
		return false;
	return process_stat(pid, &stat) == 0 && strcmp(stat.name, INIT_COMM) == 0;
}

static uint32_t after_execve(const struct run *r)
{
	for (uint32_t i = 0; i < r->plan.header->n_ops; i++)
		if (r->plan.ops[i].code == OP_EXECVE)
			return i + 1;
	return r->plan.header->n_ops;
}

static int take_end(struct run *r, struct turn *turn, struct err *err)
{
	if (r->init_pid <= 0 || has_our_name(r->init_pid))
		return run_error_died(r, err);
	r->started = true;
	turn->next = after_execve(r);
	turn->over = true;
	return 0;
}

/* Until when to wait, for ops from `from` to the host's next: for ever where others are at work. */
static int turn_timeout(const struct run *r, uint32_t from)
{
	for (uint32_t i = from; i < r->plan.header->n_ops; i++) {
		unsigned code = r->plan.ops[i].code;

		if (code == OP_HOOK_IN || code == OP_SECCOMP)
			return -1;
		if (op_info[code].side == SIDE_HOST)
			break;
	}
	return TURN_TIMEOUT_MS;
}

/* 1: the socket has something; 0: the container side is dead and has nothing more to say. */
static int wait_socket(struct run *r, int timeout, struct err *err)
{
	for (;;) {
		struct pollfd p[3] = {
			{ .fd = r->sync_fd, .events = POLLIN },
			{ .fd = r->executor_pid_fd, .events = POLLIN },
			{ .fd = r->init_pid_fd, .events = POLLIN },
		};
		int n = poll(p, 3, timeout);

		if (n < 0 && errno != EINTR)
			return err_set(err, -errno, "wait for the container process");
		if (n < 0)
			continue;
		if (n == 0)
			return err_say(err, -ETIMEDOUT, "the container process did not answer for %d s",
				       timeout / 1000);
		if (p[0].revents)
			return 1;
		/* It may have spoken after poll(2) had looked at the socket, and died before it looked here. */
		if (p[2].revents)
			return poll(p, 1, 0) > 0;
		/* The executor is gone: with nothing said about a container process, that is the end. */
		reap_executor(r);
		if (r->init_pid <= 0)
			return 0;
	}
}

/* A message that ends the turn waits until the executor has told the pid of the container process: they share the
 * socket, and may speak in any order. */
static bool must_wait_for_pid(const struct run *r, const struct sync_record *record)
{
	return r->init_pid <= 0 && r->executor_pid_fd >= 0 &&
	       (record->m.type == SYNC_TURN || record->m.type == SYNC_READY) && record->m.op < r->plan.header->n_ops &&
	       record->m.op > 0;
}

static bool is_after_clone(const struct run *r, uint32_t op)
{
	for (uint32_t i = 0; i < op && i < r->plan.header->n_ops; i++)
		if (r->plan.ops[i].code == OP_CLONE)
			return true;
	return false;
}

static int receive(struct run *r, int timeout, struct sync_record *record, struct err *err)
{
	int code = wait_socket(r, timeout, err);

	if (code <= 0) {
		memset(&record->m, 0, sizeof(record->m));
		return code;
	}
	code = sync_channel_receive(r->sync_fd, record);
	return code < 0 ? err_set(err, code, "talk to the container process") : code;
}

int run_wait_turn(struct run *r, uint32_t from, uint32_t *ret_next, struct err *err)
{
	int timeout = turn_timeout(r, from);
	struct turn turn = { 0 };
	bool waits_for_pid = false;

	r->op = from;
	while (!turn.over || waits_for_pid) {
		struct sync_record record;
		int code = receive(r, timeout, &record, err);

		if (code == 0)
			code = waits_for_pid ? run_error_died(r, err) : take_end(r, &turn, err);
		else if (code > 0) {
			code = take_record(r, &record, &turn, err);
			if (code == 0 && turn.over && must_wait_for_pid(r, &record))
				waits_for_pid = is_after_clone(r, record.m.op);
			sync_record_done(&record);
		}
		if (code < 0)
			return code;
		if (r->init_pid > 0)
			waits_for_pid = false;
	}
	*ret_next = turn.next;
	return 0;
}
