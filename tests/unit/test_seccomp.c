/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Filters: what they say (by running them here, for any architecture), what the kernel makes of them (in a child, which
 * needs no privilege with no_new_privs), what is refused, and what the cache does.
 */
#include "unit.h"

#include "ocispec.h"
#include "seccomp/seccomp.h"
#include "seccomp/seccomp_cache.h"
#include "seccomp/seccomp_eval.h"
#include "util/err.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES(...) .names = (char *[]){ __VA_ARGS__ }, .n_names = sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)
#define ARGS(...) \
	.args = (struct oci_seccomp_arg[]){ __VA_ARGS__ }, \
	.n_args = sizeof((struct oci_seccomp_arg[]){ __VA_ARGS__ }) / sizeof(struct oci_seccomp_arg)
#define RULES(...) \
	.syscalls = (struct oci_seccomp_syscall[]){ __VA_ARGS__ }, \
	.n_syscalls = sizeof((struct oci_seccomp_syscall[]){ __VA_ARGS__ }) / sizeof(struct oci_seccomp_syscall)
#define ALLOW_START \
	{ \
		NAMES("execve", "exit_group", "sendmsg", "write"), .action = OCI_SCMP_ACT_ALLOW \
	}
#define ERRNO_OF(n) (SECCOMP_RET_ERRNO | (n))

static struct err err;

/* What the compiled profile says, or UINT32_MAX when it does not compile. */
static uint32_t says_arch(const struct oci_seccomp *s, uint32_t arch, int nr, uint64_t arg0)
{
	const struct seccomp_data data = { .nr = nr, .arch = arch, .args = { arg0 } };
	struct seccomp_program p;
	uint32_t action = UINT32_MAX;

	memset(&err, 0, sizeof(err));
	if (seccomp_compile(s, NULL, &p, &err) < 0)
		return UINT32_MAX;
	if (seccomp_eval(p.filter, p.size, &data, &action) < 0)
		action = UINT32_MAX;
	seccomp_program_done(&p);
	return action;
}

#ifdef __x86_64__
#define NATIVE AUDIT_ARCH_X86_64
#else
#define NATIVE AUDIT_ARCH_AARCH64
#endif

static uint32_t says(const struct oci_seccomp *s, int nr, uint64_t arg0)
{
	return says_arch(s, NATIVE, nr, arg0);
}

/* The profile is refused at this place, with these words. */
static bool refused(const struct oci_seccomp *s, const char *where, const char *words)
{
	struct seccomp_program p;

	memset(&err, 0, sizeof(err));
	if (seccomp_compile(s, NULL, &p, &err) == 0) {
		seccomp_program_done(&p);
		return false;
	}
	return !strcmp(err.where, where) && strstr(err.text, words);
}

/* ---- what filters say ----------------------------------------------------------------------------------- */

static void test_actions(void)
{
	static const struct {
		enum oci_seccomp_action action;
		uint32_t want;
	} cases[] = {
		{ OCI_SCMP_ACT_KILL, SECCOMP_RET_KILL_THREAD },
		{ OCI_SCMP_ACT_KILL_THREAD, SECCOMP_RET_KILL_THREAD },
		{ OCI_SCMP_ACT_KILL_PROCESS, SECCOMP_RET_KILL_PROCESS },
		{ OCI_SCMP_ACT_TRAP, SECCOMP_RET_TRAP },
		{ OCI_SCMP_ACT_ERRNO, ERRNO_OF(EPERM) },
		{ OCI_SCMP_ACT_TRACE, SECCOMP_RET_TRACE | EPERM },
		{ OCI_SCMP_ACT_ALLOW, SECCOMP_RET_ALLOW },
		{ OCI_SCMP_ACT_LOG, SECCOMP_RET_LOG },
		{ OCI_SCMP_ACT_NOTIFY, SECCOMP_RET_USER_NOTIF },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct oci_seccomp s = {
			.default_action = OCI_SCMP_ACT_ALLOW,
			.listener_path = (char *)"/run/agent",
			RULES({ NAMES("getppid"), .action = cases[i].action }),
		};

		CHECK_INT(says(&s, SYS_getppid, 0), cases[i].want);
		CHECK_INT(says(&s, SYS_getpid, 0), SECCOMP_RET_ALLOW);
	}
}

