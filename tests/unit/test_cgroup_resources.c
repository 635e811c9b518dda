/* SPDX-License-Identifier: Apache-2.0 */
/* Resources, conversions, device rules and names of cgroups: what needs no kernel. */
#include "cgroup/devices.h"
#include "cgroup/resources.h"
#include "cgroup/systemd_name.h"
#include "cgroup/systemd_properties.h"
#include "ocispec.h"
#include "plan/plan.h"
#include "unit.h"
#include "util/err.h"
#include "util/mem.h"

#include <inttypes.h>

/* ---- hosts ------------------------------------------------------------------------------------------ */

static struct cgroup_hierarchy v1[] = {
	{ .controllers = (char *)"cpu,cpuacct",
	  .mount = (char *)"/sys/fs/cgroup/cpu,cpuacct",
	  .root = (char *)"/",
	  .own = (char *)"/me" },
	{ .controllers = (char *)"memory",
	  .mount = (char *)"/sys/fs/cgroup/memory",
	  .root = (char *)"/",
	  .own = (char *)"/me" },
	{ .controllers = (char *)"cpuset",
	  .mount = (char *)"/sys/fs/cgroup/cpuset",
	  .root = (char *)"/",
	  .own = (char *)"/" },
	{ .controllers = (char *)"blkio",
	  .mount = (char *)"/sys/fs/cgroup/blkio",
	  .root = (char *)"/",
	  .own = (char *)"/" },
	{ .controllers = (char *)"pids",
	  .mount = (char *)"/sys/fs/cgroup/pids",
	  .root = (char *)"/",
	  .own = (char *)"/" },
	{ .controllers = (char *)"name=systemd",
	  .mount = (char *)"/sys/fs/cgroup/systemd",
	  .root = (char *)"/",
	  .own = (char *)"/" },
	{ .controllers = (char *)"",
	  .mount = (char *)"/sys/fs/cgroup/unified",
	  .root = (char *)"/",
	  .own = (char *)"/a/b",
	  .v2 = true },
};
static struct cgroup_hierarchy v2[] = {
	{ .controllers = (char *)"",
	  .mount = (char *)"/sys/fs/cgroup",
	  .root = (char *)"/",
	  .own = (char *)"/user.slice/me",
	  .v2 = true },
};
static const struct facts on_v1 = {
	.layout = CGROUP_V1, .hierarchies = v1, .n_hierarchies = 6, .v2_controllers = (char *)""
};
static const struct facts on_hybrid = {
	.layout = CGROUP_HYBRID, .hierarchies = v1, .n_hierarchies = 7, .v2_controllers = (char *)"hugetlb"
};
static const struct facts on_v2 = { .layout = CGROUP_V2,
				    .hierarchies = v2,
				    .n_hierarchies = 1,
				    .v2_controllers = (char *)"cpuset cpu io memory hugetlb pids rdma misc" };

/* All writes as "file=value;file=value". */
static const char *writes(const struct facts *f, const struct oci_resources *res, struct err *err)
{
	static char text[4096];
	struct cgroup_writes w = { 0 };
	size_t len = 0;

	text[0] = '\0';
	if (cgroup_resources(f, res, "/linux/resources", &w, err) < 0)
		return NULL;
	for (size_t i = 0; i < w.n; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s=%s%s", i ? ";" : "", w.v[i].file,
					w.v[i].value, w.v[i].flags & CGROUP_WRITE_OPTIONAL ? "?" : "");
	cgroup_writes_done(&w);
	return text;
}

#define WRITES(facts, res, want) \
	do { \
		struct err e_ = { 0 }; \
		const char *have_writes = writes(&(facts), &(res), &e_); \
		CHECK_SAY(have_writes, "%.300s", e_.text); \
		CHECK_STR(have_writes, want); \
	} while (0)
#define REFUSED(facts, res, pointer, word) \
	do { \
		struct err e_ = { 0 }; \
		CHECK(!writes(&(facts), &(res), &e_)); \
		CHECK_STR(e_.where, pointer); \
		CHECK_SAY(strstr(e_.text, word), "%.400s", e_.text); \
	} while (0)

