/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The allowed device list on cgroup v1: devices.allow and devices.deny.
 *
 * The kernel keeps one default (all allowed or all denied) and a list of exceptions, which it compares by
 * exactly their type and numbers: taking c 1:3 out of an allowed c 1:* does nothing there, silently.
 * Such a rule is an error here.
 */
#include "devices.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lines {
	char **v;
	size_t n;
};

struct exceptions {
	bool allow_by_default;
	struct cgroup_device_rule *v;
	size_t n;
};

static void add_line(struct lines *l, char *line)
{
	l->v = mem_grow(l->v, l->n + 1, sizeof(*l->v));
	l->v[l->n++] = line;
}

static void format_number(char *buf, size_t size, int64_t number)
{
	if (number < 0)
		snprintf(buf, size, "*");
	else
		snprintf(buf, size, "%llu", (unsigned long long)number);
}

static char *format_rule(const struct cgroup_device_rule *r)
{
	char major[24], minor[24];

	format_number(major, sizeof(major), r->major);
	format_number(minor, sizeof(minor), r->minor);
	return mem_printf("%c%c %s:%s %s%s%s", r->allow ? '+' : '-', r->type, major, minor,
			  r->access & BPF_DEVCG_ACC_READ ? "r" : "", r->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
			  r->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
}

static bool same_device(const struct cgroup_device_rule *a, const struct cgroup_device_rule *b)
{
	return a->type == b->type && a->major == b->major && a->minor == b->minor;
}

static bool overlap(const struct cgroup_device_rule *a, const struct cgroup_device_rule *b)
{
	return a->type == b->type && (a->major < 0 || b->major < 0 || a->major == b->major) &&
	       (a->minor < 0 || b->minor < 0 || a->minor == b->minor) && (a->access & b->access);
}

/* Does wide name all devices that r names? */
static bool covers(const struct cgroup_device_rule *wide, const struct cgroup_device_rule *r)
{
	return wide->type == r->type && (wide->major < 0 || wide->major == r->major) &&
	       (wide->minor < 0 || wide->minor == r->minor);
}

/* A rule with the default's meaning takes exceptions back. Narrower ones go, as the kernel would not see to it. */
static int take_back(struct exceptions *e, const struct cgroup_device_rule *r, struct lines *out, struct err *err)
{
	for (size_t i = 0; i < e->n; i++) {
		struct cgroup_device_rule *x = &e->v[i];
		if (!x->access || !overlap(x, r))
			continue;
		if (!same_device(x, r) && !covers(r, x)) {
			_cleanup_free_ char *text = format_rule(r), *wide = format_rule(x);
			return err_say(err, -EINVAL,
				       "device rule \"%s\" makes a hole in \"%s\", which cgroup v1 cannot do; "
				       "put narrow rules in place of the wide one",
				       text, wide);
		}
		struct cgroup_device_rule gone = *x;
		gone.allow = r->allow;
		gone.access &= r->access;
		add_line(out, format_rule(&gone));
		x->access &= (uint8_t)~r->access;
	}
	return 0;
}

static void add_exception(struct exceptions *e, const struct cgroup_device_rule *r, struct lines *out)
{
	add_line(out, format_rule(r));
	for (size_t i = 0; i < e->n; i++)
		if (same_device(&e->v[i], r)) {
			e->v[i].access |= r->access;
			return;
		}
	e->v = mem_grow(e->v, e->n + 1, sizeof(*e->v));
	e->v[e->n++] = *r;
}

static int apply(struct exceptions *e, const struct cgroup_device_rule *r, struct lines *out, struct err *err)
{
	return r->allow == e->allow_by_default ? take_back(e, r, out, err) : (add_exception(e, r, out), 0);
}

static int apply_all_types(struct exceptions *e, const struct cgroup_device_rule *r, struct lines *out, struct err *err)
{
	struct cgroup_device_rule block = *r, character = *r;

	block.type = 'b';
	character.type = 'c';
	int ret = apply(e, &block, out, err);
	return ret < 0 ? ret : apply(e, &character, out, err);
}

static void set_default(struct exceptions *e, bool allow, struct lines *out)
{
	e->allow_by_default = allow;
	e->n = 0;
	add_line(out, mem_strdup(allow ? "+a" : "-a"));
}

int cgroup_device_lines(const struct cgroup_device_rule *rules, size_t n, char ***ret, size_t *ret_n, struct err *err)
{
	struct exceptions e = { 0 };
	struct lines out = { 0 };
	int r = 0;

	for (size_t i = 0; r == 0 && i < n; i++) {
		const struct cgroup_device_rule *rule = &rules[i];
		bool every = rule->type == 'a' && rule->major < 0 && rule->minor < 0;
		if (every && rule->access == CGROUP_DEVICE_ALL_ACCESS)
			set_default(&e, rule->allow, &out);
		else if (rule->type == 'a')
			r = apply_all_types(&e, rule, &out, err);
		else
			r = apply(&e, rule, &out, err);
	}
	free(e.v);
	if (r < 0) {
		for (size_t i = 0; i < out.n; i++)
			free(out.v[i]);
		free(out.v);
		return r;
	}
	*ret = out.v;
	*ret_n = out.n;
	return 0;
}

static int write_lines(int allow_fd, int deny_fd, char **lines, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		bool allow = lines[i][0] == '+';
		size_t len = strlen(lines[i] + 1);
		if (pwrite(allow ? allow_fd : deny_fd, lines[i] + 1, len, 0) != (ssize_t)len)
			return err_set(err, -errno, "write \"%s\" to devices.%s", lines[i] + 1,
				       allow ? "allow" : "deny");
	}
	return 0;
}

int cgroup_devices_v1(int dir_fd, const struct cgroup_device_rule *rules, size_t n, struct err *err)
{
	char **lines = NULL;
	size_t n_lines = 0;
	int r = cgroup_device_lines(rules, n, &lines, &n_lines, err);

	if (r < 0)
		return r;
	_cleanup_fd_ int allow_fd = fd_open(dir_fd, "devices.allow", O_WRONLY, 0);
	_cleanup_fd_ int deny_fd = fd_open(dir_fd, "devices.deny", O_WRONLY, 0);
	if (allow_fd < 0 || deny_fd < 0)
		r = err_set(err, allow_fd < 0 ? allow_fd : deny_fd, "open devices.allow and devices.deny");
	else
		r = write_lines(allow_fd, deny_fd, lines, n_lines, err);
	for (size_t i = 0; i < n_lines; i++)
		free(lines[i]);
	free(lines);
	return r;
}
