/* SPDX-License-Identifier: Apache-2.0 */
/* The container of a plan: data, pointers, sealing, views, a few words for each op. */
#include "host/facts.h"
#include "plan/op_info.h"
#include "plan/plan_build.h"
#include "plan/plan_view.h"
#include "unit.h"
#include "util/kernel.h"

static void test_equal_strings_share_one_place(void)
{
	struct plan p;

	plan_init(&p);
	uint64_t a = plan_str(&p, "one"), empty = plan_str(&p, "");
	CHECK(a != 0 && empty != 0 && plan_str(&p, NULL) == 0);
	for (unsigned i = 0; i < 5000; i++)
		plan_strf(&p, "string %u", i);
	CHECK_INT(plan_str(&p, "one"), a);
	CHECK_INT(plan_strf(&p, "%s", ""), empty);
	CHECK_INT(plan_str(&p, "string 4999"), plan_strf(&p, "string %d", 4999));
	plan_done(&p);
}

static void test_a_sealed_plan_reads_as_it_was_built(void)
{
	static const char *const words[] = { "sh", "", "-c" };
	static const unsigned gids[] = { 1, 2, 3 };
	struct plan_view v;
	struct plan p;
	void *block = NULL;
	size_t size = 0, len = 0;

	plan_init(&p);
	plan_where(&p, "/process/%s", "args");
	PLAN_ADD(&p, EXECVE, .argv = plan_strv(&p, words, 3), .envp = plan_strv(&p, NULL, 0));
	plan_where(&p, "%s", "");
	PLAN_ADD(&p, SETGROUPS, .gids = plan_blob(&p, gids, sizeof(gids)));
	CHECK_INT(plan_seal(&p, PLAN_TRACE, 5, &block, &size), 0);
	plan_done(&p);
	REQUIRE(block);

	plan_view_init(&v, block);
	CHECK_INT(v.header->n_ops, 2);
	CHECK_INT(v.header->first_fd, 5);
	CHECK_INT(v.header->size, size);
	CHECK_STR(plan_view_str(&v, v.ops[0].where), "/process/args");
	CHECK_STR(plan_view_str(&v, v.ops[1].where), NULL);
	const char **list = NULL;
	CHECK_INT(plan_view_strv(&v, v.ops[0].u.EXECVE.argv, &list), 3);
	CHECK_STR(list[1], "");
	CHECK_STR(list[2], "-c");
	CHECK(list[3] == NULL);
	free(list);
	CHECK_INT(plan_view_strv(&v, v.ops[0].u.EXECVE.envp, &list), 0);
	free(list);
	const void *blob = plan_view_blob(&v, v.ops[1].u.SETGROUPS.gids, &len);
	CHECK(len == sizeof(gids) && memcmp(blob, gids, len) == 0);
	free(block);
}

static void test_a_plan_that_is_too_long_is_refused(void)
{
	struct plan p;
	void *block = NULL;
	size_t size;

	plan_init(&p);
	for (unsigned i = 0; i <= PLAN_MAX_OPS; i++)
		PLAN_ADD(&p, SETSID);
	CHECK_INT(plan_seal(&p, 0, 3, &block, &size), -E2BIG);
	CHECK(block == NULL);
	plan_done(&p);
}

static void test_a_long_pointer_is_cut(void)
{
	char long_name[600];
	struct plan p;

	memset(long_name, 'x', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	plan_init(&p);
	plan_where(&p, "/%s", long_name);
	CHECK_INT(strlen(p.where), sizeof(p.where) - 1);
	plan_done(&p);
}

static void test_warnings_are_kept(void)
{
	struct plan p;

	plan_init(&p);
	plan_warn(&p, "%s is %d", "a", 1);
	plan_warn(&p, "b");
	CHECK_INT(p.n_warnings, 2);
	CHECK_STR(p.warnings[0], "a is 1");
	plan_done(&p);
}

static void test_descriptors_before_the_plan_s_own(void)
{
	struct request r = { .preserve_fds = 2, .listen_fds = 3 };

	CHECK_INT(request_first_fd(&r), 8);
}

static void test_ops_have_their_arguments(void)
{
	CHECK_STR(op_info[OP_MOVE_MOUNT].name, "move_mount");
	CHECK_INT(op_info[OP_MOVE_MOUNT].n_args, 0);
	CHECK_INT(op_info[OP_MKNOD].n_args, 7);
	CHECK_STR(op_info[OP_MKNOD].args[6].name, "exists_ok");
	CHECK_INT(op_info[OP_CLONE].side, SIDE_EXEC);
	for (unsigned i = 0; i < OP_MAX; i++)
		CHECK_SAY(op_info[i].name[0], "op %u has no name", i);
}

int main(void)
{
	UNIT(test_equal_strings_share_one_place);
	UNIT(test_a_sealed_plan_reads_as_it_was_built);
	UNIT(test_a_plan_that_is_too_long_is_refused);
	UNIT(test_a_long_pointer_is_cut);
	UNIT(test_warnings_are_kept);
	UNIT(test_descriptors_before_the_plan_s_own);
	UNIT(test_ops_have_their_arguments);
	return unit_done();
}
