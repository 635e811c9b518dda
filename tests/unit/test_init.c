/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor, op by op: plans built by hand, the host played by the test.  Needs root; the rootfs is a tmpfs with a
 * static busybox, which exists only in the container's mount namespace.
 */
#include "plan/plan_draft.h"
#include "plan/plan_view.h"
#include "run/spawn.h"
#include "run/sync_channel.h"
#include "unit.h"
#include "util/err.h"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define BUSYBOX "/bin/busybox"
#define FIRST_FD 4 /* one preserved descriptor, 3: what the container prints */
#define ALL_NS (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET)
#define TEXT_SHOWN "%.300s" /* of what a container printed, in messages */
#define CHECK_OUT(b, want) CHECK_SAY(!strcmp((b)->out, want), "it printed \"" TEXT_SHOWN "\"", (b)->out)
#define CHECK_DONE(b) \
	CHECK_SAY(!(b)->failed, "op %u failed: %s " TEXT_SHOWN, (b)->last.op, strerror(-(b)->last.error), (b)->text)
#define SLOT_BUSYBOX 0
#define SLOT_NULL 1
#define SLOT_LISTEN 2

/* One container, and what the host side saw of it. */
struct box {
	struct plan plan;
	int sync_fd, out_fd, init_pid_fd, console_fd, listen_fd;
	pid_t executor, init;
	unsigned spawned, turns, warnings;
	bool ready, failed, over;
	struct sync_message last; /* FAIL or WARN */
	char text[SYNC_MAX_TEXT + 1];
	char out[8192];
	int status; /* of init, once it is reaped */
	char socket_path[64];
};

static void box_begin(struct box *b)
{
	memset(b, 0, sizeof(*b));
	b->sync_fd = b->out_fd = b->init_pid_fd = b->console_fd = b->listen_fd = -1;
	plan_init(&b->plan);
}

static const char *const *words(const char *first, ...)
{
	static const char *v[16];
	size_t n = 0;
	va_list ap;

	va_start(ap, first);
	for (const char *s = first; s && n < 15; s = va_arg(ap, const char *))
		v[n++] = s;
	va_end(ap);
	v[n] = NULL;
	return v;
}

static uint64_t strv(struct box *b, const char *const *v)
{
	size_t n = 0;

	while (v[n])
		n++;
	return plan_strv(&b->plan, v, n);
}
#define STR(s) plan_str(&b->plan, (s))
#define STRV(...) strv(b, words(__VA_ARGS__, NULL))
#define ADD(...) PLAN_ADD(&b->plan, __VA_ARGS__)

