/* SPDX-License-Identifier: Apache-2.0 */
/* yajl with an allocator that leaves it when there is no memory; see parser.h. */
#include "parser.h"

#include <errno.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdlib.h>

/* What yajl holds is in a ring, so that it can be freed in its place. */
struct link {
	struct link *next, *previous;
};

struct block {
	struct link link; /* first: a link is its block */
	_Alignas(max_align_t) char data[];
};

struct parser {
	struct link head;
	jmp_buf exhausted;
};

static struct block *block_of(void *p)
{
	return (struct block *)((char *)p - offsetof(struct block, data));
}

static void *ring_add(struct parser *y, struct block *b)
{
	if (!b)
		longjmp(y->exhausted, 1);
	b->link = (struct link){ .next = &y->head, .previous = y->head.previous };
	b->link.previous->next = b->link.next->previous = &b->link;
	return b->data;
}

static void ring_remove(struct block *b)
{
	b->link.previous->next = b->link.next;
	b->link.next->previous = b->link.previous;
}

static void *get(void *user, size_t size)
{
	return ring_add(user, malloc(sizeof(struct block) + size));
}

static void drop(void *user, void *p)
{
	(void)user;
	if (!p)
		return;
	ring_remove(block_of(p));
	free(block_of(p));
}

static void *resize(void *user, void *p, size_t size)
{
	struct block *b = p ? block_of(p) : NULL, *larger;

	if (!b)
		return get(user, size);
	ring_remove(b);
	larger = realloc(b, sizeof(*b) + size);
	if (!larger)
		free(b);
	return ring_add(user, larger);
}

static void drop_all(struct parser *y)
{
	while (y->head.next != &y->head)
		drop(y, ((struct block *)y->head.next)->data);
}

int oci_parser_use(const yajl_callbacks *callbacks, void *user, void (*body)(yajl_handle parser, void *user))
{
	struct parser y = { .head = { .next = &y.head, .previous = &y.head } };
	yajl_alloc_funcs funcs = { .malloc = get, .realloc = resize, .free = drop, .ctx = &y };

	if (setjmp(y.exhausted)) {
		drop_all(&y);
		return -ENOMEM;
	}
	yajl_handle parser = yajl_alloc(callbacks, &funcs, user);
	body(parser, user);
	yajl_free(parser);
	return 0;
}
