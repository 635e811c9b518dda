/* SPDX-License-Identifier: Apache-2.0 */
/* The parser of command lines. */
#include "cmd/cmd_parse.h"
#include "unit.h"
#include "util/err.h"

const struct option_info global_options[] = { { .name = "root", .kind = OPTION_STRING }, { 0 } };
const struct command commands[] = {
	{ .name = "state" }, { .name = "resume", .alias = "unpause" }, { .name = "delete" }, { 0 }
};

static const struct option_info table[] = {
	{ "bundle", 'b', OPTION_STRING, "DIR", "" },  { "detach", 'd', OPTION_FLAG, NULL, "" },
	{ "tty", 't', OPTION_FLAG, NULL, "" },        { "env", 'e', OPTION_STRINGS, "V", "" },
	{ "number", 'n', OPTION_NUMBER, "N", "" },    { "no-subreaper", 0, OPTION_FLAG, NULL, "" },
	{ "pid-file", 0, OPTION_STRING, "FILE", "" }, { 0 }
};

static struct options o;
static struct err err;

#define PARSE(stop, ...) parse(stop, (const char *const[]){ __VA_ARGS__, NULL })

static int parse(size_t stop, const char *const *argv)
{
	options_done(&o);
	memset(&err, 0, sizeof(err));
	return options_parse(table, stop, "run", argv, &o, &err);
}

static void test_forms(void)
{
	long long n = 0;

	REQUIRE(PARSE(0, "--bundle=/a", "id", "-d", "--number", "-1") == 0);
	CHECK_STR(option_string(&o, "bundle"), "/a");
	CHECK(option_flag(&o, "detach"));
	CHECK(!option_flag(&o, "tty"));
	CHECK(option_number(&o, "number", &n));
	CHECK_INT(n, -1);
	CHECK_INT(o.n_args, 1);
	CHECK_STR(o.args[0], "id");
	REQUIRE(PARSE(0, "-b", "x", "-b=y", "-bz") == 0);
	CHECK_STR(option_string(&o, "bundle"), "z");
	REQUIRE(PARSE(0, "--bundle", "--weird") == 0);
	CHECK_STR(option_string(&o, "bundle"), "--weird");
	REQUIRE(PARSE(0, "--bundle=") == 0);
	CHECK_STR(option_string(&o, "bundle"), "");
}

static void test_one_dash(void)
{
	REQUIRE(PARSE(0, "-no-subreaper", "-pid-file", "p", "-bundle=/b", "id") == 0);
	CHECK(option_flag(&o, "no-subreaper"));
	CHECK_STR(option_string(&o, "pid-file"), "p");
	CHECK_STR(option_string(&o, "bundle"), "/b");
	CHECK_STR(o.args[0], "id");
}

static void test_clusters(void)
{
	REQUIRE(PARSE(0, "-dt", "-dtb", "dir", "-dtbdir2") == 0);
	CHECK(option_flag(&o, "detach") && option_flag(&o, "tty"));
	CHECK_STR(option_string(&o, "bundle"), "dir2");
	CHECK(PARSE(0, "-dx") < 0);
	CHECK(strstr(err.text, "unknown flag: -dx"));
}

static void test_repeated(void)
{
	const char *const *v;

	REQUIRE(PARSE(0, "-e", "A=1", "--env=B=2=3", "-eC=3", "-e=D") == 0);
	CHECK_INT(option_strings(&o, "env", &v), 4);
	CHECK_STR(v[0], "A=1");
	CHECK_STR(v[1], "B=2=3");
	CHECK_STR(v[2], "C=3");
	CHECK_STR(v[3], "D");
}

static void test_flags_with_values(void)
{
	REQUIRE(PARSE(0, "--detach=true", "--tty=false", "-no-subreaper=1") == 0);
	CHECK(option_flag(&o, "detach"));
	CHECK(!option_flag(&o, "tty"));
	CHECK(option_flag(&o, "no-subreaper"));
	CHECK(PARSE(0, "--tty=maybe") < 0);
	CHECK(strstr(err.text, "invalid value \"maybe\" for flag --tty"));
}

static void test_ends(void)
{
	REQUIRE(PARSE(0, "id", "--", "-d", "--x") == 0);
	CHECK_INT(o.n_args, 3);
	CHECK_STR(o.args[1], "-d");
	REQUIRE(PARSE(1, "id", "-e", "-x", "--") == 0); /* ps */
	CHECK_INT(o.n_args, 4);
	CHECK_STR(o.args[3], "--");
	REQUIRE(PARSE(2, "id", "-t", "sh", "-c", "exit") == 0); /* exec */
	CHECK(option_flag(&o, "tty"));
	CHECK_INT(o.n_args, 4);
	CHECK_STR(o.args[2], "-c");
	REQUIRE(PARSE(0, "-") == 0);
	CHECK_STR(o.args[0], "-");
}

static void test_help(void)
{
	REQUIRE(PARSE(0, "-h") == 0);
	CHECK(o.help);
	REQUIRE(PARSE(0, "x", "--help") == 0);
	CHECK(o.help);
}

static void test_errors(void)
{
	CHECK(PARSE(0, "--pid-file") < 0);
	CHECK_STR(err.text, "flag needs an argument: --pid-file");
	CHECK(PARSE(0, "-b") < 0);
	CHECK_STR(err.text, "flag needs an argument: -b");
	CHECK(PARSE(0, "-pid-file") < 0);
	CHECK_STR(err.text, "flag needs an argument: -pid-file");
	CHECK(PARSE(0, "--bundel", "x") < 0);
	CHECK(strstr(err.text, "run: unknown flag: --bundel, did you mean --bundle?"));
	CHECK(PARSE(0, "--root", "x") < 0);
	CHECK(strstr(err.text, "global"));
	CHECK(PARSE(0, "--number", "1x") < 0);
	CHECK(PARSE(0, "--number", "99999999999999999999") < 0);
	CHECK(PARSE(0, "--number=") < 0);
}

static void test_commands(void)
{
	CHECK_STR(command_find("unpause")->name, "resume");
	CHECK(command_find("stat") == NULL);
	CHECK_STR(command_nearest("stat"), "state");
	CHECK_STR(command_nearest("remuse"), "resume");
	CHECK(command_nearest("xyzzy") == NULL);
}

int main(void)
{
	UNIT(test_forms);
	UNIT(test_one_dash);
	UNIT(test_clusters);
	UNIT(test_repeated);
	UNIT(test_flags_with_values);
	UNIT(test_ends);
	UNIT(test_help);
	UNIT(test_errors);
	UNIT(test_commands);
	options_done(&o);
	return unit_done();
}
