/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify(3) of a container. The program sends to a socket of ours, <dir>/notify/notify.sock, that is bound into it
 * at /run/notify; what it says about being ready is passed on to the caller's NOTIFY_SOCKET, with
 * MAINPID set to init, since the sender must be somebody whom the service manager knows.
 */
#ifndef HUSK_NOTIFY_SOCKET_H
#define HUSK_NOTIFY_SOCKET_H

#include <sys/types.h>

struct err;

/* Make the directory, when the container is created. */
int notify_socket_prepare(int dir_fd, struct err *err);
/* Listen, before the program runs; a descriptor or a negative errno. */
int notify_socket_listen(int dir_fd, struct err *err);
/* Take one message; 1: it said that it is ready, and that was passed on; 0: something else. */
int notify_socket_take(int fd, const char *path, pid_t init_pid, struct err *err);
/* Wait until the program is ready, or gone (pid_fd); pass it on to path. */
int notify_socket_forward(int fd, const char *path, pid_t init_pid, int pid_fd, struct err *err);

#endif
