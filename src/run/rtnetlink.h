/* SPDX-License-Identifier: Apache-2.0 */
/*
 * As much of rtnetlink(7) as moving a device takes: one request, its answer; one dump.
 */
#ifndef HUSK_RTNETLINK_H
#define HUSK_RTNETLINK_H

#include <linux/rtnetlink.h>
#include <stddef.h>

struct rtnetlink_request {
	struct nlmsghdr header;
	char body[1024 - sizeof(struct nlmsghdr)];
};

/* A route socket in the calling thread's network namespace; a descriptor or a negative errno. */
int rtnetlink_open(void);
/* Begin a request of this type with its fixed part. */
void rtnetlink_begin(struct rtnetlink_request *r, unsigned type, unsigned flags, const void *fixed, size_t size);
/* -EMSGSIZE when it does not fit. */
int rtnetlink_attribute(struct rtnetlink_request *r, unsigned type, const void *data, size_t size);
/* Send and wait for the acknowledgement: 0 or the kernel's negative errno. */
int rtnetlink_do(int fd, struct rtnetlink_request *r);
/* Send a dump and call each with every message; each may return a negative errno, which ends it. */
typedef int rtnetlink_each_fn(void *user, const struct nlmsghdr *message);
int rtnetlink_dump(int fd, struct rtnetlink_request *r, rtnetlink_each_fn *each, void *user);

#endif
