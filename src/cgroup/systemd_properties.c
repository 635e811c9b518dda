/* SPDX-License-Identifier: Apache-2.0 */
/* Limits as properties of a systemd unit: one row each, for v1 and v2. */
#include "systemd_properties.h"
#include "resources.h"
#include "../../libocispec/ocispec.h"
#include "../util/err.h"
#include "../util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INFINITY_T UINT64_MAX
#define CPU_MAX 65536

void systemd_properties_done(struct systemd_properties *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].text);
		free(p->v[i].bits);
	}
	free(p->v);
	*p = (struct systemd_properties){ 0 };
}

static struct systemd_property *add(struct systemd_properties *p, const char *name, char type)
{
	p->v = mem_grow(p->v, p->n + 1, sizeof(*p->v));
	p->v[p->n] = (struct systemd_property){ .name = name, .type = type };
	return &p->v[p->n++];
}

void systemd_properties_add_number(struct systemd_properties *p, const char *name, uint64_t value)
{
	add(p, name, 't')->number = value;
}

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

int systemd_bits_from_list(const char *list, uint8_t **ret, size_t *ret_n)
{
	_cleanup_free_ uint8_t *bits = mem_alloc(CPU_MAX / 8);
	size_t n = 0;

	for (const char *p = list; *p;) {
		char *end;
		if (!isdigit((unsigned char)*p))
			return -EINVAL;
		unsigned long first = strtoul(p, &end, 10), last = first;
		if (*end == '-' && isdigit((unsigned char)end[1]))
			last = strtoul(end + 1, &end, 10);
		if (last < first || last >= CPU_MAX || (*end && *end != ','))
			return -EINVAL;
		for (unsigned long i = first; i <= last; i++)
			bits[i / 8] |= (uint8_t)(1u << i % 8);
		n = last / 8 + 1 > n ? last / 8 + 1 : n;
		p = end + (*end == ',');
	}
	*ret = take(bits);
	*ret_n = n;
	return 0;
}

int systemd_properties_add_list(struct systemd_properties *p, const char *name, const char *list)
{
	uint8_t *bits;
	size_t n;
	int r = systemd_bits_from_list(list, &bits, &n);

	if (r < 0)
		return r;
	struct systemd_property *property = add(p, name, 'y');
	property->bits = bits;
	property->n_bits = n;
	return 0;
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
		add(p, names[i], 'b')->number = 1;
	add(p, v2 ? "IOAccounting" : "BlockIOAccounting", 'b')->number = 1;
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

static int append_one(struct systemd_bus *b, sd_bus_message *m, const struct systemd_property *p)
{
	const struct sd_bus_functions *f = b->f;
	int r;

	if (p->type == 't')
		return f->sd_bus_message_append(m, "(sv)", p->name, "t", p->number);
	if (p->type == 'b')
		return f->sd_bus_message_append(m, "(sv)", p->name, "b", (int)p->number);
	if (p->type == 's')
		return f->sd_bus_message_append(m, "(sv)", p->name, "s", p->text);
	if ((r = f->sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
	    (r = f->sd_bus_message_append(m, "s", p->name)) < 0 ||
	    (r = f->sd_bus_message_open_container(m, 'v', "ay")) < 0 ||
	    (r = f->sd_bus_message_append_array(m, 'y', p->bits, p->n_bits)) < 0 ||
	    (r = f->sd_bus_message_close_container(m)) < 0)
		return r;
	return f->sd_bus_message_close_container(m);
}

int systemd_properties_append(struct systemd_bus *b, sd_bus_message *m, const struct systemd_properties *p)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < p->n; i++)
		r = append_one(b, m, &p->v[i]);
	return r < 0 ? r : 0;
}
