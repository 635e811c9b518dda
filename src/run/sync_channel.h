/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's end of sync.h: sends and receives one record, with the descriptors that ride along.
 */
#ifndef HUSK_SYNC_CHANNEL_H
#define HUSK_SYNC_CHANNEL_H

#include "init/sync.h"

#include <stddef.h>

struct sync_record {                    /* a message that was received */
	struct sync_message m;
	char text[SYNC_MAX_TEXT + 1];   /* NUL-terminated */
	int fds[SYNC_MAX_FDS];          /* m.n_fds of them, owned until taken (set to -1) */
};

/* Two connected ends, both close-on-exec. */
int sync_channel_open(int ret_fds[2]);
/* Send m with its m->n_fds descriptors. -EPIPE when the other side is gone. */
int sync_channel_send(int fd, const struct sync_message *m, const int *fds);
/* Receive what is there (blocks when nothing is). 1: a record; 0: EOF; or a negative errno
 * (-EPROTO: not a record). */
int sync_channel_receive(int fd, struct sync_record *ret);
/* Close the descriptors that nobody took. */
void sync_record_done(struct sync_record *r);

#endif
