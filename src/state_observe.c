/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of a container beside its record: does init live, does it wait for start, is it frozen. */
#include "cgroup/cgroup.h"
#include "state.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BOOT_ID_LENGTH 36

/* The letter of the process' state and field 22 of /proc/PID/stat. */
static int read_stat(pid_t pid, char *ret_letter, uint64_t *ret_start)
{
	_cleanup_free_ char *text = NULL;
	char path[32], letter;
	unsigned long long start;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	int r = fd_read_kernel_file(AT_FDCWD, path, 4096, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* The name of the program (field 2) may hold anything, brackets and spaces too: fields count from its end. */
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &letter, &start) != 2)
		return -EBADMSG;
	if (ret_letter)
		*ret_letter = letter;
	*ret_start = start;
	return 0;
}

int state_start_time(pid_t pid, uint64_t *ret)
{
	return read_stat(pid, NULL, ret);
}

const char *state_boot_id(void)
{
	static char id[BOOT_ID_LENGTH + 1];
	_cleanup_free_ char *text = NULL;

	if (!id[0] && fd_read_kernel_file(AT_FDCWD, "/proc/sys/kernel/random/boot_id", 64, &text, NULL) == 0)
		snprintf(id, sizeof(id), "%.*s", BOOT_ID_LENGTH, text);
	return id;
}

/* Hold init: *ret_fd its pidfd, -1 when it is gone, or is another process that got its pid, or a zombie. */
static void hold_init(const struct husk_record *r, int *ret_fd, bool *ret_zombie)
{
	char letter;
	uint64_t start;

	*ret_fd = -1;
	*ret_zombie = false;
	if (r->pid <= 0 || !r->has_pid_start_time)
		return;
	if (r->boot_id && r->boot_id[0] && strcmp(r->boot_id, state_boot_id()) != 0)
		return;
	/* First the descriptor, then the check: what is checked is what is held. */
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	if (fd < 0 || read_stat(r->pid, &letter, &start) < 0 || start != r->pid_start_time)
		return;
	if (letter == 'Z' || letter == 'X')
		*ret_zombie = true;
	else
		*ret_fd = fd_take(fd);
}

/* Does the process still run the executor, that is, wait for start? */
static bool runs_executor(pid_t pid)
{
	static const char command_line[] = "husk-init\0run";
	char path[32], exe[PATH_MAX];
	_cleanup_free_ char *text = NULL;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/exe", (int)pid);
	ssize_t n = readlink(path, exe, sizeof(exe) - 1);
	if (n > 0) {
		exe[n] = '\0';
		return strncmp(exe, "/memfd:husk-init", 16) == 0 || strncmp(path_base(exe), "husk-init", 9) == 0;
	}
	/* An ordinary user may not look at a process that is not dumpable, but may read its arguments. */
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	if (fd_read_file(AT_FDCWD, path, 65536, &text, &len) < 0)
		return false;
	return len >= sizeof(command_line) && memcmp(text, command_line, sizeof(command_line)) == 0;
}

static bool is_frozen(const struct husk_record *r)
{
	struct cgroup cgroup;
	struct err err = { 0 };

	if (!r->cgroup || cgroup_from_record(r->cgroup, &cgroup, &err) < 0)
		return false;
	bool frozen = cgroup_frozen(&cgroup);
	cgroup_done(&cgroup);
	return frozen;
}

static enum oci_status live_status(const struct husk_record *r)
{
	int recorded = r->status ? oci_word_find(oci_status_words, r->status) : -1;

	if (recorded == OCI_STATUS_CREATING)
		return OCI_STATUS_CREATING;
	if (is_frozen(r))
		return OCI_STATUS_PAUSED;
	if (recorded == OCI_STATUS_CREATED && runs_executor(r->pid))
		return OCI_STATUS_CREATED;
	return OCI_STATUS_RUNNING;
}

void state_observe(const struct husk_record *r, struct state_seen *ret)
{
	*ret = (struct state_seen){ .status = OCI_STATUS_STOPPED, .pid_fd = -1 };
	hold_init(r, &ret->pid_fd, &ret->zombie);
	if (ret->pid_fd < 0)
		return;
	ret->pid = r->pid;
	ret->status = live_status(r);
}

void state_observe_dir(const struct state_dir *d, const struct husk_record *r, struct state_seen *ret)
{
	state_observe(r, ret);
	if (ret->status == OCI_STATUS_STOPPED && !ret->zombie && r->status &&
	    oci_word_find(oci_status_words, r->status) == OCI_STATUS_CREATING && state_dir_is_busy(d))
		ret->status = OCI_STATUS_CREATING;
}

void state_seen_done(struct state_seen *s)
{
	s->pid_fd = fd_close(s->pid_fd);
}