/* ---- conversions ---------------------------------------------------------------------------------------- */

static void test_shares(void)
{
	static const uint64_t known[][2] = {
		{ 0, 0 },      { 1, 1 },      { 2, 1 },      { 100, 17 },    { 256, 35 },       { 512, 59 },
		{ 1024, 100 }, { 2048, 174 }, { 4096, 303 }, { 10000, 627 }, { 262144, 10000 }, { UINT64_MAX, 10000 },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		CHECK_INT((long long)cgroup_weight_from_shares(known[i][0]), (long long)known[i][1]);
	for (uint64_t s = 2, last = 0; s <= 262144; s++) {
		uint64_t w = cgroup_weight_from_shares(s);
		CHECK(w >= last && w >= 1 && w <= 10000);
		last = w;
	}
}

static void test_io_weight(void)
{
	CHECK_INT((long long)cgroup_io_weight_from_blkio(0), 0);
	CHECK_INT((long long)cgroup_io_weight_from_blkio(10), 1);
	CHECK_INT((long long)cgroup_io_weight_from_blkio(1000), 10000);
	CHECK_INT((long long)cgroup_io_weight_from_blkio(500), 4950);
}

/* ---- resources --------------------------------------------------------------------------------------------- */

static void test_memory(void)
{
	struct oci_memory m = { .limit = 1000,
				.has_limit = true,
				.swap = 3000,
				.has_swap = true,
				.reservation = 500,
				.has_reservation = true };
	struct oci_resources res = { .memory = &m };
	WRITES(on_v1, res,
	       "memory.limit_in_bytes=1000;memory.memsw.limit_in_bytes=3000;memory.soft_limit_in_bytes=500");
	WRITES(on_v2, res, "memory.max=1000;memory.swap.max=2000;memory.low=500");
	m = (struct oci_memory){ .limit = -1, .has_limit = true };
	WRITES(on_v1, res, "memory.limit_in_bytes=-1;memory.memsw.limit_in_bytes=-1?");
	WRITES(on_v2, res, "memory.max=max;memory.swap.max=max?");
	m = (struct oci_memory){ .limit = 1000, .has_limit = true, .swap = 1000, .has_swap = true };
	WRITES(on_v2, res, "memory.max=1000;memory.swap.max=0?");
	m = (struct oci_memory){ .limit = 1000, .has_limit = true, .swap = -1, .has_swap = true };
	WRITES(on_v2, res, "memory.max=1000;memory.swap.max=max?");
	m = (struct oci_memory){ .swap = 1000, .has_swap = true };
	REFUSED(on_v2, res, "/linux/resources/memory/swap", "needs memory.limit");
	m = (struct oci_memory){ .limit = 2000, .has_limit = true, .swap = 1000, .has_swap = true };
	REFUSED(on_v2, res, "/linux/resources/memory/swap", "less than");
	REFUSED(on_v1, res, "/linux/resources/memory/swap", "less than");
	/* Zeros mean "not set". */
	m = (struct oci_memory){ .has_limit = true,
				 .has_swap = true,
				 .has_reservation = true,
				 .has_kernel = true,
				 .has_disable_oom_killer = true };
	WRITES(on_v1, res, "");
	WRITES(on_v2, res, "");
	m = (struct oci_memory){ .has_disable_oom_killer = true, .disable_oom_killer = true };
	WRITES(on_v1, res, "memory.oom_control=1");
	REFUSED(on_v2, res, "/linux/resources/memory/disableOOMKiller", "OOM killer");
	m = (struct oci_memory){ .has_swappiness = true, .swappiness = 101 };
	REFUSED(on_v1, res, "/linux/resources/memory/swappiness", "0 to 100");
}

static void test_cpu(void)
{
	struct oci_cpu cpu = { .shares = 1024,
			       .has_shares = true,
			       .quota = 50000,
			       .has_quota = true,
			       .period = 100000,
			       .has_period = true,
			       .cpus = (char *)"0-1",
			       .mems = (char *)"0" };
	struct oci_resources res = { .cpu = &cpu };
	WRITES(on_v1, res,
	       "cpuset.cpus=0-1;cpuset.mems=0;cpu.shares=1024;cpu.cfs_period_us=100000;cpu.cfs_quota_us=50000");
	WRITES(on_v2, res, "cpuset.cpus=0-1;cpuset.mems=0;cpu.weight=100;cpu.max=50000 100000");
	cpu = (struct oci_cpu){ .quota = -1, .has_quota = true };
	WRITES(on_v1, res, "cpu.cfs_quota_us=-1");
	WRITES(on_v2, res, "cpu.max=max");
	cpu = (struct oci_cpu){ .period = 50000, .has_period = true };
	WRITES(on_v2, res, "cpu.max=max 50000");
	cpu = (struct oci_cpu){ .idle = 1, .has_idle = true, .shares = 512, .has_shares = true };
	WRITES(on_v2, res, "cpu.idle=1");
	cpu = (struct oci_cpu){ .quota = 1000, .has_quota = true, .burst = 2000, .has_burst = true };
	REFUSED(on_v2, res, "/linux/resources/cpu/burst", "larger than cpu.quota");
	cpu = (struct oci_cpu){ .realtime_runtime = 1000, .has_realtime_runtime = true };
	WRITES(on_v1, res, "cpu.rt_runtime_us=1000");
	REFUSED(on_v2, res, "/linux/resources/cpu/realtimeRuntime", "real-time");
	cpu = (struct oci_cpu){ .cpus = (char *)"" };
	WRITES(on_v1, res, "");
}

static void test_pids(void)
{
	struct oci_memory m = { .limit = 1, .has_limit = true };
	struct oci_pids pids = { .limit = 5, .has_limit = true };
	struct oci_pair unified[] = { { (char *)"pids.max", (char *)"7" }, { (char *)"memory.high", (char *)"9" } };
	struct oci_resources res = { .pids = &pids, .memory = &m };
	WRITES(on_v1, res, "memory.limit_in_bytes=1;pids.max=5");
	res.unified = unified;
	res.n_unified = 2;
	WRITES(on_v2, res, "memory.max=1;memory.high=9;pids.max=5;pids.max=7");
	res = (struct oci_resources){ .pids = &pids };
	pids.limit = 0;
	WRITES(on_v1, res, "pids.max=0");
	pids.limit = -5;
	WRITES(on_v2, res, "pids.max=max");
	struct facts none = on_v2;
	none.v2_controllers = (char *)"memory";
	WRITES(none, res, "");
	pids.limit = 10;
	REFUSED(none, res, "/linux/resources/pids/limit",
		"the requested cgroup controller `pids` is not available: this host does not have it (cgroup v2)");
}

static void test_block_io(void)
{
	struct oci_throttle_device read[] = { { .major = 8, .minor = 1, .rate = 100 } },
				   iops[] = { { .major = 8, .rate = 0 } };
	struct oci_weight_device weights[] = { { .major = 8, .minor = 2, .weight = 10 } };
	struct oci_block_io io = { .weight = 500,
				   .has_weight = true,
				   .throttle_read_bps_device = read,
				   .n_throttle_read_bps_device = 1,
				   .throttle_write_iops_device = iops,
				   .n_throttle_write_iops_device = 1,
				   .weight_device = weights,
				   .n_weight_device = 1 };
	struct oci_resources res = { .block_io = &io };
	WRITES(on_v1, res,
	       "blkio.weight|blkio.bfq.weight=500;blkio.weight_device|blkio.bfq.weight_device=8:2 10;"
	       "blkio.throttle.read_bps_device=8:1 100;blkio.throttle.write_iops_device=8:0 0?");
	WRITES(on_v2, res,
	       "io.bfq.weight|io.weight=500|default 4950;io.bfq.weight|io.weight=8:2 10|8:2 1;"
	       "io.max=8:1 rbps=100;io.max=8:0 wiops=max?");
	struct facts none = on_v2;
	none.v2_controllers = (char *)"";
	io = (struct oci_block_io){ .has_weight = true };
	WRITES(none, res, "");
	io.leaf_weight = 10;
	io.has_leaf_weight = true;
	REFUSED(on_v2, res, "/linux/resources/blockIO/leafWeight", "leaf weight");
}

static void test_lists(void)
{
	struct oci_hugepage_limit huge[] = { { .page_size = (char *)"2MB", .limit = 4194304 } };
	struct oci_rdma rdma[] = { { .key = (char *)"mlx5_1", .hca_handles = 3, .has_hca_handles = true } };
	struct oci_network net = { .class_id = 5, .has_class_id = true };
	struct oci_resources res = { .hugepage_limits = huge, .n_hugepage_limits = 1, .rdma = rdma, .n_rdma = 1 };
	WRITES(on_v2, res, "hugetlb.2MB.rsvd.max|hugetlb.2MB.max=4194304;rdma.max=mlx5_1 hca_handle=3");
	res.n_rdma = 0;
	WRITES(on_hybrid, res, "hugetlb.2MB.rsvd.max|hugetlb.2MB.max=4194304");
	REFUSED(on_v1, res, "/linux/resources/hugepageLimits/0/limit",
		"controller `hugetlb` is not available: this host does not have it (cgroup v1)");
	huge[0].page_size = (char *)"../2MB";
	REFUSED(on_v2, res, "/linux/resources/hugepageLimits/0/pageSize", "no size of huge pages");
	res = (struct oci_resources){ .network = &net };
	REFUSED(on_v2, res, "/linux/resources/network/classID", "net_cls");
	REFUSED(on_v1, res, "/linux/resources/network/classID", "net_cls");
}

static void test_unified(void)
{
	struct oci_pair pair = { (char *)"io.max", (char *)"8:0 rbps=1\n8:1 rbps=2" };
	struct oci_resources res = { .unified = &pair, .n_unified = 1 };
	WRITES(on_v2, res, "io.max=8:0 rbps=1;io.max=8:1 rbps=2");
	pair = (struct oci_pair){ (char *)"cgroup.max.depth", (char *)"3" };
	WRITES(on_hybrid, res, "cgroup.max.depth=3");
	REFUSED(on_v1, res, "/linux/resources/unified/cgroup.max.depth", "no cgroup v2");
	pair = (struct oci_pair){ (char *)"memory.unheard", (char *)"x" };
	WRITES(on_v2, res, "memory.unheard=x");
	REFUSED(on_hybrid, res, "/linux/resources/unified/memory.unheard", "on cgroup v1");
	pair = (struct oci_pair){ (char *)"nosuch.max", (char *)"x" };
	REFUSED(on_v2, res, "/linux/resources/unified/nosuch.max",
		"the requested cgroup controller `nosuch` is not available");
	pair = (struct oci_pair){ (char *)"memory.max/../../x", (char *)"x" };
	REFUSED(on_v2, res, "/linux/resources/unified/memory.max~1..~1..~1x", "has not the form CONTROLLER.VALUE");
}

/* ---- device rules ------------------------------------------------------------------------------------------- */

/* Run the program as the kernel would, over the few instructions that it has. */
static int run_program(const struct bpf_insn *p, size_t n, uint32_t type, uint32_t access, uint32_t major,
		       uint32_t minor)
{
	uint64_t r[8] = { 0 };
	uint32_t ctx[3] = { access << 16 | type, major, minor };

	for (size_t pc = 0, steps = 0; pc < n && steps < 100000; pc++, steps++) {
		const struct bpf_insn *i = &p[pc];
		uint32_t a = (uint32_t)r[i->dst_reg], k = (uint32_t)i->imm;
		switch (i->code) {
		case BPF_LDX | BPF_MEM | BPF_W: r[i->dst_reg] = ctx[i->off / 4]; break;
		case BPF_ALU | BPF_MOV | BPF_X: r[i->dst_reg] = (uint32_t)r[i->src_reg]; break;
		case BPF_ALU64 | BPF_MOV | BPF_K: r[i->dst_reg] = (uint64_t)(int64_t)i->imm; break;
		case BPF_ALU | BPF_AND | BPF_K: r[i->dst_reg] = a & k; break;
		case BPF_ALU | BPF_OR | BPF_X: r[i->dst_reg] = a | (uint32_t)r[i->src_reg]; break;
		case BPF_ALU | BPF_LSH | BPF_K: r[i->dst_reg] = (uint32_t)(a << k); break;
		case BPF_ALU | BPF_RSH | BPF_K: r[i->dst_reg] = a >> k; break;
		case BPF_JMP32 | BPF_JNE | BPF_K: pc += a != k ? (size_t)i->off : 0; break;
		case BPF_JMP32 | BPF_JEQ | BPF_K: pc += a == k ? (size_t)i->off : 0; break;
		case BPF_JMP | BPF_EXIT: return (int)r[0];
		default: return -1;
		}
	}
	return -2;
}

static int may(const struct cgroup_device_rule *rules, size_t n, char type, uint32_t access, uint32_t major,
	       uint32_t minor)
{
	struct bpf_insn *p;
	size_t len;

	cgroup_device_program(rules, n, &p, &len);
	int r = run_program(p, len, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, access, major, minor);
	free(p);
	return r;
}

enum { M = BPF_DEVCG_ACC_MKNOD, R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE, ALL = 7 };

static void test_device_program(void)
{
	const struct cgroup_device_rule rules[] = {
		{ .allow = 1, .type = 'c', .access = ALL, .major = 9, .minor = 9 },
		{ .allow = 0, .type = 'a', .access = ALL, .major = -1, .minor = -1 },
		{ .allow = 1, .type = 'c', .access = R, .major = 1, .minor = -1 },
		{ .allow = 1, .type = 'c', .access = W, .major = 1, .minor = 3 },
		{ .allow = 0, .type = 'c', .access = R, .major = 1, .minor = 5 },
		{ .allow = 1, .type = 'a', .access = M, .major = -1, .minor = -1 },
		{ .allow = 1, .type = 'b', .access = ALL, .major = 4095, .minor = 1048575 },
		{ .allow = 1, .type = 'b', .access = ALL, .major = 4294967295, .minor = 300 }, /* no device has them */
	};
	size_t n = sizeof(rules) / sizeof(rules[0]);
	CHECK_INT(may(rules, n, 'c', R, 9, 9), 0); /* before "deny all" */
	CHECK_INT(may(rules, n, 'c', R, 1, 7), 1);
	/* access(path, F_OK): whatever is allowed of the device */
	CHECK_INT(may(rules, n, 'c', 0, 1, 7), 1);
	CHECK_INT(may(rules, n, 'b', 0, 8, 0), 1); /* its node may be made */
	CHECK_INT(may(rules, n - 3, 'c', 0, 9, 9), 0);
	CHECK_INT(may(rules, n, 'c', W, 1, 7), 0);
	CHECK_INT(may(rules, n, 'c', R | W, 1, 3), 1); /* one bit from each of two rules */
	CHECK_INT(may(rules, n, 'c', R, 1, 5), 0);     /* a hole */
	CHECK_INT(may(rules, n, 'c', R | M, 1, 5), 0);
	CHECK_INT(may(rules, n, 'b', M, 77, 77), 1);
	CHECK_INT(may(rules, n, 'b', R, 1, 3), 0);
	CHECK_INT(may(rules, n, 'b', R | W | M, 4095, 1048575), 1);
	CHECK_INT(may(rules, n, 'b', R, 4095, 300), 0);
	CHECK_INT(may(rules, n, 'c', 0, 1, 7), 1);
	CHECK_INT(may(rules, n, 'c', 0, 2, 7), 1);
	CHECK_INT(may(rules, 0, 'c', R, 1, 3), 0); /* no rule: denied */
}

/* What the list says, bit by bit. */
static int asked(const struct cgroup_device_rule *rules, size_t n, char type, uint32_t access, int64_t major,
		 int64_t minor)
{
	uint32_t left = access;

	for (size_t i = n; i-- > 0;) {
		const struct cgroup_device_rule *r = &rules[i];

		if ((r->type != 'a' && r->type != type) || (r->major >= 0 && r->major != major) ||
		    (r->minor >= 0 && r->minor != minor))
			continue;
		if (!r->allow && (r->access == ALL || left & r->access))
			return 0;
		if (r->allow && (left &= ~(uint32_t)r->access) == 0)
			return 1;
	}
	return 0;
}

static void test_device_program_of_any_list(void)
{
	static const int64_t numbers[] = { -1, 0, 1, 3, 5, 4095, 4096, 1048575 };
	uint32_t seed = 1;

#define RANDOM(n) ((seed = seed * 1664525 + 1013904223) >> 16) % (n)
	for (int round = 0; round < 500; round++) {
		struct cgroup_device_rule rules[12];
		size_t n = RANDOM(13);

		for (size_t i = 0; i < n; i++) {
			rules[i] = (struct cgroup_device_rule){ .allow = RANDOM(3) > 0, .access = 1 + RANDOM(7) };
			rules[i].type = "abc"[RANDOM(3)];
			rules[i].access = RANDOM(2) ? (uint8_t)ALL : rules[i].access;
			rules[i].major = numbers[RANDOM(7)];
			rules[i].minor = numbers[RANDOM(8)];
		}
		for (int i = 0; i < 200; i++) {
			char type = "bc"[RANDOM(2)];
			uint32_t access = RANDOM(8);
			int64_t major = numbers[1 + RANDOM(5)], minor = numbers[1 + RANDOM(7)];

			CHECK_INT(may(rules, n, type, access, (uint32_t)major, (uint32_t)minor),
				  asked(rules, n, type, access, major, minor));
		}
	}
#undef RANDOM
}

static const char *lines(const struct cgroup_device_rule *rules, size_t n, struct err *err)
{
	static char text[1024];
	char **v;
	size_t count, len = 0;

	text[0] = '\0';
	if (cgroup_device_lines(rules, n, &v, &count, err) < 0)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i ? ";" : "", v[i]);
		free(v[i]);
	}
	free(v);
	return text;
}

