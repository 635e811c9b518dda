/* SPDX-License-Identifier: Apache-2.0 */
/* What a container uses, read from its cgroup and written as JSON. */
#include "stats.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- JSON, and files of numbers ----------------------------------------------------------------------- */

static void key(struct buf *b, const char *name)
{
	if (b->len && !strchr("{[,", b->data[b->len - 1]))
		buf_adds(b, ",");
	buf_addf(b, "\"%s\":", name);
}

static void number(struct buf *b, const char *name, uint64_t value)
{
	key(b, name);
	buf_addf(b, "%" PRIu64, value);
}

static uint64_t to_number(const char *text)
{
	return strncmp(text, "max", 3) == 0 ? UINT64_MAX : strtoull(text, NULL, 10);
}

/* A file that is not there is zero: what a host does not count, a container does not use. */
static uint64_t read_number(int dir_fd, const char *file)
{
	_cleanup_free_ char *text = NULL;

	return cgroup_read(dir_fd, file, &text) < 0 ? 0 : to_number(text);
}

static uint64_t read_key(int dir_fd, const char *file, const char *name)
{
	long long value;

	return cgroup_read_key(dir_fd, file, name, &value) < 0 ? 0 : (uint64_t)value;
}

static int open_for(const struct cgroup *c, const char *controller, bool *ret_v2)
{
	const struct cgroup_dir *d = cgroup_find_dir(c, controller);

	*ret_v2 = d && d->v2;
	return d ? cgroup_dir_open(d) : -ENOENT;
}

/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" */
static void add_pressure(struct buf *b, int dir_fd, const char *file)
{
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(dir_fd, file, &text) < 0)
		return;
	key(b, "psi");
	buf_adds(b, "{");
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		double avg10, avg60, avg300;
		uint64_t total;
		char name[16];
		if (sscanf(line, "%15s avg10=%lf avg60=%lf avg300=%lf total=%" SCNu64, name, &avg10, &avg60, &avg300,
			   &total) != 5)
			continue;
		key(b, name);
		buf_addf(b, "{\"avg10\":%.2f,\"avg60\":%.2f,\"avg300\":%.2f,\"total\":%" PRIu64 "}", avg10, avg60,
			 avg300, total);
	}
	buf_adds(b, "}");
}

/* ---- cpu -------------------------------------------------------------------------------------------------- */

static void add_usage(struct buf *b, uint64_t total, uint64_t kernel, uint64_t user)
{
	if (total)
		number(b, "total", total);
	number(b, "kernel", kernel);
	number(b, "user", user);
}

/* Columns of cpuacct.usage_all: "cpu user system", a line for each CPU. */
static void add_percpu(struct buf *b, int dir_fd)
{
	static const char *const names[] = { "percpu", "percpu_kernel", "percpu_user" };
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(dir_fd, "cpuacct.usage_all", &text) < 0)
		return;
	for (unsigned column = 0; column < 3; column++) {
		key(b, names[column]);
		buf_adds(b, "[");
		for (char *p = strchr(text, '\n'); p; p = strchr(p, '\n')) {
			uint64_t user, system;
			if (sscanf(++p, "%*u %" SCNu64 " %" SCNu64, &user, &system) != 2)
				break;
			buf_addf(b, "%s%" PRIu64, b->data[b->len - 1] == '[' ? "" : ",",
				 column == 0   ? user + system
				 : column == 1 ? system
					       : user);
		}
		buf_adds(b, "]");
	}
}

static void add_throttling(struct buf *b, int dir_fd, bool v2)
{
	key(b, "throttling");
	buf_adds(b, "{");
	uint64_t periods = read_key(dir_fd, "cpu.stat", "nr_periods");
	if (periods) {
		number(b, "periods", periods);
		number(b, "throttledPeriods", read_key(dir_fd, "cpu.stat", "nr_throttled"));
		number(b, "throttledTime",
		       v2 ? read_key(dir_fd, "cpu.stat", "throttled_usec") * 1000
			  : read_key(dir_fd, "cpu.stat", "throttled_time"));
	}
	buf_adds(b, "}");
}

