/* SPDX-License-Identifier: Apache-2.0 */
/* Names of systemd units and slices: parsing, escaping, and the cgroup path that follows from them. */
#include "systemd_name.h"
#include "util/err.h"
#include "util/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SYSTEMD_NAME_MAX 255

char *systemd_unit_escape(const char *name)
{
	struct buf b = { 0 };

	buf_adds(&b, "");
	for (const unsigned char *p = (const unsigned char *)name; *p; p++)
		if (isalnum(*p) || strchr(":-_.\\@", *p))
			buf_add(&b, p, 1);
		else
			buf_addf(&b, "\\x%02x", *p);
	if (!b.data)
		return mem_strdup("");
	return b.data;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);

	return n >= m && strcmp(s + n - m, end) == 0;
}

static int parse_parts(const char *path, char *parts[3], struct err *err)
{
	const char *first = strchr(path, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || strchr(second + 1, ':'))
		return err_say(err, -EINVAL, "cgroups path %s: the systemd driver needs \"slice:prefix:name\"", path);
	parts[0] = mem_printf("%.*s", (int)(first - path), path);
	parts[1] = mem_printf("%.*s", (int)(second - first - 1), first + 1);
	parts[2] = mem_strdup(second + 1);
	return 0;
}

int systemd_name_parse(const char *path, const char *id, bool user_manager, char **ret_slice, char **ret_unit,
		       struct err *err)
{
	_cleanup_free_ char *slice = NULL, *prefix = NULL, *name = NULL, *unit = NULL;
	char *parts[3] = { NULL, NULL, NULL };

	if (path) {
		int r = parse_parts(path, parts, err);
		if (r < 0)
			return r;
	}
	slice = parts[0];
	prefix = parts[1];
	name = parts[2];
	if (!slice || !slice[0]) {
		free(slice);
		slice = mem_strdup(user_manager ? "user.slice" : "system.slice");
	}
	if (path && !name[0])
		return err_say(err, -EINVAL, "cgroups path %s has no name after the prefix", path);
	if (path && ends_with(name, ".slice"))
		return err_say(err, -EINVAL, "cgroups path %s names a slice; a container is a scope", path);

	const char *p = path ? prefix : "husk", *n = path ? name : id;
	_cleanup_free_ char *raw = p[0] ? mem_printf("%s-%s", p, n) : mem_strdup(n);
	_cleanup_free_ char *escaped = systemd_unit_escape(raw);
	unit = ends_with(escaped, ".scope") ? mem_strdup(escaped) : mem_printf("%s.scope", escaped);
	if (strlen(unit) > SYSTEMD_NAME_MAX)
		return err_say(err, -ENAMETOOLONG, "systemd unit %s is longer than %d bytes", unit, SYSTEMD_NAME_MAX);
	*ret_slice = take(slice);
	*ret_unit = take(unit);
	return 0;
}

int systemd_slice_path(const char *slice, char **ret, struct err *err)
{
	struct buf b = { 0 };
	size_t len = strlen(slice);

	if (strcmp(slice, "-.slice") == 0) {
		*ret = mem_strdup("");
		return 0;
	}
	if (!ends_with(slice, ".slice") || len == strlen(".slice") || strchr(slice, '/') || slice[0] == '-' ||
	    strstr(slice, "--") || strstr(slice, "-."))
		return err_say(err, -EINVAL, "%s is no name of a systemd slice (as in \"a-b.slice\")", slice);
	size_t stem = len - strlen(".slice");
	for (size_t i = 0; i < stem; i++)
		if (slice[i] == '-')
			buf_addf(&b, "/%.*s.slice", (int)i, slice);
	buf_addf(&b, "/%s", slice);
	*ret = b.data;
	return 0;
}

char *systemd_manager_path(const char *own, bool user_manager, uid_t uid)
{
	_cleanup_free_ char *service = mem_printf("/user@%lu.service", (unsigned long)uid);
	const char *at = strstr(own, service);
	size_t len = strlen(service);

	if (!user_manager)
		return mem_strdup("");
	if (at && (at[len] == '/' || at[len] == '\0'))
		return mem_printf("%.*s", (int)(at - own + (long)len), own);
	return mem_printf("/user.slice/user-%lu.slice%s", (unsigned long)uid, service);
}
