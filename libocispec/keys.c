/* SPDX-License-Identifier: Apache-2.0 */
/* The keys of the objects that are open; see keys.h. */
#include "keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int oci_keys_push(struct oci_keys *keys, struct oci_key key)
{
	if (keys->n == keys->cap) {
		size_t cap = keys->cap ? keys->cap * 2 : 64;
		struct oci_key *stack = reallocarray(keys->stack, cap, sizeof(*stack));
		if (!stack)
			return -ENOMEM;
		keys->stack = stack;
		keys->cap = cap;
	}
	keys->stack[keys->n++] = key;
	return 0;
}

static int compare_names(const struct oci_key *a, const struct oci_key *b)
{
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	return memcmp(a->name, b->name, a->len);
}

/* By name; of one name, the first in the text comes first. */
static int compare_keys(const void *x, const void *y)
{
	const struct oci_key *a = x, *b = y;
	int r = compare_names(a, b);

	return r ? r : (a->offset > b->offset) - (a->offset < b->offset);
}

void oci_keys_close(struct oci_keys *keys, size_t base, void (*twice)(void *user, const struct oci_key *key),
		    void *user)
{
	struct oci_key *own = keys->stack ? keys->stack + base : NULL;
	size_t n = keys->n - base;

	if (n > 1)
		qsort(own, n, sizeof(*own), compare_keys);
	for (size_t i = 1; i < n; i++)
		if (compare_names(&own[i - 1], &own[i]) == 0)
			twice(user, &own[i]);
	keys->n = base;
}

void oci_keys_done(struct oci_keys *keys)
{
	free(keys->stack);
	*keys = (struct oci_keys){ 0 };
}
