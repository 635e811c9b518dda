/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process; see process.h. */
#include "process.h"

#include "fd.h"
#include "mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BOOT_ID_LENGTH 36

static int parse_stat(const char *text, struct process_stat *ret)
{
	/* The name of the program (field 2) may hold anything, brackets and spaces too: fields count from its end. */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	struct process_stat s;
	unsigned long long start;

	if (!open || !close ||
	    sscanf(close + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &s.state, &start) != 2)
		return -EBADMSG;
	snprintf(s.name, sizeof(s.name), "%.*s", (int)(close - open - 1), open + 1);
	s.start_time = start;
	*ret = s;
	return 0;
}

int process_stat(pid_t pid, struct process_stat *ret)
{
	char path[32], text[1024];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return fd == -ENOENT ? -ESRCH : fd;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	return parse_stat(text, ret);
}

int process_start_time(pid_t pid, uint64_t *ret)
{
	struct process_stat s;
	int r = process_stat(pid, &s);

	if (r == 0)
		*ret = s.start_time;
	return r;
}

const char *process_boot_id(void)
{
	static char id[BOOT_ID_LENGTH + 1];
	_cleanup_free_ char *text = NULL;

	if (!id[0] && fd_read_kernel_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL) == 0)
		snprintf(id, sizeof(id), "%.*s", BOOT_ID_LENGTH, text);
	return id;
}
