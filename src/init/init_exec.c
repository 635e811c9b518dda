/* SPDX-License-Identifier: Apache-2.0 */
/* INIT ops around the program itself: its directory, its environment, its file, and its execution. */
#include "init/init.h"

#define PASSWD_MAX (1u << 20)

/* ---- the working directory ------------------------------------------------------------------------- */

int op_CHDIR(struct init *c, const struct op_args_CHDIR *a)
{
	const char *path = init_str(c, a->path);
	char cwd[PATH_MAX];
	long r = sys(NR_chdir, path);
	int fd;

	if (r == -ENOENT && a->create) {
		fd = rootfs_make(c, path, true, 0755, LINK_FOLLOW);
		if (fd < 0)
			return fd;
		sys_close(&fd);
		r = sys(NR_chdir, path);
	}
	if (r < 0)
		return (int)r;
	/* Nothing leads out of the root itself. */
	if (str_equal(path, "/"))
		return 0;
	/* A directory of the host that was reached through a leaked descriptor is "(unreachable)/…". */
	r = sys(NR_getcwd, cwd, sizeof(cwd));
	if (r < 0 || cwd[0] == '/')
		return r < 0 ? (int)r : 0;
	text_str(&c->text, "the working directory is outside of the container's root");
	return -EPERM;
}

/* ---- HOME and the pid in the environment ------------------------------------------------------------- */

static int open_passwd(struct init *c)
{
	int fd = rootfs_open(c, "etc/passwd", O_PATH), mode;

	if (fd < 0)
		return fd;
	mode = fd_mode(fd);
	sys_close(&fd);
	if (mode < 0 || (mode & S_IFMT) != S_IFREG)
		return mode < 0 ? mode : -EINVAL;
	return rootfs_open(c, "etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY);
}

/* Reads the lines NAME:PASSWORD:UID:GID:GECOS:HOME:SHELL byte by byte, so no line is too long. */
struct passwd_reader {
	unsigned field;
	uint64_t uid, wanted;
	bool uid_valid;
	struct text home;
};

static bool passwd_match(const struct passwd_reader *p)
{
	return p->field >= 5 && p->uid_valid && p->uid == p->wanted && p->home.len && !p->home.cut;
}

static void passwd_reset(struct passwd_reader *p)
{
	p->field = 0;
	p->uid = 0;
	p->uid_valid = false;
	p->home.len = 0;
	p->home.s[0] = 0;
	p->home.cut = false;
}

/* True when the line that ends with this byte is the one. */
static bool passwd_feed(struct passwd_reader *p, char byte)
{
	if (byte == '\n') {
		if (passwd_match(p))
			return true;
		passwd_reset(p);
	} else if (byte == ':') {
		p->field++;
	} else if (p->field == 2) {
		p->uid_valid = byte >= '0' && byte <= '9' && (p->uid_valid || p->uid == 0) && p->uid <= UINT32_MAX;
		p->uid = p->uid_valid ? p->uid * 10 + (uint64_t)(byte - '0') : UINT64_MAX;
	} else if (p->field == 5) {
		text_add(&p->home, &byte, 1);
	}
	return false;
}

static bool passwd_search(int fd, struct passwd_reader *p)
{
	char buf[1024];
	long n;

	for (size_t total = 0; total < PASSWD_MAX; total += (size_t)n) {
		n = sys_retry(NR_read, fd, buf, sizeof(buf));
		if (n <= 0)
			break;
		for (long i = 0; i < n; i++)
			if (passwd_feed(p, buf[i]))
				return true;
	}
	return passwd_match(p);
}

/* A file that is not there, or not one that anybody may read, names no home; a disk that fails is a failure. */
static bool has_no_passwd(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EACCES || r == -EINVAL;
}

int op_SET_HOME(struct init *c, const struct op_args_SET_HOME *a)
{
	char home[INIT_HOME_SIZE - 8];
	struct passwd_reader p = { .wanted = a->uid, .home = TEXT(home) };
	struct text env = TEXT(c->env_home);
	int fd = open_passwd(c);

	if (fd < 0 && !has_no_passwd(fd))
		return fd;
	passwd_reset(&p);
	if (fd < 0 || !passwd_search(fd, &p))
		p.home.len = 0;
	text_str(&env, "HOME=");
	text_str(&env, p.home.len ? home : "/");
	sys_close(&fd);
	return 0;
}

int op_SET_ENV_PID(struct init *c, const struct op_args_SET_ENV_PID *a)
{
	struct text env = TEXT(c->env_pid);

	text_str(&env, init_str(c, a->name));
	text_str(&env, "=");
	text_number(&env, sys(NR_getpid));
	return env.cut ? -ENAMETOOLONG : 0;
}

/* ---- finding the program ------------------------------------------------------------------------------ */

static int check_program(const char *path)
{
	struct statx st;
	int r = (int)sys_retry(NR_statx, AT_FDCWD, path, 0, STATX_BASIC_STATS, &st);

	if (r < 0)
		return r;
	if ((st.mode & S_IFMT) == S_IFDIR)
		return -EISDIR;
	if ((st.mode & S_IFMT) != S_IFREG)
		return -EACCES;
	return (int)sys(NR_faccessat2, AT_FDCWD, path, X_OK, AT_EACCESS);
}

/* Like execvp: what may not be executed is passed over, and remembered in case nothing better follows. */
static int search_program(struct init *c, const char *file, const char *path)
{
	int best = -ENOENT, r;
	size_t len;

	for (;; path += len + 1) {
		struct text full = { c->path, 0, sizeof(c->path), false };

		len = str_span(path, ':');
		text_add(&full, path, len);
		text_str(&full, len ? "/" : "./");
		text_str(&full, file);
		r = full.cut ? -ENAMETOOLONG : check_program(c->path);
		if (r == 0)
			return 0;
		if (r == -EACCES)
			best = r;
		if (!path[len])
			return best;
	}
}

int op_FIND_EXEC(struct init *c, const struct op_args_FIND_EXEC *a)
{
	const char *file = init_str(c, a->file), *path = init_str(c, a->path);
	int r = -ENOENT;

	c->file = file;
	if (file[str_span(file, '/')])
		return check_program(file);
	if (*file && *path)
		r = search_program(c, file, path);
	c->file = c->path;
	return r;
}

/* ---- executing it --------------------------------------------------------------------------------------- */

int op_CLOSE_FDS(struct init *c, const struct op_args_CLOSE_FDS *a)
{
	long r = sys(NR_close_range, a->first, ~0u, CLOSE_RANGE_CLOEXEC);

	(void)c;
	if (r != -EINVAL)
		return (int)r;
	/* Before 5.11. All descriptors are close-on-exec from birth; this is for those that were not ours. */
	for (uint64_t fd = a->first; fd < a->first + 1024; fd++)
		sys(NR_fcntl, fd, F_SETFD, FD_CLOEXEC);
	return 0;
}

void init_restore_signals(const struct init *c)
{
	struct sigaction action = { 0 };
	uint64_t none = 0;

	/* What was caught is default since the executor was executed; what was ignored still is. */
	for (uint64_t left = c->plan->ignored; left; left &= left - 1)
		sys(NR_rt_sigaction, __builtin_ctzll(left) + 1, &action, 0, sizeof(none));
	sys(NR_rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof(none));
}

/* The environment with HOME and the pid added, where the plan's does not say otherwise. */
static void add_env(char **envp, uint32_t n, char *entry)
{
	size_t name = str_span(entry, '=') + 1;

	if (!*entry)
		return;
	for (uint32_t i = 0; i < n; i++)
		if (str_span(envp[i], '=') + 1 == name && memcmp(envp[i], entry, name) == 0) {
			envp[i] = entry;
			return;
		}
	envp[n] = entry;
}

static bool has_home(char **envp, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++) {
		const char *value = str_after(envp[i], "HOME=");

		if (value && *value)
			return true;
	}
	return false;
}

