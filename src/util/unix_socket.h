/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stream sockets of engines and agents: connect to a path (of any length), send one text with one
 * descriptor.
 */
#ifndef HUSK_UNIX_SOCKET_H
#define HUSK_UNIX_SOCKET_H

#include <stddef.h>

struct err;

/* what: how errors call it ("console socket"). */
int unix_socket_connect(const char *what, const char *path, int *ret_fd, struct err *err);
int unix_socket_send(int socket_fd, const void *data, size_t len, int fd);
/* Both, and close. */
int unix_socket_deliver(const char *what, const char *path, const void *data, size_t len, int fd, struct err *err);

#endif
