/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3) of a container; see notify_socket.h. */
#include "notify_socket.h"

#include "util/err.h"
#include "util/fd.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MESSAGE_MAX 4096

int notify_socket_prepare(int dir_fd, struct err *err)
{
	if (mkdirat(dir_fd, "notify", 0755) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make the directory of the notify socket");
	return 0;
}

int notify_socket_listen(int dir_fd, struct err *err)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return err_set(err, -errno, "make the notify socket");
	unlinkat(dir_fd, "notify/notify.sock", 0);
	snprintf(a.sun_path, sizeof(a.sun_path), "/proc/self/fd/%d/notify/notify.sock", dir_fd);
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return err_set(err, -errno, "make the notify socket");
	/* Whoever the program runs as may send. */
	if (fchmodat(dir_fd, "notify/notify.sock", 0777, 0) < 0)
		return err_set(err, -errno, "open the notify socket for all users");
	return fd_take(fd);
}

/* The line that says so, and no other: the rest could speak for more than the container. */
static bool is_ready(const char *message)
{
	for (const char *line = message; *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strncmp(line, "READY=1", 7) == 0 && (line[7] == '\n' || !line[7]))
			return true;
	return false;
}

/* A leading @ means the abstract namespace. */
static socklen_t fill_address(struct sockaddr_un *a, const char *path)
{
	size_t len = strlen(path);

	*a = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (len >= sizeof(a->sun_path))
		return 0;
	memcpy(a->sun_path, path, len);
	if (path[0] != '@')
		return sizeof(*a);
	a->sun_path[0] = '\0';
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

static int send_ready(const char *path, pid_t pid, struct err *err)
{
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un a;
	char text[64];
	socklen_t len = fill_address(&a, path);

	int n = snprintf(text, sizeof(text), "MAINPID=%d\nREADY=1", (int)pid);
	if (len == 0)
		return err_set(err, -ENAMETOOLONG, "NOTIFY_SOCKET %s", path);
	if (fd < 0 || sendto(fd, text, (size_t)n, MSG_NOSIGNAL, (struct sockaddr *)&a, len) < 0)
		return err_set(err, -errno, "send to NOTIFY_SOCKET %s", path);
	return 0;
}

int notify_socket_take(int fd, const char *path, pid_t init_pid, struct err *err)
{
	char message[MESSAGE_MAX + 1];
	ssize_t n = recv(fd, message, MESSAGE_MAX, MSG_DONTWAIT);

	message[n < 0 ? 0 : n] = '\0';
	if (!is_ready(message))
		return 0;
	int code = send_ready(path, init_pid, err);
	return code < 0 ? code : 1;
}

int notify_socket_forward(int fd, const char *path, pid_t init_pid, int pid_fd, struct err *err)
{
	struct pollfd p[2] = { { .fd = fd, .events = POLLIN }, { .fd = pid_fd, .events = POLLIN } };

	for (;;) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return err_set(err, -errno, "wait for the container to be ready");
		if (p[0].revents) {
			int code = notify_socket_take(fd, path, init_pid, err);
			if (code != 0)
				return code < 0 ? code : 0;
		} else if (p[1].revents) {
			return 0;
		}
	}
}
