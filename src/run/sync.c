/* SPDX-License-Identifier: Apache-2.0 */
/* The host's end of the sync socket; see sync_channel.h. */
#include "sync_channel.h"

#include "util/fd.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

union fds_control {
	char space[CMSG_SPACE(SYNC_MAX_FDS * sizeof(int))];
	struct cmsghdr align;
};

int sync_channel_open(int ret_fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds) < 0 ? -errno : 0;
}

int sync_channel_send(int fd, const struct sync_message *m, const int *fds)
{
	union fds_control control = { .space = { 0 } };
	struct iovec iov = { .iov_base = (void *)m, .iov_len = sizeof(*m) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (m->n_fds > 0) {
		msg.msg_control = control.space;
		msg.msg_controllen = CMSG_SPACE(m->n_fds * sizeof(int));
		struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(m->n_fds * sizeof(int));
		memcpy(CMSG_DATA(c), fds, m->n_fds * sizeof(int));
	}
	do
		n = sendmsg(fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	return n == (ssize_t)sizeof(*m) ? 0 : -EIO;
}

/* Take the descriptors out of a received message. */
static void take_fds(struct msghdr *msg, struct sync_record *r, size_t *ret_n)
{
	size_t n = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(r->fds, CMSG_DATA(c), n * sizeof(int));
	}
	*ret_n = n;
}

int sync_channel_receive(int fd, struct sync_record *ret)
{
	union fds_control control = { .space = { 0 } };
	struct iovec iov[2] = {
		{ .iov_base = &ret->m, .iov_len = sizeof(ret->m) },
		{ .iov_base = ret->text, .iov_len = SYNC_MAX_TEXT },
	};
	struct msghdr msg = {
		.msg_iov = iov, .msg_iovlen = 2, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	size_t n_fds;
	ssize_t n;
	bool reset = false;

	memset(&ret->m, 0, sizeof(ret->m));
	for (size_t i = 0; i < SYNC_MAX_FDS; i++)
		ret->fds[i] = -1;
	ret->text[0] = '\0';
	/* A peer that ends without having read all it was sent is a reset, reported once and before its last words. */
	do
		n = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && (errno == EINTR || (errno == ECONNRESET && !reset && (reset = true))));
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	if (n == 0)
		return 0;
	take_fds(&msg, ret, &n_fds);
	if ((size_t)n < sizeof(ret->m) || (size_t)n - sizeof(ret->m) != ret->m.text_len || n_fds != ret->m.n_fds ||
	    ret->m.type == 0 || ret->m.type >= SYNC_TYPE_MAX) {
		sync_record_done(ret);
		return -EPROTO;
	}
	ret->text[ret->m.text_len] = '\0';
	return 1;
}

void sync_record_done(struct sync_record *r)
{
	for (size_t i = 0; i < SYNC_MAX_FDS; i++)
		r->fds[i] = fd_close(r->fds[i]);
}
