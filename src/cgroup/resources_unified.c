/* SPDX-License-Identifier: Apache-2.0 */
/* linux.resources.unified: files of cgroup v2 by name, known to husk or not. */
#include "ocispec.h"
#include "resources.h"
#include "tree.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The known controllers, so that names that outlive the document need no memory of their own. */
static const char *const controllers[] = {
	"cpu", "cpuset", "io", "memory", "hugetlb", "pids", "rdma", "misc", "dmem", "perf_event",
};

static const char *find_controller(const char *key, size_t n)
{
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++)
		if (strlen(controllers[i]) == n && strncmp(controllers[i], key, n) == 0)
			return controllers[i];
	return "";
}

/* "/" is "~1" and "~" is "~0" in a JSON pointer. */
static char *escape_pointer(const char *key)
{
	struct buf b = { 0 };

	for (; *key; key++)
		if (*key == '/')
			buf_adds(&b, "~1");
		else if (*key == '~')
			buf_adds(&b, "~0");
		else
			buf_add(&b, key, 1);
	return b.data ? b.data : mem_strdup("");
}

static int refuse(struct cgroup_build *b, const char *key, int code, const char *why)
{
	_cleanup_free_ char *name = escape_pointer(key);
	_cleanup_free_ char *where = mem_printf("%s/unified/%s", b->base, name);

	err_say(b->err, code, "%s: %s", key, why);
	err_where(b->err, where);
	return code;
}

/* Nested keys ("io.max", "rdma.max") take one line a write. */
static void add_lines(struct cgroup_build *b, const char *controller, const char *key, const char *value)
{
	_cleanup_free_ char *name = escape_pointer(key);
	bool any = false;

	for (const char *p = value; *p;) {
		size_t n = strcspn(p, "\n");
		if (n) {
			cgroup_build_add(b, controller, key, mem_printf("%.*s", (int)n, p), 0, "unified/%s", name);
			any = true;
		}
		p += n + (p[n] == '\n');
	}
	if (!any)
		cgroup_build_add(b, controller, key, mem_strdup("\n"), 0, "unified/%s", name);
}

static int build_key(struct cgroup_build *b, const char *key, const char *value)
{
	size_t n = strcspn(key, ".");
	_cleanup_free_ char *prefix = mem_printf("%.*s", (int)n, key);

	if (strpbrk(key, "/|\n") || key[n] != '.' || n == 0)
		return refuse(b, key, -EINVAL, "is no name of a file of cgroup v2 (as memory.high)");
	if (b->facts->layout != CGROUP_V2 && b->facts->layout != CGROUP_HYBRID)
		return refuse(b, key, -EOPNOTSUPP, "this host has no cgroup v2");
	if (strcmp(prefix, "cgroup") != 0 && !cgroup_list_has(b->facts->v2_controllers, prefix))
		return refuse(b, key, -EOPNOTSUPP,
			      cgroup_controller_version(b->facts, prefix, NULL) == 1
				      ? "invalid configuration: this host has the controller on cgroup v1, not on v2"
				      : "this host has no such cgroup controller");
	add_lines(b, find_controller(key, n), key, value);
	return 0;
}

int cgroup_build_unified(struct cgroup_build *b)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < b->res->n_unified; i++)
		r = build_key(b, b->res->unified[i].key, b->res->unified[i].value ? b->res->unified[i].value : "");
	return r;
}