static void test_errno(void)
{
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		.default_errno_ret = EACCES,
		.has_default_errno_ret = true,
		RULES(ALLOW_START,
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_ERRNO, .errno_ret = EXDEV, .has_errno_ret = true },
		      { NAMES("getuid"), .action = OCI_SCMP_ACT_TRACE, .errno_ret = 4711, .has_errno_ret = true }),
	};

	CHECK_INT(says(&s, SYS_getpid, 0), ERRNO_OF(EACCES));
	CHECK_INT(says(&s, SYS_getppid, 0), ERRNO_OF(EXDEV));
	CHECK_INT(says(&s, SYS_getuid, 0), SECCOMP_RET_TRACE | 4711);
	CHECK_INT(says(&s, SYS_write, 0), SECCOMP_RET_ALLOW);
}

static void check_compare(enum oci_seccomp_op op, uint64_t value, uint64_t two, const uint64_t *yes, const uint64_t *no)
{
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ALLOW,
		RULES({ NAMES("personality"), .action = OCI_SCMP_ACT_ERRNO,
			ARGS({ .index = 0, .op = op, .value = value, .value_two = two }) }),
	};

	for (; *yes; yes++)
		CHECK_INT(says(&s, SYS_personality, *yes), ERRNO_OF(EPERM));
	for (; *no; no++)
		CHECK_INT(says(&s, SYS_personality, *no), SECCOMP_RET_ALLOW);
}

#define LIST(...) \
	(const uint64_t[]) \
	{ \
		__VA_ARGS__, 0 \
	}

static void test_compare(void)
{
	const uint64_t big = 0x100000000;

	check_compare(OCI_SCMP_CMP_EQ, 5, 0, LIST(5), LIST(4, 6, big + 5));
	check_compare(OCI_SCMP_CMP_NE, 5, 0, LIST(4, 6, big + 5), LIST(5));
	check_compare(OCI_SCMP_CMP_LT, 5, 0, LIST(4), LIST(5, 6, big));
	check_compare(OCI_SCMP_CMP_LE, 5, 0, LIST(4, 5), LIST(6, big));
	check_compare(OCI_SCMP_CMP_GT, 5, 0, LIST(6, big), LIST(4, 5));
	check_compare(OCI_SCMP_CMP_GE, 5, 0, LIST(5, 6, big), LIST(4));
	check_compare(OCI_SCMP_CMP_MASKED_EQ, 0xf0, 0x50, LIST(0x50, 0x15f), LIST(0x60, 0x5));
	check_compare(OCI_SCMP_CMP_EQ, UINT64_MAX, 0, LIST(UINT64_MAX), LIST(UINT32_MAX));
}

/* Two comparisons of one argument are alternatives. */
static void test_same_argument(void)
{
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		RULES(ALLOW_START, { NAMES("personality"), .action = OCI_SCMP_ACT_ALLOW,
				     ARGS({ .index = 0, .op = OCI_SCMP_CMP_EQ, .value = 8 },
					  { .index = 0, .op = OCI_SCMP_CMP_EQ, .value = 16 }) }),
	};

	CHECK_INT(says(&s, SYS_personality, 8), SECCOMP_RET_ALLOW);
	CHECK_INT(says(&s, SYS_personality, 16), SECCOMP_RET_ALLOW);
	CHECK_INT(says(&s, SYS_personality, 24), ERRNO_OF(EPERM));
}

