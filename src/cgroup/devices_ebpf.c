/* SPDX-License-Identifier: Apache-2.0 */
/* The allowed device list on cgroup v2: an eBPF program that is asked at each open and mknod of a device. */
#include "devices.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the program ------------------------------------------------------------------------------- */

/*
 * Most of what a program costs is the kernel's proof that it ends, a state for each jump that depends on what is asked.
 * So there is one jump for the type, and then at most one for the numbers of a rule, which are compared as one: the kernel's
 * have 12 and 20 bits.
 */
enum { R_RESULT, R_CONTEXT, R_TYPE, R_ACCESS, R_NUMBER, R_PART };

enum { MINOR_BITS = 20, MINOR_MAX = (1 << MINOR_BITS) - 1, MAJOR_MAX = (1 << 12) - 1 };

struct program {
	struct bpf_insn *v;
	size_t n, cap;
};

static size_t emit(struct program *p, struct bpf_insn insn)
{
	if (p->n == p->cap) {
		p->cap = p->cap ? p->cap * 2 : 128;
		p->v = mem_grow(p->v, p->cap, sizeof(*p->v));
	}
	p->v[p->n] = insn;
	return p->n++;
}

#define INSN(c, dst, src, o, i) \
	((struct bpf_insn){ .code = (c), .dst_reg = (dst), .src_reg = (src), .off = (o), .imm = (i) })
#define LOAD_CTX(dst, member) \
	INSN(BPF_LDX | BPF_MEM | BPF_W, dst, R_CONTEXT, offsetof(struct bpf_cgroup_dev_ctx, member), 0)
#define MOVE(dst, src) INSN(BPF_ALU | BPF_MOV | BPF_X, dst, src, 0, 0)
#define SET(dst, imm) INSN(BPF_ALU64 | BPF_MOV | BPF_K, dst, 0, 0, imm)
#define AND(dst, imm) INSN(BPF_ALU | BPF_AND | BPF_K, dst, 0, 0, imm)
#define OR(dst, src) INSN(BPF_ALU | BPF_OR | BPF_X, dst, src, 0, 0)
#define LEFT(dst, imm) INSN(BPF_ALU | BPF_LSH | BPF_K, dst, 0, 0, imm)
#define RIGHT(dst, imm) INSN(BPF_ALU | BPF_RSH | BPF_K, dst, 0, 0, imm)
/* Compares of 32 bits (5.1): a number above 2^31 would be sign-extended by those of 64. */
#define JUMP_NE(dst, imm, o) INSN(BPF_JMP32 | BPF_JNE | BPF_K, dst, 0, o, (int32_t)(imm))
#define JUMP_EQ(dst, imm, o) INSN(BPF_JMP32 | BPF_JEQ | BPF_K, dst, 0, o, imm)
#define EXIT INSN(BPF_JMP | BPF_EXIT, 0, 0, 0, 0)

static void emit_return(struct program *p, int value)
{
	emit(p, SET(R_RESULT, value));
	emit(p, EXIT);
}

static void emit_head(struct program *p)
{
	emit(p, LOAD_CTX(R_TYPE, access_type));
	emit(p, MOVE(R_ACCESS, R_TYPE));
	emit(p, AND(R_TYPE, 0xffff));
	emit(p, RIGHT(R_ACCESS, 16));
	emit(p, LOAD_CTX(R_NUMBER, major));
	emit(p, LEFT(R_NUMBER, MINOR_BITS));
	emit(p, LOAD_CTX(R_PART, minor));
	emit(p, OR(R_NUMBER, R_PART));
}

/* A jump, whose length is to be set, for devices that have other numbers; SIZE_MAX: the rule is for all of them. */
static size_t emit_compare(struct program *p, const struct cgroup_device_rule *r)
{
	if (r->major >= 0 && r->minor >= 0)
		return emit(p, JUMP_NE(R_NUMBER, (uint32_t)r->major << MINOR_BITS | (uint32_t)r->minor, 0));
	if (r->major < 0 && r->minor < 0)
		return SIZE_MAX;
	emit(p, MOVE(R_PART, R_NUMBER));
	emit(p, r->major >= 0 ? RIGHT(R_PART, MINOR_BITS) : AND(R_PART, MINOR_MAX));
	return emit(p, JUMP_NE(R_PART, r->major >= 0 ? r->major : r->minor, 0));
}

