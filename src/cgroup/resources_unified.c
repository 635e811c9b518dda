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

static int name_place(struct cgroup_build *b, const char *key, int code)
{
	_cleanup_free_ char *name = escape_pointer(key);
	_cleanup_free_ char *where = mem_printf("%s/unified/%s", b->base, name);

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

/* Scripts know the words about the form and the controller from crun. */
static int check_key(struct cgroup_build *b, const char *key, const char *controller)
{
	size_t n = strlen(controller);

	if (strpbrk(key, "/|\n") || key[n] != '.' || n == 0)
		return err_say(b->err, -EINVAL,
			       "%s: the specified key has not the form CONTROLLER.VALUE `%s`, as memory.high", key,
			       key);
	if (b->facts->layout != CGROUP_V2 && b->facts->layout != CGROUP_HYBRID)
		return err_say(b->err, -EOPNOTSUPP, "%s: this host has no cgroup v2", key);
	if (strcmp(controller, "cgroup") == 0 || cgroup_list_has(b->facts->v2_controllers, controller))
		return 0;
	if (cgroup_controller_version(b->facts, controller, NULL) == 1)
		return err_say(b->err, -EOPNOTSUPP,
			       "%s: invalid configuration: this host has the controller on cgroup v1, not on v2", key);
	return err_say(b->err, -EOPNOTSUPP, "%s: the requested cgroup controller `%s` is not available", key,
		       controller);
}

static int build_key(struct cgroup_build *b, const char *key, const char *value)
{
	size_t n = strcspn(key, ".");
	_cleanup_free_ char *controller = mem_printf("%.*s", (int)n, key);
	int r = check_key(b, key, controller);

	if (r < 0)
		return name_place(b, key, r);
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