/* The op EXECVE, or NULL. */
static const struct op *find_execve(const struct init *c)
{
	for (uint32_t i = c->at; i < c->plan->n_ops; i++)
		if (c->ops[i].code == OP_EXECVE)
			return &c->ops[i];
	return NULL;
}

char **init_environment(struct init *c)
{
	const struct op *op = find_execve(c);
	char **envp;
	uint32_t n;

	envp = init_vector(c, op ? op->u.EXECVE.envp : 0, 2, &n);
	if (!envp)
		return NULL;
	if (!has_home(envp, n))
		add_env(envp, n, c->env_home);
	while (envp[n])
		n++;
	add_env(envp, n, c->env_pid);
	return envp;
}

static int build_vectors(struct init *c, const struct op_args_EXECVE *a)
{
	uint32_t n;

	c->argv = init_vector(c, a->argv, 0, &n);
	if (!c->argv)
		return -ENOMEM;
	if (!c->file)
		c->file = n ? c->argv[0] : "";
	c->envp = init_environment(c);
	return c->envp ? 0 : -ENOMEM;
}

int init_prepare_exec(struct init *c)
{
	const struct op *op = find_execve(c);
	int r;

	if (c->exec_ready)
		return 0;
	if (!op)
		return -ENOEXEC;
	r = build_vectors(c, &op->u.EXECVE);
	if (r < 0)
		return r;
	if (!c->umask_set)
		sys(NR_umask, c->umask);
	init_restore_signals(c);
	c->exec_ready = true;
	return 0;
}

int op_EXECVE(struct init *c, const struct op_args_EXECVE *a)
{
	int r = init_prepare_exec(c);

	(void)a;
	if (r < 0)
		return r;
	init_send_trace(c);
	return (int)sys(NR_execve, c->file, c->argv, c->envp);
}
