/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors: close-on-exec from birth, -1 means none, a descriptor stands before a path.
 * Every function returns 0 (or a descriptor, or a count) or a negative errno, and retries EINTR.
 */
#ifndef HUSK_FD_H
#define HUSK_FD_H

#include <stddef.h>
#include <sys/types.h>

int fd_close(int fd);                         /* -1 is fine; returns -1, for fd = fd_close(fd) */
void fd_close_many(const int *fds, size_t n); /* by ranges, where they follow each other */
void fd_closep(int *fd);
#define _cleanup_fd_ __attribute__((cleanup(fd_closep), unused))
/* Hand a descriptor on: the variable becomes -1. */
#define fd_take(v) __extension__({ int *fd_p_ = &(v); int fd_v_ = *fd_p_; *fd_p_ = -1; fd_v_; })

int fd_open(int dir_fd, const char *path, int flags, mode_t mode);   /* O_CLOEXEC is added */
/* Read a whole file of at most max bytes; *ret is malloc'ed and NUL-terminated. -EFBIG when larger. */
int fd_read_all(int fd, size_t max, char **ret, size_t *ret_len);
int fd_read_file(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len);
/* The same, of a file that the kernel shows in one piece (/proc/PID/stat, cgroup.events …; not those with a line for each of
 * many things): no second read that only says that this was all. */
int fd_read_kernel_file(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len);
/* The same, of a regular file alone: -EISDIR for a directory, -ENODEV for a FIFO, socket or device; never waits. */
int fd_read_document(int dir_fd, const char *path, size_t max, char **ret, size_t *ret_len);
int fd_write_all(int fd, const void *data, size_t len);
/* Write a value into a kernel file (sysfs, procfs, cgroupfs): one write, no creation. */
int fd_write_file(int dir_fd, const char *path, const char *value);
/* Write a new file, in a directory where nobody reads yet. */
int fd_create_file(int dir_fd, const char *name, const void *data, size_t len, mode_t mode);
/* Write a file so that it is there whole or not at all: temporary name, rename. */
int fd_replace_file(int dir_fd, const char *name, const void *data, size_t len, mode_t mode);
/* Mark every descriptor from first on close-on-exec. */
int fd_cloexec_from(unsigned first);

#endif
