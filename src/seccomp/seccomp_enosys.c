/* SPDX-License-Identifier: Apache-2.0 */
/* The stub that answers ENOSYS to system calls newer than a profile; see seccomp_enosys.h. */
#include "seccomp_enosys.h"

#include "ocispec.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>

#define X32_BIT 0x40000000u
#define ARM_PRIVATE 0x000f0000u /* cacheflush, set_tls and so on: no newer than anything */
#define NO_LIMIT UINT32_MAX

/* The numbers of an architecture are two ranges, below split and from it on; in each, those above the limit are new. */
struct range {
	uint32_t arch; /* as in struct seccomp_data */
	uint32_t split;
	uint32_t low_limit, high_limit;
};

bool seccomp_enosys_wanted(const struct oci_seccomp *s)
{
	switch (s->default_action) {
	case OCI_SCMP_ACT_ALLOW:
	case OCI_SCMP_ACT_LOG:
	case OCI_SCMP_ACT_TRACE:
	case OCI_SCMP_ACT_NOTIFY: return false;
	default: return true;
	}
}

/* The largest number that the profile names on an architecture; NO_LIMIT when it names none. */
static uint32_t largest_known(const struct oci_seccomp *s, uint32_t arch)
{
	uint32_t largest = NO_LIMIT;

	for (size_t i = 0; i < s->n_syscalls; i++) {
		for (size_t j = 0; j < s->syscalls[i].n_names; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, s->syscalls[i].names[j]);

			/* Negative: unknown, or a part of socketcall(2) and the like. */
			if (nr < 0 || (arch == SCMP_ARCH_ARM && (uint32_t)nr >= ARM_PRIVATE))
				continue;
			if (largest == NO_LIMIT || (uint32_t)nr > largest)
				largest = (uint32_t)nr;
		}
	}
	return largest;
}

static bool has_arch(const uint32_t *archs, size_t n_archs, uint32_t arch)
{
	for (size_t i = 0; i < n_archs; i++) {
		if (archs[i] == arch)
			return true;
	}
	return false;
}

/* x86-64 and x32 are one architecture to the kernel, told apart by a bit of the number. */
static bool range_of_arch(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs, uint32_t arch,
			  struct range *ret)
{
	*ret = (struct range){ .arch = arch, .split = NO_LIMIT, .high_limit = 0 };
	if (arch == SCMP_ARCH_X32) {
		if (has_arch(archs, n_archs, SCMP_ARCH_X86_64))
			return false; /* done with it */
		ret->arch = AUDIT_ARCH_X86_64;
		ret->split = X32_BIT;
		ret->low_limit = NO_LIMIT;
		ret->high_limit = largest_known(s, SCMP_ARCH_X32);
		return ret->high_limit != NO_LIMIT;
	}
	ret->low_limit = largest_known(s, arch);
	if (arch == SCMP_ARCH_X86_64) {
		ret->split = X32_BIT;
		ret->high_limit = has_arch(archs, n_archs, SCMP_ARCH_X32) ? largest_known(s, SCMP_ARCH_X32) : NO_LIMIT;
	} else if (arch == SCMP_ARCH_ARM) {
		ret->split = ARM_PRIVATE;
		ret->high_limit = NO_LIMIT;
	}
	return ret->low_limit != NO_LIMIT || (ret->split == X32_BIT && ret->high_limit != NO_LIMIT);
}

#define RANGE_INSTRUCTIONS 7

static void add_range(const struct range *range, struct sock_filter *ret)
{
	const struct sock_filter code[RANGE_INSTRUCTIONS] = {
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, range->arch, 0, RANGE_INSTRUCTIONS - 1),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, range->split, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, range->low_limit, 1, 2),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, range->high_limit, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_JMP | BPF_JA, 0), /* to the end of the stub, known later */
	};

	for (size_t i = 0; i < RANGE_INSTRUCTIONS; i++)
		ret[i] = code[i];
}

size_t seccomp_enosys_stub(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs,
			   struct sock_filter ret[SECCOMP_ENOSYS_MAX])
{
	size_t n = 1;

	ret[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	for (size_t i = 0; i < n_archs && n + RANGE_INSTRUCTIONS <= SECCOMP_ENOSYS_MAX; i++) {
		struct range range;

		if (!range_of_arch(s, archs, n_archs, archs[i], &range))
			continue;
		add_range(&range, ret + n);
		n += RANGE_INSTRUCTIONS;
	}
	for (size_t i = RANGE_INSTRUCTIONS; i < n; i += RANGE_INSTRUCTIONS)
		ret[i].k = (uint32_t)(n - i - 1);
	return n > 1 ? n : 0;
}