static void add_cpu(struct buf *b, const struct cgroup *c)
{
	bool acct_v2, v2;
	_cleanup_fd_ int acct = open_for(c, "cpuacct", &acct_v2);
	_cleanup_fd_ int cpu = open_for(c, "cpu", &v2);

	key(b, "cpu");
	buf_adds(b, "{\"usage\":{");
	if (acct >= 0 && acct_v2) {
		add_usage(b, read_key(acct, "cpu.stat", "usage_usec") * 1000,
			  read_key(acct, "cpu.stat", "system_usec") * 1000,
			  read_key(acct, "cpu.stat", "user_usec") * 1000);
	} else if (acct >= 0) {
		add_usage(b, read_number(acct, "cpuacct.usage"), read_number(acct, "cpuacct.usage_sys"),
			  read_number(acct, "cpuacct.usage_user"));
		add_percpu(b, acct);
	}
	buf_adds(b, "}");
	if (cpu >= 0) {
		add_throttling(b, cpu, v2);
		if (v2)
			add_pressure(b, cpu, "cpu.pressure");
	}
	buf_adds(b, "}");
}

/* ---- cpuset ------------------------------------------------------------------------------------------------- */

/* "0-2,7" as [0,1,2,7] */
static void add_list(struct buf *b, int dir_fd, const char *name, const char *file)
{
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(dir_fd, file, &text) < 0 || !text[0])
		return;
	key(b, name);
	buf_adds(b, "[");
	for (char *p = text; isdigit((unsigned char)*p);) {
		unsigned long first = strtoul(p, &p, 10), last = first;
		if (*p == '-')
			last = strtoul(p + 1, &p, 10);
		for (unsigned long i = first; i <= last && i - first < 65536; i++)
			buf_addf(b, "%s%lu", b->data[b->len - 1] == '[' ? "" : ",", i);
		p += *p == ',';
	}
	buf_adds(b, "]");
}

static void add_cpuset(struct buf *b, const struct cgroup *c)
{
	static const char *const flags[] = {
		"cpu_exclusive",      "mem_hardwall",       "mem_exclusive",   "memory_migrate",
		"memory_spread_page", "memory_spread_slab", "memory_pressure", "sched_load_balance",
	};
	bool v2;
	_cleanup_fd_ int fd = open_for(c, "cpuset", &v2);

	key(b, "cpuset");
	buf_adds(b, "{");
	if (fd >= 0) {
		add_list(b, fd, "cpus", v2 ? "cpuset.cpus.effective" : "cpuset.cpus");
		add_list(b, fd, "mems", v2 ? "cpuset.mems.effective" : "cpuset.mems");
	}
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		_cleanup_free_ char *file = mem_printf("cpuset.%s", flags[i]);
		number(b, flags[i], fd >= 0 && !v2 ? read_number(fd, file) : 0);
	}
	_cleanup_free_ char *level = NULL;
	key(b, "sched_relax_domain_level");
	buf_addf(b, "%ld",
		 fd >= 0 && !v2 && cgroup_read(fd, "cpuset.sched_relax_domain_level", &level) == 0
			 ? strtol(level, NULL, 10)
			 : 0L);
	buf_adds(b, "}");
}

/* ---- memory --------------------------------------------------------------------------------------------------- */

static void add_entry(struct buf *b, const char *name, uint64_t limit, uint64_t usage, uint64_t max, uint64_t failcnt)
{
	key(b, name);
	buf_adds(b, "{");
	number(b, "limit", limit);
	number(b, "usage", usage);
	number(b, "max", max);
	number(b, "failcnt", failcnt);
	buf_adds(b, "}");
}

static void add_entry_v1(struct buf *b, int fd, const char *name, const char *prefix)
{
	static const char *const ends[] = { "limit_in_bytes", "usage_in_bytes", "max_usage_in_bytes", "failcnt" };
	uint64_t v[4];

	for (size_t i = 0; i < 4; i++) {
		_cleanup_free_ char *file = mem_printf("%s.%s", prefix, ends[i]);
		v[i] = read_number(fd, file);
	}
	add_entry(b, name, v[0], v[1], v[2], v[3]);
}

static uint64_t sum(uint64_t a, uint64_t b)
{
	return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* As on v1, swap is memory and swap together. */
static void add_memory_v2(struct buf *b, int fd)
{
	uint64_t limit = read_number(fd, "memory.max"), usage = read_number(fd, "memory.current");
	uint64_t swap_limit = read_number(fd, "memory.swap.max"), swap = read_number(fd, "memory.swap.current");

	number(b, "cache", read_key(fd, "memory.stat", "file"));
	add_entry(b, "usage", limit, usage, read_number(fd, "memory.peak"), read_key(fd, "memory.events", "max"));
	add_entry(b, "swap", sum(limit, swap_limit), sum(usage, swap), 0, read_key(fd, "memory.swap.events", "max"));
	add_entry(b, "kernel", 0, read_key(fd, "memory.stat", "kernel"), 0, 0);
	add_entry(b, "kernelTCP", 0, read_key(fd, "memory.stat", "sock"), 0, 0);
}

static void add_memory_v1(struct buf *b, int fd)
{
	number(b, "cache", read_key(fd, "memory.stat", "cache"));
	add_entry_v1(b, fd, "usage", "memory");
	add_entry_v1(b, fd, "swap", "memory.memsw");
	add_entry_v1(b, fd, "kernel", "memory.kmem");
	add_entry_v1(b, fd, "kernelTCP", "memory.kmem.tcp");
}

static void add_raw(struct buf *b, int fd)
{
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(fd, "memory.stat", &text) < 0)
		return;
	key(b, "raw");
	buf_adds(b, "{");
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *space = strchr(line, ' ');
		if (!space || strpbrk(line, "\"\\"))
			continue;
		*space = '\0';
		number(b, line, to_number(space + 1));
	}
	buf_adds(b, "}");
}