static void test_device_lines(void)
{
	struct err err = { 0 };
	const struct cgroup_device_rule deny_all = { .type = 'a', .access = ALL, .major = -1, .minor = -1 };
	struct cgroup_device_rule rules[3] = {
		deny_all,
		{ .allow = 1, .type = 'c', .access = R | W, .major = 1, .minor = -1 },
		{ .allow = 0, .type = 'c', .access = W, .major = 1, .minor = -1 },
	};
	CHECK_STR(lines(rules, 3, &err), "-a;+c 1:* rw;-c 1:* w");
	rules[2].minor = 3;
	CHECK(!lines(rules, 3, &err));
	CHECK_SAY(strstr(err.text, "makes a hole"), "%.400s", err.text);
	rules[1].minor = 3;
	rules[2].minor = -1; /* a wide denial takes the narrow one away */
	CHECK_STR(lines(rules, 3, &err), "-a;+c 1:3 rw;-c 1:3 w");
	rules[1] = (struct cgroup_device_rule){ .allow = 1, .type = 'a', .access = M, .major = -1, .minor = -1 };
	CHECK_STR(lines(rules, 2, &err), "-a;+b *:* m;+c *:* m");
}

static void test_device_rules(void)
{
	struct oci_device_rule d[] = {
		{ .allow = true, .has_allow = true, .access = (char *)"rwm" },
		{ .allow = false,
		  .has_allow = true,
		  .has_type = true,
		  .type = OCI_DEVICE_RULE_CHAR,
		  .major = 7,
		  .has_major = true },
	};
	struct oci_resources res = { .devices = d, .n_devices = 2 };
	struct oci_linux linux_ = { .resources = &res };
	struct oci_config config = { .linux_ = &linux_ };
	struct cgroup_device_rule *rules;
	struct err err = { 0 };
	size_t n;
	REQUIRE(cgroup_device_rules(&config, &rules, &n, &err) == 0);
	CHECK(n > 3 && !rules[0].allow && rules[0].type == 'a' && rules[1].allow && rules[1].type == 'a');
	CHECK(rules[2].type == 'c' && rules[2].major == 7 && rules[2].minor == -1 && rules[2].access == ALL);
	free(rules);
	d[1].access = (char *)"rx";
	CHECK_INT(cgroup_device_rules(&config, &rules, &n, &err), -EINVAL);
	CHECK_STR(err.where, "/linux/resources/devices/1/access");
}