static void test_unknown_and_twice(void)
{
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		RULES(ALLOW_START, { NAMES("no_such_call", "getppid", "getppid"), .action = OCI_SCMP_ACT_ALLOW },
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_ALLOW },
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_ERRNO }), /* the default: says nothing */
	};

	CHECK_INT(says(&s, SYS_getppid, 0), SECCOMP_RET_ALLOW);
}

/* A rule without arguments decides, wherever it stands among others that would contradict each other. */
static void test_contradictions_of_no_account(void)
{
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		RULES(ALLOW_START,
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_TRAP,
			ARGS({ .index = 0, .op = OCI_SCMP_CMP_EQ, .value = 1 }) },
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_LOG,
			ARGS({ .index = 0, .op = OCI_SCMP_CMP_EQ, .value = 1 }) },
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_ALLOW }),
	};

	CHECK_INT(says(&s, SYS_getppid, 1), SECCOMP_RET_ALLOW);
	CHECK_INT(says(&s, SYS_getppid, 2), SECCOMP_RET_ALLOW);
}

static void test_enosys(void)
{
	struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		RULES(ALLOW_START, { NAMES("openat2"), .action = OCI_SCMP_ACT_ALLOW }),
	};

	CHECK_INT(says(&s, SYS_openat2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says(&s, SYS_openat2 + 1, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says(&s, SYS_openat2 - 1, 0), ERRNO_OF(EPERM));
	s.default_action = OCI_SCMP_ACT_KILL_PROCESS;
	CHECK_INT(says(&s, SYS_openat2 + 1, 0), ERRNO_OF(ENOSYS));
	s.default_action = OCI_SCMP_ACT_LOG;
	CHECK_INT(says(&s, SYS_openat2 + 1, 0), SECCOMP_RET_LOG);
	s.default_action = OCI_SCMP_ACT_ALLOW;
	CHECK_INT(says(&s, SYS_openat2 + 1, 0), SECCOMP_RET_ALLOW);
}

#ifdef __x86_64__
#define X32 0x40000000

static void test_archs(void)
{
	enum oci_seccomp_arch archs[] = { OCI_SCMP_ARCH_X86_64, OCI_SCMP_ARCH_X86, OCI_SCMP_ARCH_X32,
					  OCI_SCMP_ARCH_AARCH64, OCI_SCMP_ARCH_ARM };
	struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		.architectures = archs,
		.n_architectures = 5,
		RULES(ALLOW_START, { NAMES("openat2", "set_tls", "socket"), .action = OCI_SCMP_ACT_ALLOW }),
	};
	const int openat2 = 437; /* everywhere */

	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, openat2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, openat2 | X32, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, openat2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_AARCH64, openat2, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_ARM, 0x0f0005, 0), SECCOMP_RET_ALLOW); /* set_tls */
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, 1000, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, 1000 | X32, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, 1000, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_AARCH64, 1000, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_ARM, 1000, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_ARM, 0x0f0002, 0), ERRNO_OF(EPERM));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_RISCV64, 1, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, 102, 1), SECCOMP_RET_ALLOW); /* socketcall(SYS_SOCKET) */
	s.n_architectures = 2;
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, 1 | X32, 0), SECCOMP_RET_KILL_THREAD);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, 1000 | X32, 0), SECCOMP_RET_KILL_THREAD);
	archs[0] = OCI_SCMP_ARCH_S390X;
	CHECK(refused(&s, "/linux/seccomp/architectures/0", "byte order"));
}

