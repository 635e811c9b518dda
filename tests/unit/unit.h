/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Unit tests: a program is a list of cases, run in order.
 *
 *     static void test_adds(void) { CHECK(add(1, 2) == 3); CHECK_STR(name(), "x"); }
 *     int main(void) { UNIT(test_adds); return unit_done(); }
 *
 * Each case prints one line, "ok NAME", "not ok NAME - why" (the first failed check) or "skip NAME - why".
 */
#ifndef HUSK_TESTS_UNIT_H
#define HUSK_TESTS_UNIT_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	const char *file, *skip;
	int line;
	char why[512];
	unsigned failed;
} unit_;

#define CHECK_SAY(cond, ...) \
	do { \
		if (!(cond) && !unit_.file) { \
			unit_.file = __FILE__; \
			unit_.line = __LINE__; \
			snprintf(unit_.why, sizeof(unit_.why), __VA_ARGS__); \
		} \
	} while (0)
#define CHECK(cond) CHECK_SAY((cond), "%s", #cond)
#define CHECK_INT(have, want) \
	do { \
		long long have_ = (have), want_ = (want); \
		CHECK_SAY(have_ == want_, "%s is %lld, not %lld", #have, have_, want_); \
	} while (0)
#define CHECK_STR(have, want) \
	do { \
		const char *have_ = (have), *want_ = (want); \
		CHECK_SAY(have_ && want_ ? !strcmp(have_, want_) : have_ == want_, "%s is \"%.200s\", not \"%.200s\"", #have, \
			  have_ ? have_ : "(null)", want_ ? want_ : "(null)"); \
	} while (0)
/* The case cannot go on. */
#define REQUIRE(cond) \
	do { \
		CHECK(cond); \
		if (unit_.file) \
			return; \
	} while (0)
#define SKIP(why) \
	do { \
		unit_.skip = (why); \
		return; \
	} while (0)
#define UNIT(test) unit_run(#test, test)

static inline void unit_run(const char *name, void (*test)(void))
{
	unit_.file = unit_.skip = NULL;
	if (!strncmp(name, "test_", 5))
		name += 5;
	test();
	if (unit_.file)
		printf("not ok %s - %s:%d: %s\n", name, unit_.file, unit_.line, unit_.why);
	else if (unit_.skip)
		printf("skip %s - %s\n", name, unit_.skip);
	else
		printf("ok %s\n", name);
	unit_.failed += unit_.file != NULL;
	fflush(stdout);
}

static inline int unit_done(void)
{
	return unit_.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
