/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host's end of a container's terminal: handed to the engine's console socket, or copied to and
 * from the caller's own terminal.
 */
#ifndef HUSK_CONSOLE_H
#define HUSK_CONSOLE_H

#include <stdbool.h>
#include <termios.h>

struct err;

/* Send the master's descriptor over the socket at path. */
int console_send(const char *path, int master_fd, struct err *err);

/* A terminal that is copied in the foreground: the size of the one at standard input, if that is one; newlines as written,
 * as that one turns them into CR LF. A terminal that is sent to an engine keeps the kernel's modes. */
void console_fit(int master_fd);

#define CONSOLE_BUFFER 8192

/* Copying in the foreground, level-triggered: a buffer is only filled when it is empty, and only waited for when
 * something can happen. */
struct console {
	int master_fd;                  /* -1: no terminal, nothing to copy */
	bool raw;                       /* the caller's terminal is in raw mode */
	struct termios saved;
	struct console_pipe {
		int from_fd, to_fd;     /* -1: this direction has ended */
		char *data;             /* CONSOLE_BUFFER bytes; NULL: no terminal */
		unsigned start, end;
	} in, out;
};

void console_init(struct console *c, int master_fd);   /* takes master_fd */
/* Raw mode on standard input if that is a terminal; the container's terminal gets its size. */
void console_start(struct console *c);
void console_resize(struct console *c);
/* Fill at most 4 pollfds; returns how many. Then console_copy does what they say. */
struct pollfd;
unsigned console_poll(struct console *c, struct pollfd *p);
void console_copy(struct console *c);
/* Copy what the container has still written, without waiting. */
void console_drain(struct console *c);
void console_done(struct console *c);   /* restores the caller's terminal, closes */

#endif
