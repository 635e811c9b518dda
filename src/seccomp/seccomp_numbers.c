/* SPDX-License-Identifier: Apache-2.0 */
/* What numbers alone decide, as a search tree; see seccomp_numbers.h. */
#include "seccomp_numbers.h"

#include "ocispec.h"
#include "seccomp_action.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>

#define X32_BIT 0x40000000u
#define ARM_PRIVATE 0x000f0000u /* cacheflush, set_tls and so on: no newer than anything */
#define GAP_MAX 64u             /* numbers in a row that no architecture leaves out before its newest call */
#define BLOCK_MAX 128u /* spans that one part of the tree tells apart: its conditions jump 255 instructions at most */
#define TO_THE_END UINT32_MAX /* a jump whose length is known when the tree is whole */

/* Numbers that a rule decides. Where two claim a number, the earlier one has it. */
struct claim {
	uint32_t first, last;
	uint32_t action;
	size_t order;
};

/* The numbers from `first` on, up to the next span. */
struct span {
	uint32_t first;
	bool decided;
	uint32_t action;
};

/* ---- which rules ------------------------------------------------------------------------------------------- */

/* socketcall(2) and ipc(2) themselves too: where a rule answers for all their parts, libseccomp must know it, or it takes
 * rules that look at a part's arguments, which it cannot see there, for contradictions. */