/* As Podman 5 has it: arguments of socket(2) cannot be seen behind a socketcall(2), which is allowed as a whole. */
static void test_socketcall(void)
{
	enum oci_seccomp_arch archs[] = { OCI_SCMP_ARCH_X86_64, OCI_SCMP_ARCH_X86, OCI_SCMP_ARCH_X32 };
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		.architectures = archs,
		.n_architectures = 3,
		RULES(ALLOW_START, { NAMES("socketcall", "openat2"), .action = OCI_SCMP_ACT_ALLOW },
		      { NAMES("socket"), .action = OCI_SCMP_ACT_ERRNO, .has_errno_ret = true, .errno_ret = EINVAL,
			ARGS({ .index = 0, .op = OCI_SCMP_CMP_EQ, .value = 40 }) },
		      { NAMES("socket"), .action = OCI_SCMP_ACT_ALLOW,
			ARGS({ .index = 0, .op = OCI_SCMP_CMP_NE, .value = 16 }) }),
	};
	const int socketcall = 102, socket_i386 = 359;

	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, SYS_socket, 1), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, SYS_socket, 16), ERRNO_OF(EPERM));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, SYS_socket, 40), ERRNO_OF(EINVAL));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_X86_64, SYS_socket | X32, 40), ERRNO_OF(EINVAL));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socket_i386, 1), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socket_i386, 40), ERRNO_OF(EINVAL));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socketcall, 1), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socketcall, 2), SECCOMP_RET_ALLOW);
}

/* Numbers of their own for parts of socketcall(2) and ipc(2) are not new when the parts are named. */
static void test_parts_are_not_new(void)
{
	enum oci_seccomp_arch archs[] = { OCI_SCMP_ARCH_X86_64, OCI_SCMP_ARCH_X86 };
	struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		.architectures = archs,
		.n_architectures = 2,
		RULES(ALLOW_START, { NAMES("socket", "shmget"), .action = OCI_SCMP_ACT_ALLOW }),
	};
	const int ipc = 117, socketcall = 102, socket_i386 = 359, connect_i386 = 362, shmget_i386 = 395;

	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socket_i386, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, shmget_i386, 0), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, connect_i386, 0), ERRNO_OF(EPERM));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, shmget_i386 + 1, 0), ERRNO_OF(ENOSYS));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socketcall, 1), SECCOMP_RET_ALLOW);
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socketcall, 3), ERRNO_OF(EPERM));
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, ipc, 23), SECCOMP_RET_ALLOW); /* SHMGET */
	s.syscalls[0].n_names = 2;                                             /* execve, exit_group */
	s.n_syscalls = 1;
	CHECK_INT(says_arch(&s, AUDIT_ARCH_I386, socket_i386, 0), ERRNO_OF(ENOSYS));
}
#endif

/* ---- what is refused -------------------------------------------------------------------------------------- */

static void test_refused_errno(void)
{
	struct oci_seccomp s = { .default_action = OCI_SCMP_ACT_ALLOW,
				 .default_errno_ret = 1,
				 .has_default_errno_ret = true };

	CHECK(refused(&s, "/linux/seccomp/defaultErrnoRet", "SCMP_ACT_ALLOW takes no errno"));
	struct oci_seccomp rule = {
		.default_action = OCI_SCMP_ACT_ALLOW,
		RULES({ NAMES("getppid"), .action = OCI_SCMP_ACT_LOG },
		      { NAMES("getuid"), .action = OCI_SCMP_ACT_KILL, .errno_ret = 1, .has_errno_ret = true }),
	};
	CHECK(refused(&rule, "/linux/seccomp/syscalls/1/errnoRet", "SCMP_ACT_KILL takes no errno"));
	rule.syscalls[1].action = OCI_SCMP_ACT_ERRNO;
	rule.syscalls[1].errno_ret = 4096;
	CHECK(refused(&rule, "/linux/seccomp/syscalls/1/errnoRet", "out of range"));
	rule.syscalls[1].n_names = 0;
	CHECK(refused(&rule, "/linux/seccomp/syscalls/1/names", "name of a system call"));
}

