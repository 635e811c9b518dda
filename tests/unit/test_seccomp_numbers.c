/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of numbers and what libseccomp makes of the rest, together: profiles made at random say to every number and argument
 * what their rules mean, on every architecture.  ENOSYS for new numbers is looked at in test_seccomp.c.
 */
#include "unit.h"

#include "ocispec.h"
#include "seccomp/seccomp.h"
#include "seccomp/seccomp_action.h"
#include "seccomp/seccomp_eval.h"
#include "util/err.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>

#define PROFILES 40
#define RULES_MAX 24
#define NAMES_MAX 12

/* First such as are a part of socketcall(2) or ipc(2); then with neighbours, and calls that some architectures do not have. */
static const char *const names[] = { "socket",  "bind",      "connect", "send",        "sendto",     "recv",
				     "accept4", "sendmsg",   "shmget",  "msgctl",      "semtimedop", "read",
				     "write",   "open",      "close",   "stat",        "fstat",      "lstat",
				     "poll",    "clone",     "clone3",  "getppid",     "openat2",    "set_tls",
				     "mount",   "umount",    "execve",  "exit_group",  "umount2",    "waitpid",
				     "mmap2",   "fchmodat2", "futex",   "futex_time64" };
#define N_NAMES ((uint32_t)(sizeof(names) / sizeof(*names)))
#define N_PARTS 11
static const unsigned actions[] = { OCI_SCMP_ACT_ERRNO, OCI_SCMP_ACT_TRAP, OCI_SCMP_ACT_ALLOW,
				    OCI_SCMP_ACT_KILL_PROCESS };
static const uint32_t kernel_archs[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386,    AUDIT_ARCH_AARCH64,
					 AUDIT_ARCH_ARM,    AUDIT_ARCH_RISCV64, AUDIT_ARCH_MIPSEL };

static uint32_t state = 1;

static uint32_t any(uint32_t n)
{
	state = state * 1664525u + 1013904223u;
	return (uint32_t)(((uint64_t)state * n) >> 32);
}

struct profile {
	struct oci_seccomp s;
	struct oci_seccomp_syscall rules[RULES_MAX];
	struct oci_seccomp_arg args[RULES_MAX];
	char *names[RULES_MAX][NAMES_MAX];
	enum oci_seccomp_arch archs[4];
};

static const struct {
	enum oci_seccomp_arch word;
	uint32_t token;
} archs[] = {
	{ OCI_SCMP_ARCH_X86_64, SCMP_ARCH_X86_64 },   { OCI_SCMP_ARCH_X86, SCMP_ARCH_X86 },
	{ OCI_SCMP_ARCH_X32, SCMP_ARCH_X32 },         { OCI_SCMP_ARCH_ARM, SCMP_ARCH_ARM },
	{ OCI_SCMP_ARCH_AARCH64, SCMP_ARCH_AARCH64 }, { OCI_SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL },
};
#define N_ARCHS (sizeof(archs) / sizeof(*archs))

static char *execve_name = (char *)"execve"; /* may always be started */

static void make_profile(struct profile *p)
{
	memset(p, 0, sizeof(*p));
	p->s.default_action = OCI_SCMP_ACT_LOG; /* no answer to new calls */
	p->s.syscalls = p->rules;
	p->s.n_syscalls = 1 + any(RULES_MAX);
	p->s.architectures = p->archs;
	p->s.n_architectures = any(5);
	for (size_t i = 0; i < p->s.n_architectures; i++)
		p->archs[i] = archs[any(N_ARCHS)].word;
	for (size_t i = 0; i < p->s.n_syscalls; i++) {
		struct oci_seccomp_syscall *rule = &p->rules[i];

		rule->action = actions[any(sizeof(actions) / sizeof(*actions))];
		if (any(3) == 0) {
			p->args[i] =
				(struct oci_seccomp_arg){ .index = any(3), .op = OCI_SCMP_CMP_EQ, .value = any(4) };
			rule->args = &p->args[i];
			rule->n_args = 1;
			rule->action = OCI_SCMP_ACT_ALLOW;
		}
		rule->has_errno_ret = rule->action == OCI_SCMP_ACT_ERRNO;
		rule->errno_ret = 1 + any(3);
		/* libseccomp takes it for a contradiction when arguments, or parts of a call, get several actions. */
		uint32_t first = rule->action == OCI_SCMP_ACT_ALLOW ? 0 : N_PARTS;
		rule->names = p->names[i];
		rule->n_names = 1 + any(NAMES_MAX);
		for (size_t j = 0; j < rule->n_names; j++)
			p->names[i][j] = (char *)names[first + any(N_NAMES - first)];
	}
	p->rules[any((uint32_t)p->s.n_syscalls)] =
		(struct oci_seccomp_syscall){ .action = OCI_SCMP_ACT_ALLOW, .names = &execve_name, .n_names = 1 };
}

