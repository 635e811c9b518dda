/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the criu program; see criu.h. */
#include "criu.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

/* ---- the program ------------------------------------------------------------------------------------ */

static char *find_in(const char *list)
{
	for (const char *p = list; *p;) {
		size_t n = strcspn(p, ":");
		_cleanup_free_ char *file = mem_printf("%.*s/criu", (int)n, p);

		if (n && access(file, X_OK) == 0)
			return take(file);
		p += n + (p[n] == ':');
	}
	return NULL;
}

/* Callers are allowed to have no PATH, or one without sbin. criu itself needs one, for ip, iptables and tar. */
static char *find_program(void)
{
	const char *path = getenv("PATH");

	if (!path || !path[0])
		setenv("PATH", DEFAULT_PATH, 1);
	char *file = find_in(getenv("PATH"));
	return file ? file : find_in(DEFAULT_PATH);
}

/* ---- its directories ---------------------------------------------------------------------------------- */

static int make_directories(const char *path)
{
	_cleanup_free_ char *copy = mem_strdup(path);

	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, 0755) < 0 && errno != EEXIST)
			return -errno;
		*p = '/';
	}
	return mkdir(copy, 0700) < 0 && errno != EEXIST ? -errno : 0;
}

static int open_directory(const char *path, bool make, int *ret, struct err *err)
{
	int code = make ? make_directories(path) : 0;
	int fd = code < 0 ? code : fd_open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return err_set(err, fd, "open the directory %s", path);
	*ret = fd;
	return 0;
}

static int open_directories(struct criu *c, const struct criu_start *s, struct err *err)
{
	c->work_path = s->work_path ? s->work_path : s->images_path;
	/* Images to restore are there already. */
	int code = open_directory(s->images_path, !s->rootfs, &c->images_fd, err);
	return code < 0 ? code : open_directory(c->work_path, true, &c->work_fd, err);
}

/* The same directory in the mount namespace that is criu's own: it works there, and below a directory of another mount
 * namespace the kernel lets nobody mount anything. */
static int reopen_directory(pid_t pid, const char *path, int *fd, struct err *err)
{
	_cleanup_free_ char *there = mem_printf("/proc/%d/%s/%s", (int)pid, path[0] == '/' ? "root" : "cwd", path);
	int new_fd = fd_open(AT_FDCWD, there, O_RDONLY | O_DIRECTORY, 0);

	if (new_fd < 0)
		return err_set(err, new_fd, "open the directory %s for criu", path);
	fd_close(*fd);
	*fd = new_fd;
	return 0;
}

static int reopen_directories(struct criu *c, const struct criu_start *s, struct err *err)
{
	int code = s->rootfs ? reopen_directory(c->pid, s->images_path, &c->images_fd, err) : 0;

	return code < 0 || !s->rootfs ? code : reopen_directory(c->pid, c->work_path, &c->work_fd, err);
}

/* ---- the process ----------------------------------------------------------------------------------------- */

struct child {
	char *program;
	const char *rootfs;
	int fds[CRIU_MAX_FDS + 1]; /* the socket, then what the caller gives */
	size_t n_fds;
	int stderr_fd, error_fd;
};

static _Noreturn void child_fail(const struct child *c)
{
	int code = errno;

	_exit(write(c->error_fd, &code, sizeof(code)) < 0 ? 126 : 125);
}

/* CRIU wants the root to be a mount point. Here it is one for criu alone, and goes with it. */
static void child_make_root(const struct child *c)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_SLAVE | MS_REC, NULL) < 0 ||
	    mount(c->rootfs, c->rootfs, NULL, MS_BIND | MS_REC, NULL) < 0)
		child_fail(c);
}

static _Noreturn void child_run(const struct child *c)
{
	char *const argv[] = { (char *)"criu", (char *)"swrk", (char *)"3", NULL };
	sigset_t none;

	_Static_assert(CRIU_SOCKET_FD == 3, "the number is in argv");
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (c->rootfs)
		child_make_root(c);
	syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC);
	/* Standard input stays: with --shell-job CRIU takes the terminal from there. */
	if (dup2(c->stderr_fd, 1) < 0 || dup2(c->stderr_fd, 2) < 0)
		child_fail(c);
	for (size_t i = 0; i < c->n_fds; i++)
		if (dup2(c->fds[i], CRIU_SOCKET_FD + (int)i) < 0)
			child_fail(c);
	execve(c->program, argv, environ);
	child_fail(c);
}

