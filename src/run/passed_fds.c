/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that the caller gives to the program; see passed_fds.h. */
#include "passed_fds.h"

#include "host/facts.h"
#include "spawn.h"
#include "util/err.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* What systemd passes is meant for the process that LISTEN_PID names; a caller that names none means its child, us. */
unsigned passed_listen_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");

	if (!fds || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	unsigned long n = strtoul(fds, NULL, 10);
	return n > 1024 ? 0 : (unsigned)n;
}

/* What the caller has passed is not close-on-exec; what husk has opened is. */
static bool is_passed(int fd)
{
	int flags = fcntl(fd, F_GETFD);

	return flags >= 0 && !(flags & FD_CLOEXEC);
}

static int take_up(int fd, int least)
{
	int up = fcntl(fd, F_DUPFD_CLOEXEC, least), code = up < 0 ? -errno : up;

	fd_close(fd);
	return code;
}

/*
 * The program's descriptors end with the last one that the caller has passed. Gaps before it get an empty file of nobody's:
 * a gap would be filled by what the executor opens, and that must not be alive, below first_fd, at the last execve.
 */
static int fill_gaps(int first, int end, struct err *err)
{
	_cleanup_fd_ int empty_fd = -1;

	for (int fd = first; fd < end; fd++) {
		if (is_passed(fd))
			continue;
		if (fcntl(fd, F_GETFD) >= 0)
			return err_say(err, -EBADF,
				       "descriptor %d was not passed to husk, but one behind it is to be preserved",
				       fd);
		if (empty_fd < 0)
			empty_fd = spawn_sealed_data("husk-gap", "", 0);
		if (empty_fd >= 0 && empty_fd < end)
			empty_fd = take_up(empty_fd, end);
		if (empty_fd < 0 || dup2(empty_fd, fd) < 0)
			return err_set(err, empty_fd < 0 ? empty_fd : -errno, "fill the gap at descriptor %d", fd);
	}
	return 0;
}

int passed_fds_check(struct request *r, struct err *err)
{
	int first = 3 + (int)r->listen_fds, end = first + (int)r->preserve_fds;

	while (end > first && !is_passed(end - 1))
		end--;
	if (r->preserve_fds && end == first)
		return err_say(err, -EBADF, "--preserve-fds %u: descriptor %d is not open", r->preserve_fds, first);
	r->preserve_fds = (unsigned)(end - first);
	return fill_gaps(3, end, err);
}
