/* SPDX-License-Identifier: Apache-2.0 */
/* Stream sockets of engines and agents; see unix_socket.h. */
#include "unix_socket.h"

#include "err.h"
#include "fd.h"
#include "mem.h"
#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

/* A path that is longer than an address goes through a descriptor of its directory, kept in *ret_dir_fd. */
static int fill_address(struct sockaddr_un *a, const char *path, int *ret_dir_fd)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) < sizeof(a->sun_path)) {
		memcpy(a->sun_path, path, strlen(path));
		return 0;
	}
	_cleanup_free_ char *dir = mem_strdup(path);
	const char *name = path_base(path);
	*(char *)path_base(dir) = '\0';
	int fd = fd_open(AT_FDCWD, dir[0] ? dir : ".", O_PATH | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	*ret_dir_fd = fd;
	int n = snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/%s", fd, name);
	return (size_t)n < sizeof(a->sun_path) ? 0 : -ENAMETOOLONG;
}

int unix_socket_connect(const char *what, const char *path, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	_cleanup_fd_ int dir_fd = -1;
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return err_set(err, -errno, "connect to the %s %s", what, path);
	r = fill_address(&address, path, &dir_fd);
	if (r < 0)
		return err_set(err, r, "connect to the %s %s", what, path);
	do
		r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_set(err, -errno, "connect to the %s %s", what, path);
	*ret_fd = fd_take(fd);
	return 0;
}

static int send_first(int socket_fd, const void *data, size_t len, int fd)
{
	union {
		char space[CMSG_SPACE(sizeof(int))];
		struct cmsghdr align;
	} control = { .space = { 0 } };
	struct iovec iov = { .iov_base = (void *)data, .iov_len = len };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);
	ssize_t n;

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(int));
	do
		n = sendmsg(socket_fd, &msg, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : (int)n;
}

int unix_socket_send(int socket_fd, const void *data, size_t len, int fd)
{
	int n = send_first(socket_fd, data, len, fd);

	while (n >= 0 && (size_t)n < len) {
		ssize_t more = send(socket_fd, (const char *)data + n, len - (size_t)n, MSG_NOSIGNAL);
		if (more < 0 && errno == EINTR)
			continue;
		if (more < 0)
			return -errno;
		n += (int)more;
	}
	return n < 0 ? n : 0;
}

int unix_socket_deliver(const char *what, const char *path, const void *data, size_t len, int fd, struct err *err)
{
	_cleanup_fd_ int socket_fd = -1;
	int r = unix_socket_connect(what, path, &socket_fd, err);

	if (r < 0)
		return r;
	r = unix_socket_send(socket_fd, data, len, fd);
	return r < 0 ? err_set(err, r, "send to the %s %s", what, path) : 0;
}