static void test_refused_rules(void)
{
	const struct oci_seccomp contradiction = {
		.default_action = OCI_SCMP_ACT_ALLOW,
		RULES({ NAMES("personality"), .action = OCI_SCMP_ACT_ERRNO,
			ARGS({ .op = OCI_SCMP_CMP_EQ, .value = 3 }) },
		      { NAMES("personality"), .action = OCI_SCMP_ACT_KILL,
			ARGS({ .op = OCI_SCMP_CMP_EQ, .value = 3 }) }),
	};
	const struct oci_seccomp no_execve = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		RULES({ NAMES("read"), .action = OCI_SCMP_ACT_ALLOW }),
	};

	CHECK(refused(&contradiction, "/linux/seccomp/syscalls/1", "contradicts"));
	CHECK(refused(&no_execve, "/linux/seccomp", "stops execve"));
}

static void test_refused_notify(void)
{
	struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ALLOW,
		RULES({ NAMES("mkdir"), .action = OCI_SCMP_ACT_NOTIFY }),
	};
	struct seccomp_program p;

	CHECK(refused(&s, "/linux/seccomp/listenerPath", "listenerPath"));
	s.listener_path = (char *)"/run/agent";
	REQUIRE(seccomp_compile(&s, NULL, &p, &err) == 0);
	CHECK(p.listener);
	seccomp_program_done(&p);
	s.syscalls[0].names[0] = (char *)"sendmsg";
	CHECK(refused(&s, "/linux/seccomp", "stops sendmsg"));
	s.syscalls[0].names[0] = (char *)"execve"; /* the agent has the listener by then */
	CHECK(says(&s, SYS_execve, 0) == SECCOMP_RET_USER_NOTIF);
	s.n_syscalls = 0;
	s.default_action = OCI_SCMP_ACT_NOTIFY;
	CHECK(refused(&s, "/linux/seccomp", "stops sendmsg"));
	s.default_action = OCI_SCMP_ACT_ALLOW;
	s.listener_path = NULL;
	s.listener_metadata = (char *)"x";
	CHECK(refused(&s, "/linux/seccomp/listenerMetadata", "listenerPath"));
}

/* ---- flags --------------------------------------------------------------------------------------------------- */

static uint32_t flags_of(const struct oci_seccomp *s)
{
	struct seccomp_program p;

	if (seccomp_compile(s, NULL, &p, &err) < 0)
		return UINT32_MAX;
	uint32_t flags = p.flags;
	seccomp_program_done(&p);
	return flags;
}

static void test_flags(void)
{
	enum oci_seccomp_flag list[] = { OCI_SECCOMP_FLAG_LOG, OCI_SECCOMP_FLAG_TSYNC,
					 OCI_SECCOMP_FLAG_WAIT_KILLABLE_RECV };
	struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ALLOW,
		.listener_path = (char *)"/run/agent",
		RULES({ NAMES("mkdir"), .action = OCI_SCMP_ACT_NOTIFY }),
	};
	const uint32_t listener = SECCOMP_FILTER_FLAG_NEW_LISTENER;

	CHECK_INT(flags_of(&s), SECCOMP_FILTER_FLAG_SPEC_ALLOW | listener);
	s.flags = list;
	CHECK_INT(flags_of(&s), listener);
	s.n_flags = 2;
	CHECK_INT(flags_of(&s),
		  SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_TSYNC_ESRCH | listener);
	s.syscalls[0].action = OCI_SCMP_ACT_LOG;
	s.n_flags = 3;
	CHECK_INT(flags_of(&s), SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_TSYNC); /* no listener to wait for */
	CHECK_STR(seccomp_supported_flags()[0], "SECCOMP_FILTER_FLAG_TSYNC");
}

/* ---- in the kernel --------------------------------------------------------------------------------------------- */

static int load(const struct seccomp_program *p)
{
	const struct sock_fprog program = { .len = (unsigned short)(p->size / 8), .filter = p->filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return -errno;
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, p->flags, &program) < 0 ? -errno : 0;
}

