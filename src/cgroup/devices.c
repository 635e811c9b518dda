/* SPDX-License-Identifier: Apache-2.0 */
/* The allowed device list of a container: the config's rules between "deny all" and what every container needs. */
#include "devices.h"
#include "ocispec.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL CGROUP_DEVICE_ALL_ACCESS

/* config-linux.md, Default Devices; nodes may be made of any device, as that gives no access. */
static const struct cgroup_device_rule defaults[] = {
	{ .allow = 1, .type = 'c', .access = BPF_DEVCG_ACC_MKNOD, .major = -1, .minor = -1 },
	{ .allow = 1, .type = 'b', .access = BPF_DEVCG_ACC_MKNOD, .major = -1, .minor = -1 },
	{ .allow = 1, .type = 'c', .access = ALL, .major = 1, .minor = 3 },    /* null */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 1, .minor = 5 },    /* zero */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 1, .minor = 7 },    /* full */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 1, .minor = 8 },    /* random */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 1, .minor = 9 },    /* urandom */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 5, .minor = 0 },    /* tty */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 5, .minor = 2 },    /* ptmx */
	{ .allow = 1, .type = 'c', .access = ALL, .major = 136, .minor = -1 }, /* pts */
};

static const struct cgroup_device_rule deny_all = { .type = 'a', .access = ALL, .major = -1, .minor = -1 };

struct rules {
	struct cgroup_device_rule *v;
	size_t n;
};

static void add(struct rules *r, struct cgroup_device_rule rule)
{
	r->v = mem_grow(r->v, r->n + 1, sizeof(*r->v));
	r->v[r->n++] = rule;
}

static int parse_access(const char *access, uint8_t *ret)
{
	uint8_t bits = 0;

	if (!access || !access[0]) {
		*ret = ALL;
		return 0;
	}
	for (const char *p = access; *p; p++)
		if (*p == 'm')
			bits |= BPF_DEVCG_ACC_MKNOD;
		else if (*p == 'r')
			bits |= BPF_DEVCG_ACC_READ;
		else if (*p == 'w')
			bits |= BPF_DEVCG_ACC_WRITE;
		else
			return -EINVAL;
	*ret = bits;
	return 0;
}

static char rule_type(const struct oci_device_rule *d)
{
	static const char letters[] = {
		[OCI_DEVICE_RULE_ALL] = 'a',
		[OCI_DEVICE_RULE_CHAR] = 'c',
		[OCI_DEVICE_RULE_BLOCK] = 'b',
	};
	return d->has_type ? letters[d->type] : 'a';
}

static int add_rule(struct rules *r, const struct oci_device_rule *d, size_t i, struct err *err)
{
	struct cgroup_device_rule rule = {
		.allow = d->allow,
		.type = rule_type(d),
		.major = d->has_major ? d->major : -1,
		.minor = d->has_minor ? d->minor : -1,
	};
	if (parse_access(d->access, &rule.access) < 0) {
		char where[64];
		snprintf(where, sizeof(where), "/linux/resources/devices/%zu/access", i);
		err_say(err, -EINVAL, "\"%s\" is no composition of r, w and m", d->access);
		return err_where(err, where);
	}
	add(r, rule);
	return 0;
}

int cgroup_device_rules(const struct oci_config *config, struct cgroup_device_rule **ret, size_t *ret_n,
			struct err *err)
{
	const struct oci_resources *res = config->linux_ ? config->linux_->resources : NULL;
	struct rules rules = { 0 };

	add(&rules, deny_all);
	for (size_t i = 0; res && i < res->n_devices; i++) {
		int r = add_rule(&rules, &res->devices[i], i, err);
		if (r < 0) {
			free(rules.v);
			return -EINVAL;
		}
	}
	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		add(&rules, defaults[i]);
	*ret = rules.v;
	*ret_n = rules.n;
	return 0;
}

/* In a user namespace the kernel gives no access to devices that were not given to the namespace anyway. A rule
 * that narrows an access (write denied, read allowed) is more than that, and must not be lost. */
static bool can_do_without(const struct cgroup_device_rule *rules, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!rules[i].allow && rules[i].access != ALL)
			return false;
	return true;
}

static bool in_user_namespace(void)
{
	_cleanup_free_ char *map = NULL;

	if (geteuid() != 0)
		return true;
	/* The initial one maps all ids in one line. */
	if (fd_read_file(AT_FDCWD, "/proc/self/uid_map", 65536, &map, NULL) < 0)
		return false;
	char *end;
	bool whole =
		strtoul(map, &end, 10) == 0 && strtoul(end, &end, 10) == 0 && strtoul(end, &end, 10) == 4294967295UL;
	return !whole;
}

int cgroup_set_devices(const struct cgroup *c, const struct cgroup_device_rule *rules, size_t n, struct err *err)
{
	const struct cgroup_dir *d = cgroup_find_v1(c, "devices");
	bool v1 = d != NULL;

	if (c->n_dirs == 0)
		return 0;
	if (!d)
		d = cgroup_find_v2(c);
	if (!d)
		return err_say(err, -EOPNOTSUPP,
			       "the allowed device list needs the cgroup controller devices, or cgroup v2");
	_cleanup_fd_ int fd = cgroup_dir_open(d);
	if (fd < 0)
		return err_set(err, fd, "open cgroup %s%s", d->mount, d->path);
	int r = v1 ? cgroup_devices_v1(fd, rules, n, err) : cgroup_devices_ebpf(fd, c->fresh, rules, n, err);
	if ((r == -EPERM || r == -EACCES) && in_user_namespace() && can_do_without(rules, n)) {
		log_warning("the allowed device list is left to the user namespace: %s",
			    err ? err->text : "not permitted");
		if (err)
			*err = (struct err){ 0 };
		return 0;
	}
	return r;
}
