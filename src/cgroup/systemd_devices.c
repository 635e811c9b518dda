/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allowed device list as systemd's DevicePolicy and DeviceAllow.  husk carries the list out itself;
 * systemd is told so that a reload of systemd neither widens it (v1) nor takes away what is allowed.
 */
#include "devices.h"
#include "ocispec.h"
#include "systemd_resources.h"
#include "util/fd.h"
#include "util/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The driver's name of a major number in /proc/devices; "" when it has none. */
static void find_driver(const char *devices, char type, int64_t major, char *ret, size_t size)
{
	const char *p = strstr(devices, type == 'c' ? "Character devices:" : "Block devices:");
	long long number;
	char name[64];

	ret[0] = '\0';
	while (p && (p = strchr(p, '\n')) && sscanf(++p, "%lld %63s", &number, name) == 2)
		if (number == major) {
			snprintf(ret, size, "%s", name);
			return;
		}
}

/* "/dev/char/1:3", "char-pts", "char-*" */
static char *describe(const struct cgroup_device_rule *r, char type, const char *devices)
{
	const char *word = type == 'c' ? "char" : "block";
	char driver[64];

	if (r->major < 0)
		return mem_printf("%s-*", word);
	if (r->minor >= 0)
		return mem_printf("/dev/%s/%lld:%lld", word, (long long)r->major, (long long)r->minor);
	find_driver(devices, type, r->major, driver, sizeof(driver));
	return driver[0] ? mem_printf("%s-%s", word, driver) : NULL;
}

static int append_rule(struct systemd_bus *b, sd_bus_message *m, const struct cgroup_device_rule *r, char type,
		       const char *devices)
{
	_cleanup_free_ char *what = describe(r, type, devices);
	char access[4];

	if (!what || (r->type != 'a' && r->type != type))
		return 0;
	snprintf(access, sizeof(access), "%s%s%s", r->access & BPF_DEVCG_ACC_READ ? "r" : "",
		 r->access & BPF_DEVCG_ACC_WRITE ? "w" : "", r->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
	return b->f->sd_bus_message_append(m, "(ss)", what, access);
}

static bool is_everything(const struct cgroup_device_rule *r)
{
	return r->type == 'a' && r->major < 0 && r->minor < 0 && r->access == CGROUP_DEVICE_ALL_ACCESS;
}

static int append_list(struct systemd_bus *b, sd_bus_message *m, const struct cgroup_device_rule *rules, size_t n)
{
	_cleanup_free_ char *devices = NULL;
	int r;

	if (fd_read_file(AT_FDCWD, "/proc/devices", 1 << 20, &devices, NULL) < 0)
		devices = mem_strdup("");
	if ((r = b->f->sd_bus_message_open_container(m, 'r', "sv")) < 0 ||
	    (r = b->f->sd_bus_message_append(m, "s", "DeviceAllow")) < 0 ||
	    (r = b->f->sd_bus_message_open_container(m, 'v', "a(ss)")) < 0 ||
	    (r = b->f->sd_bus_message_open_container(m, 'a', "(ss)")) < 0)
		return r;
	/* Denials among them only narrow; ours sees to them. */
	for (size_t i = 0; r >= 0 && i < n; i++)
		if (rules[i].allow && (r = append_rule(b, m, &rules[i], 'c', devices)) >= 0)
			r = append_rule(b, m, &rules[i], 'b', devices);
	for (int i = 0; r >= 0 && i < 3; i++)
		r = b->f->sd_bus_message_close_container(m);
	return r;
}

int systemd_devices_append(struct systemd_bus *b, sd_bus_message *m, const struct oci_resources *res)
{
	/* Only what cgroup_device_rules reads of a configuration. */
	struct oci_linux linux_ = { .resources = (struct oci_resources *)(uintptr_t)res };
	const struct oci_config config = { .linux_ = &linux_ };
	_cleanup_free_ struct cgroup_device_rule *rules = NULL;
	size_t n, first = 0;
	int r = cgroup_device_rules(&config, &rules, &n, NULL);

	if (r < 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (is_everything(&rules[i]))
			first = i;
	bool open = rules[first].allow;
	r = b->f->sd_bus_message_append(m, "(sv)", "DevicePolicy", "s", open ? "auto" : "strict");
	if (r >= 0 && !open)
		r = append_list(b, m, rules + first + 1, n - first - 1);
	return r < 0 ? r : 0;
}