/* One rule, looked at from the last to the first: R_ACCESS are the bits not yet allowed by a later rule. None at all is
 * what access(path, F_OK) asks for: any rule that allows something of the device grants it, as on v1. */
static void emit_rule(struct program *p, const struct cgroup_device_rule *r)
{
	size_t jump = emit_compare(p, r);

	if (r->access == CGROUP_DEVICE_ALL_ACCESS) {
		emit_return(p, r->allow);
	} else if (r->allow) {
		emit(p, AND(R_ACCESS, CGROUP_DEVICE_ALL_ACCESS & ~r->access));
		emit(p, JUMP_NE(R_ACCESS, 0, 2));
		emit_return(p, 1);
	} else {
		emit(p, MOVE(R_PART, R_ACCESS));
		emit(p, AND(R_PART, r->access));
		emit(p, JUMP_EQ(R_PART, 0, 2));
		emit_return(p, 0);
	}
	if (jump != SIZE_MAX)
		p->v[jump].off = (int16_t)(p->n - jump - 1);
}

/* Is what this rule says of the type said by r, which comes later in the list, for each access? */
static bool covers(const struct cgroup_device_rule *r, const struct cgroup_device_rule *earlier)
{
	return r->access == CGROUP_DEVICE_ALL_ACCESS && (r->type == 'a' || r->type == earlier->type) &&
	       (r->major < 0 || r->major == earlier->major) && (r->minor < 0 || r->minor == earlier->minor);
}

/* Has it a later one that decides, or numbers that no device has? */
static bool says_nothing(const struct cgroup_device_rule *rules, size_t n, size_t i)
{
	if (rules[i].major > MAJOR_MAX || rules[i].minor > MINOR_MAX)
		return true;
	for (size_t later = i + 1; later < n; later++)
		if (covers(&rules[later], &rules[i]))
			return true;
	return false;
}

/* The rules for one type, and the end. */
static void emit_type(struct program *p, char type, const struct cgroup_device_rule *rules, size_t n)
{
	for (size_t i = n; i-- > 0;) {
		const struct cgroup_device_rule *r = &rules[i];
		bool all = r->major < 0 && r->minor < 0 && r->access == CGROUP_DEVICE_ALL_ACCESS;

		if ((r->type != 'a' && r->type != type) || says_nothing(rules, n, i))
			continue;
		emit_rule(p, r);
		if (all)
			return;
	}
	emit_return(p, 0);
}

void cgroup_device_program(const struct cgroup_device_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n)
{
	struct program p = { 0 };

	emit_head(&p);
	size_t jump = emit(&p, JUMP_NE(R_TYPE, BPF_DEVCG_DEV_BLOCK, 0));
	emit_type(&p, 'b', rules, n);
	p.v[jump].off = (int16_t)(p.n - jump - 1);
	emit_type(&p, 'c', rules, n);
	*ret = p.v;
	*ret_n = p.n;
}

/* A rule is at most eight instructions, of which a jump passes at most INT16_MAX. */
_Static_assert(CGROUP_DEVICE_RULES_MAX * 8 + 2 <= INT16_MAX, "a jump over the rules of block devices");

/* ---- loading ------------------------------------------------------------------------------------- */

/* Kernels 6.17 to 7.1 write past an attr that is shorter than theirs: give them more than any has. */
union padded_attr {
	union bpf_attr attr;
	char pad[512];
};

static int bpf_call(int cmd, union padded_attr *a)
{
	int r = (int)syscall(SYS_bpf, cmd, &a->attr, sizeof(*a));

	return r < 0 ? -errno : r;
}

