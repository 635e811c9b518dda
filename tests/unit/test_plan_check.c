/* SPDX-License-Identifier: Apache-2.0 */
/* plan_check: a good block passes, and every way in which a block can be wrong is found. */
#include "plan/plan_draft.h"
#include "unit.h"

#include <sys/stat.h>

#define ID HUSK_BUILD_ID

struct block {
	void *mem;
	size_t size;
	struct plan_header *header;
	struct op *ops;
	char *data;
};

static bool block_make(struct block *b)
{
	static const char *const argv[] = { "a", "", "bc" };
	struct plan p;
	int r;

	plan_init(&p);
	plan_where(&p, "/mounts/0");
	PLAN_ADD(&p, TARGET, .path = plan_str(&p, "/x"), .kind = TARGET_DIR, .like = PLAN_NO_SLOT);
	PLAN_ADD(&p, TAKE_TREE, .slot = 3);
	PLAN_ADD(&p, SETGROUPS, .gids = plan_blob(&p, "12345678", 8));
	PLAN_ADD(&p, MKNOD, .path = plan_str(&p, "/n"), .mode = S_IFCHR | 0666);
	PLAN_ADD(&p, EXECVE, .argv = plan_strv(&p, argv, 3), .envp = plan_strv(&p, argv, 0));
	r = plan_seal(&p, 0, 3, &b->mem, &b->size);
	plan_done(&p);
	if (r < 0)
		return false;
	b->header = b->mem;
	b->ops = (struct op *)((char *)b->mem + b->header->ops);
	b->data = (char *)b->mem + b->header->data;
	return true;
}

static bool good(const struct block *b)
{
	return plan_check(b->mem, b->size, ID) == 0;
}

/* The block is refused with this, and good again without it. */
#define REFUSED(lvalue, value) \
	do { \
		__typeof__(lvalue) saved_ = (lvalue); \
		(lvalue) = (__typeof__(lvalue))(value); \
		CHECK_SAY(!good(&b), "%s = %s is accepted", #lvalue, #value); \
		(lvalue) = saved_; \
		CHECK(good(&b)); \
	} while (0)

static void test_header(void)
{
	struct block b;

	REQUIRE(block_make(&b));
	CHECK(good(&b));
	CHECK(plan_check(b.mem, b.size, ID + 1) < 0);
	CHECK(plan_check(b.mem, b.size - 8, ID) < 0);
	CHECK(plan_check(b.mem, 0, ID) < 0);
	REFUSED(b.header->magic, 0);
	REFUSED(b.header->build_id, ID + 1);
	REFUSED(b.header->size, b.size + 8);
	REFUSED(b.header->n_ops, 0);
	REFUSED(b.header->n_ops, UINT32_MAX);
	REFUSED(b.header->n_ops, PLAN_MAX_OPS);
	REFUSED(b.header->ops, 0);
	REFUSED(b.header->ops, b.header->ops + 4);
	REFUSED(b.header->ops, UINT32_MAX - 7);
	REFUSED(b.header->data, 0);
	REFUSED(b.header->data, b.header->data + 1);
	REFUSED(b.header->data, b.size);
	REFUSED(b.header->data_size, 0);
	REFUSED(b.header->data_size, UINT32_MAX);
	REFUSED(b.header->flags, 1u << 31);
	REFUSED(b.header->first_fd, 2);
	REFUSED(b.header->first_fd, UINT32_MAX);
	REFUSED(b.header->reserved, 1);
	free(b.mem);
}

static void test_ops(void)
{
	struct block b;

	REQUIRE(block_make(&b));
	REFUSED(b.ops[0].code, OP_MAX);
	REFUSED(b.ops[0].on_error, ON_ERROR_MAX);
	REFUSED(b.ops[0].alt, 1); /* of an op that fails or succeeds */
	REFUSED(b.ops[0].where, b.header->data_size);
	REFUSED(b.ops[4].on_error, ON_ERROR_WARN);
	b.ops[0].on_error = ON_ERROR_ALT;
	b.ops[0].alt = 4;
	CHECK(good(&b));
	REFUSED(b.ops[0].alt, 5);
	free(b.mem);
}

static void test_arguments(void)
{
	struct block b;

	REQUIRE(block_make(&b));
	REFUSED(b.ops[0].u.TARGET.path, b.header->data_size);
	REFUSED(b.ops[0].u.TARGET.path, UINT64_MAX);
	REFUSED(b.ops[0].u.TARGET.kind, TARGET_KIND_MAX);
	REFUSED(b.ops[0].u.TARGET.mode, 1u << 16);
	REFUSED(b.ops[1].u.TAKE_TREE.slot, PLAN_SLOTS);
	REFUSED(b.ops[2].u.SETGROUPS.gids, b.ops[2].u.SETGROUPS.gids + 4);
	REFUSED(b.ops[2].u.SETGROUPS.gids, UINT64_MAX - 7);
	REFUSED(b.ops[4].u.EXECVE.argv, b.header->data_size);
	REFUSED(b.data[0], 'x');
	free(b.mem);
}

static void test_data(void)
{
	struct plan_strv *v;
	struct plan_blob *blob;
	struct block b;

	REQUIRE(block_make(&b));
	v = (struct plan_strv *)(b.data + b.ops[4].u.EXECVE.argv);
	blob = (struct plan_blob *)(b.data + b.ops[2].u.SETGROUPS.gids);
	CHECK_INT(v->n, 3);
	REFUSED(v->n, 2);
	REFUSED(v->n, 4);
	REFUSED(v->len, v->len - 1);
	REFUSED(v->len, UINT32_MAX);
	REFUSED(blob->len, b.header->data_size);
	REFUSED(blob->len, UINT32_MAX);
	free(b.mem);
}

/* Strings run to the last NUL of the data and no further. */
static void test_string_without_end(void)
{
	struct block b;

	REQUIRE(block_make(&b));
	for (size_t i = b.header->data_size; i-- > 1 && !b.data[i];)
		b.data[i] = 'x';
	b.ops[0].u.TARGET.path = b.header->data_size - 1;
	CHECK(!good(&b));
	free(b.mem);
}

int main(void)
{
	UNIT(test_header);
	UNIT(test_ops);
	UNIT(test_arguments);
	UNIT(test_data);
	UNIT(test_string_without_end);
	return unit_done();
}
