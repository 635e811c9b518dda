/* SPDX-License-Identifier: Apache-2.0 */
/* What the reader of documents takes and refuses, and what it says. */
#include "ocispec.h"
#include "unit.h"

/* A configuration around one part, on one line. */
#define CONFIG(part) "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}," part "}"

struct result {
	int status;
	struct oci_arena *arena;
	const struct oci_config *config;
	struct oci_errors errors;
};

static struct result read_bytes(const char *text, size_t len, const struct oci_read_options *options)
{
	struct result r = { 0 };

	r.status = oci_config_read(text, len, options, &r.arena, &r.config, &r.errors);
	return r;
}

static struct result read_text(const char *text)
{
	return read_bytes(text, strlen(text), &(struct oci_read_options){ .name = "c" });
}

static void result_done(struct result *r)
{
	oci_arena_free(r->arena);
	oci_errors_done(&r->errors);
}

static void check_refused(const char *text, size_t len, const char *errors)
{
	struct result r = read_bytes(text, len, &(struct oci_read_options){ .name = "c" });

	CHECK_INT(r.status, -EINVAL);
	CHECK_STR(r.errors.text, errors);
	result_done(&r);
}

#define REFUSED(text, errors) check_refused("" text, sizeof(text) - 1, errors)

static void test_not_json(void)
{
	REFUSED("", "c:1:1: the document is empty");
	REFUSED(" \n ", "c:2:2: not valid JSON: the document ends too early");
	REFUSED("\xef\xbb\xbf{}",
		"c:1:1: the document begins with a byte order mark, which JSON does not have: remove it");
	REFUSED("hello", "c:1:1: not valid JSON: invalid char in json text");
	REFUSED("{\"ociVersion\":", "c:1:15: /ociVersion: not valid JSON: the document ends too early");
	REFUSED("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}",
		"c:1:42: not valid JSON: the document ends too early");
	REFUSED("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}} x", "c:1:44: not valid JSON: trailing garbage");
	REFUSED("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"}}{}", "c:1:43: not valid JSON: trailing garbage");
	REFUSED("{\"a\":[1,,2]}", "c:1:9: /a/0: not valid JSON: unallowed token at this point in JSON text");
	REFUSED("{\"a\":1 \"b\":2}", "c:1:8: not valid JSON: after key and value, inside map, I expect ',' or '}'");
	REFUSED("{\"a\" 1}", "c:1:6: /a: not valid JSON: object key and value must be separated by a colon (':')");
	REFUSED("{\"a\":01}", "c:1:7: not valid JSON: after key and value, inside map, I expect ',' or '}'");
	REFUSED("{\"a\":1,}", "c:1:8: not valid JSON: invalid object key (must be a string)");
	REFUSED("{\"a\":1 /* no */}",
		"c:1:8: not valid JSON: probable comment found in input text, comments are not enabled");
	REFUSED("{\"a\":NaN}", "c:1:6: /a: not valid JSON: invalid char in json text");
	REFUSED("{\0}", "c:1:2: not valid JSON: invalid char in json text");
}

static void test_not_an_object(void)
{
	REFUSED("[]", "c:1:1: expected an object, found an array");
	REFUSED("null", "c:1:1: expected an object, found null");
	REFUSED(" 12", "c:1:2: expected an object, found a number");
	REFUSED("\"x\"", "c:1:1: expected an object, found a string");
	REFUSED("true", "c:1:1: expected an object, found a boolean");
}