static int load(const struct bpf_insn *insns, size_t n)
{
	static const char license[] = "Apache-2.0";
	union padded_attr a;
	int r;

	memset(&a, 0, sizeof(a));
	a.attr.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
	a.attr.insns = (uint64_t)(uintptr_t)insns;
	a.attr.insn_cnt = (uint32_t)n;
	a.attr.license = (uint64_t)(uintptr_t)license;
	memcpy(a.attr.prog_name, "husk_devices", sizeof("husk_devices"));
	do
		r = bpf_call(BPF_PROG_LOAD, &a);
	while (r == -EAGAIN || r == -EINTR);
	return r;
}

/* Before 5.11 programs counted against RLIMIT_MEMLOCK. */
static int load_with_memlock(const struct bpf_insn *insns, size_t n)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit old;
	int r = load(insns, n);

	if (r != -EPERM || getrlimit(RLIMIT_MEMLOCK, &old) < 0 || setrlimit(RLIMIT_MEMLOCK, &unlimited) < 0)
		return r;
	r = load(insns, n);
	setrlimit(RLIMIT_MEMLOCK, &old);
	return r;
}

#define OLD_MAX 64

static unsigned find_attached(int dir_fd, uint32_t ids[OLD_MAX])
{
	union padded_attr a;

	memset(&a, 0, sizeof(a));
	a.attr.query.target_fd = (uint32_t)dir_fd;
	a.attr.query.attach_type = BPF_CGROUP_DEVICE;
	a.attr.query.prog_ids = (uint64_t)(uintptr_t)ids;
	a.attr.query.prog_cnt = OLD_MAX;
	return bpf_call(BPF_PROG_QUERY, &a) < 0 ? 0 : a.attr.query.prog_cnt;
}

static int attach(int dir_fd, int prog_fd)
{
	union padded_attr a;

	memset(&a, 0, sizeof(a));
	a.attr.target_fd = (uint32_t)dir_fd;
	a.attr.attach_bpf_fd = (uint32_t)prog_fd;
	a.attr.attach_type = BPF_CGROUP_DEVICE;
	a.attr.attach_flags = BPF_F_ALLOW_MULTI;
	return bpf_call(BPF_PROG_ATTACH, &a);
}

static int detach(int dir_fd, uint32_t id)
{
	union padded_attr a;

	memset(&a, 0, sizeof(a));
	a.attr.prog_id = id;
	_cleanup_fd_ int fd = bpf_call(BPF_PROG_GET_FD_BY_ID, &a);
	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	memset(&a, 0, sizeof(a));
	a.attr.target_fd = (uint32_t)dir_fd;
	a.attr.attach_bpf_fd = (uint32_t)fd;
	a.attr.attach_type = BPF_CGROUP_DEVICE;
	int r = bpf_call(BPF_PROG_DETACH, &a);
	return r == -ENOENT ? 0 : r;
}

int cgroup_devices_ebpf(int dir_fd, bool fresh, const struct cgroup_device_rule *rules, size_t n, struct err *err)
{
	_cleanup_free_ struct bpf_insn *insns = NULL;
	uint32_t old[OLD_MAX];
	size_t n_insns;

	if (n > CGROUP_DEVICE_RULES_MAX) {
		err_say(err, -E2BIG, "the allowed device list has more than %d rules", CGROUP_DEVICE_RULES_MAX);
		return err_where(err, "/linux/resources/devices");
	}
	cgroup_device_program(rules, n, &insns, &n_insns);
	_cleanup_fd_ int fd = load_with_memlock(insns, n_insns);
	if (fd < 0)
		return err_set(err, fd, "load the eBPF program of the allowed device list (%zu rules)", n);
	/* All programs must allow: the new one first, so that there is no moment without a list. */
	unsigned n_old = fresh ? 0 : find_attached(dir_fd, old);
	int r = attach(dir_fd, fd);
	if (r < 0)
		return err_set(err, r, "attach the eBPF program of the allowed device list");
	for (unsigned i = 0; i < n_old; i++) {
		r = detach(dir_fd, old[i]);
		if (r < 0)
			return err_set(err, r, "detach the old eBPF program %u of the allowed device list", old[i]);
	}
	return 0;
}
