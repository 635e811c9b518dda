/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configurations of tests/data: the good ones, and those that Docker wrote, are read, written and read again without
 * a change; the bad ones are refused with exactly the lines of their .errors file.
 */
#include "ocispec.h"
#include "ocispec_files.h"
#include "unit.h"

/* Read, and write again: malloc'ed text, NULL when refused. */
static char *rewrite(const char *path, const char *text, size_t len, unsigned indent)
{
	struct oci_arena *arena = NULL;
	const struct oci_config *config = NULL;
	struct oci_errors errors = { 0 };
	char *written = NULL;

	int r = oci_config_read(text, len, NULL, &arena, &config, &errors);
	CHECK_SAY(r == 0, "%s: %s", path, errors.text ? errors.text : "?");
	if (r == 0)
		CHECK_INT(oci_config_write(config, indent, &written, &len), 0);
	CHECK(!written || strlen(written) == len);
	oci_arena_free(arena);
	oci_errors_done(&errors);
	return written;
}

static void check_good(const char *path, struct file f)
{
	char *compact = rewrite(path, f.text, f.len, 0);
	char *indented = compact ? rewrite(path, compact, strlen(compact), 4) : NULL;
	char *again = indented ? rewrite(path, indented, strlen(indented), 0) : NULL;

	CHECK_STR(again, compact);
	CHECK(compact && !strchr(compact, '\n'));
	free(compact);
	free(indented);
	free(again);
}

static void check_bad(const char *path, struct file f)
{
	struct oci_arena *arena = NULL;
	const struct oci_config *config = NULL;
	struct oci_errors errors = { 0 };
	struct oci_read_options options = { .name = "config.json" };
	char expected_path[4096];

	snprintf(expected_path, sizeof(expected_path), "%.*s.errors", (int)(strlen(path) - strlen(".json")), path);
	struct file expected = file_read(expected_path);
	CHECK_INT(oci_config_read(f.text, f.len, &options, &arena, &config, &errors), -EINVAL);
	size_t len = errors.text ? strlen(errors.text) : 0;
	CHECK_SAY(expected.text && expected.len == len + 1 && strncmp(expected.text, errors.text, len) == 0, "%s: %s",
		  path, errors.text);
	free(expected.text);
	oci_arena_free(arena);
	oci_errors_done(&errors);
}

static void test_docker(void)
{
	CHECK(files_each("tests/data/*.json", check_good) >= 4);
}

static void test_good(void)
{
	CHECK(files_each("tests/data/config/good/*.json", check_good) >= 8);
}

static void test_bad(void)
{
	CHECK(files_each("tests/data/config/bad/*.json", check_bad) >= 8);
}

/* Every member of the schema stands in full.json, in the schema's order: nothing is lost on the way. */
static void test_full_is_kept(void)
{
	struct file f = file_read(source_path("tests/data/config/good/full.json"));
	char *written = f.text ? rewrite("full.json", f.text, f.len, 0) : NULL;
	size_t have = 0, want = 0;

	REQUIRE(written);
	for (const char *s = f.text; *s; s++)
		want += *s == ':';
	for (const char *s = written; *s; s++)
		have += *s == ':';
	CHECK_INT(have, want);
	free(written);
	free(f.text);
}

int main(void)
{
	UNIT(test_docker);
	UNIT(test_good);
	UNIT(test_bad);
	UNIT(test_full_is_kept);
	return unit_done();
}
