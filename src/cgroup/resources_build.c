/* SPDX-License-Identifier: Apache-2.0 */
/* The list of writes under construction: where a controller is, a write more, and what is wrong with one. */
#include "resources.h"
#include "tree.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int cgroup_controller_version(const struct facts *f, const char *v1, const char *v2)
{
	for (size_t i = 0; v1 && i < f->n_hierarchies; i++)
		if (!f->hierarchies[i].v2 && cgroup_list_has(f->hierarchies[i].controllers, v1))
			return 1;
	return v2 && cgroup_list_has(f->v2_controllers, v2) ? 2 : 0;
}

void cgroup_build_add(struct cgroup_build *b, const char *controller, const char *file, char *value, unsigned flags,
		      const char *pointer, ...)
{
	struct cgroup_writes *w = b->writes;
	char below[256];
	va_list ap;

	va_start(ap, pointer);
	vsnprintf(below, sizeof(below), pointer, ap);
	va_end(ap);
	w->v = mem_grow(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = (struct cgroup_write){
		.controller = controller,
		.file = mem_strdup(file),
		.value = value,
		.pointer = mem_printf("%s/%s", b->base, below),
		.flags = flags,
	};
}

static const char *layout_name(enum cgroup_layout layout)
{
	static const char *const names[] = {
		[CGROUP_NONE] = "there are no cgroups to use",
		[CGROUP_V1] = "cgroup v1",
		[CGROUP_HYBRID] = "hybrid cgroups",
		[CGROUP_V2] = "cgroup v2",
	};
	return names[layout];
}

int cgroup_build_fail(struct cgroup_build *b, const char *pointer)
{
	_cleanup_free_ char *where = mem_printf("%s/%s", b->base, pointer);

	return err_where(b->err, where);
}

int cgroup_build_missing(struct cgroup_build *b, const char *controller, const char *pointer)
{
	/* Scripts know these words, with such quotes, from crun. */
	err_say(b->err, -EOPNOTSUPP,
		"the requested cgroup controller `%s` is not available: this host does not have it (%s)", controller,
		layout_name(b->facts->layout));
	cgroup_build_fail(b, pointer);
	return -EOPNOTSUPP;
}

void cgroup_writes_done(struct cgroup_writes *w)
{
	for (size_t i = 0; i < w->n; i++) {
		free(w->v[i].file);
		free(w->v[i].value);
		free(w->v[i].pointer);
	}
	free(w->v);
	*w = (struct cgroup_writes){ 0 };
}
