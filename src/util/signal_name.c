/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name; see signal_name.h. The numbers are this architecture's. */
#include "signal_name.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Of the kernel. RTMIN is libc's: it keeps the first two for its threads, and programs count from what it says. */
enum { SIGNAL_MAX = 64 };

static const struct {
	const char *name;
	int number;
} names[] = {
	{ "ABRT", SIGABRT },     { "ALRM", SIGALRM },   { "BUS", SIGBUS },   { "CHLD", SIGCHLD }, { "CLD", SIGCHLD },
	{ "CONT", SIGCONT },     { "FPE", SIGFPE },     { "HUP", SIGHUP },   { "ILL", SIGILL },   { "INT", SIGINT },
	{ "IO", SIGIO },         { "IOT", SIGABRT },    { "KILL", SIGKILL }, { "PIPE", SIGPIPE }, { "POLL", SIGIO },
	{ "PROF", SIGPROF },     { "PWR", SIGPWR },     { "QUIT", SIGQUIT }, { "SEGV", SIGSEGV },
#ifdef SIGSTKFLT
	{ "STKFLT", SIGSTKFLT },
#endif
	{ "STOP", SIGSTOP },     { "SYS", SIGSYS },     { "TERM", SIGTERM }, { "TRAP", SIGTRAP }, { "TSTP", SIGTSTP },
	{ "TTIN", SIGTTIN },     { "TTOU", SIGTTOU },   { "URG", SIGURG },   { "USR1", SIGUSR1 }, { "USR2", SIGUSR2 },
	{ "VTALRM", SIGVTALRM }, { "WINCH", SIGWINCH }, { "XCPU", SIGXCPU }, { "XFSZ", SIGXFSZ },
};

/* Digits alone, at most max; else -EINVAL. */
static int read_digits(const char *text, int max)
{
	if (!text[0] || strlen(text) > 3 || strspn(text, "0123456789") != strlen(text))
		return -EINVAL;
	long n = strtol(text, NULL, 10);
	return n <= max ? (int)n : -EINVAL;
}

/* RTMIN, RTMIN+n, RTMAX, RTMAX-n */
static int read_realtime(const char *text)
{
	int from_min = strncasecmp(text, "RTMIN", 5) == 0, from_max = strncasecmp(text, "RTMAX", 5) == 0;
	int base = from_min ? SIGRTMIN : SIGRTMAX;

	if (!from_min && !from_max)
		return -EINVAL;
	if (!text[5])
		return base;
	if (text[5] != (from_min ? '+' : '-'))
		return -EINVAL;
	int n = read_digits(text + 6, SIGRTMAX - SIGRTMIN);
	return n < 0 ? n : from_min ? base + n : base - n;
}

int signal_from_name(const char *text)
{
	int number = read_digits(text, SIGNAL_MAX);

	if (number >= 0)
		return number;
	if (strncasecmp(text, "SIG", 3) == 0)
		text += 3;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcasecmp(text, names[i].name) == 0)
			return names[i].number;
	return read_realtime(text);
}

const char *signal_to_name(int sig)
{
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].number == sig)
			return names[i].name;
	return NULL;
}