/* ---- where it is ----------------------------------------------------------------------------------------------- */

static void locate(const struct facts *f, const char *path, enum cgroup_driver driver, size_t dir, const char *want)
{
	struct cgroup c = { 0 };
	struct err err = { 0 };
	int r = cgroup_locate(f, path, "id", driver, &c, &err);

	CHECK_SAY(r == 0, "%.400s", err.text);
	if (r == 0)
		CHECK_STR(c.dirs[dir].path, want);
	cgroup_done(&c);
}

static void test_locate(void)
{
	struct cgroup c = { 0 };
	struct err err = { 0 };
	locate(&on_v1, "/a/b", CGROUP_DRIVER_CGROUPFS, 0, "/a/b");
	locate(&on_v1, "a/b", CGROUP_DRIVER_CGROUPFS, 0, "/me/a/b");
	locate(&on_v1, NULL, CGROUP_DRIVER_CGROUPFS, 1, "/me/id");
	locate(&on_v1, "", CGROUP_DRIVER_CGROUPFS, 2, "/id");
	locate(&on_v2, NULL, CGROUP_DRIVER_CGROUPFS, 0, "/user.slice/id");
	locate(&on_v2, "/x//y/../z/", CGROUP_DRIVER_CGROUPFS, 0, "/x/z");
	locate(&on_v2, "../../../x", CGROUP_DRIVER_CGROUPFS, 0, "/user.slice/x");
	locate(&on_hybrid, "r", CGROUP_DRIVER_CGROUPFS, 6, "/a/r");
	CHECK_INT(cgroup_locate(&on_v2, "/", "id", CGROUP_DRIVER_CGROUPFS, &c, &err), -EINVAL);
	CHECK_INT(cgroup_locate(&on_v2, "/a/..", "id", CGROUP_DRIVER_CGROUPFS, &c, &err), -EINVAL);
	CHECK_INT(cgroup_locate(&on_v2, "..", "id", CGROUP_DRIVER_CGROUPFS, &c, &err), -EINVAL);
	CHECK_STR(err.where, "/linux/cgroupsPath");
	CHECK_INT(cgroup_locate(&on_v2, NULL, "id", CGROUP_DRIVER_DISABLED, &c, &err), 0);
	CHECK_INT((long long)c.n_dirs, 0);
	cgroup_done(&c);
}

