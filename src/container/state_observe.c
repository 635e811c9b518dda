/* SPDX-License-Identifier: Apache-2.0 */
/* What is seen of a container beside its record: does init live, does it wait for start, is it frozen. */
#include "cgroup/cgroup.h"
#include "state.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Hold init: *ret_fd its pidfd, -1 when it is gone, or is another process that got its pid, or a zombie. */
static void hold_init(const struct husk_record *r, int *ret_fd, bool *ret_zombie)
{
	struct process_stat stat;

	*ret_fd = -1;
	*ret_zombie = false;
	if (r->pid <= 0 || !r->has_pid_start_time)
		return;
	if (r->boot_id && r->boot_id[0] && strcmp(r->boot_id, process_boot_id()) != 0)
		return;
	/* First the descriptor, then the check: what is checked is what is held. */
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, r->pid, 0);
	if (fd < 0 || process_stat(r->pid, &stat) < 0 || stat.start_time != r->pid_start_time)
		return;
	if (process_is_zombie(&stat))
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