/* In the child: the number of the first expectation that fails. */
static int look_from_inside(void)
{
	if (syscall(SYS_getppid) >= 0 || errno != EXDEV)
		return 1;
	if (syscall(SYS_getuid) >= 0 || errno != EPERM)
		return 2;
	if (syscall(1000) >= 0 || errno != ENOSYS)
		return 3;
	if (syscall(SYS_personality, 0xffffffff) < 0)
		return 4;
	if (syscall(SYS_personality, 8) >= 0 || errno != EPERM)
		return 5;
	syscall(SYS_getsid, 0);
	return 6; /* it should have been killed */
}

static void test_loaded(void)
{
	const struct oci_seccomp s = {
		.default_action = OCI_SCMP_ACT_ERRNO,
		RULES(ALLOW_START,
		      { NAMES("getppid"), .action = OCI_SCMP_ACT_ERRNO, .errno_ret = EXDEV, .has_errno_ret = true },
		      { NAMES("personality"), .action = OCI_SCMP_ACT_ALLOW,
			ARGS({ .index = 0, .op = OCI_SCMP_CMP_EQ, .value = 0xffffffff }) },
		      { NAMES("getsid"), .action = OCI_SCMP_ACT_KILL_PROCESS }),
	};
	struct seccomp_program p;
	int status;

	REQUIRE(seccomp_compile(&s, NULL, &p, &err) == 0);
	pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0)
		_exit(load(&p) < 0 ? 77 : look_from_inside());
	REQUIRE(waitpid(pid, &status, 0) == pid);
	seccomp_program_done(&p);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		SKIP("the kernel takes no filter here");
	CHECK_SAY(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "wait status %#x", (unsigned)status);
}

/* ---- the cache ---------------------------------------------------------------------------------------------------- */

static char cache_dir[] = "/tmp/husk-test-seccomp-XXXXXX";

/* The only file of the cache; its name in ret. */
static size_t count_files(char ret[512])
{
	DIR *d = opendir(cache_dir);
	size_t n = 0;

	for (struct dirent *entry = d ? readdir(d) : NULL; entry; entry = readdir(d)) {
		if (entry->d_name[0] == '.')
			continue;
		n++;
		if (ret)
			snprintf(ret, 512, "%s/%s", cache_dir, entry->d_name);
	}
	if (d)
		closedir(d);
	return n;
}

static void empty_cache(void)
{
	char path[512];

	while (count_files(path))
		unlink(path);
}

static const struct oci_seccomp *cached_profile(uint32_t errno_ret)
{
	static char *names[] = { (char *)"execve", (char *)"exit_group", (char *)"write" };
	static struct oci_seccomp_syscall rule = { .names = names, .n_names = 3, .action = OCI_SCMP_ACT_ALLOW };
	static struct oci_seccomp s = { .default_action = OCI_SCMP_ACT_ERRNO, .syscalls = &rule, .n_syscalls = 1 };

	s.has_default_errno_ret = true;
	s.default_errno_ret = errno_ret;
	return &s;
}

static bool compiles_with_cache(uint32_t errno_ret)
{
	const struct seccomp_data data = { .nr = SYS_chdir, .arch = NATIVE };
	struct seccomp_program p;
	uint32_t action = 0;

	if (seccomp_compile(cached_profile(errno_ret), cache_dir, &p, &err) < 0)
		return false;
	seccomp_eval(p.filter, p.size, &data, &action);
	seccomp_program_done(&p);
	return action == ERRNO_OF(errno_ret);
}

static bool is_hit(uint32_t errno_ret)
{
	struct seccomp_key key;
	void *filter;
	size_t size;

	seccomp_cache_key(cached_profile(errno_ret), &key);
	if (seccomp_cache_load(cache_dir, &key, &filter, &size) < 0)
		return false;
	free(filter);
	return true;
}

static void test_cache(void)
{
	CHECK(!is_hit(5));
	CHECK(compiles_with_cache(5));
	CHECK(is_hit(5));
	CHECK(compiles_with_cache(5));
	CHECK_INT(count_files(NULL), 1);
	CHECK(!is_hit(6));
	CHECK(compiles_with_cache(6));
	CHECK_INT(count_files(NULL), 2);
	empty_cache();
}

