/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a sealed plan; see plan_view.h. */
#include "plan_view.h"
#include "util/mem.h"

#include <string.h>

void plan_view_init(struct plan_view *v, const void *block)
{
	v->header = block;
	v->ops = (const void *)((const char *)block + v->header->ops);
	v->data = (const char *)block + v->header->data;
}

const char *plan_view_str(const struct plan_view *v, uint64_t offset)
{
	return offset ? v->data + offset : NULL;
}

size_t plan_view_strv(const struct plan_view *v, uint64_t offset, const char ***ret)
{
	struct plan_strv head = { 0 };
	const char *s = NULL;

	if (offset) {
		memcpy(&head, v->data + offset, sizeof(head));
		s = v->data + offset + sizeof(head);
	}
	const char **list = mem_alloc((head.n + (size_t)1) * sizeof(*list));
	for (uint32_t i = 0; i < head.n; i++) {
		list[i] = s;
		s += strlen(s) + 1;
	}
	*ret = list;
	return head.n;
}

const void *plan_view_blob(const struct plan_view *v, uint64_t offset, size_t *ret_len)
{
	struct plan_blob head = { 0 };

	if (!offset) {
		*ret_len = 0;
		return NULL;
	}
	memcpy(&head, v->data + offset, sizeof(head));
	*ret_len = head.len;
	return v->data + offset + sizeof(head);
}