/* Above the numbers that the child fills. */
static int move_up(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, CRIU_FIRST_FD + CRIU_MAX_FDS);

	return copy < 0 ? -errno : copy;
}

static int child_add_fd(struct child *c, int fd)
{
	int copy = c->n_fds > CRIU_MAX_FDS ? -E2BIG : move_up(fd);

	if (copy < 0)
		return copy;
	c->fds[c->n_fds++] = copy;
	return 0;
}

static int child_prepare(struct child *c, const struct criu_start *s, int socket_fd, int stderr_fd, int error_fd)
{
	int code = child_add_fd(c, socket_fd);

	for (size_t i = 0; code == 0 && i < s->n_fds; i++)
		code = child_add_fd(c, s->fds[i]);
	if (code < 0)
		return code;
	c->stderr_fd = move_up(stderr_fd);
	c->error_fd = move_up(error_fd);
	return c->stderr_fd < 0 ? c->stderr_fd : c->error_fd < 0 ? c->error_fd : 0;
}

static void child_done(struct child *c)
{
	for (size_t i = 0; i < c->n_fds; i++)
		fd_close(c->fds[i]);
	c->n_fds = 0;
	c->stderr_fd = fd_close(c->stderr_fd);
	c->error_fd = fd_close(c->error_fd);
}

static int read_failure(int error_fd)
{
	int code;
	ssize_t n;

	do
		n = read(error_fd, &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	return n == sizeof(code) ? -code : 0;
}

static int run_child(struct criu *c, struct child *child, int error_fd)
{
	pid_t pid = fork();

	if (pid == 0)
		child_run(child);
	if (pid < 0)
		return -errno;
	c->pid = pid;
	child_done(child);
	c->pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
	return c->pid_fd < 0 ? -errno : read_failure(error_fd);
}

static int start(struct criu *c, const struct criu_start *s, char *program)
{
	struct child child = { .program = program, .rootfs = s->rootfs, .stderr_fd = -1, .error_fd = -1 };
	int sockets[2], pipes[2];

	c->stderr_fd = memfd_create("criu-stderr", MFD_CLOEXEC);
	if (c->stderr_fd < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) < 0)
		return -errno;
	c->socket_fd = sockets[0];
	_cleanup_fd_ int theirs = sockets[1];
	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	_cleanup_fd_ int error_fd = pipes[0];
	int code = child_prepare(&child, s, theirs, c->stderr_fd, pipes[1]);
	close(pipes[1]);
	if (code == 0)
		code = run_child(c, &child, error_fd);
	child_done(&child);
	return code;
}

int criu_start(struct criu *c, const struct criu_start *s, struct err *err)
{
	_cleanup_free_ char *program = find_program();

	*c = (struct criu){
		.pid_fd = -1, .socket_fd = -1, .stderr_fd = -1, .images_fd = -1, .work_fd = -1, .log_name = s->log_name
	};
	if (!program)
		return err_say(err, -ENOENT, "%s needs the program criu, which is not installed (not found in $PATH)",
			       s->what);
	int code = open_directories(c, s, err);
	if (code == 0) {
		code = start(c, s, program);
		code = code < 0 ? err_set(err, code, "start %s", program) : reopen_directories(c, s, err);
	}
	if (code < 0)
		criu_end(c);
	return code;
}

void criu_end(struct criu *c)
{
	c->socket_fd = fd_close(c->socket_fd); /* EOF: it ends */
	if (c->pid > 0)
		while (waitpid(c->pid, NULL, 0) < 0 && errno == EINTR)
			;
	c->pid = 0;
	c->pid_fd = fd_close(c->pid_fd);
	c->stderr_fd = fd_close(c->stderr_fd);
	c->images_fd = fd_close(c->images_fd);
	c->work_fd = fd_close(c->work_fd);
}
