/* SPDX-License-Identifier: Apache-2.0 */
/* Values in GVariant's text form, and properties of units that annotations set. */
#include "plan/gvariant.h"
#include "plan/unit_property.h"
#include "unit.h"
#include "util/err.h"
#include "util/mem.h"

/* "TYPE[ARRAY]: word|word" */
static char *show(const char *text)
{
	struct gvariant g;
	struct err err = { 0 };
	struct buf b = { 0 };

	if (gvariant_read(text, &g, &err) < 0)
		return mem_strdup("error");
	buf_addf(&b, "%c%s%s:", g.type ? g.type : '-', g.is_array ? "[]" : "", g.typed ? "" : "?");
	for (size_t i = 0; i < g.n; i++)
		buf_addf(&b, "%s%s", i ? "|" : "", g.v[i]);
	gvariant_done(&g);
	return b.data;
}

static void check(const char *const (*v)[2], size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char *have = show(v[i][0]);
		CHECK_SAY(strcmp(have, v[i][1]) == 0, "%s is \"%s\", not \"%s\"", v[i][0], have, v[i][1]);
		free(have);
	}
}

#define CHECK_ALL(v) check((v), sizeof(v) / sizeof((v)[0]))

static void test_scalars(void)
{
	static const char *const v[][2] = {
		{ "true", "b:true" },
		{ "boolean false", "b:false" },
		{ " 5 ", "i?:5" },
		{ "-5", "i?:-5" },
		{ "0x1F", "i?:31" },
		{ "017", "i?:15" },
		{ "1.5e3", "d?:1.5e3" },
		{ "double 5", "d:5" },
		{ "byte 255", "y:255" },
		{ "int16 -32768", "n:-32768" },
		{ "@t 18446744073709551615", "t:18446744073709551615" },
		{ "uint64\t5", "t:5" },
		{ "''", "s:" },
		{ "\"it's\"", "s:it's" },
		{ "'a\\tb\\\\\\'\\u00e4\\U0001F600'", "s:a\tb\\'\xc3\xa4\xf0\x9f\x98\x80" },
		{ "objectpath '/a'", "o:/a" },
	};

	CHECK_ALL(v);
}

static void test_arrays(void)
{
	static const char *const v[][2] = {
		{ "[]", "-[]?:" },
		{ "@as []", "s[]:" },
		{ "['a', \"b\"]", "s[]:a|b" },
		{ "[uint32 1, 2]", "u[]:1|2" },
		{ "[1,2.5]", "d[]?:1|2.5" },
		{ "@ay [1,0x02]", "y[]:1|2" },
		{ "[true,false]", "b[]:true|false" },
	};

	CHECK_ALL(v);
}

static void test_what_is_no_value(void)
{
	static const char *const v[] = {
		"",
		" ",
		"@",
		"@t",
		"@t5",
		"@as",
		"@as 'a'",
		"@a",
		"@aas []",
		"5,",
		"[",
		"[5",
		"[5,",
		"[5,]",
		"[,]",
		"[[1]]",
		"['a', 5]",
		"'a",
		"'a\\",
		"'\\u00'",
		"'\\u0000'",
		"'\\ud800'",
		"'\\U00110000'",
		"b'x'",
		"('a',)",
		"<5>",
		"{}",
		"nothing",
		"just 5",
		"--5",
		"+",
		"-",
		"5x",
		"0x",
		"1e",
		"uint64 -1",
		"byte 256",
		"int32 2147483648",
		"uint64 true",
		"boolean 5",
		"string 5",
		"uint64 uint64 5",
		"18446744073709551616",
		"1.2.3",
		"inf",
		"nan",
		"'a' 'b'",
		"@s 5",
	};

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		char *have = show(v[i]);
		CHECK_SAY(strcmp(have, "error") == 0, "%s is \"%s\"", v[i], have);
		free(have);
	}
}

static void test_a_failure_leaves_the_output_alone(void)
{
	struct gvariant g = { .type = 'x' };
	struct err err = { 0 };

	CHECK(gvariant_read("['a', 'b'", &g, &err) < 0 && g.type == 'x');
	CHECK(gvariant_read("['a', 'b'", &g, NULL) < 0);
}

/* "NAME TYPE WORD", or the error. */
static void check_property(const char *name, const char *text, const char *want)
{
	struct unit_property p;
	struct err err = { 0 };
	char *have = NULL;

	if (unit_property_read(name, text, &p, &err) < 0) {
		have = mem_strdup("error");
	} else {
		have = mem_printf("%s %s %s", p.name, p.type, p.value.n ? p.value.v[0] : "-");
		unit_property_done(&p);
	}
	CHECK_SAY(strcmp(have, want) == 0, "%s=%s is \"%s\", not \"%s\"", name, text, have, want);
	free(have);
}

static void test_seconds_become_microseconds(void)
{
	check_property("TimeoutStopSec", "5", "TimeoutStopUSec t 5000000");
	check_property("TimeoutStopSec", "int32 5", "TimeoutStopUSec t 5000000");
	check_property("TimeoutStopSec", "0.25", "TimeoutStopUSec t 250000");
	check_property("TimeoutStopSec", "uint64 18446744073709", "TimeoutStopUSec t 18446744073709000000");
	check_property("TimeoutStopSec", "uint64 18446744073710", "error");
	check_property("TimeoutStopSec", "1e30", "error");
	check_property("TimeoutStopSec", "true", "error");
	check_property("TimeoutStopSec", "[5]", "error");
	check_property("CPUQuotaPerSecUSec", "5", "CPUQuotaPerSecUSec t 5");
	check_property("Sec", "5", "error");
}

static void test_types_of_properties(void)
{
	check_property("TimeoutStopUSec", "5", "TimeoutStopUSec t 5");
	check_property("TimeoutStopUSec", "uint32 5", "error");
	check_property("KillSignal", "9", "KillSignal i 9");
	check_property("AllowedCPUs", "@ay []", "AllowedCPUs ay -");
	check_property("AllowedCPUs", "[3]", "AllowedCPUs ay 3");
	check_property("AllowedCPUs", "@as []", "error");
	check_property("After", "['\\n']", "error");
	check_property("Description", "objectpath '/a'", "error");
	check_property("SuccessAction", "'reboot'", "error");
	check_property("timeoutstopusec", "5", "error");
}

int main(void)
{
	UNIT(test_scalars);
	UNIT(test_arrays);
	UNIT(test_what_is_no_value);
	UNIT(test_a_failure_leaves_the_output_alone);
	UNIT(test_seconds_become_microseconds);
	UNIT(test_types_of_properties);
	return unit_done();
}
