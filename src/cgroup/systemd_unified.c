/* SPDX-License-Identifier: Apache-2.0 */
/* Files of linux.resources.unified that systemd writes too: as properties, so that it does not undo them. */
#include "ocispec.h"
#include "systemd_resources.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number, with the suffixes of the kernel; "max" is UINT64_MAX. */
static int read_limit(const char *text, uint64_t *ret)
{
	static const char suffixes[] = "KMGT";
	char *end;

	if (strncmp(text, "max", 3) == 0) {
		*ret = UINT64_MAX;
		return 0;
	}
	uint64_t n = strtoull(text, &end, 10);
	if (end == text || text[0] == '-')
		return -EINVAL;
	const char *at = *end ? strchr(suffixes, *end & ~0x20) : NULL;
	*ret = at ? n << 10 * (at - suffixes + 1) : n;
	return 0;
}

static void add_limit(struct systemd_properties *p, const char *name, const char *value)
{
	uint64_t n;

	if (read_limit(value, &n) == 0)
		systemd_properties_add_number(p, name, n);
}

static void add_weight(struct systemd_properties *p, const char *name, const char *value)
{
	add_limit(p, name, strncmp(value, "default ", 8) == 0 ? value + 8 : value);
}

/* Idle is the weight 0 of systemd, from 252. */
static void add_idle(struct systemd_properties *p, const char *name, const char *value)
{
	if (value[0] == '1')
		systemd_properties_add_number(p, name, 0);
}

static void add_tasks(struct systemd_properties *p, const char *name, const char *value)
{
	uint64_t n;

	if (read_limit(value, &n) == 0)
		systemd_properties_add_number(p, name, n < SYSTEMD_TASKS_MIN ? SYSTEMD_TASKS_MIN : n);
}

/* "QUOTA PERIOD" in microseconds; systemd wants the quota of a second. */
static void add_quota(struct systemd_properties *p, const char *name, const char *value)
{
	uint64_t quota, period = 100000;
	const char *second = strchr(value, ' ');

	if (read_limit(value, &quota) < 0 || (second && (read_limit(second + 1, &period) < 0 || period == 0)))
		return;
	if (second)
		systemd_properties_add_number(p, "CPUQuotaPeriodUSec", period);
	if (quota == UINT64_MAX)
		systemd_properties_add_number(p, name, UINT64_MAX);
	else if (quota <= UINT64_MAX / 1000000)
		systemd_properties_add_number(p, name, quota * 1000000 / period);
}

static void add_list(struct systemd_properties *p, const char *name, const char *value)
{
	systemd_properties_add_list(p, name, value);
}

/* What the kernel would refuse is left out here: the write of the file says so. */
void systemd_properties_add_unified(struct systemd_properties *p, const struct oci_resources *res)
{
	static const struct {
		const char *file, *property;
		void (*add)(struct systemd_properties *p, const char *name, const char *value);
	} rows[] = {
		{ "memory.min", "MemoryMin", add_limit },          { "memory.low", "MemoryLow", add_limit },
		{ "memory.high", "MemoryHigh", add_limit },        { "memory.max", "MemoryMax", add_limit },
		{ "memory.swap.max", "MemorySwapMax", add_limit }, { "pids.max", "TasksMax", add_tasks },
		{ "cpu.weight", "CPUWeight", add_weight },         { "cpu.idle", "CPUWeight", add_idle },
		{ "cpu.max", "CPUQuotaPerSecUSec", add_quota },    { "io.weight", "IOWeight", add_weight },
		{ "cpuset.cpus", "AllowedCPUs", add_list },        { "cpuset.mems", "AllowedMemoryNodes", add_list },
	};

	for (size_t i = 0; i < res->n_unified; i++)
		for (size_t k = 0; k < sizeof(rows) / sizeof(rows[0]); k++)
			if (res->unified[i].value && strcmp(res->unified[i].key, rows[k].file) == 0)
				rows[k].add(p, rows[k].property, res->unified[i].value);
}