static void test_locate_in_container(void)
{
	struct cgroup_hierarchy h[] = {
		{ .controllers = (char *)"memory",
		  .mount = (char *)"/sys/fs/cgroup/memory",
		  .root = (char *)"/docker/abc",
		  .own = (char *)"/docker/abc/inner" },
	};
	struct facts f = { .layout = CGROUP_V1, .hierarchies = h, .n_hierarchies = 1, .v2_controllers = (char *)"" };
	locate(&f, "x", CGROUP_DRIVER_CGROUPFS, 0, "/inner/x");
	locate(&f, "/x", CGROUP_DRIVER_CGROUPFS, 0, "/x");
	h[0].own = (char *)"/docker/abcd";
	locate(&f, "x", CGROUP_DRIVER_CGROUPFS, 0, "/x");
	h[0].root = (char *)"/";
	h[0].own = (char *)"/../other";
	locate(&f, "x", CGROUP_DRIVER_CGROUPFS, 0, "/x");
}

static void test_locate_systemd(void)
{
	struct cgroup c = { 0 };
	struct err err = { 0 };
	struct facts user = on_v2;
	user.rootless = true;
	user.euid = 1000;
	locate(&on_v2, NULL, CGROUP_DRIVER_SYSTEMD, 0, "/system.slice/husk-id.scope");
	locate(&on_v2, "a-b-c.slice:cri:x y", CGROUP_DRIVER_SYSTEMD, 0,
	       "/a.slice/a-b.slice/a-b-c.slice/cri-x\\x20y.scope");
	locate(&on_v2, ":docker:x", CGROUP_DRIVER_SYSTEMD, 0, "/system.slice/docker-x.scope");
	locate(&user, NULL, CGROUP_DRIVER_SYSTEMD, 0,
	       "/user.slice/user-1000.slice/user@1000.service/user.slice/husk-id.scope");
	CHECK_INT(cgroup_locate(&on_v2, "/a", "id", CGROUP_DRIVER_SYSTEMD, &c, &err), -EINVAL);
	CHECK_INT(cgroup_locate(&on_v2, "a:b:c.slice", "id", CGROUP_DRIVER_SYSTEMD, &c, &err), -EINVAL);
	CHECK_INT(cgroup_locate(&on_v2, "a:b:c", "id", CGROUP_DRIVER_SYSTEMD, &c, &err), -EINVAL);
	CHECK_INT(cgroup_locate(&on_v2, "../x.slice:b:c", "id", CGROUP_DRIVER_SYSTEMD, &c, &err), -EINVAL);
}

