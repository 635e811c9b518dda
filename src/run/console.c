/* SPDX-License-Identifier: Apache-2.0 */
/* The host's end of a container's terminal; see console.h. */
#include "console.h"

#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int console_send(const char *path, int master_fd, struct err *err)
{
	static const char name[] = "/dev/ptmx";

	return unix_socket_deliver("console socket", path, name, sizeof(name) - 1, master_fd, err);
}

void console_init(struct console *c, int master_fd)
{
	memset(c, 0, sizeof(*c));
	c->master_fd = master_fd;
	c->in.from_fd = master_fd >= 0 ? STDIN_FILENO : -1;
	c->in.to_fd = c->out.from_fd = master_fd;
	c->out.to_fd = STDOUT_FILENO;
	if (master_fd < 0)
		return;
	c->in.data = mem_alloc(CONSOLE_BUFFER);
	c->out.data = mem_alloc(CONSOLE_BUFFER);
}

static void fit_size(int master_fd)
{
	struct winsize size;

	if (master_fd >= 0 && ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(master_fd, TIOCSWINSZ, &size);
}

void console_fit(int master_fd)
{
	struct termios modes;

	fit_size(master_fd);
	/* The caller's terminal goes on turning newlines into CR LF (console_start), so this one must not. */
	if (master_fd >= 0 && tcgetattr(master_fd, &modes) == 0) {
		modes.c_oflag &= ~(tcflag_t)ONLCR;
		tcsetattr(master_fd, TCSANOW, &modes);
	}
}

void console_resize(struct console *c)
{
	fit_size(c->master_fd);
}

void console_start(struct console *c)
{
	struct termios raw;

	if (c->master_fd < 0)
		return;
	/* The standard streams are shared with others, so only the master is made non-blocking. */
	fcntl(c->master_fd, F_SETFL, O_RDWR | O_NONBLOCK);
	if (tcgetattr(STDIN_FILENO, &c->saved) < 0)
		return;
	console_resize(c);
	raw = c->saved;
	cfmakeraw(&raw);
	/* The container's terminal has ONLCR cleared (console_fit); here lines end as usual. */
	raw.c_oflag |= OPOST;
	c->raw = tcsetattr(STDIN_FILENO, TCSANOW, &raw) == 0;
}

static bool is_empty(const struct console_pipe *p)
{
	return p->start == p->end;
}

static unsigned add_poll(const struct console_pipe *p, struct pollfd *ret)
{
	if (p->from_fd < 0)
		return 0;
	*ret = is_empty(p) ? (struct pollfd){ .fd = p->from_fd, .events = POLLIN }
			   : (struct pollfd){ .fd = p->to_fd, .events = POLLOUT };
	return 1;
}

unsigned console_poll(struct console *c, struct pollfd *p)
{
	unsigned n = add_poll(&c->in, p);

	return n + add_poll(&c->out, p + n);
}

static bool can(int fd, short events)
{
	struct pollfd p = { .fd = fd, .events = events };

	return poll(&p, 1, 0) > 0;
}

/* The last user of the terminal is gone (EIO), or the caller's input has ended. */
static void end(struct console_pipe *p)
{
	p->from_fd = -1;
	p->start = p->end = 0;
}

static void fill(struct console_pipe *p)
{
	ssize_t n = read(p->from_fd, p->data, CONSOLE_BUFFER);

	if (n > 0) {
		p->start = 0;
		p->end = (unsigned)n;
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		end(p);
	}
}

static void flush(struct console_pipe *p)
{
	ssize_t n = write(p->to_fd, p->data + p->start, p->end - p->start);

	if (n > 0)
		p->start += (unsigned)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		end(p);
}

/* One step, if it does not block. Returns whether there was one. */
static bool step(struct console_pipe *p)
{
	if (p->from_fd < 0)
		return false;
	if (is_empty(p)) {
		if (!can(p->from_fd, POLLIN))
			return false;
		fill(p);
		return true;
	}
	if (!can(p->to_fd, POLLOUT))
		return false;
	flush(p);
	return true;
}

void console_copy(struct console *c)
{
	step(&c->in);
	step(&c->out);
}

void console_drain(struct console *c)
{
	while (step(&c->out))
		;
}

void console_done(struct console *c)
{
	if (c->raw)
		tcsetattr(STDIN_FILENO, TCSANOW, &c->saved);
	c->raw = false;
	c->master_fd = fd_close(c->master_fd);
	free(take(c->in.data));
	free(take(c->out.data));
}
