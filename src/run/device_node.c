/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device node as a detached mount; see device_node.h.  Before Linux 6.15 open_tree(2) clones only what is mounted in
 * the caller's mount namespace, so a child does it all in a new one, and shares our descriptors.
 */
#include "device_node.h"
#include "util/err.h"
#include "util/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NODE "node"

struct making {
	mode_t mode;
	dev_t dev;
	uid_t uid;
	gid_t gid;
	int fs_fd, mount_fd, node_fd; /* -1: none */
	const char *step;             /* that failed; the text is in both processes */
	int code;
};

static int failed(struct making *m, const char *step)
{
	m->step = step;
	m->code = -errno;
	return -1;
}

static int mount_file_system(struct making *m)
{
	/* Nothing of it shows on the host. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return failed(m, "make the mounts private");
	m->fs_fd = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);
	if (m->fs_fd < 0 || syscall(SYS_fsconfig, m->fs_fd, FSCONFIG_SET_STRING, "mode", "0755", 0) < 0 ||
	    syscall(SYS_fsconfig, m->fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return failed(m, "make a tmpfs");
	m->mount_fd = (int)syscall(SYS_fsmount, m->fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC);
	if (m->mount_fd < 0 || syscall(SYS_move_mount, m->mount_fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH) < 0)
		return failed(m, "mount a tmpfs");
	return 0;
}

static int make_node(struct making *m)
{
	umask(0);
	if (mknodat(m->mount_fd, NODE, m->mode, m->dev) < 0)
		return failed(m, "make a device node");
	if (fchownat(m->mount_fd, NODE, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(m->mount_fd, NODE, m->mode & 07777, 0) < 0)
		return failed(m, "set the owner and mode of a device node");
	m->node_fd = (int)syscall(SYS_open_tree, m->mount_fd, NODE, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return m->node_fd < 0 ? failed(m, "clone the mount of a device node") : 0;
}

static pid_t start(struct making *m)
{
	struct clone_args args = { .flags = CLONE_FILES | CLONE_NEWNS, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		if (mount_file_system(m) == 0)
			make_node(m);
		_exit(0);
	}
	return pid < 0 ? -errno : (pid_t)pid;
}

int device_node_open(mode_t mode, dev_t dev, uid_t uid, gid_t gid, int *ret_fd, struct err *err)
{
	struct making *m = mmap(NULL, sizeof(*m), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (m == MAP_FAILED)
		return err_set(err, -errno, "make a device node");
	*m = (struct making){
		.mode = mode, .dev = dev, .uid = uid, .gid = gid, .fs_fd = -1, .mount_fd = -1, .node_fd = -1
	};
	pid_t pid = start(m);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (m->fs_fd >= 0)
		close(m->fs_fd);
	if (m->mount_fd >= 0)
		close(m->mount_fd);
	int r = pid < 0 ? pid : m->node_fd >= 0 ? 0 : m->code ? m->code : -EIO;
	if (r == 0)
		*ret_fd = m->node_fd;
	else
		err_set(err, r, "%s", m->step ? m->step : "make a device node");
	munmap(m, sizeof(*m));
	return r;
}
