/* SPDX-License-Identifier: Apache-2.0 */
/* Names of flags, by op and argument; see plan_flags.h. */
#include "plan_flags.h"
#include "cgroup/cgroup.h"
#include "capability.h"
#include "util/kernel.h"
#include "util/mem.h"

#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>

struct flag {
	uint64_t value, mask;
	const char *name;
};
#define FLAG(prefix, name) \
	{ \
		prefix##name, prefix##name, #name \
	}

static const struct flag namespaces[] = {
	FLAG(CLONE_, NEWNS),  FLAG(CLONE_, NEWCGROUP), FLAG(CLONE_, NEWUTS),
	FLAG(CLONE_, NEWIPC), FLAG(CLONE_, NEWUSER),   FLAG(CLONE_, NEWPID),
	FLAG(CLONE_, NEWNET), FLAG(CLONE_, NEWTIME),   { 0, 0, NULL },
};
static const struct flag attributes[] = {
	FLAG(MOUNT_ATTR_, RDONLY),
	FLAG(MOUNT_ATTR_, NOSUID),
	FLAG(MOUNT_ATTR_, NODEV),
	FLAG(MOUNT_ATTR_, NOEXEC),
	{ MOUNT_ATTR__ATIME, MOUNT_ATTR__ATIME, "ATIME" },
	FLAG(MOUNT_ATTR_, NOATIME),
	FLAG(MOUNT_ATTR_, STRICTATIME),
	FLAG(MOUNT_ATTR_, NODIRATIME),
	FLAG(MOUNT_ATTR_, NOSYMFOLLOW),
	{ 0, 0, NULL },
};
static const struct flag mounts[] = {
	FLAG(MS_, RDONLY),    FLAG(MS_, SYNCHRONOUS), FLAG(MS_, MANDLOCK), FLAG(MS_, DIRSYNC),    FLAG(MS_, SILENT),
	FLAG(MS_, I_VERSION), FLAG(MS_, LAZYTIME),    FLAG(MS_, REC),      FLAG(MS_, UNBINDABLE), FLAG(MS_, PRIVATE),
	FLAG(MS_, SLAVE),     FLAG(MS_, SHARED),      { 0, 0, NULL },
};
static const struct flag trees[] = {
	{ OPEN_TREE_CLONE, OPEN_TREE_CLONE, "CLONE" },
	{ AT_RECURSIVE, AT_RECURSIVE, "RECURSIVE" },
	{ AT_SYMLINK_NOFOLLOW, AT_SYMLINK_NOFOLLOW, "NOFOLLOW" },
	{ 0, 0, NULL },
};
static const struct flag id_maps[] = {
	FLAG(IDMAP_, DENY_SETGROUPS),
	FLAG(IDMAP_, HELPERS),
	{ 0, 0, NULL },
};
static const struct flag cgroup_writes[] = { FLAG(CGROUP_WRITE_, OPTIONAL), { 0, 0, NULL } };

/* By op where the name of the argument says too little. */
static const struct {
	const char *name;
	enum op_code code; /* OP_MAX: any */
	const struct flag *flags;
} tables[] = {
	{ "nstypes", OP_MAX, namespaces },
	{ "flags", OP_UNSHARE, namespaces },
	{ "flags", OP_CLONE, namespaces },
	{ "set", OP_MAX, attributes },
	{ "clear", OP_MAX, attributes },
	{ "attr", OP_MAX, attributes },
	{ "sb_flags", OP_MAX, mounts },
	{ "propagation", OP_MAX, mounts },
	{ "flags", OP_PROPAGATION, mounts },
	{ "flags", OP_OPEN_TREE, trees },
	{ "flags", OP_CLONE_TREE, trees },
	{ "flags", OP_CLONE_TARGET, trees },
	{ "flags", OP_ROOTFS_OPEN, trees },
	{ "flags", OP_IDMAP, id_maps },
	{ "flags", OP_CGROUP_WRITE, cgroup_writes },
};

static void separate(struct buf *b, size_t start)
{
	if (b->len > start)
		buf_adds(b, "|");
}

static void add_flags(struct buf *b, const struct flag *flags, uint64_t value)
{
	size_t start = b->len;

	for (; flags->name; flags++) {
		if ((value & flags->mask) != flags->value)
			continue;
		separate(b, start);
		buf_adds(b, flags->name);
		value &= ~flags->mask;
	}
	if (value || b->len == start) {
		separate(b, start);
		buf_addf(b, value ? "0x%" PRIx64 : "%" PRIu64, value);
	}
}

static void add_capabilities(struct buf *b, uint64_t value)
{
	size_t start = b->len;

	if (!value)
		buf_adds(b, "none");
	else if (value == CAPABILITY_ALL)
		buf_adds(b, "all");
	else
		for (unsigned i = 0; i < 64; i++) {
			if (!(value >> i & 1))
				continue;
			separate(b, start);
			const char *name = capability_name(i);
			if (name)
				buf_adds(b, name + strlen("CAP_"));
			else
				buf_addf(b, "%u", i);
		}
}

void plan_flags_add_namespaces(struct buf *b, uint64_t value)
{
	add_flags(b, namespaces, value);
}

void plan_flags_add(struct buf *b, enum op_code code, const char *name, uint64_t value)
{
	static const struct flag none[] = { { 0, 0, NULL } };

	if (code == OP_BOUNDING || code == OP_CAPS) {
		add_capabilities(b, value);
		return;
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (strcmp(tables[i].name, name) == 0 && (tables[i].code == OP_MAX || tables[i].code == code)) {
			add_flags(b, tables[i].flags, value);
			return;
		}
	add_flags(b, none, value);
}

const unsigned plan_flags_rlimits[oci_rlimit_type_MAX] = {
	[OCI_RLIMIT_AS] = RLIMIT_AS,
	[OCI_RLIMIT_CORE] = RLIMIT_CORE,
	[OCI_RLIMIT_CPU] = RLIMIT_CPU,
	[OCI_RLIMIT_DATA] = RLIMIT_DATA,
	[OCI_RLIMIT_FSIZE] = RLIMIT_FSIZE,
	[OCI_RLIMIT_LOCKS] = RLIMIT_LOCKS,
	[OCI_RLIMIT_MEMLOCK] = RLIMIT_MEMLOCK,
	[OCI_RLIMIT_MSGQUEUE] = RLIMIT_MSGQUEUE,
	[OCI_RLIMIT_NICE] = RLIMIT_NICE,
	[OCI_RLIMIT_NOFILE] = RLIMIT_NOFILE,
	[OCI_RLIMIT_NPROC] = RLIMIT_NPROC,
	[OCI_RLIMIT_RSS] = RLIMIT_RSS,
	[OCI_RLIMIT_RTPRIO] = RLIMIT_RTPRIO,
	[OCI_RLIMIT_RTTIME] = RLIMIT_RTTIME,
	[OCI_RLIMIT_SIGPENDING] = RLIMIT_SIGPENDING,
	[OCI_RLIMIT_STACK] = RLIMIT_STACK,
};

const char *plan_flags_rlimit_name(unsigned resource)
{
	for (size_t i = 0; i < oci_rlimit_type_MAX; i++)
		if (plan_flags_rlimits[i] == resource)
			return oci_rlimit_type_words[i];
	return "a limit";
}
