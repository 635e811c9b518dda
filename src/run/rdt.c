/* SPDX-License-Identifier: Apache-2.0 */
/* Intel RDT; see rdt.h. */
#include "rdt.h"

#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCHEMATA_MAX (64 * 1024)

static char *group_path(const struct rdt_request *r)
{
	if (!r->clos_id)
		return mem_printf("%s/%s", r->root, r->id);
	if (strcmp(r->clos_id, "/") == 0)
		return mem_strdup(r->root);
	return mem_printf("%s/%s", r->root, r->clos_id);
}

char *rdt_removable_path(const struct rdt_request *r)
{
	_cleanup_free_ char *group = group_path(r);

	/* Removing a group of its own removes the monitoring group in it. */
	if (!r->clos_id && access(group, F_OK) < 0)
		return take(group);
	return r->monitoring ? mem_printf("%s/mon_groups/%s", group, r->id) : NULL;
}

int rdt_remove(const char *path)
{
	return rmdir(path) < 0 && errno != ENOENT ? -errno : 0;
}

/* Lines are equal but for white space and the order of their parts: "L3:0=f;1=0f". */
static bool line_has(const char *line, const char *part, size_t len)
{
	const char *p = strchr(line, ':');

	while (p && *p) {
		p++;
		size_t n = strcspn(p, ";\n");
		const char *a = part + strcspn(part, "="), *b = p + strcspn(p, "=");
		if ((size_t)(a - part) == (size_t)(b - p) && strncmp(part, p, (size_t)(a - part)) == 0)
			return (size_t)(a - part) < len && (size_t)(b - p) < n &&
			       strtoul(a + 1, NULL, 16) == strtoul(b + 1, NULL, 16);
		p += n;
		if (*p == '\n')
			break;
	}
	return false;
}

static const char *find_line(const char *text, const char *name, size_t len)
{
	for (const char *line = text; line && *line; line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		const char *start = line + strspn(line, " \t");

		if (strncmp(start, name, len) == 0 && start[len] == ':')
			return start;
	}
	return NULL;
}

static bool matches(const char *text, const char *wanted)
{
	size_t name = strcspn(wanted, ":");
	const char *line = find_line(text, wanted, name);

	if (!line || !wanted[name])
		return false;
	for (const char *p = wanted + name + 1; *p;) {
		size_t len = strcspn(p, ";");
		if (len && !line_has(line, p, len))
			return false;
		p += len;
		p += *p == ';';
	}
	return true;
}

/* A group that is there already must have what is asked for by l3CacheSchema and memBwSchema. */
static int compare(const struct rdt_request *r, const char *group, struct err *err)
{
	_cleanup_free_ char *path = mem_printf("%s/schemata", group);
	_cleanup_free_ char *text = NULL;

	int code = fd_read_file(AT_FDCWD, path, SCHEMATA_MAX, &text, NULL);
	if (code < 0)
		return err_set(err, code, "read %s", path);
	for (size_t i = 0; i < r->n_compared; i++)
		if (!matches(text, r->schemata[i]))
			return err_say(err, -EEXIST, "resctrl group %s is there with other schemata than \"%s\"", group,
				       r->schemata[i]);
	return 0;
}

static int write_schemata(const struct rdt_request *r, const char *group, size_t first, struct err *err)
{
	_cleanup_free_ char *path = mem_printf("%s/schemata", group);

	for (size_t i = first; i < r->n_schemata; i++) {
		_cleanup_free_ char *line = mem_printf("%s\n", r->schemata[i]);
		int code = fd_write_file(AT_FDCWD, path, line);
		if (code < 0)
			return err_set(err, code, "write \"%s\" to %s (see %s/info/last_cmd_status)", r->schemata[i],
				       path, r->root);
	}
	return 0;
}

static int make_group(const struct rdt_request *r, const char *group, struct err *err)
{
	bool made = r->create && mkdir(group, 0755) == 0;

	if (!made && r->create && errno != EEXIST)
		return err_set(err, -errno, "make the resctrl group %s", group);
	if (!made && access(group, F_OK) < 0)
		return err_set(err, -errno, "resctrl group %s, which closID without schemata needs", group);
	size_t compared = made || !r->clos_id ? 0 : r->n_compared;
	int code = compared ? compare(r, group, err) : 0;
	if (code == 0)
		code = write_schemata(r, group, compared, err);
	if (code < 0 && made)
		rmdir(group);
	return code;
}

static int assign(const char *group, pid_t pid, struct err *err)
{
	_cleanup_free_ char *path = mem_printf("%s/tasks", group);
	char digits[16];

	snprintf(digits, sizeof(digits), "%d", (int)pid);
	int code = fd_write_file(AT_FDCWD, path, digits);
	return code < 0 ? err_set(err, code, "write the pid to %s", path) : 0;
}

static int monitor(const struct rdt_request *r, const char *group, struct err *err)
{
	_cleanup_free_ char *path = mem_printf("%s/mon_groups/%s", group, r->id);

	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return err_set(err, -errno, "make the monitoring group %s", path);
	return assign(path, r->pid, err);
}

int rdt_apply(const struct rdt_request *r, struct err *err)
{
	_cleanup_free_ char *group = group_path(r);
	_cleanup_free_ char *schemata = mem_printf("%s/schemata", r->root);

	if (access(schemata, F_OK) < 0)
		return err_say(err, -ENOTSUP, "no resctrl file system is mounted at %s", r->root);
	int code = make_group(r, group, err);
	if (code == 0)
		code = assign(group, r->pid, err);
	if (code == 0 && r->monitoring)
		code = monitor(r, group, err);
	return code;
}
