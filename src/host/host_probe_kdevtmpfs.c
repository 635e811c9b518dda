/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pid of kdevtmpfs, a kernel thread with a mount namespace of its own.  Kernel threads keep their pid until the
 * next boot, so it is remembered in the directory of records (a link, .kdevtmpfs), together with the id of the boot.
 */
#include "facts.h"
#include "host_probe.h"
#include "ocispec.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/number.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LAST_PID 1024         /* kernel threads of the boot have low pids, a few for each CPU */
#define PF_KTHREAD 0x00200000 /* field 9 of /proc/PID/stat */

static bool is_kdevtmpfs(unsigned pid)
{
	_cleanup_free_ char *text = NULL;
	char path[32];
	unsigned flags;

	snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	if (fd_read_kernel_file(AT_FDCWD, path, 4096, &text, NULL) < 0)
		return false;
	const char *rest = strstr(text, " (kdevtmpfs) ");
	return rest && sscanf(rest + 13, "%*c %*d %*d %*d %*d %*d %u", &flags) == 1 && flags & PF_KTHREAD;
}

/* Also asks the kernel whether we may look at it, which is what opening takes. */
static bool can_open(unsigned pid)
{
	uint64_t inode;

	return process_namespace((pid_t)pid, "mnt", &inode) == 0;
}

static unsigned search(void)
{
	for (unsigned pid = 2; pid <= LAST_PID; pid++)
		if (is_kdevtmpfs(pid))
			return pid;
	return 0;
}

/* What was found is remembered for this boot, also that there is none. The directory is there from the first container on. */
static void remember(const char *link, unsigned pid)
{
	_cleanup_free_ char *text = mem_printf("%u %s", pid, process_boot_id());

	unlink(link);
	if (symlink(text, link) < 0)
		return;
}

/* A kernel thread keeps its pid until the next boot. */
static bool recall(const char *link, unsigned *ret)
{
	char text[64];
	uint64_t pid;
	ssize_t n = readlink(link, text, sizeof(text) - 1);

	if (n <= 0)
		return false;
	text[n] = '\0';
	const char *end = number_scan(text, 10, &pid);
	*ret = (unsigned)pid;
	return *end == ' ' && process_boot_id()[0] && strcmp(end + 1, process_boot_id()) == 0;
}

static bool wants_mount_namespace(const struct oci_config *config)
{
	const struct oci_linux *l = config->linux_;

	for (size_t i = 0; l && i < l->n_namespaces; i++)
		if (l->namespaces[i].type == OCI_NS_MOUNT && (!l->namespaces[i].path || !l->namespaces[i].path[0]))
			return true;
	return false;
}

void host_probe_kdevtmpfs(const struct oci_config *config, const struct request *request, struct facts *f)
{
	unsigned pid = 0;

	if (!config || !request || !request->root || request->exec || !f->privileged || f->in_user_ns ||
	    !wants_mount_namespace(config))
		return;
	_cleanup_free_ char *link = mem_printf("%s/.kdevtmpfs", request->root);
	if (!recall(link, &pid)) {
		pid = search();
		remember(link, pid);
	}
	f->kdevtmpfs = pid && can_open(pid) ? pid : 0;
}
