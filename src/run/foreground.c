/* SPDX-License-Identifier: Apache-2.0 */
/* Being the foreground of a program; see foreground.h. */
#include "foreground.h"

#include "notify_socket.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

/* Not forwarded: what the kernel raises for our own mistakes, and what is about our own terminal. */
static const int own_signals[] = {
	SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS, SIGABRT, SIGTTIN, SIGTTOU,
};

int foreground_begin(struct foreground *f, bool subreaper, struct err *err)
{
	sigset_t set;

	memset(f, 0, sizeof(*f));
	f->signal_fd = f->notify_fd = -1;
	console_init(&f->console, -1);
	if (subreaper && prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
		return err_set(err, -errno, "become a subreaper");
	sigfillset(&set);
	for (size_t i = 0; i < sizeof(own_signals) / sizeof(own_signals[0]); i++)
		sigdelset(&set, own_signals[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	f->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return f->signal_fd < 0 ? err_set(err, -errno, "make a signal descriptor") : 0;
}

/* Reap whatever has ended; true when that was pid. */
static bool reap(pid_t pid, int *ret_status)
{
	bool ended = false;
	pid_t dead;
	int status;

	while ((dead = waitpid(-1, &status, WNOHANG)) > 0) {
		if (dead != pid)
			continue;
		*ret_status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
		ended = true;
	}
	return ended;
}

static void take_signal(struct foreground *f, pid_t pid, int sig)
{
	if (sig == SIGWINCH && f->console.master_fd >= 0)
		console_resize(&f->console);
	else if (sig != SIGCHLD && sig != SIGURG && sig != SIGPIPE)
		kill(pid, sig);
}

static void take_signals(struct foreground *f, pid_t pid)
{
	struct signalfd_siginfo info[4];
	ssize_t n;

	do {
		n = read(f->signal_fd, info, sizeof(info));
		for (size_t i = 0; n > 0 && i < (size_t)n / sizeof(info[0]); i++)
			take_signal(f, pid, (int)info[i].ssi_signo);
	} while (n == sizeof(info));
}

/* Once ready is enough. */
static void take_notify(struct foreground *f, pid_t pid)
{
	struct err err = { 0 };
	int code = notify_socket_take(f->notify_fd, f->notify_path, pid, &err);

	if (code < 0)
		log_warning("%s", err.text);
	if (code != 0)
		f->notify_fd = -1;
}

int foreground_wait(struct foreground *f, pid_t pid, int console_fd, int *ret_status, struct err *err)
{
	console_init(&f->console, console_fd);
	console_start(&f->console);
	/* pid is not reaped before this loop does it, so it cannot be someone else's. Should it be dead already, SIGCHLD waits. */
	do {
		struct pollfd p[4] = { { .fd = f->signal_fd, .events = POLLIN },
				       { .fd = f->notify_fd, .events = POLLIN } };
		unsigned n = 2 + console_poll(&f->console, p + 2);

		if (poll(p, n, -1) < 0 && errno != EINTR)
			return err_set(err, -errno, "wait for the program");
		if (p[0].revents)
			take_signals(f, pid);
		if (p[1].revents)
			take_notify(f, pid);
		console_copy(&f->console);
	} while (!reap(pid, ret_status));
	console_drain(&f->console);
	console_done(&f->console);
	return 0;
}

void foreground_end(struct foreground *f)
{
	console_done(&f->console);
	if (f->signal_fd < 0)
		return;
	/* Signals that are still waiting were meant for the program, which is gone: they stay blocked, and the command ends. */
	f->signal_fd = fd_close(f->signal_fd);
}