static void test_strings(void)
{
	REFUSED(CONFIG("\"hostname\":\"a\\u0000b\""), "c:1:54: /hostname: must not contain the character \\u0000");
	REFUSED(CONFIG("\"ho\\u0000st\":1"), "c:1:43: /ho\\u0000st: a name must not contain the character \\u0000");
	REFUSED(CONFIG("\"hostname\":\"a\xff\""), "c:1:56: /hostname: not valid JSON: not valid UTF-8");
	REFUSED(CONFIG("\"hostname\":\"\xc0\xaf\""), "c:1:55: /hostname: not valid JSON: not valid UTF-8");
	REFUSED(CONFIG("\"hostname\":\"\xed\xa0\x80\""), "c:1:55: /hostname: not valid JSON: not valid UTF-8");
	REFUSED(CONFIG("\"hostname\":\"\xf4\x90\x80\x80\""), "c:1:55: /hostname: not valid JSON: not valid UTF-8");
	REFUSED(CONFIG("\"hostname\":\"\xe4\xb8\""), "c:1:55: /hostname: not valid JSON: not valid UTF-8");
#define LONE "/hostname: not valid JSON: a surrogate \\u escape without its other half"
	REFUSED(CONFIG("\"hostname\":\"\\ud800\""), "c:1:55: " LONE);
	REFUSED(CONFIG("\"hostname\":\"\\ud800\\u0041\""), "c:1:55: " LONE);
	REFUSED(CONFIG("\"hostname\":\"x\\udc00\""), "c:1:56: " LONE);
	REFUSED(CONFIG("\"hostname\":\"\\x\""), "c:1:55: /hostname: not valid JSON: not an escape that JSON knows");
	REFUSED(CONFIG("\"hostname\":\"\\u12g4\""), "c:1:55: /hostname: not valid JSON: not an escape that JSON knows");
	REFUSED(CONFIG("\"hostname\":\"a\nb\""),
		"c:1:56: /hostname: not valid JSON: a control character in a string must be written as \\u00XX");
	REFUSED("{\"hostname\":\"abc", "c:1:17: /hostname: not valid JSON: the document ends inside a string");
	REFUSED("{\"hostname\":\"a\\u", "c:1:15: /hostname: not valid JSON: not an escape that JSON knows");
	REFUSED("{\"host", "c:1:7: not valid JSON: the document ends inside a string");
}

static void test_strings_are_decoded(void)
{
	struct result r = read_text(CONFIG("\"hostname\":\"\\u00e9\\ud83d\\ude00\\n\\/\xc3\xa9\""));

	REQUIRE(r.status == 0);
	CHECK_STR(r.config->hostname, "\xc3\xa9\xf0\x9f\x98\x80\n/\xc3\xa9");
	result_done(&r);
}

static void test_duplicates(void)
{
	REFUSED("{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"ociVersion\":null}",
		"c:1:43: /ociVersion: stands in this object twice");
	REFUSED(CONFIG("\"annotations\":{\"a\":\"1\",\"b\":\"2\",\"\\u0061\":\"3\"}"),
		"c:1:74: /annotations/a: stands in this object twice");
	REFUSED(CONFIG("\"unknown\":1,\"unknown\":2"), "c:1:55: /unknown: stands in this object twice");
	REFUSED(CONFIG("\"unknown\":[{\"a/b\":1,\"a/b\":2}]"), "c:1:63: /unknown/0/a~1b: stands in this object twice");
	REFUSED(CONFIG("\"linux\":{\"netDevices\":{\"e\":{},\"e\":{}}}"),
		"c:1:73: /linux/netDevices/e: stands in this object twice");
}

/* Every error is told, those before a syntax error too. */
static void test_all_errors(void)
{
	REFUSED("{\n\t\"hostname\": 1,\n\t\"domainname\": 2\n]",
		"c:2:14: /hostname: expected a string, found a number\n"
		"c:3:16: /domainname: expected a string, found a number\n"
		"c:4:1: not valid JSON: after key and value, inside map, I expect ',' or '}'");
	REFUSED("{\"process\":{\"cwd\":\"/\",\"args\":1,\"terminal\":\"yes\"}}",
		"c:1:1: /ociVersion: is required, but missing\nc:1:1: /root: is required, but missing\n"
		"c:1:30: /process/args: expected an array, found a number\n"
		"c:1:43: /process/terminal: expected a boolean, found a string");
	REFUSED(CONFIG("\"hostname\":\"\xc3\xa9\",\"domainname\":1"),
		"c:1:71: /domainname: expected a string, found a number");
}

static void test_golden_sentence(void)
{
	const char text[] = CONFIG("\n\n \"linux\": {\"resources\": {\"memory\":\n {\"limit\": \"512M\"}}}");
	struct result r = read_bytes(text, strlen(text), &(struct oci_read_options){ .name = "config.json" });

	CHECK_STR(r.errors.text,
		  "config.json:4:12: /linux/resources/memory/limit: expected an integer, found a string");
	result_done(&r);
}