static void add_memory(struct buf *b, const struct cgroup *c)
{
	bool v2;
	_cleanup_fd_ int fd = open_for(c, "memory", &v2);

	key(b, "memory");
	buf_adds(b, "{");
	if (fd >= 0 && (!v2 || faccessat(fd, "memory.current", F_OK, 0) == 0)) {
		if (v2)
			add_memory_v2(b, fd);
		else
			add_memory_v1(b, fd);
		add_raw(b, fd);
	}
	if (fd >= 0 && v2)
		add_pressure(b, fd, "memory.pressure");
	buf_adds(b, "}");
}

/* ---- pids, blkio, hugetlb -------------------------------------------------------------------------------------- */

static void add_pids(struct buf *b, const struct cgroup *c)
{
	bool v2;
	_cleanup_fd_ int fd = open_for(c, "pids", &v2);

	key(b, "pids");
	buf_adds(b, "{");
	if (fd >= 0 && faccessat(fd, "pids.current", F_OK, 0) == 0) {
		uint64_t limit = read_number(fd, "pids.max");
		number(b, "current", read_number(fd, "pids.current"));
		if (limit != UINT64_MAX) /* 0 and absent: no limit */
			number(b, "limit", limit);
	}
	buf_adds(b, "}");
}

static void add_blkio_entry(struct buf *b, uint64_t major, uint64_t minor, const char *op, uint64_t value)
{
	if (b->data[b->len - 1] != '[')
		buf_adds(b, ",");
	buf_addf(b, "{\"major\":%" PRIu64 ",\"minor\":%" PRIu64 ",", major, minor);
	if (op[0])
		buf_addf(b, "\"op\":\"%s\",", op);
	buf_addf(b, "\"value\":%" PRIu64 "}", value);
}

/* Lines "8:0 Read 4096", or "8:0 4096". */
static void add_blkio_v1(struct buf *b, int fd, const char *name, const char *file)
{
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(fd, file, &text) < 0)
		return;
	key(b, name);
	buf_adds(b, "[");
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t major, minor, value;
		char op[16] = "";
		if (sscanf(line, "%" SCNu64 ":%" SCNu64 " %15[A-Za-z] %" SCNu64, &major, &minor, op, &value) == 4 ||
		    sscanf(line, "%" SCNu64 ":%" SCNu64 " %" SCNu64, &major, &minor, &value) == 3)
			add_blkio_entry(b, major, minor, op, value);
	}
	buf_adds(b, "]");
}

/* Lines "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6". */
static void add_blkio_v2(struct buf *b, int fd, const char *name, const char *const keys[3])
{
	static const char *const ops[3] = { "Read", "Write", "Discard" };
	_cleanup_free_ char *text = NULL;

	if (cgroup_read(fd, "io.stat", &text) < 0)
		return;
	key(b, name);
	buf_adds(b, "[");
	for (char *save, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		uint64_t major, minor;
		if (sscanf(line, "%" SCNu64 ":%" SCNu64, &major, &minor) != 2)
			continue;
		for (size_t i = 0; i < 3; i++) {
			const char *at = strstr(line, keys[i]);
			if (at)
				add_blkio_entry(b, major, minor, ops[i], strtoull(at + strlen(keys[i]), NULL, 10));
		}
	}
	buf_adds(b, "]");
}

