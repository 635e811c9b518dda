/* SPDX-License-Identifier: Apache-2.0 */
/* The start socket; see start_socket.h. */
#include "start_socket.h"

#include "util/err.h"
#include "util/fd.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define START_SOCKET "start.sock"

/* Through the descriptor, as the path may be longer than an address takes. */
static void fill_address(struct sockaddr_un *a, int dir_fd)
{
	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	snprintf(a->sun_path, sizeof(a->sun_path), "/proc/self/fd/%d/" START_SOCKET, dir_fd);
}

static int open_socket(void)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

int start_socket_listen(int dir_fd, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	_cleanup_fd_ int fd = open_socket();

	if (fd < 0)
		return err_set(err, fd, "make the start socket");
	fill_address(&address, dir_fd);
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 4) < 0)
		return err_set(err, -errno, "make the start socket");
	*ret_fd = fd_take(fd);
	return 0;
}

int start_socket_connect(int dir_fd, int *ret_fd, struct err *err)
{
	struct sockaddr_un address;
	_cleanup_fd_ int fd = open_socket();
	int r;

	if (fd < 0)
		return err_set(err, fd, "connect to the start socket");
	fill_address(&address, dir_fd);
	do
		r = connect(fd, (struct sockaddr *)&address, sizeof(address));
	while (r < 0 && errno == EINTR);
	if (r < 0)
		return err_set(err, -errno, "connect to the start socket");
	*ret_fd = fd_take(fd);
	return 0;
}
