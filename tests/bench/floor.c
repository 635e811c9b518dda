/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The floor: the system calls that a container of `spec`'s default cannot do without, and nothing else.  What a
 * runtime takes beyond this program's time is its own; what is in it belongs to the kernel.
 *
 *   floor CGROUP ROOTFS [PROGRAM]   make CGROUP, run PROGRAM (/true) of ROOTFS in new namespaces, remove CGROUP
 *
 * It reads no configuration, keeps no record, checks nothing, sets no capabilities, devices or masked paths.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int ok, const char *what)
{
	if (ok)
		return;
	perror(what);
	_exit(125);
}

static void make_mounts(void)
{
	static const struct {
		const char *type, *target, *data;
		unsigned long flags;
	} mounts[] = {
		{ "proc", "proc", NULL, 0 },
		{ "tmpfs", "dev", "mode=755,size=65536k", MS_NOSUID | MS_STRICTATIME },
		{ "tmpfs", "dev/shm", "mode=1777,size=65536k", MS_NOSUID | MS_NOEXEC | MS_NODEV },
		{ "mqueue", "dev/mqueue", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV },
		{ "devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=0620,gid=5", MS_NOSUID | MS_NOEXEC },
		{ "sysfs", "sys", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY },
		{ "cgroup2", "sys/fs/cgroup", NULL, MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RELATIME | MS_RDONLY },
	};

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		if (i > 1 && i < 5)
			must(mkdir(mounts[i].target, 0755) == 0, mounts[i].target);
		must(mount(mounts[i].type, mounts[i].target, mounts[i].type, mounts[i].flags, mounts[i].data) == 0,
		     mounts[i].type);
	}
}

static _Noreturn void contain(const char *rootfs, const char *program)
{
	must(mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0, "slave");
	must(mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL) == 0, "bind");
	must(chdir(rootfs) == 0, "chdir");
	make_mounts();
	must(sethostname("floor", 5) == 0, "sethostname");
	must(syscall(SYS_pivot_root, ".", ".") == 0, "pivot_root");
	must(umount2(".", MNT_DETACH) == 0, "umount");
	execl(program, program, (char *)NULL);
	must(0, program);
	_exit(125);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWNS | CLONE_NEWNET | CLONE_INTO_CGROUP |
			 CLONE_VFORK,
		.exit_signal = SIGCHLD,
	};
	int status = 0;

	must(argc >= 3, "usage: floor CGROUP ROOTFS [PROGRAM]");
	must(mkdir(argv[1], 0755) == 0, argv[1]);
	int cgroup_fd = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(cgroup_fd >= 0, argv[1]);
	args.cgroup = (uint64_t)cgroup_fd;
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0)
		contain(argv[2], argc > 3 ? argv[3] : "/true");
	must(pid > 0, "clone3");
	must(waitpid(pid, &status, 0) == pid, "wait");
	while (rmdir(argv[1]) < 0 && errno == EBUSY)
		usleep(100);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