static void test_systemd_bits(void)
{
	uint8_t *bits;
	size_t n;
	REQUIRE(systemd_bits_from_list("0-2,9", &bits, &n) == 0);
	CHECK_INT((long long)n, 2);
	CHECK(bits[0] == 7 && bits[1] == 2);
	free(bits);
	CHECK_INT(systemd_bits_from_list("1-", &bits, &n), -EINVAL);
	CHECK_INT(systemd_bits_from_list("3-1", &bits, &n), -EINVAL);
	CHECK_INT(systemd_bits_from_list("x", &bits, &n), -EINVAL);
	CHECK_INT(systemd_bits_from_list("99999999", &bits, &n), -EINVAL);
}

/* ---- the record ---------------------------------------------------------------------------------------------------- */

static void test_record(void)
{
	char *paths[] = { (char *)"cpu,cpuacct:/sys/fs/cgroup/a\\072b:/x/y:z",
			  (char *)":/sys/fs/cgroup/unified:/x/y:z" };
	char *bases[] = { (char *)"/x", (char *)"/other" };
	struct husk_cgroup_record r = { .driver = (char *)"cgroupfs",
					.layout = (char *)"hybrid",
					.paths = paths,
					.n_paths = 2,
					.own_bases = bases,
					.n_own_bases = 2,
					.owned = true };
	struct cgroup c;
	struct err err = { 0 };
	REQUIRE(cgroup_from_record(&r, &c, &err) == 0);
	CHECK_STR(c.dirs[0].mount, "/sys/fs/cgroup/a:b");
	CHECK_STR(c.dirs[0].path, "/x/y:z");
	CHECK_STR(c.dirs[0].base, "/x");
	CHECK(c.dirs[1].v2 && !c.dirs[1].base);
	struct husk_cgroup_record *again = cgroup_to_record(&c);
	CHECK_STR(again->paths[0], paths[0]);
	CHECK_STR(again->paths[1], paths[1]);
	cgroup_record_free(again);
	cgroup_done(&c);
	static const char *const bad[] = { "", "x", "a:b:/c", ":/m:/", ":/m:c", ":/m:/a/../b", ":/m:/a//b", ":/m:/a/" };
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		paths[1] = (char *)bad[i];
		CHECK_SAY(cgroup_from_record(&r, &c, &err) == -EINVAL, "\"%s\" was taken", bad[i]);
	}
}

int main(void)
{
	UNIT(test_shares);
	UNIT(test_io_weight);
	UNIT(test_memory);
	UNIT(test_cpu);
	UNIT(test_pids);
	UNIT(test_block_io);
	UNIT(test_lists);
	UNIT(test_unified);
	UNIT(test_device_program);
	UNIT(test_device_program_of_any_list);
	UNIT(test_device_lines);
	UNIT(test_device_rules);
	UNIT(test_locate);
	UNIT(test_locate_in_container);
	UNIT(test_locate_systemd);
	UNIT(test_systemd_bits);
	UNIT(test_record);
	return unit_done();
}