/* ---- what it means -------------------------------------------------------------------------------------- */

/* The architecture of libseccomp that a number belongs to, or 0 when it is none of the profile's. */
static uint32_t find_arch(const struct oci_seccomp *s, uint32_t kernel_arch, uint32_t nr)
{
	bool x32 = kernel_arch == AUDIT_ARCH_X86_64 && nr >= 0x40000000u && nr != UINT32_MAX;
	uint32_t arch = x32 ? SCMP_ARCH_X32 : kernel_arch;

	if (arch == seccomp_arch_native())
		return arch;
	for (size_t i = 0; i < s->n_architectures; i++) {
		for (size_t j = 0; j < N_ARCHS; j++) {
			if (archs[j].word == s->architectures[i] && archs[j].token == arch)
				return arch;
		}
	}
	return 0;
}

static uint32_t meaning(const struct oci_seccomp *s, const struct seccomp_data *data)
{
	uint32_t arch = find_arch(s, data->arch, (uint32_t)data->nr), conditional = seccomp_default_action(s);

	if (!arch)
		return SECCOMP_RET_KILL_THREAD;
	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *rule = &s->syscalls[i];

		for (size_t j = 0; j < rule->n_names; j++) {
			if (seccomp_syscall_resolve_name_arch(arch, rule->names[j]) != data->nr || data->nr < 0)
				continue;
			if (!rule->n_args)
				return seccomp_rule_action(rule); /* the first of those without arguments */
			if (data->args[rule->args->index] == rule->args->value)
				conditional = seccomp_rule_action(rule);
		}
	}
	return conditional;
}

/* ---- what it says --------------------------------------------------------------------------------------- */

/* socketcall(2), ipc(2), and their parts where libseccomp makes rules for both: see test_seccomp.c. */
static bool is_multiplexed(uint32_t arch, uint32_t nr)
{
	bool is = false;

	if (arch != AUDIT_ARCH_I386 && arch != AUDIT_ARCH_MIPSEL)
		return false;
	char *name = seccomp_syscall_resolve_num_arch(arch, (int)nr);
	for (size_t i = 0; name && i < N_PARTS; i++)
		is |= !strcmp(name, names[i]);
	is |= name && (!strcmp(name, "socketcall") || !strcmp(name, "ipc"));
	free(name);
	return is;
}

static void check_numbers(const struct oci_seccomp *s, const struct seccomp_program *p, uint32_t arch, uint32_t from,
			  uint32_t to)
{
	for (uint32_t nr = from; nr != to; nr++) {
		if (is_multiplexed(arch, nr))
			continue;
		for (unsigned i = 0; i < 5; i++) {
			const struct seccomp_data data = { .nr = (int)nr, .arch = arch, .args = { i, i ^ 1, i ^ 3 } };
			uint32_t have = 0, want = meaning(s, &data);

			CHECK_INT(seccomp_eval(p->filter, p->size, &data, &have), 0);
			CHECK_SAY(have == want, "arch %#x, number %#x, argument %u: %#x, not %#x", arch, nr, i, have,
				  want);
		}
	}
}

static void test_random_profiles(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PROFILES; i++) {
		struct profile profile;
		struct seccomp_program p;
		struct err err = { 0 };

		make_profile(&profile);
		if (seccomp_compile(&profile.s, NULL, &p, &err) < 0) {
			CHECK_SAY(strstr(err.text, "stops execve"), "%.300s", err.text);
			continue;
		}
		n++;
		for (size_t j = 0; j < sizeof(kernel_archs) / sizeof(*kernel_archs); j++) {
			check_numbers(&profile.s, &p, kernel_archs[j], 0, 480);
			check_numbers(&profile.s, &p, kernel_archs[j], 4000, 4480);
			check_numbers(&profile.s, &p, kernel_archs[j], 0xf0000, 0xf0010);
			check_numbers(&profile.s, &p, kernel_archs[j], 0x3ffffff0, 0x40000220);
			check_numbers(&profile.s, &p, kernel_archs[j], 0xfffffff0, 0);
		}
		seccomp_program_done(&p);
	}
	CHECK(n > PROFILES / 2);
}

int main(void)
{
	UNIT(test_random_profiles);
	return unit_done();
}
