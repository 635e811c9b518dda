/* SPDX-License-Identifier: Apache-2.0 */
/* The arena that a document lives in: chunks, each twice as large as the one before up to a limit; see arena.h. */
#include "arena.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK_FIRST (8u << 10)
#define CHUNK_LARGEST (128u << 10)

struct chunk {
	struct chunk *next;
	size_t size, used;
	_Alignas(max_align_t) char data[];
};

struct oci_arena {
	struct chunk *chunks; /* the newest first */
	size_t next_size;
};

struct oci_arena *oci_arena_new(void)
{
	struct oci_arena *a = calloc(1, sizeof(*a));

	if (a)
		a->next_size = CHUNK_FIRST;
	return a;
}

void oci_arena_free(struct oci_arena *a)
{
	if (!a)
		return;
	while (a->chunks) {
		struct chunk *c = a->chunks;
		a->chunks = c->next;
		free(c);
	}
	free(a);
}

static struct chunk *arena_add_chunk(struct oci_arena *a, size_t least)
{
	size_t size = least > a->next_size ? least : a->next_size;
	struct chunk *c = malloc(sizeof(*c) + size);

	if (!c)
		return NULL;
	c->size = size;
	c->used = 0;
	c->next = a->chunks;
	a->chunks = c;
	if (a->next_size < CHUNK_LARGEST)
		a->next_size *= 2;
	return c;
}

static void *arena_take(struct oci_arena *a, size_t size, size_t align)
{
	struct chunk *c = a->chunks;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

	if (!c || at > c->size || c->size - at < size) {
		c = arena_add_chunk(a, size);
		if (!c)
			return NULL;
		at = 0;
	}
	c->used = at + size;
	return memset(c->data + at, 0, size);
}

void *oci_arena_alloc(struct oci_arena *a, size_t size)
{
	return arena_take(a, size, _Alignof(uint64_t));
}

void *oci_arena_grow(struct oci_arena *a, void *old, size_t old_size, size_t new_size)
{
	struct chunk *c = a->chunks;

	if (old_size && c && (char *)old + old_size == c->data + c->used && c->size - c->used >= new_size - old_size) {
		memset(c->data + c->used, 0, new_size - old_size);
		c->used += new_size - old_size;
		return old;
	}
	void *p = oci_arena_alloc(a, new_size);
	if (p && old_size)
		memcpy(p, old, old_size);
	return p;
}

char *oci_arena_string(struct oci_arena *a, const char *s, size_t len)
{
	char *p = arena_take(a, len + 1, 1);

	if (p && len)
		memcpy(p, s, len);
	return p;
}
