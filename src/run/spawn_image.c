/* SPDX-License-Identifier: Apache-2.0 */
/* The executor image as something to execute: a sealed memory file, else a file of a detached read-only
 * tmpfs, else an unnamed file that is only open for reading. See spawn_image.h. */
#include "spawn_image.h"

#include "spawn.h"
#include "util/fd.h"
#include "util/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

extern const unsigned char husk_init_start[], husk_init_end[];

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static size_t image_size(void)
{
	return (size_t)(husk_init_end - husk_init_start);
}

/* Kernels before 6.3 do not know exec_flag. */
static int memory_file(const char *name, unsigned exec_flag)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	int fd = memfd_create(name, flags | exec_flag);

	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, flags);
	return fd < 0 ? -errno : fd;
}

static int sealed_file(const char *name, unsigned exec_flag, const void *data, size_t size)
{
	_cleanup_fd_ int fd = memory_file(name, exec_flag);

	if (fd < 0)
		return fd;
	int r = fd_write_all(fd, data, size);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	return fd_take(fd);
}

int spawn_sealed_data(const char *name, const void *data, size_t size)
{
	return sealed_file(name, MFD_NOEXEC_SEAL, data, size);
}

/* vm.memfd_noexec=2 forbids executable memory files; a mount that is attached nowhere serves as well. */
static int tmpfs_mount(void)
{
	_cleanup_fd_ int fs_fd = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	if (fs_fd < 0)
		return -errno;
	if (syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return -errno;
	int fd = (int)syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	return fd < 0 ? -errno : fd;
}

static int tmpfs_image(void)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	_cleanup_fd_ int mount_fd = tmpfs_mount();

	if (mount_fd < 0)
		return mount_fd;
	int fd = fd_open(mount_fd, "husk-init", O_WRONLY | O_CREAT | O_EXCL, 0500);
	if (fd < 0)
		return fd;
	int r = fd_write_all(fd, husk_init_start, image_size());
	fd_close(fd);
	if (r < 0)
		return r;
	if (syscall(SYS_mount_setattr, mount_fd, "", AT_EMPTY_PATH, &readonly, sizeof(readonly)) < 0)
		return -errno;
	return fd_open(mount_fd, "husk-init", O_RDONLY, 0);
}

/* Without privileges there is no tmpfs of our own. A file that has no name and no writer is the next best. */
static int unnamed_image(const char *temp_dir)
{
	char self[64];
	_cleanup_fd_ int fd = fd_open(AT_FDCWD, temp_dir, O_TMPFILE | O_RDWR | O_EXCL, 0500);

	if (fd < 0)
		return fd;
	int r = fd_write_all(fd, husk_init_start, image_size());
	if (r < 0)
		return r;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	return fd_open(AT_FDCWD, self, O_RDONLY, 0);
}

int spawn_image_open(const char *temp_dir)
{
	int fd = sealed_file("husk-init", MFD_EXEC, husk_init_start, image_size());

	if (fd != -EACCES && fd != -EPERM)
		return fd;
	int tmpfs_fd = tmpfs_image();
	if (tmpfs_fd >= 0)
		return tmpfs_fd;
	int unnamed_fd = temp_dir ? unnamed_image(temp_dir) : -ENOENT;
	return unnamed_fd >= 0 ? unnamed_fd : fd;
}