static bool is_multiplexed(const char *name)
{
	static const char *const names[] = { "socketcall", "socket",  "bind",        "connect",     "listen",
					     "accept",     "accept4", "getsockname", "getpeername", "socketpair",
					     "send",       "sendto",  "sendmsg",     "sendmmsg",    "recv",
					     "recvfrom",   "recvmsg", "recvmmsg",    "shutdown",    "setsockopt",
					     "getsockopt", "ipc",     "semop",       "semget",      "semctl",
					     "semtimedop", "msgsnd",  "msgrcv",      "msgget",      "msgctl",
					     "shmat",      "shmdt",   "shmget",      "shmctl" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static bool names_call(const struct oci_seccomp_syscall *rule, const char *name)
{
	for (size_t i = 0; i < rule->n_names; i++) {
		if (!strcmp(rule->names[i], name))
			return true;
	}
	return false;
}

/* Does the rule claim numbers for the tree? One that says what the default says is none. */
static bool claims_numbers(const struct oci_seccomp *s, const struct oci_seccomp_syscall *rule)
{
	return !rule->n_args && seccomp_rule_action(rule) != seccomp_default_action(s);
}

bool seccomp_numbers_decide(const struct oci_seccomp *s, const struct oci_seccomp_syscall *rule, const char *name)
{
	if (is_multiplexed(name))
		return false;
	if (claims_numbers(s, rule))
		return true;
	for (size_t i = 0; i < s->n_syscalls; i++) {
		if (claims_numbers(s, &s->syscalls[i]) && names_call(&s->syscalls[i], name))
			return true;
	}
	return false;
}

static bool answers_new_calls(const struct oci_seccomp *s)
{
	switch (s->default_action) {
	case OCI_SCMP_ACT_ALLOW:
	case OCI_SCMP_ACT_LOG:
	case OCI_SCMP_ACT_TRACE:
	case OCI_SCMP_ACT_NOTIFY: return false;
	default: return true;
	}
}

/* ---- what they claim ---------------------------------------------------------------------------------------- */

static void add_claim(struct buf *claims, uint32_t first, uint32_t last, uint32_t action)
{
	const struct claim claim = { first, last, action, claims->len };

	buf_add(claims, &claim, sizeof(claim));
}

/* The last number of an architecture that may be new. */
static uint32_t last_number(uint32_t arch)
{
	return arch == SCMP_ARCH_X86_64 ? X32_BIT - 1 : arch == SCMP_ARCH_ARM ? ARM_PRIVATE - 1 : UINT32_MAX;
}

static bool is_named(const struct oci_seccomp *s, const char *name)
{
	for (size_t i = 0; i < s->n_syscalls; i++) {
		if (names_call(&s->syscalls[i], name))
			return true;
	}
	return false;
}

/*
 * A profile that names parts of socketcall(2) or ipc(2) speaks of these two as well, and of the numbers of their own that
 * younger kernels give the parts: libseccomp, which resolves a part to none of them, makes rules for all.  Returns the
 * largest of them, or `largest`, should that be larger, or the architecture have no such calls.
 */
static uint32_t largest_of_parts(const struct oci_seccomp *s, uint32_t arch, uint32_t largest)
{
	int socketcall = seccomp_syscall_resolve_name_arch(arch, "socketcall");
	int ipc = seccomp_syscall_resolve_name_arch(arch, "ipc");

	if (socketcall < 0 && ipc < 0)
		return largest;
	if (socketcall >= 0 && (uint32_t)socketcall > largest)
		largest = (uint32_t)socketcall;
	if (ipc >= 0 && (uint32_t)ipc > largest)
		largest = (uint32_t)ipc;
	for (uint32_t nr = largest + 1, unknown = 0; unknown < GAP_MAX; nr++) {
		char *name = seccomp_syscall_resolve_num_arch(arch, (int)nr);

		unknown = name ? 0 : unknown + 1;
		if (name && is_multiplexed(name) && is_named(s, name))
			largest = nr;
		free(name);
	}
	return largest;
}

static void claim_numbers(const struct oci_seccomp *s, uint32_t arch, struct buf *claims)
{
	uint32_t end = last_number(arch), largest = 0;
	bool any = false, parts = false;

	for (size_t i = 0; i < s->n_syscalls; i++) {
		const struct oci_seccomp_syscall *rule = &s->syscalls[i];
		uint32_t action = seccomp_rule_action(rule);
		bool says = claims_numbers(s, rule);

		for (size_t j = 0; j < rule->n_names; j++) {
			int nr = seccomp_syscall_resolve_name_arch(arch, rule->names[j]);

			if (nr < 0) { /* unknown, or a part of socketcall(2) and the like */
				parts |= is_multiplexed(rule->names[j]);
				continue;
			}
			if (says)
				add_claim(claims, (uint32_t)nr, (uint32_t)nr, action);
			if ((uint32_t)nr <= end) {
				largest = (uint32_t)nr > largest ? (uint32_t)nr : largest;
				any = true;
			}
		}
	}
	if (!answers_new_calls(s))
		return;
	if (parts)
		largest = largest_of_parts(s, arch, largest);
	if ((any || largest) && largest < end)
		add_claim(claims, largest + 1, end, SECCOMP_RET_ERRNO | ENOSYS);
}

/* x86-64 and x32 are one architecture to the kernel, told apart by a bit of the number. */
static uint32_t audit_arch(uint32_t arch)
{
	return arch == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : arch;
}

/* ---- from claims to spans ------------------------------------------------------------------------------------ */

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static void add_span(struct buf *spans, uint32_t first, bool decided, uint32_t action)
{
	const struct span span = { first, decided, action };
	const struct span *last = spans->len ? (const struct span *)(spans->data + spans->len) - 1 : NULL;

	if (!last || last->decided != decided || last->action != action)
		buf_add(spans, &span, sizeof(span));
}

static void make_spans(struct buf *claims, struct buf *spans)
{
	struct claim *claim = (struct claim *)claims->data;
	size_t n = claims->len / sizeof(*claim);
	uint64_t next = 0; /* the first number that is not spoken for; beyond the largest at the end */

	qsort(claim, n, sizeof(*claim), compare_claims);
	for (size_t i = 0; i < n; i++) {
		if (claim[i].first < next)
			continue;
		if (claim[i].first > next)
			add_span(spans, (uint32_t)next, false, 0);
		add_span(spans, claim[i].first, true, claim[i].action);
		next = (uint64_t)claim[i].last + 1;
	}
	if (next <= UINT32_MAX)
		add_span(spans, (uint32_t)next, false, 0);
}

/* ---- from spans to code --------------------------------------------------------------------------------------- */

static void add_instruction(struct buf *code, struct sock_filter instruction)
{
	buf_add(code, &instruction, sizeof(instruction));
}

static size_t count_instructions(const struct buf *code)
{
	return code->len / sizeof(struct sock_filter);
}

/* A jump over what is added between this and `close_jump`. */
static size_t open_jump(struct buf *code)
{
	add_instruction(code, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, 0));
	return count_instructions(code);
}

static void close_jump(struct buf *code, size_t after)
{
	((struct sock_filter *)code->data)[after - 1].k = (uint32_t)(count_instructions(code) - after);
}

/* Where the same answer was given before, or at the end. */
static size_t find_answer(const struct span *answers, size_t *n, const struct span *span)
{
	size_t i = 0;

	while (i < *n && (answers[i].decided != span->decided || answers[i].action != span->action))
		i++;
	*n += i == *n;
	return i;
}

struct block {
	struct sock_filter nodes[BLOCK_MAX];
	struct span answers[BLOCK_MAX];
	size_t n_nodes, n_answers;
};

/* Adds the nodes for n spans; returns where they begin, counted from the block's: beyond the nodes are the answers. */
static size_t add_nodes(struct block *block, size_t all_nodes, const struct span *span, size_t n)
{
	size_t at = block->n_nodes, left, right;

	if (n == 1) {
		at = find_answer(block->answers, &block->n_answers, span);
		block->answers[at] = *span;
		return all_nodes + at;
	}
	block->n_nodes++;
	left = add_nodes(block, all_nodes, span, n / 2);
	right = add_nodes(block, all_nodes, span + n / 2, n - n / 2);
	block->nodes[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, span[n / 2].first,
							(uint8_t)(right - at - 1), (uint8_t)(left - at - 1));
	return at;
}

static void add_answer(struct buf *code, const struct span *span)
{
	if (span->decided)
		add_instruction(code, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, span->action));
	else
		add_instruction(code, (struct sock_filter)BPF_STMT(BPF_JMP | BPF_JA, TO_THE_END));
}