static const struct {
	const char *name, *bfq, *throttle;
} blkio_files[] = {
	{ "ioServiceBytesRecursive", "blkio.bfq.io_service_bytes_recursive",
	  "blkio.throttle.io_service_bytes_recursive" },
	{ "ioServicedRecursive", "blkio.bfq.io_serviced_recursive", "blkio.throttle.io_serviced_recursive" },
	{ "ioQueueRecursive", "blkio.bfq.io_queued_recursive", NULL },
	{ "ioServiceTimeRecursive", "blkio.bfq.io_service_time_recursive", NULL },
	{ "ioWaitTimeRecursive", "blkio.bfq.io_wait_time_recursive", NULL },
	{ "ioMergedRecursive", "blkio.bfq.io_merged_recursive", NULL },
	{ "ioTimeRecursive", "blkio.bfq.time_recursive", NULL },
	{ "sectorsRecursive", "blkio.bfq.sectors_recursive", NULL },
};

/* A file that exists but has counted nothing says nothing, or a total of zero. */
static bool has_counts(int fd, const char *file)
{
	_cleanup_free_ char *text = NULL;

	return cgroup_read(fd, file, &text) == 0 && strchr(text, ':');
}

static void add_blkio(struct buf *b, const struct cgroup *c)
{
	static const char *const bytes[3] = { " rbytes=", " wbytes=", " dbytes=" };
	static const char *const ios[3] = { " rios=", " wios=", " dios=" };
	bool v2;
	_cleanup_fd_ int fd = open_for(c, "blkio", &v2);

	key(b, "blkio");
	buf_adds(b, "{");
	if (fd >= 0 && v2) {
		add_blkio_v2(b, fd, "ioServiceBytesRecursive", bytes);
		add_blkio_v2(b, fd, "ioServicedRecursive", ios);
		add_pressure(b, fd, "io.pressure");
	} else if (fd >= 0) {
		bool bfq = has_counts(fd, blkio_files[0].bfq);
		for (size_t i = 0; i < sizeof(blkio_files) / sizeof(blkio_files[0]); i++)
			if (bfq || blkio_files[i].throttle)
				add_blkio_v1(b, fd, blkio_files[i].name,
					     bfq ? blkio_files[i].bfq : blkio_files[i].throttle);
	}
	buf_adds(b, "}");
}

static void add_hugetlb_size(struct buf *b, int fd, const char *size, bool v2)
{
	_cleanup_free_ char *usage = mem_printf("hugetlb.%s.%s", size, v2 ? "current" : "usage_in_bytes");
	_cleanup_free_ char *max = mem_printf("hugetlb.%s.max_usage_in_bytes", size);
	_cleanup_free_ char *failcnt = mem_printf("hugetlb.%s.%s", size, v2 ? "events" : "failcnt");

	key(b, size);
	buf_adds(b, "{");
	number(b, "usage", read_number(fd, usage));
	if (!v2)
		number(b, "max", read_number(fd, max));
	number(b, "failcnt", v2 ? read_key(fd, failcnt, "max") : read_number(fd, failcnt));
	buf_adds(b, "}");
}

static void add_hugetlb(struct buf *b, const struct cgroup *c)
{
	bool v2;
	_cleanup_fd_ int fd = open_for(c, "hugetlb", &v2);
	int copy = fd < 0 ? -1 : fd_open(fd, ".", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir = copy < 0 ? NULL : fdopendir(copy);
	const char *end = v2 ? ".current" : ".usage_in_bytes";
	const struct dirent *e;

	key(b, "hugetlb");
	buf_adds(b, "{");
	while (dir && (e = readdir(dir))) {
		const char *size = e->d_name + strlen("hugetlb.");
		size_t n = strlen(e->d_name);
		if (strncmp(e->d_name, "hugetlb.", 8) != 0 || n < 8 + strlen(end) || strstr(e->d_name, ".rsvd.") ||
		    strcmp(e->d_name + n - strlen(end), end) != 0)
			continue;
		_cleanup_free_ char *name = mem_printf("%.*s", (int)(n - 8 - strlen(end)), size);
		add_hugetlb_size(b, fd, name, v2);
	}
	if (dir)
		closedir(dir);
	else
		fd_close(copy);
	buf_adds(b, "}");
}

int cgroup_stats_json(const struct cgroup *c, char **ret, struct err *err)
{
	struct buf b = { 0 };

	if (c->n_dirs == 0)
		return err_say(err, -EOPNOTSUPP, "the container has no cgroup, so nothing is counted");
	if (!cgroup_exists(c))
		return err_say(err, -ENOENT, "container not running");
	buf_adds(&b, "{");
	add_cpu(&b, c);
	add_cpuset(&b, c);
	add_memory(&b, c);
	add_pids(&b, c);
	add_blkio(&b, c);
	add_hugetlb(&b, c);
	buf_adds(&b, ",\"intel_rdt\":{},\"network_interfaces\":null}");
	*ret = b.data;
	return 0;
}
