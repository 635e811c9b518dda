/* SPDX-License-Identifier: Apache-2.0 */
/* Writing documents: form, escapes, absent members; and finding places by JSON pointers. */
#include "ocispec.h"
#include "unit.h"

static void check_written(const struct oci_state *state, unsigned indent, const char *want)
{
	char *text = NULL;
	size_t len = 0;

	CHECK_INT(oci_state_write(state, indent, &text, &len), 0);
	CHECK_STR(text, want);
	CHECK_INT(len, strlen(want));
	free(text);
}

static void test_forms(void)
{
	struct oci_pair pairs[] = { { (char *)"k", (char *)"v" } };
	struct oci_state state = { .oci_version = (char *)"1.3.0", .id = (char *)"c", .annotations = pairs };

	check_written(&state, 0, "{\"ociVersion\":\"1.3.0\",\"id\":\"c\",\"annotations\":{}}");
	state.n_annotations = 1;
	state.has_pid = true;
	check_written(&state, 0, "{\"ociVersion\":\"1.3.0\",\"id\":\"c\",\"pid\":0,\"annotations\":{\"k\":\"v\"}}");
	check_written(&state, 2,
		      "{\n  \"ociVersion\": \"1.3.0\",\n  \"id\": \"c\",\n  \"pid\": 0,\n  \"annotations\": {\n"
		      "    \"k\": \"v\"\n  }\n}");
	check_written(&(struct oci_state){ 0 }, 0, "{}");
	check_written(&(struct oci_state){ 0 }, 4, "{}");
}

static void test_escapes(void)
{
	struct oci_state state = { .id = (char *)"\"\\/\b\f\n\r\t\x01\x1f\x7f\xc3\xa9\xf0\x9f\x98\x80" };

	check_written(&state, 0, "{\"id\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\xc3\xa9\xf0\x9f\x98\x80\"}");
	state.id = (char *)"a\xff\xed\xa0\x80z";
	check_written(&state, 0, "{\"id\":\"a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbdz\"}");
}

static void test_refuses_what_has_no_word(void)
{
	struct oci_linux linux_ = { .rootfs_propagation = oci_propagation_MAX, .has_rootfs_propagation = true };
	struct oci_config config = { .linux_ = &linux_ };
	char *text = NULL;
	size_t len;

	CHECK_INT(oci_config_write(&config, 0, &text, &len), -EINVAL);
	CHECK(text == NULL);
}

static void test_words(void)
{
	CHECK_INT(oci_word_find(oci_namespace_type_words, "time"), OCI_NS_TIME);
	CHECK_INT(oci_word_find(oci_namespace_type_words, "Time"), -EINVAL);
	CHECK_INT(oci_word_find(oci_namespace_type_words, ""), -EINVAL);
}

static void test_locate(void)
{
	static const char text[] = "{ \"a\": {\"x\": 1},\n  \"b/c~\": [10, [20, {\"d\": null}],\n\t\"\xc3\xa9\", 30],\n"
				   "  \"\": true, \"e\\u0041\": {}, \"01\": 1} trailing";
	static const struct {
		const char *pointer;
		int status;
		unsigned line, column;
	} rows[] = {
		{ "", 0, 1, 1 },
		{ "/a", 0, 1, 8 },
		{ "/a/x", 0, 1, 14 },
		{ "/b~1c~0", 0, 2, 11 },
		{ "/b~1c~0/0", 0, 2, 12 },
		{ "/b~1c~0/1", 0, 2, 16 },
		{ "/b~1c~0/1/1", 0, 2, 21 },
		{ "/b~1c~0/1/1/d", 0, 2, 27 },
		{ "/b~1c~0/2", 0, 3, 2 },
		{ "/b~1c~0/3", 0, 3, 7 },
		{ "/", 0, 4, 7 },
		{ "/eA", 0, 4, 24 },
		{ "/01", 0, 4, 34 },
		{ "/x", -ENOENT, 0, 0 },
		{ "/a/y", -ENOENT, 0, 0 },
		{ "/a/x/z", -ENOENT, 0, 0 },
		{ "/b~1c~0/4", -ENOENT, 0, 0 },
		{ "/b~1c~0/01", -ENOENT, 0, 0 },
		{ "/b~1c~0/-", -ENOENT, 0, 0 },
		{ "/b~1c~", -ENOENT, 0, 0 },
		{ "/b/c", -ENOENT, 0, 0 },
		{ "a", -EINVAL, 0, 0 },
		{ "/b~1c~0/1x", -ENOENT, 0, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		unsigned line = 0, column = 0;
		int r = oci_locate(text, strlen(text), rows[i].pointer, &line, &column);
		CHECK_SAY(r == rows[i].status && line == rows[i].line && column == rows[i].column, "%s: %d at %u:%u",
			  rows[i].pointer, r, line, column);
	}
}

int main(void)
{
	UNIT(test_forms);
	UNIT(test_escapes);
	UNIT(test_refuses_what_has_no_word);
	UNIT(test_words);
	UNIT(test_locate);
	return unit_done();
}
