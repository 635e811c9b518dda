/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors; see fd.h. */
#include "fd.h"
#include "mem.h"
#include "self.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int fd_close(int fd)
{
	if (fd >= 0)
		close(fd);
	return -1;
}

void fd_close_many(const int *fds, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && fds[i] >= 0 && fds[end] == fds[end - 1] + 1; end++)
			;
		if (end - i > 1 && syscall(SYS_close_range, (unsigned)fds[i], (unsigned)fds[end - 1], 0) == 0)
			continue;
		for (size_t k = i; k < end; k++)
			fd_close(fds[k]);
	}
}

void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}

int fd_open(int dir_fd, const char *path, int flags, mode_t mode)
{
	int fd;

	do
		fd = openat(dir_fd, path, flags | O_CLOEXEC, mode);
	while (fd < 0 && errno == EINTR);
	return fd < 0 ? -errno : fd;
}

/* Has everything been read? A regular file ends where its size says; of a kernel file a whole last line is a sign. */
static bool is_whole(const char *data, size_t len, size_t room, off_t size)
{
	return len > 0 && len < room && (size > 0 ? (off_t)len == size : data[len - 1] == '\n');
}

/* size: of the file; 0: it is a kernel file in one piece; -1: read to the end. */
static int read_all(int fd, size_t max, off_t size, char **ret, size_t *ret_len)
{
	/* Enough for nearly all: asking for the size first would cost as much as another read. */
	size_t cap = 16384, len = 0;

	if (cap > max + 2)
		cap = max + 2;

	_cleanup_free_ char *data = mem_grow(NULL, cap, 1);
	for (;;) {
		ssize_t n = read(fd, data + len, cap - 1 - len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		len += (size_t)n;
		if (len > max)
			return -EFBIG;
		if (n == 0 || (size >= 0 && is_whole(data, len, cap - 1, size)))
			break;
		if (len == cap - 1) {
			cap = cap * 2 < max + 2 ? cap * 2 : max + 2;
			data = mem_grow(data, cap, 1);
		}
	}
	data[len] = '\0';
	*ret = take(data);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len)
{
	return read_all(fd, max, -1, ret, ret_len);
}

int fd_read_kernel_file(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_fd_ int fd = fd_open(dir_fd, path, O_RDONLY, 0);

	return fd < 0 ? fd : read_all(fd, max, 0, ret, ret_len);
}

int fd_read_file(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len)
{
	_cleanup_fd_ int fd = fd_open(dir_fd, path, O_RDONLY, 0);

	if (fd < 0)
		return fd;
	return fd_read_all(fd, max, ret, ret_len);
}

int fd_read_document(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len)
{
	struct stat st;
	/* Opening a FIFO must not wait for its writer. */
	_cleanup_fd_ int fd = fd_open(dir_fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return S_ISDIR(st.st_mode) ? -EISDIR : -ENODEV;
	return read_all(fd, max, st.st_size > 0 ? st.st_size : -1, ret, ret_len);
}

int fd_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int fd_write_file(int dir_fd, const char *path, const char *value)
{
	_cleanup_fd_ int fd = fd_open(dir_fd, path, O_WRONLY, 0);
	ssize_t n;
	size_t len = 0;

	if (fd < 0)
		return fd;
	while (value[len])
		len++;
	/* One write: kernel files take a value whole. */
	do
		n = write(fd, value, len);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == len ? 0 : -EIO;
}

int fd_replace_file(int dir_fd, const char *name, const void *data, size_t len, mode_t mode)
{
	_cleanup_free_ char *temp = mem_printf(".%s.%ld", name, (long)self_pid());
	_cleanup_fd_ int fd = fd_open(dir_fd, temp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);

	if (fd < 0)
		return fd;
	int r = fd_write_all(fd, data, len);
	if (r == 0 && renameat(dir_fd, temp, dir_fd, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir_fd, temp, 0);
	return r;
}

int fd_create_file(int dir_fd, const char *name, const void *data, size_t len, mode_t mode)
{
	_cleanup_fd_ int fd = fd_open(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
	int r = fd < 0 ? fd : fd_write_all(fd, data, len);

	if (fd >= 0 && r < 0)
		unlinkat(dir_fd, name, 0);
	return r;
}

int fd_cloexec_from(unsigned first)
{
	return syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}