/* What comes from the document cannot break a line, nor make it endless. */
static void test_errors_are_lines(void)
{
	enum { LONG = 100000 };
	char *text = malloc(LONG + 200);

	REFUSED(CONFIG("\"annotations\":{\"a\\nb/~\":1}"),
		"c:1:67: /annotations/a\\u000ab~1~0: expected a string, found a number");
	REQUIRE(text);
	memset(text, 'k', LONG + 100);
	memcpy(text, "{\"annotations\":{\"", 17);
	memcpy(text + LONG, "\":1}}", 6);
	struct result r = read_text(text);
	CHECK_INT(r.status, -EINVAL);
	CHECK(r.errors.text && strlen(r.errors.text) < 1000);
	result_done(&r);
	free(text);
}

static void test_errors_are_counted(void)
{
	char text[4096] = "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},\"hooks\":{\"poststop\":[1";
	size_t lines = 1;

	for (int i = 1; i < 100; i++)
		strncat(text, ",1", sizeof(text) - strlen(text) - 1);
	strncat(text, "]}}", sizeof(text) - strlen(text) - 1);
	struct result r = read_text(text);
	CHECK_INT(r.status, -EINVAL);
	CHECK_INT(r.errors.n, 100);
	for (const char *s = r.errors.text; s && (s = strchr(s, '\n')); s++)
		lines++;
	CHECK_INT(lines, OCI_ERRORS_MAX);
	result_done(&r);
}

static void check_depth(char open, size_t depth, const char *errors)
{
	size_t len = depth * 6 + 100;
	char *text = calloc(1, len), *end = text;

	if (!text)
		return;
	end = stpcpy(end, "{\"x\":");
	for (size_t i = 0; i < depth; i++)
		end = stpcpy(end, open == '[' ? "[" : "{\"x\":");
	check_refused(text, strlen(text), errors);
	free(text);
}

static void test_depth(void)
{
	struct result r;

	check_depth('[', 10000,
		    "c:1:69: /x/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0"
		    "/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0: nested deeper than 64");
	check_depth('{', 10000,
		    "c:1:321: /x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x"
		    "/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x/x: nested deeper than 64");
	r = read_text(CONFIG("\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"));
	CHECK_INT(r.status, 0);
	result_done(&r);
}

static void test_too_large(void)
{
	size_t len = OCI_DOCUMENT_MAX + 1;
	char *text = malloc(len);

	REQUIRE(text);
	memset(text, ' ', len);
	check_refused(text, len, "c:1:1: the document is larger than 16 MiB");
	text[0] = '{';
	text[len - 2] = '}';
	check_refused(text, len - 1,
		      "c:1:1: /ociVersion: is required, but missing\nc:1:1: /root: is required, but missing");
	free(text);
}

static void test_absent(void)
{
	struct result r = read_text(CONFIG("\"mounts\":[],\"annotations\":{},\"hostname\":null,\"linux\":{"
					   "\"rootfsPropagation\":\"\",\"maskedPaths\":null}"));

	REQUIRE(r.status == 0);
	CHECK(r.config->mounts && r.config->n_mounts == 0);
	CHECK(r.config->annotations && r.config->n_annotations == 0);
	CHECK(!r.config->hostname && !r.config->process && !r.config->hooks);
	CHECK(r.config->linux_ && !r.config->linux_->has_rootfs_propagation && !r.config->linux_->masked_paths);
	CHECK(r.errors.text == NULL && r.errors.n == 0);
	result_done(&r);
}

static void test_case_counts(void)
{
	struct result r = read_text(CONFIG("\"HostName\":\"x\""));

	REQUIRE(r.status == 0);
	CHECK(!r.config->hostname);
	result_done(&r);
}

static void test_numbers_are_exact(void)
{
	struct result r = read_text(CONFIG(
		"\"linux\":{\"resources\":{\"memory\":{\"limit\":9223372036854775807,\"swap\":-1},\"cpu\":{\"quota\":"
		"-9223372036854775808,\"shares\":18446744073709551615,\"idle\":-0},\"devices\":[{\"allow\":true,"
		"\"major\":-1,\"minor\":4294967295}]}}"));

	REQUIRE(r.status == 0);
	const struct oci_resources *res = r.config->linux_->resources;
	CHECK(res->memory->limit == INT64_MAX && res->memory->has_limit);
	CHECK(res->memory->swap == -1 && !res->memory->has_reservation);
	CHECK(res->cpu->quota == INT64_MIN);
	CHECK(res->cpu->shares == UINT64_MAX);
	CHECK(res->cpu->has_idle && res->cpu->idle == 0);
	CHECK(res->devices[0].major == -1 && res->devices[0].minor == UINT32_MAX);
	result_done(&r);
}

