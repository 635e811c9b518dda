/* SPDX-License-Identifier: Apache-2.0 */
/* Moving a network device into a container; see netdev.h. */
#include "netdev.h"

#include "rtnetlink.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct address {
	struct ifaddrmsg header;
	size_t len; /* of the attributes */
	char attributes[512];
};

struct addresses {
	int index;
	struct address *v;
	size_t n;
};

/* A socket keeps the namespace in which it was made. */
static int open_inside(pid_t pid)
{
	char path[64];
	_cleanup_fd_ int own_fd = fd_open(AT_FDCWD, "/proc/self/ns/net", O_RDONLY, 0);

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	_cleanup_fd_ int ns_fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
	if (own_fd < 0 || ns_fd < 0)
		return own_fd < 0 ? own_fd : ns_fd;
	if (setns(ns_fd, CLONE_NEWNET) < 0)
		return -errno;
	int fd = rtnetlink_open();
	/* Not coming back would be worse than failing. */
	if (setns(own_fd, CLONE_NEWNET) < 0) {
		int code = -errno;
		fd_close(fd);
		return code;
	}
	return fd;
}

static int keep_address(void *user, const struct nlmsghdr *m)
{
	struct addresses *all = user;
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	size_t len = m->nlmsg_len - NLMSG_LENGTH(sizeof(*a));

	if (m->nlmsg_type != RTM_NEWADDR || (int)a->ifa_index != all->index)
		return 0;
	if (a->ifa_scope != RT_SCOPE_UNIVERSE || !(a->ifa_flags & IFA_F_PERMANENT))
		return 0;
	if (len > sizeof(all->v->attributes))
		return -EMSGSIZE;
	all->v = mem_grow(all->v, all->n + 1, sizeof(*all->v));
	struct address *keep = &all->v[all->n++];
	keep->header = *a;
	keep->len = len;
	memcpy(keep->attributes, (const char *)a + NLMSG_ALIGN(sizeof(*a)), len);
	return 0;
}

static int collect(int fd, struct addresses *all)
{
	struct ifaddrmsg any = { .ifa_family = AF_UNSPEC };
	struct rtnetlink_request r;

	rtnetlink_begin(&r, RTM_GETADDR, 0, &any, sizeof(any));
	return rtnetlink_dump(fd, &r, keep_address, all);
}

static int set_up(int fd, int index, bool up)
{
	struct ifinfomsg link = {
		.ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_change = IFF_UP, .ifi_flags = up ? IFF_UP : 0
	};
	struct rtnetlink_request r;

	rtnetlink_begin(&r, RTM_NEWLINK, 0, &link, sizeof(link));
	return rtnetlink_do(fd, &r);
}

static int move(int fd, int index, const char *name, pid_t pid)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnetlink_request r;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	_cleanup_fd_ int ns_fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
	if (ns_fd < 0)
		return ns_fd;
	rtnetlink_begin(&r, RTM_NEWLINK, 0, &link, sizeof(link));
	int code = rtnetlink_attribute(&r, IFLA_NET_NS_FD, &ns_fd, sizeof(ns_fd));
	if (code == 0)
		code = rtnetlink_attribute(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return code < 0 ? code : rtnetlink_do(fd, &r);
}

/* The device may get another index in the new namespace. It is found by its name there; where the kernel chooses
 * that ("%d"), by an alias that only this move knows. */
struct finder {
	unsigned type; /* IFLA_IFNAME or IFLA_IFALIAS */
	const char *text;
	int index;
};

static int match_link(void *user, const struct nlmsghdr *m)
{
	struct finder *f = user;
	const struct ifinfomsg *link = NLMSG_DATA(m);
	size_t left = m->nlmsg_len - NLMSG_LENGTH(sizeof(*link));

	if (m->nlmsg_type != RTM_NEWLINK)
		return 0;
	for (struct rtattr *a = IFLA_RTA(link); RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == f->type && strcmp(RTA_DATA(a), f->text) == 0)
			f->index = link->ifi_index;
	return 0;
}

static int find_link(int fd, unsigned type, const char *text)
{
	struct ifinfomsg any = { .ifi_family = AF_UNSPEC };
	struct finder f = { .type = type, .text = text };
	struct rtnetlink_request r;

	rtnetlink_begin(&r, RTM_GETLINK, 0, &any, sizeof(any));
	int code = rtnetlink_dump(fd, &r, match_link, &f);
	if (code < 0)
		return code;
	return f.index > 0 ? f.index : -ENODEV;
}

