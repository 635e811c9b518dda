/* SPDX-License-Identifier: Apache-2.0 */
/* The rules between the members of an object, one function for each object that has any. */
#include "check.h"

#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void rule_fn(const void *object, const struct oci_rules *to);

#define FAIL(to, where, ...) ((to)->fail((to)->user, (where), __VA_ARGS__))

struct place {
	char pointer[96];
};

static const char *place(struct place *p, const char *list, size_t index, const char *member)
{
	snprintf(p->pointer, sizeof(p->pointer), "/%s/%zu%s", list, index, member);
	return p->pointer;
}

static void missing(const struct oci_rules *to, const char *json, const char *why)
{
	struct place p;

	snprintf(p.pointer, sizeof(p.pointer), "/%s", json);
	if (!to->present(to->user, json))
		FAIL(to, p.pointer, "is missing: %s", why);
}

/* ---- process -------------------------------------------------------------------------------------------- */

static void check_rlimit(const void *object, const struct oci_rules *to)
{
	const struct oci_rlimit *r = object;

	if (r->has_soft && r->has_hard && r->soft > r->hard)
		FAIL(to, "/soft", "%" PRIu64 " is more than the hard limit, %" PRIu64, r->soft, r->hard);
}

static void check_scheduler(const void *object, const struct oci_rules *to)
{
	const struct oci_scheduler *s = object;
	bool real_time = s->policy == OCI_SCHED_FIFO || s->policy == OCI_SCHED_RR;

	if (!s->has_policy)
		return;
	const char *policy = oci_sched_policy_words[s->policy];
	if (s->priority && !real_time)
		FAIL(to, "/priority", "goes with SCHED_FIFO and SCHED_RR, not with %s", policy);
	if (s->policy == OCI_SCHED_DEADLINE)
		return;
	if (s->runtime)
		FAIL(to, "/runtime", "goes with SCHED_DEADLINE, not with %s", policy);
	if (s->deadline)
		FAIL(to, "/deadline", "goes with SCHED_DEADLINE, not with %s", policy);
	if (s->period)
		FAIL(to, "/period", "goes with SCHED_DEADLINE, not with %s", policy);
}

static void check_process(const void *object, const struct oci_rules *to)
{
	const struct oci_process *p = object;
	size_t first[oci_rlimit_type_MAX] = { 0 };
	struct place at;

	if (!p->args)
		missing(to, "args", "at least the program is needed");
	else if (p->n_args == 0)
		FAIL(to, "/args", "must have at least one entry, the program");
	for (size_t i = 0; i < p->n_rlimits; i++) {
		if (!p->rlimits[i].has_type)
			continue;
		enum oci_rlimit_type type = p->rlimits[i].type;
		if (first[type])
			FAIL(to, place(&at, "rlimits", i, "/type"), "%s stands in entry %zu already",
			     oci_rlimit_type_words[type], first[type] - 1);
		else
			first[type] = i + 1;
	}
}

/* ---- mounts and id maps ------------------------------------------------------------------------------------ */

static void check_id_mapping(const void *object, const struct oci_rules *to)
{
	const struct oci_id_mapping *m = object;

	if (m->has_size && m->has_container_id && (uint64_t)m->container_id + m->size > UINT32_MAX)
		FAIL(to, "/size", "goes beyond the largest id in the container, %" PRIu32, UINT32_MAX - 1);
	if (m->has_size && m->has_host_id && (uint64_t)m->host_id + m->size > UINT32_MAX)
		FAIL(to, "/size", "goes beyond the largest id on the host, %" PRIu32, UINT32_MAX - 1);
}

static void check_mount(const void *object, const struct oci_rules *to)
{
	const struct oci_mount *m = object;

	if (m->n_uid_mappings && !m->n_gid_mappings)
		missing(to, "gidMappings", "uidMappings and gidMappings are only given together");
	if (m->n_gid_mappings && !m->n_uid_mappings)
		missing(to, "uidMappings", "uidMappings and gidMappings are only given together");
}

/* ---- resources -------------------------------------------------------------------------------------------- */

static void check_device_rule(const void *object, const struct oci_rules *to)
{
	const struct oci_device_rule *r = object;

	if (r->access && r->access[strspn(r->access, "rwm")])
		FAIL(to, "/access", "must be composed of r, w and m");
}

static void check_cpu(const void *object, const struct oci_rules *to)
{
	const struct oci_cpu *c = object;

	if (c->has_quota && c->quota > 0 && c->burst > (uint64_t)c->quota)
		FAIL(to, "/burst", "%" PRIu64 " is more than the quota, %" PRId64, c->burst, c->quota);
}

static void check_weight_device(const void *object, const struct oci_rules *to)
{
	const struct oci_weight_device *d = object;

	if (!d->has_weight && !d->has_leaf_weight && !to->present(to->user, "leafWeight"))
		missing(to, "weight", "weight or leafWeight is needed");
}

