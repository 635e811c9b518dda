/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process; see process.h. */
#include "process.h"

#include "fd.h"
#include "kernel.h"
#include "mem.h"
#include "number.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BOOT_ID_LENGTH 36

int process_namespace(pid_t pid, const char *kind, uint64_t *ret)
{
	char path[48], text[48]; /* "net:[4026531840]" */

	if (pid > 0)
		snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, kind);
	else
		snprintf(path, sizeof(path), "/proc/self/ns/%s", kind);
	ssize_t n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	const char *number = strchr(text, '[');
	return number && number_scan(number + 1, 10, ret) ? 0 : -EBADMSG;
}

uint64_t process_mount_namespace_id(pid_t pid)
{
	uint64_t id;
	char path[48];

	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, path, O_RDONLY, 0);
	return fd >= 0 && ioctl(fd, NS_GET_MNTNS_ID, &id) == 0 ? id : 0;
}

/* The n-th field after p, or NULL. */
static const char *skip_fields(const char *p, unsigned n)
{
	for (; p && n; n--) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p;
}

static int parse_stat(const char *text, struct process_stat *ret)
{
	/* The name of the program (field 2) may hold anything, brackets and spaces too: fields count from its end. */
	const char *open = strchr(text, '('), *close = strrchr(text, ')');
	/* Fields 3, 9, 20 and 22 of proc_pid_stat(5). */
	const char *state = open && close ? skip_fields(close, 1) : NULL, *flags = skip_fields(state, 6),
		   *threads = skip_fields(flags, 11), *start = skip_fields(threads, 2);
	uint64_t number;

	if (!state || !start)
		return -EBADMSG;
	*ret = (struct process_stat){ .state = *state };
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(close - open - 1), open + 1);
	number_scan(flags, 10, &number);
	ret->flags = (unsigned)number;
	number_scan(threads, 10, &number);
	ret->n_threads = (unsigned)number;
	number_scan(start, 10, &ret->start_time);
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

pid_t process_of_thread(pid_t thread)
{
	_cleanup_free_ char *text = NULL;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)thread);
	if (fd_read_file(AT_FDCWD, path, 16384, &text, NULL) < 0)
		return 0;
	const char *line = strstr(text, "\nTgid:");
	uint64_t pid = 0;

	if (line)
		number_scan(line + strlen("\nTgid:"), 10, &pid);
	return (pid_t)pid;
}

/* ---- naming them ------------------------------------------------------------------------------ */

static void describe(struct buf *b, pid_t pid)
{
	struct process_stat stat;
	_cleanup_free_ char *wchan = NULL;
	char path[64];
	bool seen = process_stat(pid, &stat) == 0;

	buf_addf(b, "%s%d (%s", b->len ? ", " : "", (int)pid, seen ? stat.name : "?");
	if (seen)
		buf_addf(b, ", state %c", stat.state);
	snprintf(path, sizeof(path), "/proc/%d/wchan", (int)pid);
	if (fd_read_file(AT_FDCWD, path, 256, &wchan, NULL) == 0 && wchan[0] && strcmp(wchan, "0") != 0)
		buf_addf(b, " in %s", wchan);
	buf_adds(b, ")");
}

char *process_describe(const pid_t *pids, size_t n)
{
	enum { SHOWN = 8 };
	struct buf b = { 0 };

	for (size_t i = 0; i < n && i < SHOWN; i++)
		describe(&b, pids[i]);
	if (n > SHOWN)
		buf_addf(&b, " and %zu more", n - SHOWN);
	return b.data ? b.data : mem_strdup("none that can be seen from here");
}