static void add_mount(struct box *b, const char *type, const char *target)
{
	ADD(FSMOUNT, .type = STR(type), .source = STR(type));
	ADD(TARGET, .path = STR(target), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	ADD(MOVE_MOUNT);
}

/* Namespaces, and a rootfs with busybox in it. */
static void add_container(struct box *b, uint64_t ns)
{
	ADD(SPAWN);
	ADD(CLONE, .flags = ns);
	ADD(SETSID);
	ADD(PROC);
	ADD(PROPAGATION, .flags = MS_REC | MS_SLAVE);
	ADD(PROPAGATION, .flags = MS_PRIVATE);
	ADD(FSMOUNT, .type = STR("tmpfs"), .source = STR("rootfs"), .options = STRV("mode=0755", "size=1m"));
	ADD(ROOTFS);
	ADD(TAKE_TREE, .slot = SLOT_BUSYBOX);
	ADD(TARGET, .path = STR("/bin/busybox"), .kind = TARGET_LIKE, .like = SLOT_BUSYBOX, .mode = 0755);
	ADD(MOVE_MOUNT);
	ADD(SYMLINK, .target = STR("busybox"), .path = STR("/bin/sh"));
	add_mount(b, "proc", "/proc");
}

static void add_program(struct box *b, const char *const *argv)
{
	uint64_t v = strv(b, argv);

	ADD(FIND_EXEC, .file = STR(argv[0]), .path = STR("/sbin:/bin"));
	ADD(EXECVE, .argv = v, .envp = STRV("PATH=/bin"));
}

static void add_shell(struct box *b, const char *script)
{
	add_program(b, words("sh", "-c", script, NULL));
}

/* ---- the host's part ------------------------------------------------------------------------------- */

static int send_go(struct box *b, uint32_t op, bool first)
{
	int fds[3] = { -1, -1, -1 }, r;
	struct sync_message m = { .type = SYNC_GO, .op = op };

	if (first) {
		fds[0] = (int)syscall(SYS_open_tree, AT_FDCWD, BUSYBOX, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		fds[1] = (int)syscall(SYS_open_tree, AT_FDCWD, "/dev/null", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
		fds[2] = b->listen_fd;
		m.n_fds = b->listen_fd >= 0 ? 3 : 2;
		m.slots[0] = SLOT_BUSYBOX;
		m.slots[1] = SLOT_NULL;
		m.slots[2] = SLOT_LISTEN;
	}
	r = sync_channel_send(b->sync_fd, &m, fds);
	if (first) {
		close(fds[0]);
		close(fds[1]);
	}
	return r;
}

static void take_record(struct box *b, struct sync_record *r)
{
	b->last = r->m.type == SYNC_FAIL || r->m.type == SYNC_WARN ? r->m : b->last;
	switch (r->m.type) {
	case SYNC_SPAWNED:
		b->spawned++;
		b->init = r->m.pid;
		b->init_pid_fd = r->fds[0];
		r->fds[0] = -1;
		waitpid(b->executor, NULL, 0);
		break;
	case SYNC_FD:
		b->console_fd = r->fds[0];
		r->fds[0] = -1;
		break;
	case SYNC_TURN:
		b->turns++;
		send_go(b, r->m.op + 1, false);
		break;
	case SYNC_READY: b->ready = true; break;
	case SYNC_WARN:
		b->warnings++;
		memcpy(b->text, r->text, sizeof(b->text));
		break;
	case SYNC_FAIL:
		b->failed = true;
		memcpy(b->text, r->text, sizeof(b->text));
		break;
	}
}

static void box_talk(struct box *b)
{
	struct sync_record r;

	while (!b->over && !b->ready) {
		if (sync_channel_receive(b->sync_fd, &r) != 1) {
			b->over = true;
			return;
		}
		take_record(b, &r);
		sync_record_done(&r);
	}
}

/* Nothing else becomes descriptor 3. */
static void reserve_output(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (fd != 3) {
		dup3(fd, 3, O_CLOEXEC);
		close(fd);
	}
}

static int box_spawn(struct box *b, uint32_t flags)
{
	const char *const args[] = { "4", NULL };
	int sync[2], out[2], fds[2], r;
	unsigned entered;
	struct spawn s = { .role = "run",
			   .args = args,
			   .first_fd = FIRST_FD,
			   .fds = fds,
			   .n_fds = 2,
			   .cgroup_fd = -1,
			   .temp_dir = "/tmp" };
	struct err err = { 0 };
	void *block;
	size_t size;

	if (plan_seal(&b->plan, flags, FIRST_FD, &block, &size) < 0)
		return -1;
	if (sync_channel_open(sync) < 0 || pipe2(out, O_CLOEXEC) < 0)
		return -1;
	dup2(out[1], 3);
	fds[0] = sync[1];
	fds[1] = spawn_sealed_data("plan", block, size);
	r = spawn_executor(&s, &b->executor, &(int){ -1 }, &entered, &err);
	reserve_output();
	close(out[1]);
	close(sync[1]);
	close(fds[1]);
	free(block);
	b->sync_fd = sync[0];
	b->out_fd = out[0];
	return r < 0 ? r : send_go(b, 1, true);
}

static void box_read_out(struct box *b)
{
	size_t n = 0;
	ssize_t r;

	while (n < sizeof(b->out) - 1 && (r = read(b->out_fd, b->out + n, sizeof(b->out) - 1 - n)) > 0)
		n += (size_t)r;
	b->out[n] = 0;
}

static void box_reap(struct box *b)
{
	if (b->init > 0) {
		waitpid(b->init, &b->status, __WALL);
		b->init = 0;
	} else if (b->executor > 0 && !b->spawned) {
		waitpid(b->executor, &b->status, 0);
	}
}

static void box_run(struct box *b)
{
	REQUIRE(box_spawn(b, 0) == 0);
	box_talk(b);
	box_read_out(b);
	box_reap(b);
	CHECK_DONE(b);
}

/* It must fail, at an op of this code, with this errno. */
static void box_must_fail(struct box *b, enum op_code code, int error)
{
	REQUIRE(box_spawn(b, 0) == 0);
	box_talk(b);
	box_read_out(b);
	box_reap(b);
	CHECK(b->failed);
	CHECK_INT(b->last.error, error);
	CHECK_SAY(b->plan.ops[b->last.op].code == code, "op %u failed: " TEXT_SHOWN, b->last.op, b->text);
}

static void box_end(struct box *b)
{
	int fds[] = { b->sync_fd, b->out_fd, b->init_pid_fd, b->console_fd, b->listen_fd };

	if (b->init > 0) {
		kill(b->init, SIGKILL);
		waitpid(b->init, NULL, __WALL);
	}
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (b->socket_path[0])
		unlink(b->socket_path);
	plan_done(&b->plan);
}
#define BOX \
	struct box box_ __attribute__((cleanup(box_end))), *b = &box_; \
	box_begin(b)

/* ---- cases ---------------------------------------------------------------------------------------------- */

static void test_runs_program(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(HOSTNAME, .name = STR("inside"));
	ADD(PIVOT_ROOT);
	add_shell(b, "busybox hostname >&3; echo $$ >&3; busybox ls / >&3; exit 7");
	box_run(b);
	CHECK_OUT(b, "inside\n1\nbin\nproc\n");
	CHECK_INT(b->spawned, 1);
	CHECK(WIFEXITED(b->status) && WEXITSTATUS(b->status) == 7);
}

static void test_nothing_of_the_host_remains(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	ADD(CLOSE_FDS, .first = FIRST_FD);
	add_shell(b, "busybox cat /proc/self/mountinfo | busybox wc -l >&3; set -- /proc/self/fd/*; echo ${##} $# >&3;"
		     "busybox grep -E 'Sig(Blk|Ign)|NoNewPrivs' /proc/self/status >&3; umask >&3");
	umask(027);
	box_run(b);
	umask(022);
	CHECK(strstr(b->out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n"));
	CHECK(!strncmp(b->out, "3\n", 2));
	CHECK(strstr(b->out, "\n0027\n"));
}

static void test_turns(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(CONSOLE);
	ADD(PIVOT_ROOT);
	ADD(PID_FILE);
	ADD(RECORD);
	add_shell(b, "true");
	box_run(b);
	CHECK_INT(b->turns, 3); /* the test goes on one op at a time */
}

static void test_nodes_and_links(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(MKNOD, .path = STR("/dev/deep/null"), .mode = S_IFCHR | 0626, .major = 1, .minor = 3, .uid = 3, .gid = 4);
	ADD(MKNOD, .path = STR("/dev/deep/null"), .mode = S_IFCHR | 0666, .major = 1, .minor = 3, .exists_ok = 1);
	ADD(MKNOD, .path = STR("/dev/big"), .mode = S_IFBLK | 0600, .major = 259, .minor = 70000);
	ADD(MKNOD, .path = STR("fifo"), .mode = S_IFIFO | 0640);
	ADD(SYMLINK, .target = STR("/proc/self/fd"), .path = STR("/dev/fd"), .if_exists = STR("/proc/self"));
	ADD(SYMLINK, .target = STR("x"), .path = STR("/dev/no"), .if_exists = STR("/proc/nothing"));
	ADD(PIVOT_ROOT);
	add_shell(b, "cd /dev; busybox stat -c '%n %a %u %g %t %T %F' deep/null big ../fifo >&3; busybox ls /dev >&3");
	box_run(b);
	CHECK_OUT(b, "deep/null 626 3 4 1 3 character special file\nbig 600 0 0 103 11170 block special file\n"
		     "../fifo 640 0 0 0 0 fifo\nbig\ndeep\nfd\n");
}

static void test_node_that_differs(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(MKNOD, .path = STR("/n"), .mode = S_IFCHR | 0666, .major = 1, .minor = 3);
	ADD(MKNOD, .path = STR("/n"), .mode = S_IFCHR | 0666, .major = 1, .minor = 5, .exists_ok = 1);
	box_must_fail(b, OP_MKNOD, -EEXIST);
}

/* Links that lead out of the rootfs stay inside; what they name is made there. */
static void test_links_stay_inside(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(SYMLINK, .target = STR("/../../../tmp/husk-escape"), .path = STR("/out"));
	ADD(SYMLINK, .target = STR("deeper/../missing"), .path = STR("/etc/rel"));
	ADD(SYMLINK, .target = STR("loop"), .path = STR("/loop"));
	add_mount(b, "tmpfs", "/out/a/b");
	ADD(TARGET, .path = STR("/bin/../etc/file"), .kind = TARGET_FILE, .like = PLAN_NO_SLOT);
	ADD(TARGET, .path = STR("/loop/x"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT)->on_error = ON_ERROR_WARN;
	ADD(TARGET, .path = STR("/etc/rel/x"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT)->on_error = ON_ERROR_WARN;
	ADD(PIVOT_ROOT);
	add_shell(b, "busybox stat -c '%n %a %F' /tmp/husk-escape/a/b /etc/file >&3");
	box_run(b);
	CHECK_OUT(b, "/tmp/husk-escape/a/b 1777 directory\n/etc/file 644 regular empty file\n");
	CHECK(access("/tmp/husk-escape", F_OK) < 0);
	CHECK_INT(b->warnings, 2);
}

static void test_proc_as_link(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(SYMLINK, .target = STR("/bin"), .path = STR("/sys"));
	ADD(TARGET, .path = STR("/sys"), .kind = TARGET_NOFOLLOW_DIR, .like = PLAN_NO_SLOT);
	box_must_fail(b, OP_TARGET, -ELOOP);
}

static void test_masks(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(TARGET, .path = STR("/d/x"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	ADD(TARGET, .path = STR("/e/x"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	ADD(MASK, .path = STR("/d"), .null = SLOT_NULL);
	ADD(MASK, .path = STR("/e"), .null = SLOT_NULL);
	ADD(MASK, .path = STR("/e"), .null = SLOT_NULL);
	ADD(MASK, .path = STR("/proc/keys"), .null = SLOT_NULL);
	ADD(MASK, .path = STR("/proc/keys"), .null = SLOT_NULL);
	ADD(MASK, .path = STR("/proc/timer_list"), .null = SLOT_NULL);
	ADD(MASK, .path = STR("/nothing/here"), .null = SLOT_NULL);
	ADD(READONLY, .path = STR("/proc/sys"));
	ADD(READONLY, .path = STR("/nothing"));
	ADD(PIVOT_ROOT);
	add_shell(b,
		  "busybox stat -c '%F' /proc/keys /proc/timer_list >&3; busybox ls -A /d /e >&3;"
		  "exec 2>&-; for f in /d/f /e/f /proc/sys/kernel/domainname; do echo x >$f || echo refused >&3; done");
	box_run(b);
	CHECK_OUT(b, "character special file\ncharacter special file\n/d:\n\n/e:\nrefused\nrefused\nrefused\n");
}

static void test_console(void)
{
	char buf[256] = "";
	size_t used = 0;
	struct termios t;
	struct winsize w;
	BOX;

	add_container(b, ALL_NS);
	ADD(FSMOUNT, .type = STR("devpts"), .source = STR("devpts"),
	    .options = STRV("newinstance", "ptmxmode=0666", "mode=0620"));
	ADD(TARGET, .path = STR("/dev/pts"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	ADD(MOVE_MOUNT);
	ADD(CONSOLE_OPEN, .height = 33, .width = 77, .uid = 5, .bind = 1, .stdio = 1);
	ADD(PIVOT_ROOT);
	add_shell(b, "busybox tty; busybox stat -c '%u %t' /dev/console >&3; echo hi >/dev/console");
	REQUIRE(box_spawn(b, 0) == 0);
	box_talk(b);
	CHECK_DONE(b);
	REQUIRE(b->console_fd >= 0);
	CHECK(ioctl(b->console_fd, TIOCGWINSZ, &w) == 0 && w.ws_row == 33 && w.ws_col == 77);
	CHECK(tcgetattr(b->console_fd, &t) == 0 && (t.c_oflag & ONLCR));
	box_read_out(b);
	box_reap(b);
	for (ssize_t n; used < sizeof(buf) - 1 && (n = read(b->console_fd, buf + used, sizeof(buf) - 1 - used)) > 0;)
		used += (size_t)n;
	CHECK_STR(buf, "/dev/pts/0\r\nhi\r\n");
	CHECK_OUT(b, "5 88\n");
}

static void add_hook(struct box *b, const char *script, uint64_t timeout)
{
	ADD(HOOK_IN, .stage = STR("startContainer"), .path = STR("/bin/busybox"), .argv = STRV("sh", "-c", script),
	    .envp = STRV("A=b"), .timeout = timeout, .state_head = STR("{\"pid\":"), .state_tail = STR("}\n"));
}

static void test_hook(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	add_hook(b, "read s; echo $s $A $$ >/seen; /bin/busybox sleep 100 &", 5);
	add_shell(b, "busybox cat /seen >&3");
	box_run(b);
	CHECK_OUT(b, "{\"pid\":1} b 2\n");
}

static void test_hook_that_fails(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	add_hook(b, "echo bad things >&2; exit 3", 0);
	box_must_fail(b, OP_HOOK_IN, -ECHILD);
	CHECK_INT(b->last.detail, 3 << 8);
	CHECK(!strcmp(b->text, "bad things\n"));
}

static void test_hook_that_hangs(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	add_hook(b, "/bin/busybox sleep 1000", 1);
	box_must_fail(b, OP_HOOK_IN, -ETIMEDOUT);
	CHECK_INT(b->last.detail, SIGKILL);
}

static void test_hook_that_is_missing(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	ADD(HOOK_IN, .path = STR("/nothing"), .state_head = STR("x"));
	box_must_fail(b, OP_HOOK_IN, -ENOENT);
}

static uint64_t plan_ids(struct box *b, uint32_t a, uint32_t c)
{
	uint32_t v[] = { a, c };

	return plan_blob(&b->plan, v, sizeof(v));
}

static void test_credentials(void)
{
	BOX;
	add_container(b, ALL_NS);
	add_mount(b, "tmpfs", "/home/me");
	ADD(PIVOT_ROOT);
	ADD(UMASK, .mask = 037);
	ADD(OOM_SCORE_ADJ, .value = 321);
	ADD(RLIMIT, .resource = 7, .soft = 100, .hard = 200);
	ADD(BOUNDING, .caps = 1 << 0 | 1 << 10, .drop = ~(1ull << 0 | 1ull << 10));
	ADD(SETGROUPS, .gids = plan_ids(b, 44, 45));
	ADD(SETUID, .uid = 1000, .gid = 1001);
	ADD(CHDIR, .path = STR("/work/dir"), .create = 1);
	ADD(CAPS, .effective = 1 << 10, .permitted = 1 << 10 | 1 << 0 | 1ull << 62, .inheritable = 1 << 10,
	    .ambient = 1 << 10);
	ADD(SET_HOME, .uid = 1000);
	ADD(SET_ENV_PID, .name = STR("LISTEN_PID"));
	ADD(NO_NEW_PRIVS);
	add_shell(b, "busybox id -u >&3; busybox id -G >&3; busybox grep -E 'Cap(Inh|Prm|Eff|Bnd|Amb)|NoNew' "
		     "/proc/self/status >&3;"
		     "busybox pwd >&3; umask >&3; ulimit -n >&3; busybox cat /proc/self/oom_score_adj >&3; echo $HOME "
		     "$LISTEN_PID >&3");
	box_run(b);
	CHECK_OUT(b,
		  "1000\n1001 44 45\nCapInh:\t0000000000000400\nCapPrm:\t0000000000000400\nCapEff:\t0000000000000400\n"
		  "CapBnd:\t0000000000000401\nCapAmb:\t0000000000000400\nNoNewPrivs:\t1\n/work/dir\n0037\n100\n321\n/ "
		  "1\n");
	CHECK_INT(b->warnings, 1);
	CHECK(!strcmp(b->text, "4611686018427387904 0")); /* 62 is missing; all that is ambient was raised */
}

static void test_find_exec(void)
{
	static const struct {
		const char *file;
		int error;
	} cases[] = {
		{ "nothing", -ENOENT },    { "/bin", -EISDIR }, { "/plain", -EACCES },
		{ "/bin/sh/x", -ENOTDIR }, { "", -ENOENT },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		BOX;
		add_container(b, ALL_NS);
		ADD(TARGET, .path = STR("/plain"), .kind = TARGET_FILE, .like = PLAN_NO_SLOT);
		ADD(PIVOT_ROOT);
		add_program(b, words(cases[i].file, NULL));
		box_must_fail(b, OP_FIND_EXEC, cases[i].error);
	}
}

static void test_alternatives(void)
{
	BOX;
	add_container(b, ALL_NS);
	struct op *op = ADD(FSMOUNT, .type = STR("nosuchfs"), .source = STR("x"));
	op->on_error = ON_ERROR_ALT_PERM;
	op->alt = 1;
	ADD(FSMOUNT, .type = STR("tmpfs"), .source = STR("alt"));
	ADD(TARGET, .path = STR("/alt"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	op = ADD(MOVE_MOUNT);
	op->on_error = ON_ERROR_ALT;
	op->alt = 1;
	ADD(HOSTNAME, .name = STR("wrong"));
	op = ADD(TARGET, .path = STR("/missing"), .kind = TARGET_EXISTING, .like = PLAN_NO_SLOT);
	op->on_error = ON_ERROR_MISSING;
	op->alt = 1;
	ADD(HOSTNAME, .name = STR("wrong"));
	ADD(PIVOT_ROOT);
	add_shell(b, "busybox grep -c ' /alt ' /proc/self/mountinfo >&3; busybox hostname >&3");
	box_run(b);
	CHECK(!strncmp(b->out, "1\n", 2));
	CHECK(!strstr(b->out, "wrong"));
}

static void test_bad_mount_option(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(FSMOUNT, .type = STR("tmpfs"), .source = STR("x"), .options = STRV("size=banana"));
	box_must_fail(b, OP_FSMOUNT, -EINVAL);
	CHECK(strstr(b->text, "size=banana"));
	CHECK(strstr(b->text, "Bad value"));
}

static void test_copy_up(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(MKNOD, .path = STR("/etc/sub/null"), .mode = S_IFCHR | 0604, .major = 1, .minor = 3, .uid = 7);
	ADD(SYMLINK, .target = STR("/nowhere"), .path = STR("/etc/sub/link"));
	ADD(TARGET, .path = STR("/etc/file"), .kind = TARGET_FILE, .like = PLAN_NO_SLOT, .mode = 04711);
	ADD(FSMOUNT, .type = STR("tmpfs"), .source = STR("up"), .attr = MOUNT_ATTR_RDONLY);
	ADD(TARGET, .path = STR("/etc"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	ADD(COPY_UP);
	ADD(MOVE_MOUNT);
	ADD(PIVOT_ROOT);
	add_shell(b, "cd /etc; busybox stat -c '%n %a %u %F' file sub/null sub/link >&3; exec 2>&-; echo x >/etc/new "
		     "|| echo ro >&3");
	box_run(b);
	CHECK_OUT(b, "file 4711 0 regular empty file\nsub/null 604 7 character special file\nsub/link 777 0 symbolic "
		     "link\nro\n");
}

/* ---- waiting for start ---------------------------------------------------------------------------------- */

static struct sockaddr_un start_address(const struct box *b)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	memcpy(a.sun_path, b->socket_path, sizeof(b->socket_path));
	return a;
}

static int start_connect(const struct box *b)
{
	struct sockaddr_un a = start_address(b);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	return connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ? -1 : fd;
}

static void box_create(struct box *b, const char *const *words_of_argv)
{
	uint64_t argv = strv(b, words_of_argv);

	snprintf(b->socket_path, sizeof(b->socket_path), "/tmp/husk-test-init-%d", (int)getpid());
	struct sockaddr_un a = start_address(b);

	unlink(b->socket_path);
	b->listen_fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	REQUIRE(bind(b->listen_fd, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(b->listen_fd, 8) == 0);
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	ADD(WAIT_START, .slot = SLOT_LISTEN);
	ADD(EXECVE, .argv = argv, .envp = STRV("PATH=/bin"));
	REQUIRE(box_spawn(b, 0) == 0);
	box_talk(b);
	CHECK_DONE(b);
	REQUIRE(b->ready);
}

static long resident_kib(pid_t pid)
{
	char path[64], line[256];
	long kib = -1;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	FILE *f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "VmRSS:", 6))
			kib = strtol(line + 6, NULL, 10);
	if (f)
		fclose(f);
	return kib;
}

static void box_start(struct box *b)
{
	struct sync_message m = { .type = SYNC_START };

	close(b->sync_fd);
	b->sync_fd = start_connect(b);
	REQUIRE(b->sync_fd >= 0);
	b->ready = false;
	CHECK(sync_channel_send(b->sync_fd, &m, NULL) == 0);
	box_talk(b);
}

static void test_waits_for_start(void)
{
	int silent[6];
	BOX;

	box_create(b, words("/bin/sh", "-c", "echo started >&3", NULL));
	REQUIRE(b->ready);
	CHECK_SAY(resident_kib(b->init) <= 100, "a waiting container has %ld KiB", resident_kib(b->init));
	for (size_t i = 0; i < 6; i++)
		silent[i] = start_connect(b);
	close(silent[0]);
	CHECK(send(silent[5], "nonsense", 8, MSG_NOSIGNAL) == 8);
	kill(b->init, SIGCHLD);
	kill(b->init, SIGWINCH);
	box_start(b);
	box_read_out(b);
	box_reap(b);
	for (size_t i = 1; i < 6; i++)
		close(silent[i]);
	CHECK_OUT(b, "started\n");
}

static void test_start_says_why_not(void)
{
	BOX;
	box_create(b, words("/proc/version", NULL));
	REQUIRE(b->ready);
	box_start(b);
	CHECK(b->failed);
	CHECK_INT(b->last.error, -EACCES);
	box_reap(b);
	CHECK(WIFEXITED(b->status) && WEXITSTATUS(b->status) == 1);
}

static void test_waiting_ends_by_signal(void)
{
	BOX;
	box_create(b, words("/bin/sh", NULL));
	REQUIRE(b->ready);
	kill(b->init, SIGTERM);
	box_reap(b);
	CHECK(WIFEXITED(b->status) && WEXITSTATUS(b->status) == 128 + SIGTERM);
}

static void test_ends_with_the_host(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PID_FILE);
	add_shell(b, "true");
	struct sync_record r;
	REQUIRE(box_spawn(b, 0) == 0);
	REQUIRE(sync_channel_receive(b->sync_fd, &r) == 1);
	take_record(b, &r);
	sync_record_done(&r);
	close(b->sync_fd);
	b->sync_fd = -1;
	box_reap(b);
	CHECK(WIFEXITED(b->status) && WEXITSTATUS(b->status) == 1);
}

static void test_trace(void)
{
	struct sync_record r;
	size_t n = 0;
	BOX;

	add_container(b, ALL_NS);
	add_shell(b, "true");
	REQUIRE(box_spawn(b, PLAN_TRACE) == 0);
	while (sync_channel_receive(b->sync_fd, &r) == 1) {
		if (r.m.type == SYNC_TRACE)
			n += r.m.text_len / sizeof(struct sync_trace);
		take_record(b, &r);
		sync_record_done(&r);
	}
	box_reap(b);
	CHECK_INT(n, b->plan.n_ops - 2); /* all but SPAWN and EXECVE */
}

/* ---- user namespaces ------------------------------------------------------------------------------------ */

static void write_map(struct box *b, const char *file, const char *map)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)b->executor, file);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	CHECK_SAY(fd >= 0 && write(fd, map, strlen(map)) > 0, "%s: %s", path, strerror(errno));
	close(fd);
}

static void test_user_namespace(void)
{
	struct sync_record r;
	BOX;

	ADD(SPAWN);
	ADD(UNSHARE, .flags = CLONE_NEWUSER);
	ADD(IDMAP);
	ADD(NS_ROOT);
	ADD(UNSHARE, .flags = CLONE_NEWTIME);
	ADD(TIME_OFFSET, .clock = STR("boottime"), .secs = 1000000);
	ADD(CLONE, .flags = ALL_NS);
	ADD(PROC, .subset_pid = 1);
	ADD(PROPAGATION, .flags = MS_REC | MS_SLAVE);
	ADD(FSMOUNT, .type = STR("tmpfs"), .source = STR("rootfs"), .options = STRV("mode=0755"));
	ADD(ROOTFS);
	ADD(CLONE_TREE, .path = STR(BUSYBOX));
	ADD(TARGET, .path = STR("/bin/busybox"), .kind = TARGET_LIKE, .like = PLAN_NO_SLOT);
	ADD(MOVE_MOUNT);
	ADD(TARGET, .path = STR("/mask"), .kind = TARGET_FILE, .like = PLAN_NO_SLOT);
	ADD(MASK, .path = STR("/mask"), .null = SLOT_NULL);
	ADD(OOM_SCORE_ADJ, .value = 500);
	ADD(PIVOT_ROOT);
	ADD(SETUID, .uid = 5, .gid = 6);
	ADD(CAPS);
	add_program(b, words("/bin/busybox", "sh", "-c", "/bin/busybox id -u >&3; /bin/busybox stat -c %F /mask >&3",
			     NULL));
	REQUIRE(box_spawn(b, 0) == 0);
	REQUIRE(sync_channel_receive(b->sync_fd, &r) == 1);
	CHECK_INT(r.m.type, SYNC_TURN);
	write_map(b, "uid_map", "0 100000 65536");
	write_map(b, "gid_map", "0 100000 65536");
	take_record(b, &r);
	sync_record_done(&r);
	box_talk(b);
	box_read_out(b);
	box_reap(b);
	CHECK_DONE(b);
	CHECK_OUT(b, "5\ncharacter special file\n");
}

/* ---- without pivot_root, joining, filters ---------------------------------------------------------------- */

static void test_no_pivot(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(MOVE_ROOT);
	add_shell(b, "busybox ls / >&3");
	box_run(b);
	CHECK_OUT(b, "bin\nproc\n");
}

static int open_ns(pid_t pid, const char *name)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* What `exec` does: join all namespaces of a container that waits for start. */
static void test_joins_container(void)
{
	static const struct {
		const char *name;
		int type;
	} ns[] = {
		{ "uts", CLONE_NEWUTS }, { "net", CLONE_NEWNET }, { "ipc", CLONE_NEWIPC },
		{ "mnt", CLONE_NEWNS },  { "pid", CLONE_NEWPID },
	};
	struct sync_message m = { .type = SYNC_GO, .op = 1 };
	int fds[5];
	struct box other __attribute__((cleanup(box_end)));
	BOX;

	box_begin(&other);
	box_create(&other, words("/bin/sh", NULL));
	REQUIRE(other.ready);
	ADD(SPAWN);
	ADD(HOOK);
	for (unsigned i = 0; i < 5; i++) {
		ADD(SETNS, .slot = 10 + i, .nstypes = (uint64_t)ns[i].type, .phase = NS_FIRST);
		fds[i] = open_ns(other.init, ns[i].name);
		m.slots[i] = (uint8_t)(10 + i);
	}
	for (unsigned i = 0; i < 5; i++)
		ADD(SETNS, .slot = 10 + i, .nstypes = (uint64_t)ns[i].type, .phase = NS_DEFERRED);
	ADD(CLONE);
	ADD(SETSID);
	ADD(PROC, .subset_pid = 1);
	ADD(OOM_SCORE_ADJ, .value = 12);
	ADD(CHDIR, .path = STR("/bin"));
	add_shell(b, "echo $$ >&3; busybox ls / >&3; busybox pwd >&3; busybox cat /proc/self/oom_score_adj >&3");
	REQUIRE(box_spawn(b, 0) == 0);
	struct sync_record r;
	REQUIRE(sync_channel_receive(b->sync_fd, &r) == 1);
	CHECK_INT(r.m.type, SYNC_TURN);
	sync_record_done(&r);
	m.op = 2;
	m.n_fds = 5;
	CHECK(sync_channel_send(b->sync_fd, &m, fds) == 0);
	for (unsigned i = 0; i < 5; i++)
		close(fds[i]);
	box_talk(b);
	box_read_out(b);
	box_reap(b);
	CHECK_DONE(b);
	CHECK_OUT(b, "2\nbin\nproc\n/bin\n12\n");
}

static uint64_t add_filter(struct box *b, unsigned nr, uint32_t action)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};

	return plan_blob(&b->plan, filter, sizeof(filter));
}

static void test_seccomp_listener(void)
{
	BOX;
	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	ADD(FIND_EXEC, .file = STR("sh"), .path = STR("/bin"));
	ADD(NO_NEW_PRIVS);
	ADD(SECCOMP, .filter = add_filter(b, SYS_sethostname, SECCOMP_RET_USER_NOTIF), .listener = 1);
	ADD(SECCOMP_AGENT);
	ADD(EXECVE, .argv = STRV("sh", "-c", "echo ran >&3"));
	box_run(b);
	CHECK(b->console_fd >= 0); /* the test keeps every descriptor here */
	CHECK_INT(b->turns, 0);
	CHECK_OUT(b, "ran\n");
}

/* A filter that forbids all but what execve itself needs. */
static void test_seccomp_is_last(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	BOX;

	add_container(b, ALL_NS);
	ADD(PIVOT_ROOT);
	ADD(FIND_EXEC, .file = STR("sh"), .path = STR("/bin"));
	ADD(SECCOMP, .filter = plan_blob(&b->plan, filter, sizeof(filter)));
	ADD(EXECVE, .argv = STRV("sh"));
	REQUIRE(box_spawn(b, PLAN_TRACE) == 0);
	box_talk(b);
	CHECK_DONE(b);
	box_reap(b);
	/* The program was executed, and killed for its own first system call. */
	CHECK(WIFSIGNALED(b->status) && WTERMSIG(b->status) == SIGSYS);
}

/* As on kernels before 5.12. Cannot be undone, so it comes last. */
static void test_without_mount_setattr(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mount_setattr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };
	BOX;

	REQUIRE(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
	add_container(b, ALL_NS);
	ADD(FSMOUNT, .type = STR("tmpfs"), .source = STR("late"), .attr = MOUNT_ATTR_NOSUID);
	ADD(MOUNT_SETATTR, .set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NODEV, .propagation = MS_SHARED);
	ADD(TARGET, .path = STR("/late"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	ADD(MOVE_MOUNT);
	ADD(READONLY, .path = STR("/bin"));
	ADD(PIVOT_ROOT);
	add_shell(b, "busybox grep -E ' /(late|bin) ' /proc/self/mountinfo | busybox cut -d' ' -f5,6,7 | busybox sed "
		     "'s/:.*//' >&3");
	box_run(b);
	CHECK_OUT(b, "/late ro,nosuid,nodev,relatime shared\n/bin ro,relatime -\n");
}

/* ---- the keeper ------------------------------------------------------------------------------------------ */

static bool make_cgroup(char *path, size_t size)
{
	char line[512], mount[256];
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = strstr(line, " - cgroup2 ") && sscanf(line, "%*s %*s %*s %*s %255s", mount) == 1;
	if (f)
		fclose(f);
	snprintf(path, size, "%s/husk-test-init-%d", mount, (int)getpid());
	return found && mkdir(path, 0755) == 0;
}

static pid_t spawn_member(const char *cgroup)
{
	char path[400];
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
		int fd = open(path, O_WRONLY | O_CLOEXEC);
		if (fd < 0 || write(fd, "0", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	usleep(50000);
	return pid;
}

static void run_keeper(const char *word, const char *file, const char *cgroup)
{
	const char *const args[] = { word, NULL };
	char path[400], nested[400];
	struct err err = { 0 };
	int fds[2], pid_fd = -1, status;
	unsigned entered;
	pid_t keeper, init = fork(), a, b;

	if (init == 0)
		for (;;)
			pause();
	snprintf(path, sizeof(path), "%s/%s", cgroup, file);
	snprintf(nested, sizeof(nested), "%s/nested", cgroup);
	mkdir(nested, 0755);
	a = spawn_member(cgroup);
	b = spawn_member(nested);
	fds[0] = (int)syscall(SYS_pidfd_open, init, 0);
	fds[1] = open(path, (*file ? O_WRONLY : O_RDONLY | O_DIRECTORY) | O_CLOEXEC);
	struct spawn s = { .role = "keep",
			   .args = args,
			   .first_fd = 3,
			   .fds = fds,
			   .n_fds = 2,
			   .cgroup_fd = -1,
			   .temp_dir = "/tmp",
			   .null_stdio = 1 };
	CHECK(fds[1] >= 0 && spawn_executor(&s, &keeper, &pid_fd, &entered, &err) == 0);
	close(fds[0]);
	close(fds[1]);
	usleep(50000);
	CHECK(waitpid(a, &status, WNOHANG) == 0); /* all live as long as init does */
	kill(init, SIGKILL);
	waitpid(init, NULL, 0);
	CHECK(waitpid(a, &status, 0) == a && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(waitpid(b, &status, 0) == b && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	CHECK(waitpid(keeper, &status, 0) == keeper && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	close(pid_fd);
	rmdir(nested);
}

static void test_keeper(void)
{
	char cgroup[300];

	if (!make_cgroup(cgroup, sizeof(cgroup)))
		SKIP("no cgroup v2 that can be written");
	run_keeper("kill", "cgroup.kill", cgroup);
	run_keeper("v2", "", cgroup);
	rmdir(cgroup);
}

int main(void)
{
	if (getuid() != 0 || access(BUSYBOX, X_OK) < 0) {
		printf("skip init - needs root and a static %s\n", BUSYBOX);
		return 0;
	}
	reserve_output();
	UNIT(test_runs_program);
	UNIT(test_nothing_of_the_host_remains);
	UNIT(test_turns);
	UNIT(test_nodes_and_links);
	UNIT(test_node_that_differs);
	UNIT(test_links_stay_inside);
	UNIT(test_proc_as_link);
	UNIT(test_masks);
	UNIT(test_console);
	UNIT(test_hook);
	UNIT(test_hook_that_fails);
	UNIT(test_hook_that_hangs);
	UNIT(test_hook_that_is_missing);
	UNIT(test_credentials);
	UNIT(test_find_exec);
	UNIT(test_alternatives);
	UNIT(test_bad_mount_option);
	UNIT(test_copy_up);
	UNIT(test_waits_for_start);
	UNIT(test_start_says_why_not);
	UNIT(test_waiting_ends_by_signal);
	UNIT(test_ends_with_the_host);
	UNIT(test_trace);
	UNIT(test_user_namespace);
	UNIT(test_no_pivot);
	UNIT(test_joins_container);
	UNIT(test_seccomp_listener);
	UNIT(test_seccomp_is_last);
	UNIT(test_keeper);
	UNIT(test_without_mount_setattr);
	return unit_done();
}