/* The number is in the accumulator. */
static void add_tree(struct buf *code, const struct span *span, size_t n)
{
	if (n > BLOCK_MAX) {
		add_instruction(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, span[n / 2].first, 0, 1));
		size_t left = open_jump(code);
		add_tree(code, span, n / 2);
		close_jump(code, left);
		add_tree(code, span + n / 2, n - n / 2);
		return;
	}
	struct block block = { 0 };
	add_nodes(&block, n - 1, span, n);
	buf_add(code, block.nodes, block.n_nodes * sizeof(*block.nodes));
	for (size_t i = 0; i < block.n_answers; i++)
		add_answer(code, &block.answers[i]);
}

/* The architecture is in the accumulator; it still is after this, where it is another one. */
static void add_arch(struct buf *code, uint32_t arch, const struct buf *spans)
{
	add_instruction(code, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0));
	size_t other = open_jump(code);
	add_instruction(code,
			(struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)));
	add_tree(code, (const struct span *)spans->data, spans->len / sizeof(struct span));
	close_jump(code, other);
}

static void close_jumps_to_the_end(struct buf *code, size_t from)
{
	struct sock_filter *instruction = (struct sock_filter *)code->data;
	size_t n = count_instructions(code);

	for (size_t i = from; i < n; i++) {
		if (instruction[i].code == (BPF_JMP | BPF_JA) && instruction[i].k == TO_THE_END)
			instruction[i].k = (uint32_t)(n - i - 1);
	}
}

/* Is an architecture before this one the same to the kernel? */
static bool is_done(const uint32_t *archs, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (audit_arch(archs[j]) == audit_arch(archs[i]))
			return true;
	}
	return false;
}

void seccomp_numbers_add(const struct oci_seccomp *s, const uint32_t *archs, size_t n_archs, struct buf *code)
{
	size_t from = count_instructions(code);

	for (size_t i = 0; i < n_archs; i++) {
		_cleanup_buf_ struct buf claims = { 0 }, spans = { 0 };

		if (is_done(archs, i))
			continue;
		for (size_t j = i; j < n_archs; j++) {
			if (audit_arch(archs[j]) == audit_arch(archs[i]))
				claim_numbers(s, archs[j], &claims);
		}
		if (!claims.len)
			continue;
		if (count_instructions(code) == from)
			add_instruction(code, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
									   offsetof(struct seccomp_data, arch)));
		make_spans(&claims, &spans);
		add_arch(code, audit_arch(archs[i]), &spans);
	}
	close_jumps_to_the_end(code, from);
}
