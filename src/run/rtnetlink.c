/* SPDX-License-Identifier: Apache-2.0 */
/* As much of rtnetlink(7) as moving a device takes; see rtnetlink.h. */
#include "rtnetlink.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int rtnetlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);

	return fd < 0 ? -errno : fd;
}

void rtnetlink_begin(struct rtnetlink_request *r, unsigned type, unsigned flags, const void *fixed, size_t size)
{
	memset(r, 0, sizeof(*r));
	r->header.nlmsg_type = (uint16_t)type;
	r->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	r->header.nlmsg_len = (uint32_t)NLMSG_LENGTH(size);
	r->header.nlmsg_seq = 1;
	memcpy(NLMSG_DATA(&r->header), fixed, size);
}

int rtnetlink_attribute(struct rtnetlink_request *r, unsigned type, const void *data, size_t size)
{
	size_t at = NLMSG_ALIGN(r->header.nlmsg_len);

	if (at + RTA_SPACE(size) > sizeof(*r))
		return -EMSGSIZE;
	struct rtattr *a = (struct rtattr *)(void *)((char *)r + at);
	a->rta_type = (uint16_t)type;
	a->rta_len = (uint16_t)RTA_LENGTH(size);
	memcpy(RTA_DATA(a), data, size);
	r->header.nlmsg_len = (uint32_t)(at + RTA_LENGTH(size));
	return 0;
}

static int send_request(int fd, const struct rtnetlink_request *r)
{
	ssize_t n;

	do
		n = send(fd, r, r->header.nlmsg_len, 0);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static int error_of(const struct nlmsghdr *m)
{
	const struct nlmsgerr *e = NLMSG_DATA(m);

	return m->nlmsg_len < NLMSG_LENGTH(sizeof(*e)) ? -EPROTO : e->error;
}

/* Read answers until the acknowledgement or the end of the dump. */
static int read_answers(int fd, rtnetlink_each_fn *each, void *user)
{
	char data[32768] __attribute__((aligned(8)));
	int result = 0;

	for (;;) {
		ssize_t n = recv(fd, data, sizeof(data), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		size_t left = (size_t)n;
		for (struct nlmsghdr *m = (void *)data; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
			if (m->nlmsg_type == NLMSG_ERROR)
				return error_of(m);
			if (m->nlmsg_type == NLMSG_DONE)
				return result;
			if (each && result == 0)
				result = each(user, m);
		}
	}
}

int rtnetlink_do(int fd, struct rtnetlink_request *r)
{
	r->header.nlmsg_flags |= NLM_F_ACK;
	int code = send_request(fd, r);

	return code < 0 ? code : read_answers(fd, NULL, NULL);
}

int rtnetlink_dump(int fd, struct rtnetlink_request *r, rtnetlink_each_fn *each, void *user)
{
	r->header.nlmsg_flags |= NLM_F_DUMP;
	int code = send_request(fd, r);

	return code < 0 ? code : read_answers(fd, each, user);
}
