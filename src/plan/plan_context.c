/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of the builder uses; see plan_context.h. */
#include "plan_context.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int plan_fail(struct build *b, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	text = mem_vprintf(fmt, ap);
	va_end(ap);
	err_say(b->err, -EINVAL, "%s", text);
	err_where(b->err, b->p->where);
	return -EINVAL;
}

uint64_t plan_slot(struct build *b)
{
	return b->n_slots++;
}

bool plan_namespace_private(const struct build *b, enum oci_namespace_type type)
{
	return b->ns[type].how != NAMESPACE_HOST;
}

char *plan_map_lines(const struct oci_id_mapping *m, size_t n)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_addf(&b, "%" PRIu32 " %" PRIu32 " %" PRIu32 "\n", m[i].container_id, m[i].host_id, m[i].size);
	return b.data;
}

int plan_map_id(const char *map, uint32_t id, uint32_t *ret)
{
	uint32_t inside, outside, size;

	for (const char *line = map; line && *line;) {
		if (sscanf(line, "%" SCNu32 " %" SCNu32 " %" SCNu32, &inside, &outside, &size) == 3 && id >= inside &&
		    id - inside < size) {
			*ret = outside + (id - inside);
			return 0;
		}
		line = strchr(line, '\n');
		line = line ? line + 1 : NULL;
	}
	return -ERANGE;
}