static void check_rdma(const void *object, const struct oci_rules *to)
{
	const struct oci_rdma *r = object;

	if (!r->has_hca_handles && !r->has_hca_objects && !to->present(to->user, "hcaObjects"))
		missing(to, "hcaHandles", "hcaHandles or hcaObjects is needed");
}

static void check_hugepage_limit(const void *object, const struct oci_rules *to)
{
	const struct oci_hugepage_limit *h = object;

	if (!h->page_size)
		return;
	size_t n = strspn(h->page_size, "0123456789");
	const char *unit = h->page_size + n;
	if (n == 0 || h->page_size[0] == '0' || !*unit || !strchr("KMG", *unit) || strcmp(unit + 1, "B") != 0)
		FAIL(to, "/pageSize", "must be a number and KB, MB or GB, as 2MB");
}

static void check_resources(const void *object, const struct oci_rules *to)
{
	const struct oci_resources *r = object;

	for (size_t i = 0; i < r->n_unified; i++)
		if (!*r->unified[i].key || strchr(r->unified[i].key, '/'))
			FAIL(to, "/unified", "\"%.64s\" is not the name of a file of a cgroup", r->unified[i].key);
}

/* ---- linux ------------------------------------------------------------------------------------------------ */

static void check_namespace(const void *object, const struct oci_rules *to)
{
	const struct oci_namespace *n = object;

	if (n->path && *n->path && *n->path != '/')
		FAIL(to, "/path", "must be an absolute path");
}

/* Numbers beyond what dev_t has room for would name another device. */
static void check_device_number(const struct oci_rules *to, bool has, const char *json, int64_t number, int64_t max)
{
	char where[16];

	snprintf(where, sizeof(where), "/%s", json);
	if (!has)
		missing(to, json, "it is needed unless type is p");
	else if (number < 0 || number > max)
		FAIL(to, where, "%" PRId64 " is out of range (0 to %" PRId64 ")", number, max);
}

static void check_device(const void *object, const struct oci_rules *to)
{
	const struct oci_device *d = object;

	if (!d->has_type || d->type == OCI_DEVICE_P)
		return;
	check_device_number(to, d->has_major, "major", d->major, (1 << 12) - 1);
	check_device_number(to, d->has_minor, "minor", d->minor, (1 << 20) - 1);
}

static bool is_interface_name(const char *name)
{
	return *name && strlen(name) < IFNAMSIZ && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
	       !strpbrk(name, "/: \t\n\v\f\r");
}

static void check_net_device(const void *object, const struct oci_rules *to)
{
	const struct oci_net_device *d = object;

	if (!is_interface_name(d->key))
		FAIL(to, "", "must have the name of a network device as its key");
	if (d->name && *d->name && !is_interface_name(d->name))
		FAIL(to, "/name", "\"%.64s\" cannot name a network device", d->name);
}

static bool takes_errno(enum oci_seccomp_action action)
{
	return action == OCI_SCMP_ACT_ERRNO || action == OCI_SCMP_ACT_TRACE;
}

static void check_seccomp_syscall(const void *object, const struct oci_rules *to)
{
	const struct oci_seccomp_syscall *s = object;

	if (s->names && s->n_names == 0)
		FAIL(to, "/names", "must have at least one entry");
	if (s->has_errno_ret && s->has_action && !takes_errno(s->action))
		FAIL(to, "/errnoRet", "goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not with %s",
		     oci_seccomp_action_words[s->action]);
}

static void check_seccomp(const void *object, const struct oci_rules *to)
{
	const struct oci_seccomp *s = object;

	if (s->has_default_errno_ret && s->has_default_action && !takes_errno(s->default_action))
		FAIL(to, "/defaultErrnoRet", "goes with SCMP_ACT_ERRNO and SCMP_ACT_TRACE, not with %s",
		     oci_seccomp_action_words[s->default_action]);
	if (s->listener_metadata && *s->listener_metadata && !(s->listener_path && *s->listener_path))
		FAIL(to, "/listenerMetadata", "must not be set without listenerPath");
}

static void check_intel_rdt(const void *object, const struct oci_rules *to)
{
	const struct oci_intel_rdt *r = object;
	struct place at;

	if (r->clos_id && strcmp(r->clos_id, "/") != 0 &&
	    (strchr(r->clos_id, '/') || strcmp(r->clos_id, ".") == 0 || strcmp(r->clos_id, "..") == 0))
		FAIL(to, "/closID", "must be / or the name of a directory, without slashes");
	if (r->mem_bw_schema && *r->mem_bw_schema && strncmp(r->mem_bw_schema, "MB:", 3) != 0)
		FAIL(to, "/memBwSchema", "must begin with \"MB:\"");
	for (size_t i = 0; i < r->n_schemata; i++)
		if (r->schemata[i] && strpbrk(r->schemata[i], "\n\r"))
			FAIL(to, place(&at, "schemata", i, ""), "must not contain a newline");
}

