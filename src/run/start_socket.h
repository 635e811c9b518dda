/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The socket on which a created container waits for start: start.sock in the container's directory. The
 * listening end is init's; any path length is fine.
 */
#ifndef HUSK_START_SOCKET_H
#define HUSK_START_SOCKET_H

struct err;

int start_socket_listen(int dir_fd, int *ret_fd, struct err *err);
/* -ECONNREFUSED or -ENOENT: nobody waits there. */
int start_socket_connect(int dir_fd, int *ret_fd, struct err *err);

#endif
