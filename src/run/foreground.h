/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Being the foreground of a program: signals go to it, its terminal is copied, its exit status becomes ours.
 *
 * Order: foreground_begin (before the container is made, so that no signal is lost); foreground_wait;
 * foreground_end.
 */
#ifndef HUSK_FOREGROUND_H
#define HUSK_FOREGROUND_H

#include "console.h"

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

struct err;

struct foreground {
	int signal_fd;
	struct console console;
	int notify_fd;                  /* sd_notify of the program (notify_socket.h), borrowed; -1: none */
	const char *notify_path;
};

/* subreaper: processes that the program leaves behind become ours, and are reaped. */
int foreground_begin(struct foreground *f, bool subreaper, struct err *err);
/* Until pid, our child, has ended; takes console_fd (-1: no terminal). *ret_status: its exit code, or 128 + signal. */
int foreground_wait(struct foreground *f, pid_t pid, int console_fd, int *ret_status, struct err *err);
void foreground_end(struct foreground *f);

#endif
