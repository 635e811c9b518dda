/* SPDX-License-Identifier: Apache-2.0 */
/* A runtime in front of the runtime: runs RUNTIME with the same arguments and appends one line of JSON to CALLS for
 * each call, {"rc":…,"ms":…,"argv":[…],"error":…}. Both are compiled in, as engines clear the environment. The error
 * is what the runtime wrote to its log, or, without one, to standard error. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static pid_t child;

static void forward(int number)
{
	if (child > 0)
		kill(child, number);
}

static void quote(FILE *out, const char *text)
{
	fputc('"', out);
	for (const unsigned char *s = (const unsigned char *)text; *s; s++) {
		if (*s == '"' || *s == '\\')
			fprintf(out, "\\%c", *s);
		else if (*s < 0x20 || *s > 0x7e)
			fprintf(out, "\\u%04x", *s);
		else
			fputc(*s, out);
	}
	fputc('"', out);
}

/* Its last lines. */
static void read_end(int fd, char text[static 1500])
{
	off_t size = lseek(fd, 0, SEEK_END);
	off_t from = size > 1499 ? size - 1499 : 0;
	ssize_t n = pread(fd, text, 1499, from);

	text[n > 0 ? n : 0] = '\0';
}

/* --log FILE, where the runtime says why. */
static const char *log_file(char **argv)
{
	for (int i = 1; argv[i] && argv[i + 1]; i++) {
		if (strcmp(argv[i], "--log") == 0)
			return argv[i + 1];
		if (strncmp(argv[i], "--log=", 6) == 0)
			return argv[i] + 6;
	}
	return NULL;
}

/* A file to have as standard error meanwhile, where there is no log and no container gets our standard error; or -1. */
static int open_messages(char **argv)
{
	static const char *const ours[] = { "kill", "delete", "state", "pause", "resume", "update", "ps" };

	for (int i = 1; argv[i] && !log_file(argv); i++) {
		if (strcmp(argv[i], "create") == 0 || strcmp(argv[i], "run") == 0 || strcmp(argv[i], "exec") == 0)
			return -1;
		for (size_t k = 0; k < sizeof(ours) / sizeof(ours[0]); k++)
			if (strcmp(argv[i], ours[k]) == 0)
				return memfd_create("messages", MFD_CLOEXEC);
	}
	return -1;
}

static void pass_on(int messages)
{
	char text[4096];
	ssize_t n;

	for (off_t at = 0; (n = pread(messages, text, sizeof(text), at)) > 0; at += n)
		if (write(STDERR_FILENO, text, (size_t)n) < 0)
			return;
}

static void quote_error(FILE *out, char **argv, int messages)
{
	char text[1500] = "";
	const char *name = log_file(argv);
	int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : messages;

	if (fd >= 0)
		read_end(fd, text);
	quote(out, text);
}

static void record(char **argv, int messages, int rc, long ms)
{
	char *line = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&line, &size);

	fprintf(out, "{\"rc\":%d,\"ms\":%ld,\"argv\":[", rc, ms);
	for (int i = 1; argv[i]; i++) {
		fputs(i > 1 ? "," : "", out);
		quote(out, argv[i]);
	}
	fputs("],\"error\":", out);
	if (rc)
		quote_error(out, argv, messages);
	else
		fputs("\"\"", out);
	fputs("}\n", out);
	fclose(out);
	int fd = open(CALLS, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (fd >= 0 && write(fd, line, size) < 0)
		perror("call log");
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void run_child(char **argv, int messages, const sigset_t *before)
{
	/* Engines kill the runtime, or give it a parent-death signal: it must end with this process. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (messages >= 0)
		dup2(messages, STDERR_FILENO);
	sigprocmask(SIG_SETMASK, before, NULL);
	execv(RUNTIME, argv);
	perror(RUNTIME);
	_exit(127);
}

int main(int argc, char **argv)
{
	static const int forwarded[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGWINCH, SIGCONT };
	struct sigaction action = { .sa_handler = forward };
	sigset_t all, before;
	long started = now_ms();
	int status, messages = open_messages(argv);

	(void)argc;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	child = fork();
	if (child == 0)
		run_child(argv, messages, &before);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaction(forwarded[i], &action, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	if (messages >= 0)
		pass_on(messages);
	record(argv, messages, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), now_ms() - started);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}