/* Every byte of the file flipped, and the file cut at every length: never believed. */
static void test_cache_corrupt(void)
{
	char path[512], data[4096], bad = 0;

	REQUIRE(compiles_with_cache(7) && count_files(path) == 1);
	int fd = open(path, O_RDWR | O_CLOEXEC);
	ssize_t len = read(fd, data, sizeof(data));
	REQUIRE(len > 0 && len < (ssize_t)sizeof(data));
	for (ssize_t i = 0; i < len; i++) {
		bad = (char)(data[i] ^ 0x10);
		CHECK(pwrite(fd, &bad, 1, i) == 1);
		CHECK_SAY(!is_hit(7), "byte %zd flipped is believed", i);
		CHECK(pwrite(fd, &data[i], 1, i) == 1);
	}
	CHECK(is_hit(7));
	for (ssize_t i = len - 1; i >= 0; i--) {
		CHECK(ftruncate(fd, i) == 0);
		CHECK_SAY(!is_hit(7), "%zd bytes are believed", i);
	}
	close(fd);
	CHECK(compiles_with_cache(7)); /* and it is made good again */
	CHECK(is_hit(7));
	empty_cache();
}

static void test_cache_trust(void)
{
	char path[512], elsewhere[600];

	REQUIRE(compiles_with_cache(8) && count_files(path) == 1);
	CHECK(chmod(path, 0620) == 0);
	CHECK(!is_hit(8));
	CHECK(chmod(path, 0600) == 0);
	CHECK(is_hit(8));
	if (geteuid() == 0) {
		CHECK(chown(path, 1, 1) == 0);
		CHECK(!is_hit(8));
		CHECK(chown(path, 0, 0) == 0);
	}
	snprintf(elsewhere, sizeof(elsewhere), "%s/.elsewhere", cache_dir);
	CHECK(rename(path, elsewhere) == 0 && symlink(".elsewhere", path) == 0);
	CHECK(!is_hit(8));
	CHECK(unlink(path) == 0 && unlink(elsewhere) == 0 && mkfifo(path, 0600) == 0);
	CHECK(!is_hit(8));
	empty_cache();
	CHECK(chmod(cache_dir, 0777) == 0);
	CHECK(compiles_with_cache(8)); /* works, but leaves nothing in a directory that others can write */
	CHECK_INT(count_files(NULL), 0);
	CHECK(chmod(cache_dir, 0700) == 0);
}

static void test_cache_bound(void)
{
	for (uint32_t i = 1; i <= SECCOMP_CACHE_MAX + 9; i++)
		CHECK(compiles_with_cache(i));
	CHECK_INT(count_files(NULL), SECCOMP_CACHE_MAX);
	CHECK(is_hit(SECCOMP_CACHE_MAX + 9));
	CHECK(!is_hit(1));
	empty_cache();
}

int main(void)
{
	if (!mkdtemp(cache_dir))
		return 1;
	UNIT(test_actions);
	UNIT(test_errno);
	UNIT(test_compare);
	UNIT(test_same_argument);
	UNIT(test_unknown_and_twice);
	UNIT(test_contradictions_of_no_account);
	UNIT(test_enosys);
#ifdef __x86_64__
	UNIT(test_archs);
	UNIT(test_socketcall);
	UNIT(test_parts_are_not_new);
#endif
	UNIT(test_refused_errno);
	UNIT(test_refused_rules);
	UNIT(test_refused_notify);
	UNIT(test_flags);
	UNIT(test_loaded);
	UNIT(test_cache);
	UNIT(test_cache_corrupt);
	UNIT(test_cache_trust);
	UNIT(test_cache_bound);
	rmdir(cache_dir);
	return unit_done();
}
