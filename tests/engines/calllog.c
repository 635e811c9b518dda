/* SPDX-License-Identifier: Apache-2.0 */
/* A runtime in front of the runtime: runs RUNTIME with the same arguments and appends one line of JSON to CALLS for
 * each call, {"rc":…,"ms":…,"argv":[…],"error":…}. Both are compiled in, as engines clear the environment. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* The last lines of --log FILE: where the runtime says why. */
static void quote_log(FILE *out, char **argv)
{
	char text[1500] = "";

	for (int i = 1; argv[i] && argv[i + 1]; i++) {
		const char *name = strcmp(argv[i], "--log") == 0        ? argv[i + 1]
				   : strncmp(argv[i], "--log=", 6) == 0 ? argv[i] + 6
									: NULL;
		int fd = name ? open(name, O_RDONLY | O_CLOEXEC) : -1;
		if (fd < 0)
			continue;
		off_t size = lseek(fd, 0, SEEK_END);
		off_t from = size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0;
		ssize_t n = pread(fd, text, sizeof(text) - 1, from);
		text[n > 0 ? n : 0] = '\0';
		close(fd);
	}
	quote(out, text);
}

static void record(char **argv, int rc, long ms)
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
		quote_log(out, argv);
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

static void run_child(char **argv, const sigset_t *before)
{
	/* Engines kill the runtime, or give it a parent-death signal: it must end with this process. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
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
	int status;

	(void)argc;
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	child = fork();
	if (child == 0)
		run_child(argv, &before);
	for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
		sigaction(forwarded[i], &action, NULL);
	sigprocmask(SIG_SETMASK, &before, NULL);
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	record(argv, WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), now_ms() - started);
	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	signal(WTERMSIG(status), SIG_DFL);
	raise(WTERMSIG(status));
	return 128 + WTERMSIG(status);
}
