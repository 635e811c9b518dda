/* SPDX-License-Identifier: Apache-2.0 */
/* Removing a container and all that was made for it; see container_delete.h. */
#include "container_delete.h"

#include "container/container_processes.h"
#include "hook_poststop.h"
#include "rdt.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"
#include "util/path.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILL_TIMEOUT_MS = 10000, REMOVE_TIMEOUT_MS = 10000 };

/* Is the process the keeper that the record names? Each container's looks the same but for its start. */
static bool is_keeper(const struct husk_record *r)
{
	static const char command_line[] = "husk-init\0keep";
	_cleanup_free_ char *text = NULL;
	uint64_t start;
	char path[32];
	size_t len;

	if (!r->has_keeper_start_time || process_start_time(r->keeper_pid, &start) < 0 || start != r->keeper_start_time)
		return false;
	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)r->keeper_pid);
	if (fd_read_file(AT_FDCWD, path, 4096, &text, &len) < 0)
		return false;
	return len >= sizeof(command_line) && memcmp(text, command_line, sizeof(command_line)) == 0;
}

/* The keeper ends by itself when the cgroup is empty, unless somebody stopped it. */
static void end_keeper(const struct husk_record *r)
{
	if (r->keeper_pid <= 0 || (r->boot_id && strcmp(r->boot_id, process_boot_id()) != 0))
		return;
	_cleanup_fd_ int fd = (int)syscall(SYS_pidfd_open, r->keeper_pid, 0);
	if (fd >= 0 && is_keeper(r))
		syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	waitpid(r->keeper_pid, NULL, WNOHANG); /* only when it is our own child */
}

/* ---- removing ------------------------------------------------------------------------------- */

static int remove_cgroup(struct container *c, struct err *err)
{
	int r = container_kill(c, KILL_TIMEOUT_MS, err);

	if (r == 0 && c->has_cgroup)
		r = cgroup_remove(&c->cgroup, REMOVE_TIMEOUT_MS, err);
	return r;
}

static int remove_rdt(const struct husk_record *r, struct err *err)
{
	/* Nothing but a resctrl group is ever removed by this path. */
	if (!r->rdt_path || !path_is_below(r->rdt_path, RDT_ROOT) || strstr(r->rdt_path, "/.."))
		return 0;
	int code = rdt_remove(r->rdt_path);
	return code < 0 ? err_set(err, code, "remove the resctrl group %s", r->rdt_path) : 0;
}

/* Everything but the hooks, which come when the container is gone. */
static int remove_container(struct container *c, struct err *err)
{
	int r = remove_cgroup(c, err);

	if (r < 0)
		return r;
	end_keeper(c->record);
	r = remove_rdt(c->record, err);
	return r < 0 ? r : state_dir_remove(&c->dir, err);
}

int container_delete(struct container *c, struct err *err)
{
	struct oci_arena *arena = NULL;
	const struct oci_config *config = NULL;
	int r = 0;

	container_config(c, &arena, &config, NULL); /* a create that was cut short has none */
	if (c->damaged && config)
		r = container_guess_cgroup(c, config, err);
	if (r == 0)
		r = remove_container(c, err);
	if (r == 0)
		hook_run_poststop(config, c->record);
	oci_arena_free(arena);
	return r;
}
