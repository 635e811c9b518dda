/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Descriptors that the caller gives to the program: from 3 on those of LISTEN_FDS (sd_listen_fds(3)), then those of
 * --preserve-fds. Not each of them need be open, as podman run --preserve-fd leaves gaps.
 */
#ifndef HUSK_PASSED_FDS_H
#define HUSK_PASSED_FDS_H

struct err;
struct request;

/* LISTEN_FDS of the environment, when it is meant for us; else 0. */
unsigned passed_listen_fds(void);
/* Look at what is open: preserve_fds shrinks to the last one that is, and gaps are filled. None at all is an error. */
int passed_fds_check(struct request *r, struct err *err);

#endif
