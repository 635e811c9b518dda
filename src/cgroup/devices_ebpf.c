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

enum { R_RESULT, R_CONTEXT, R_TYPE, R_ACCESS, R_MAJOR, R_MINOR, R_BITS };

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
#define SHIFT(dst, imm) INSN(BPF_ALU | BPF_RSH | BPF_K, dst, 0, 0, imm)
/* Compares of 32 bits (5.1): a major above 2^31 would be sign-extended by those of 64. */
#define JUMP_NE(dst, imm) INSN(BPF_JMP32 | BPF_JNE | BPF_K, dst, 0, 0, imm)
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
	emit(p, SHIFT(R_ACCESS, 16));
	emit(p, LOAD_CTX(R_MAJOR, major));
	emit(p, LOAD_CTX(R_MINOR, minor));
}

/* One rule, looked at from the last to the first: R_ACCESS are the bits not yet allowed by a later rule. None at all is
 * what access(path, F_OK) asks for: any rule that allows something of the device grants it, as on v1. */
static void emit_rule(struct program *p, const struct cgroup_device_rule *r)
{
	size_t jumps[4], n = 0;

	if (r->type != 'a')
		jumps[n++] = emit(p, JUMP_NE(R_TYPE, r->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR));
	if (r->major >= 0)
		jumps[n++] = emit(p, JUMP_NE(R_MAJOR, (int32_t)(uint32_t)r->major));
	if (r->minor >= 0)
		jumps[n++] = emit(p, JUMP_NE(R_MINOR, (int32_t)(uint32_t)r->minor));
	if (r->access == CGROUP_DEVICE_ALL_ACCESS) {
		emit_return(p, r->allow);
	} else if (r->allow) {
		emit(p, AND(R_ACCESS, CGROUP_DEVICE_ALL_ACCESS & ~r->access));
		emit(p, INSN(BPF_JMP32 | BPF_JNE | BPF_K, R_ACCESS, 0, 2, 0));
		emit_return(p, 1);
	} else {
		emit(p, MOVE(R_BITS, R_ACCESS));
		emit(p, AND(R_BITS, r->access));
		emit(p, JUMP_EQ(R_BITS, 0, 2));
		emit_return(p, 0);
	}
	for (size_t i = 0; i < n; i++)
		p->v[jumps[i]].off = (int16_t)(p->n - jumps[i] - 1);
}

static bool is_everything(const struct cgroup_device_rule *r)
{
	return r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == CGROUP_DEVICE_ALL_ACCESS;
}

void cgroup_device_program(const struct cgroup_device_rule *rules, size_t n, struct bpf_insn **ret, size_t *ret_n)
{
	struct program p = { 0 };

	emit_head(&p);
	while (n > 0 && !is_everything(&rules[n - 1]))
		emit_rule(&p, &rules[--n]);
	emit_return(&p, n > 0 && rules[n - 1].allow);
	*ret = p.v;
	*ret_n = p.n;
}

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
