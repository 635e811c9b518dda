/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as properties of a systemd unit: one row each, for v1 and v2. */
#include "systemd_resources.h"
#include "ocispec.h"
#include "resources.h"
#include "util/err.h"

#include <errno.h>

#define INFINITY_T UINT64_MAX

/* 0: not set; negative: no limit. */
static void add_limit(struct systemd_properties *p, const char *name, int64_t value)
{
	if (value != 0)
		systemd_properties_add_number(p, name, value < 0 ? INFINITY_T : (uint64_t)value);
}

/* ---- memory ------------------------------------------------------------------------------------------- */

static int add_memory(struct systemd_properties *p, const struct oci_memory *m, bool v2, struct err *err)
{
	int64_t swap;
	bool set;

	if (!v2) { /* systemd knows nothing of memory.memsw */
		add_limit(p, "MemoryLimit", m->limit);
		return 0;
	}
	int r = cgroup_swap_from_memsw(m->swap, m->limit, &swap, &set, err);
	if (r < 0)
		return err_where(err, "/linux/resources/memory/swap");
	add_limit(p, "MemoryMax", m->limit);
	add_limit(p, "MemoryLow", m->reservation);
	if (set)
		systemd_properties_add_number(p, "MemorySwapMax", swap < 0 ? INFINITY_T : (uint64_t)swap);
	return 0;
}

/* ---- cpu --------------------------------------------------------------------------------------------------- */

/* systemd has the quota of a second, and rounds it up to a hundredth of a CPU. */
static void add_quota(struct systemd_properties *p, const struct oci_cpu *cpu)
{
	uint64_t period = cpu->period ? cpu->period : 100000;

	if (cpu->period)
		systemd_properties_add_number(p, "CPUQuotaPeriodUSec", cpu->period);
	if (cpu->quota < 0)
		systemd_properties_add_number(p, "CPUQuotaPerSecUSec", INFINITY_T);
	if (cpu->quota <= 0 || (uint64_t)cpu->quota > UINT64_MAX / 1000000)
		return;
	uint64_t per_second = (uint64_t)cpu->quota * 1000000 / period;
	systemd_properties_add_number(p, "CPUQuotaPerSecUSec", (per_second + 9999) / 10000 * 10000);
}

static int add_list(struct systemd_properties *p, const char *name, const char *list, const char *where,
		    struct err *err)
{
	if (!list || !list[0] || systemd_properties_add_list(p, name, list) == 0)
		return 0;
	err_say(err, -EINVAL, "\"%s\" is no list of numbers (as 0-2,7)", list);
	return err_where(err, where);
}

static int add_cpu(struct systemd_properties *p, const struct oci_cpu *cpu, bool v2, struct err *err)
{
	if (cpu->shares && !v2)
		systemd_properties_add_number(p, "CPUShares", cpu->shares);
	if (cpu->shares && v2 && cpu->idle != 1)
		systemd_properties_add_number(p, "CPUWeight", cgroup_weight_from_shares(cpu->shares));
	if (cpu->idle == 1 && v2)
		systemd_properties_add_number(p, "CPUWeight", 0); /* idle, from systemd 252 */
	add_quota(p, cpu);
	if (!v2) /* systemd has no cpuset on v1 */
		return 0;
	int r = add_list(p, "AllowedCPUs", cpu->cpus, "/linux/resources/cpu/cpus", err);
	return r < 0 ? r : add_list(p, "AllowedMemoryNodes", cpu->mems, "/linux/resources/cpu/mems", err);
}

/* ---- all ----------------------------------------------------------------------------------------------------- */

static void add_accounting(struct systemd_properties *p, bool v2)
{
	static const char *const names[] = { "MemoryAccounting", "CPUAccounting", "TasksAccounting" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		systemd_properties_add_bool(p, names[i], true);
	systemd_properties_add_bool(p, v2 ? "IOAccounting" : "BlockIOAccounting", true);
}

/* The executor is in a new scope beside the container for a moment: a limit that has no room for it is told later
 * (write.c). systemd refuses 0, the kernel does not: the file says what counts. */
static void add_pids(struct systemd_properties *p, const struct oci_pids *pids, bool initial)
{
	int64_t least = initial ? SYSTEMD_TASKS_MIN : 1;

	if (pids->has_limit)
		systemd_properties_add_number(p, "TasksMax",
					      pids->limit < 0 ? INFINITY_T
							      : (uint64_t)(pids->limit < least ? least : pids->limit));
}

int systemd_properties_from(const struct oci_resources *res, bool v2, bool initial, struct systemd_properties *ret,
			    struct err *err)
{
	struct systemd_properties p = { 0 };
	int r = 0;

	if (initial)
		add_accounting(&p, v2);
	if (res && res->memory)
		r = add_memory(&p, res->memory, v2, err);
	if (r == 0 && res && res->cpu)
		r = add_cpu(&p, res->cpu, v2, err);
	if (r == 0 && res && res->pids)
		add_pids(&p, res->pids, initial);
	if (r == 0 && res && res->block_io && res->block_io->weight)
		systemd_properties_add_number(&p, v2 ? "IOWeight" : "BlockIOWeight",
					      v2 ? cgroup_io_weight_from_blkio(res->block_io->weight)
						 : res->block_io->weight);
	if (r == 0 && res && v2) /* last, as their files are */
		systemd_properties_add_unified(&p, res);
	if (r < 0) {
		systemd_properties_done(&p);
		return r;
	}
	*ret = p;
	return 0;
}