static int set_alias(int fd, int index, const char *alias)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct rtnetlink_request r;

	rtnetlink_begin(&r, RTM_NEWLINK, 0, &link, sizeof(link));
	int code = rtnetlink_attribute(&r, IFLA_IFALIAS, alias, alias[0] ? strlen(alias) + 1 : 0);
	return code < 0 ? code : rtnetlink_do(fd, &r);
}

/* The alias that the device had, from sysfs, so that it can be put back. */
static void read_alias(const char *name, char **ret)
{
	_cleanup_free_ char *path = mem_printf("/sys/class/net/%s/ifalias", name);

	if (fd_read_file(AT_FDCWD, path, 4096, ret, NULL) < 0)
		*ret = mem_strdup("");
	(*ret)[strcspn(*ret, "\n")] = '\0';
}

static int add_address(int fd, int index, const struct address *a)
{
	struct ifaddrmsg header = a->header;
	struct rtnetlink_request r;

	header.ifa_index = (uint32_t)index;
	rtnetlink_begin(&r, RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
	memcpy((char *)&r + r.header.nlmsg_len, a->attributes, a->len);
	r.header.nlmsg_len += (uint32_t)a->len;
	int code = rtnetlink_do(fd, &r);
	return code == -EEXIST ? 0 : code;
}

struct move {
	const char *name, *new_name;
	bool is_template; /* of new_name: the kernel chooses */
	char mark[64];
	char *alias;
	pid_t pid;
	struct addresses all;
};

/* Inside: the addresses as they were, then up. */
static int put_in(int fd, const struct move *m)
{
	int index = m->is_template ? find_link(fd, IFLA_IFALIAS, m->mark) : find_link(fd, IFLA_IFNAME, m->new_name);
	int code = 0;

	if (index < 0)
		return index;
	for (size_t i = 0; i < m->all.n && code == 0; i++)
		code = add_address(fd, index, &m->all.v[i]);
	if (code == 0 && m->is_template)
		code = set_alias(fd, index, m->alias);
	return code < 0 ? code : set_up(fd, index, true);
}

static int take_out(int fd, struct move *m)
{
	int code = set_up(fd, m->all.index, false);

	if (code == 0 && m->is_template) {
		snprintf(m->mark, sizeof(m->mark), "husk-%d-%d", (int)getpid(), m->all.index);
		read_alias(m->name, &m->alias);
		code = set_alias(fd, m->all.index, m->mark);
	}
	return code < 0 ? code : move(fd, m->all.index, m->new_name, m->pid);
}

static int move_with(int out_fd, int in_fd, struct move *m, struct err *err)
{
	int code = collect(out_fd, &m->all);

	if (code < 0)
		return err_set(err, code, "read the addresses of network device %s", m->name);
	/* The kernel would move the device first and then fail to give it the name. */
	code = !m->is_template && find_link(in_fd, IFLA_IFNAME, m->new_name) > 0 ? -EEXIST : take_out(out_fd, m);
	if (code == -EEXIST)
		return err_say(err, code,
			       "network device %s: the container already has a device named %s (\"%s%%d\" makes "
			       "a unique name)",
			       m->name, m->new_name, m->new_name);
	if (code < 0)
		return err_set(err, code, "move network device %s into the container as %s", m->name, m->new_name);
	code = put_in(in_fd, m);
	return code < 0 ? err_set(err, code, "set up network device %s in the container", m->new_name) : 0;
}

int netdev_move(const char *name, const char *new_name, pid_t pid, struct err *err)
{
	struct move m = { .name = name,
			  .new_name = new_name && new_name[0] ? new_name : name,
			  .pid = pid,
			  .all = { .index = (int)if_nametoindex(name) } };

	if (m.all.index == 0)
		return err_set(err, -ENODEV, "network device %s", name);
	m.is_template = strstr(m.new_name, "%d") != NULL;
	_cleanup_fd_ int out_fd = rtnetlink_open();
	_cleanup_fd_ int in_fd = open_inside(pid);
	if (out_fd < 0 || in_fd < 0)
		return err_set(err, out_fd < 0 ? out_fd : in_fd, "network device %s: open a route socket", name);
	int code = move_with(out_fd, in_fd, &m, err);
	free(m.all.v);
	free(m.alias);
	return code;
}