static void note_unknown(void *user, const char *pointer, unsigned line, unsigned column, const char *name,
			 const char *did_you_mean)
{
	char *all = user;

	snprintf(all + strlen(all), 1024 - strlen(all), "%s %u:%u %s %s\n", pointer, line, column, name,
		 did_you_mean ? did_you_mean : "-");
}

static void test_unknown(void)
{
	char all[1024] = "";
	const char text[] = CONFIG("\n \"hostName\": 1, \"linux\": {\"cgroupPath\": {\"x\": 1},\n"
				   "  \"resources\": {\"oomScoreAdj\": 1, \"a/b\\n\": {}}}");
	struct result r = read_bytes(text, strlen(text), &(struct oci_read_options){ "c", note_unknown, all });

	CHECK_INT(r.status, 0);
	CHECK_STR(all, "/hostName 2:2 hostName hostname\n"
		       "/linux/cgroupPath 2:27 cgroupPath cgroupsPath\n"
		       "/linux/resources/oomScoreAdj 3:17 oomScoreAdj -\n"
		       "/linux/resources/a~1b\n 3:35 a/b\n -\n");
	result_done(&r);
}

static void test_versions(void)
{
	static const struct {
		const char *version;
		bool good;
	} rows[] = {
		{ "1.0.0", true },       { "1.0.2-dev", true }, { "1.3.0-rc.1+b.01", true },
		{ "1.99.0", true },      { "0.5.0-dev", true }, { "1.0", false },
		{ "1.0.0.0", false },    { "v1.0.0", false },   { "01.0.0", false },
		{ "1.0.0-", false },     { "1.0.0-01", false }, { "1.0.0+", false },
		{ "1.0.0-a..b", false }, { "2.0.0", false },    { "", false },
		{ " 1.0.0", false },     { "1.0.0 ", false },   { "18446744073709551617.0.0", false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[128];
		snprintf(text, sizeof(text), "{\"ociVersion\":\"%s\",\"root\":{\"path\":\"r\"}}", rows[i].version);
		struct result r = read_text(text);
		CHECK_SAY((r.status == 0) == rows[i].good, "version %s: %d", rows[i].version, r.status);
		result_done(&r);
	}
}

static void test_other_documents(void)
{
	static const char process[] = "{\"cwd\":\"/\",\"args\":[\"ls\"],\"user\":{}}";
	static const char state[] = "{\"ociVersion\":\"0.2.0\",\"id\":\"c\",\"status\":\"running\",\"pid\":4422,"
				    "\"bundle\":\"/b\",\"annotations\":{\"k\":\"v\"}}";
	static const char features[] = "{\"ociVersionMin\":\"1.1.0\"}";
	struct oci_arena *arena = NULL;
	struct oci_errors errors = { 0 };
	const struct oci_process *p = NULL;
	const struct oci_state *s = NULL;
	const struct oci_features *f = NULL;

	CHECK_INT(oci_process_read(process, strlen(process), NULL, &arena, &p, &errors), 0);
	CHECK(p && !p->user->has_uid && p->user->uid == 0);
	oci_arena_free(arena);
	CHECK_INT(oci_state_read(state, strlen(state), NULL, &arena, &s, &errors), 0);
	CHECK(s && s->pid == 4422 && s->n_annotations == 1);
	oci_arena_free(arena);
	CHECK_INT(oci_features_read(features, strlen(features), NULL, &arena, &f, &errors), -EINVAL);
	CHECK_STR(errors.text, "document:1:1: /ociVersionMax: is required, but missing");
	oci_errors_done(&errors);
}

int main(void)
{
	UNIT(test_not_json);
	UNIT(test_not_an_object);
	UNIT(test_strings);
	UNIT(test_strings_are_decoded);
	UNIT(test_duplicates);
	UNIT(test_all_errors);
	UNIT(test_golden_sentence);
	UNIT(test_errors_are_lines);
	UNIT(test_errors_are_counted);
	UNIT(test_depth);
	UNIT(test_too_large);
	UNIT(test_absent);
	UNIT(test_case_counts);
	UNIT(test_numbers_are_exact);
	UNIT(test_unknown);
	UNIT(test_versions);
	UNIT(test_other_documents);
	return unit_done();
}