static void check_memory_policy(const void *object, const struct oci_rules *to)
{
	static const enum {
		EITHER,
		NONE,
		SOME
	} nodes[oci_mempolicy_mode_MAX] = {
		[OCI_MPOL_DEFAULT] = NONE,
		[OCI_MPOL_LOCAL] = NONE,
		[OCI_MPOL_BIND] = SOME,
		[OCI_MPOL_INTERLEAVE] = SOME,
		[OCI_MPOL_WEIGHTED_INTERLEAVE] = SOME,
		[OCI_MPOL_PREFERRED_MANY] = SOME,
	};
	const struct oci_memory_policy *m = object;
	bool given = m->nodes && *m->nodes;

	if (!m->has_mode)
		return;
	if (nodes[m->mode] == NONE && given)
		FAIL(to, "/nodes", "must not be set with %s", oci_mempolicy_mode_words[m->mode]);
	if (nodes[m->mode] == SOME && !given)
		FAIL(to, "/mode", "%s needs nodes", oci_mempolicy_mode_words[m->mode]);
}

static void check_time_offset(const void *object, const struct oci_rules *to)
{
	const struct oci_time_offset *o = object;

	if (strcmp(o->key, "monotonic") != 0 && strcmp(o->key, "boottime") != 0)
		FAIL(to, "", "is not a clock of a time namespace: those are monotonic and boottime");
}

static void check_absolute(const struct oci_rules *to, const char *list, char *const *paths, size_t n)
{
	struct place at;

	for (size_t i = 0; i < n; i++)
		if (paths[i] && *paths[i] != '/')
			FAIL(to, place(&at, list, i, ""), "must be an absolute path");
}

static void check_linux(const void *object, const struct oci_rules *to)
{
	const struct oci_linux *l = object;
	size_t first[oci_namespace_type_MAX] = { 0 };
	struct place at;

	for (size_t i = 0; i < l->n_namespaces; i++) {
		if (!l->namespaces[i].has_type)
			continue;
		enum oci_namespace_type type = l->namespaces[i].type;
		if (first[type])
			FAIL(to, place(&at, "namespaces", i, "/type"), "%s stands in entry %zu already",
			     oci_namespace_type_words[type], first[type] - 1);
		else
			first[type] = i + 1;
	}
	check_absolute(to, "maskedPaths", l->masked_paths, l->n_masked_paths);
	check_absolute(to, "readonlyPaths", l->readonly_paths, l->n_readonly_paths);
}

/* ---- documents -------------------------------------------------------------------------------------------- */

/* 0 or 1, or no number: the schema says what a version looks like. */
static bool is_known_major(const char *version)
{
	size_t n = 0;

	while (version[n] >= '0' && version[n] <= '9')
		n++;
	return !n || (n == 1 && version[0] <= '1');
}

static void check_config(const void *object, const struct oci_rules *to)
{
	const struct oci_config *c = object;

	/* 0.x are the drafts of 1.0, and were never told apart from it by anyone. */
	if (c->oci_version && !is_known_major(c->oci_version))
		FAIL(to, "/ociVersion", "%.64s is a version that is not known here: 1.x is, up to %s", c->oci_version,
		     OCISPEC_VERSION);
	for (size_t i = 0; i < c->n_annotations; i++)
		if (!*c->annotations[i].key)
			FAIL(to, "/annotations/", "the key of an annotation must not be empty");
}

static const struct {
	const struct oci_object *type;
	rule_fn *check;
} rules[] = {
	{ &oci_config_object, check_config },
	{ &oci_cpu_object, check_cpu },
	{ &oci_device_object, check_device },
	{ &oci_device_rule_object, check_device_rule },
	{ &oci_hugepage_limit_object, check_hugepage_limit },
	{ &oci_id_mapping_object, check_id_mapping },
	{ &oci_intel_rdt_object, check_intel_rdt },
	{ &oci_linux_object, check_linux },
	{ &oci_memory_policy_object, check_memory_policy },
	{ &oci_mount_object, check_mount },
	{ &oci_namespace_object, check_namespace },
	{ &oci_net_device_object, check_net_device },
	{ &oci_process_object, check_process },
	{ &oci_rdma_object, check_rdma },
	{ &oci_resources_object, check_resources },
	{ &oci_rlimit_object, check_rlimit },
	{ &oci_scheduler_object, check_scheduler },
	{ &oci_seccomp_object, check_seccomp },
	{ &oci_seccomp_syscall_object, check_seccomp_syscall },
	{ &oci_time_offset_object, check_time_offset },
	{ &oci_weight_device_object, check_weight_device },
};

void oci_check_object(const struct oci_object *type, const void *object, const struct oci_rules *to)
{
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i].type == type)
			rules[i].check(object, to);
}
