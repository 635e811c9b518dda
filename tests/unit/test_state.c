/* SPDX-License-Identifier: Apache-2.0 */
/* The record: ids, directories, locks, and records that were cut or corrupted. */
#include "container/state.h"
#include "unit.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/process.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static char root[] = "/tmp/husk-state-XXXXXX";
static struct err err;

static void test_ids(void)
{
	static const char *const good[] = { "a", "A-b_c.d+e", "0", "..a", "-x", "_" };
	static const char *const bad[] = { "", ".", "..", "a/b", "a b", "a\n", "\xc3\xa4", "a:b", "a*" };
	char text[300];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		CHECK_SAY(state_check_id(good[i], NULL) == 0, "\"%s\" is refused", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_SAY(state_check_id(bad[i], NULL) < 0, "\"%s\" is accepted", bad[i]);
	memset(text, 'x', sizeof(text));
	text[255] = '\0';
	CHECK_INT(state_check_id(text, NULL), 0);
	text[255] = 'x';
	text[256] = '\0';
	CHECK(state_check_id(text, &err) < 0);
}

static void test_create_open_remove(void)
{
	struct state_dir d, again;
	char **ids;
	size_t n;

	CHECK_INT(state_dir_open(root, "c1", -1, &d, &err), -ENOENT);
	CHECK(strstr(err.text, "container does not exist"));
	REQUIRE(state_dir_create(root, "c1", &d, &err) == 0);
	CHECK_INT(state_dir_create(root, "c1", &again, &err), -EEXIST);
	CHECK(strstr(err.text, "container with given ID already exists"));
	CHECK_INT(state_dir_open(root, "c1", 20, &again, &err), -ETIMEDOUT);
	REQUIRE(state_dir_open(root, "c1", -1, &again, &err) == 0);
	CHECK(state_dir_is_busy(&again));
	REQUIRE(state_list(root, &ids, &n, &err) == 0);
	CHECK_INT(n, 1);
	CHECK_STR(ids[0], "c1");
	free(ids[0]);
	free(ids);
	CHECK_INT(mkdirat(d.dir_fd, "sub", 0700), 0);
	CHECK_INT(symlinkat("/etc", d.dir_fd, "sub/link"), 0);
	CHECK_INT(state_dir_remove(&d, &err), 0);
	state_dir_done(&d);
	CHECK(!state_dir_is_busy(&again));
	state_dir_done(&again);
	CHECK_INT(state_dir_open(root, "c1", -1, &d, &err), -ENOENT);
	CHECK(access("/etc", F_OK) == 0);
}

static char *paths[] = { (char *)"memory:/sys/fs/cgroup/memory:/husk/c2", (char *)":/sys/fs/cgroup/unified:/husk/c2" };
static struct husk_cgroup_record cgroup = { .driver = (char *)"cgroupfs",
					    .layout = (char *)"hybrid",
					    .paths = paths,
					    .n_paths = 2,
					    .owned = true,
					    .has_owned = true };
static struct oci_pair annotation = { (char *)"k", (char *)"v" };
static const struct husk_record record = {
	.oci_version = (char *)"1.3.0",
	.id = (char *)"c2",
	.status = (char *)"running",
	.pid = 77,
	.has_pid = true,
	.pid_start_time = 123456,
	.has_pid_start_time = true,
	.boot_id = (char *)"b",
	.bundle = (char *)"/b",
	.annotations = &annotation,
	.n_annotations = 1,
	.cgroup = &cgroup,
};

static void test_write_read(void)
{
	struct oci_arena *arena = NULL;
	const struct husk_record *r;
	struct state_dir d;

	REQUIRE(state_dir_create(root, "c2", &d, &err) == 0);
	REQUIRE(state_write(&d, &record, &err) == 0);
	REQUIRE(state_read(&d, &arena, &r, &err) == 0);
	CHECK_STR(r->id, "c2");
	CHECK_INT(r->pid, 77);
	CHECK_INT(r->pid_start_time, 123456);
	CHECK_STR(r->cgroup->paths[1], paths[1]);
	oci_arena_free(arena);
	state_dir_remove(&d, &err);
	state_dir_done(&d);
}

/* Write text as the record, and read it; whatever it is, a record with this id must come out. */
static int read_text(const struct state_dir *d, const char *text, size_t len, struct husk_record *ret)
{
	struct oci_arena *arena = NULL;
	const struct husk_record *r = NULL;

	fd_replace_file(d->dir_fd, "state.json", text, len, 0600);
	int code = state_read(d, &arena, &r, &err);
	CHECK_SAY(code == 0 || code == -ENODATA, "reading fails with %d: %.300s", code, err.text);
	CHECK(r && r->id && strcmp(r->id, d->id) == 0);
	if (ret && r) {
		*ret = *r;
		ret->cgroup = r->cgroup && r->cgroup->n_paths == 2 ? &cgroup : NULL;
	}
	oci_arena_free(arena);
	return code;
}

static void test_cut_at_every_byte(void)
{
	_cleanup_free_ char *text = NULL;
	struct husk_record r = { 0 };
	struct state_dir d;
	size_t len;

	REQUIRE(state_dir_create(root, "c2", &d, &err) == 0);
	REQUIRE(husk_record_write(&record, 0, &text, &len) == 0);
	size_t cut = len;
	while (cut > 0 && text[cut - 1] == '\n')
		cut--;
	for (size_t i = 0; i < cut; i++)
		CHECK_SAY(read_text(&d, text, i, NULL) == -ENODATA, "cut at %zu is taken for whole", i);
	/* Only the last bracket is missing: all that matters is still found. */
	CHECK_INT(read_text(&d, text, cut - 1, &r), -ENODATA);
	CHECK_INT(r.pid, 77);
	CHECK_INT(r.pid_start_time, 123456);
	CHECK(r.cgroup != NULL);
	CHECK_INT(state_dir_remove(&d, &err), 0);
	state_dir_done(&d);
}

static void test_every_bit_flipped(void)
{
	_cleanup_free_ char *text = NULL;
	struct state_dir d;
	size_t len;

	REQUIRE(state_dir_create(root, "c2", &d, &err) == 0);
	REQUIRE(husk_record_write(&record, 0, &text, &len) == 0);
	for (size_t i = 0; i < len * 8; i++) {
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
		read_text(&d, text, len, NULL);
		text[i / 8] = (char)(text[i / 8] ^ 1 << i % 8);
	}
	CHECK_INT(state_dir_remove(&d, &err), 0);
	state_dir_done(&d);
}

static void test_missing_record(void)
{
	struct oci_arena *arena = NULL;
	const struct husk_record *r = NULL;
	struct state_dir d;

	REQUIRE(state_dir_create(root, "c3", &d, &err) == 0);
	CHECK_INT(state_read(&d, &arena, &r, &err), -ENODATA);
	CHECK(r && r->pid == 0 && !r->cgroup);
	oci_arena_free(arena);
	CHECK_INT(state_dir_remove(&d, &err), 0);
	state_dir_done(&d);
}

static void test_other_process_is_not_init(void)
{
	struct husk_record r = record;
	struct state_seen seen;

	r.cgroup = NULL;
	r.pid = getpid();
	r.boot_id = (char *)process_boot_id();
	CHECK_INT(strlen(process_boot_id()), 36);
	REQUIRE(process_start_time(getpid(), &r.pid_start_time) == 0);
	state_observe(&r, &seen);
	CHECK_INT(seen.status, OCI_STATUS_RUNNING);
	CHECK_INT(seen.pid, getpid());
	CHECK(seen.pid_fd >= 0);
	state_seen_done(&seen);
	r.pid_start_time++;
	state_observe(&r, &seen);
	CHECK_INT(seen.status, OCI_STATUS_STOPPED);
	CHECK_INT(seen.pid, 0);
	CHECK_INT(seen.pid_fd, -1);
	r.pid_start_time--;
	r.boot_id = (char *)"00000000-0000-0000-0000-000000000000";
	state_observe(&r, &seen);
	CHECK_INT(seen.status, OCI_STATUS_STOPPED);
}

int main(void)
{
	if (!mkdtemp(root))
		return 1;
	UNIT(test_ids);
	UNIT(test_create_open_remove);
	UNIT(test_write_read);
	UNIT(test_cut_at_every_byte);
	UNIT(test_every_bit_flipped);
	UNIT(test_missing_record);
	UNIT(test_other_process_is_not_init);
	rmdir(root);
	return unit_done();
}
