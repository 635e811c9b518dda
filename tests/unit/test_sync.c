/* SPDX-License-Identifier: Apache-2.0 */
/* The channel between husk and the container side. */
#include "run/sync_channel.h"
#include "unit.h"
#include "util/fd.h"

/* Who ends without having read its message has perhaps said why: that must not be lost. */
static void test_last_words(void)
{
	struct sync_message go = { .type = SYNC_GO }, fail = { .type = SYNC_FAIL, .error = -5 };
	struct sync_record r;
	int fds[2];

	REQUIRE(sync_channel_open(fds) == 0);
	CHECK(sync_channel_send(fds[0], &go, NULL) == 0);
	CHECK(sync_channel_send(fds[1], &fail, NULL) == 0);
	fd_close(fds[1]);
	REQUIRE(sync_channel_receive(fds[0], &r) == 1);
	CHECK(r.m.type == SYNC_FAIL && r.m.error == -5);
	CHECK(sync_channel_receive(fds[0], &r) == 0);
	fd_close(fds[0]);
}

int main(void)
{
	UNIT(test_last_words);
	return unit_done();
}
