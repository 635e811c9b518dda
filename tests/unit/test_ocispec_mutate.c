/* SPDX-License-Identifier: Apache-2.0 */
/* Documents cut, stirred and crossed: whatever comes out is read or refused cleanly.  The longer run is tests/fuzz. */
#include "../fuzz/ocispec_feed.h"
#include "ocispec_files.h"
#include "unit.h"

enum { ROUNDS = 300 };

/* The same numbers on every run. */
static unsigned next_random(void)
{
	static unsigned long long state = 20240229;

	state = state * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(state >> 33);
}

static const char *const pieces[] = {
	"\"",   "\\",   "\\u0000",    "\\ud800",  "{",
	"}",    "[",    "]",          ",",        ":",
	"null", "true", "-1",         "1e9",      "18446744073709551616",
	"\xff", "\xc3", "\"linux\":", "\"a\":1,", "{\"\":[",
	"",     "\n",
};

/* Change one place of the text, which has room for one piece more. */
static size_t mutate(char *text, size_t len)
{
	const char *piece = pieces[next_random() % (sizeof(pieces) / sizeof(pieces[0]))];
	size_t n = strlen(piece), at = next_random() % (len + 1), gone = next_random() % 4;

	if (gone > len - at)
		gone = len - at;
	if (next_random() % 4 == 0 && at < len) {
		text[at] = (char)next_random();
		return len;
	}
	memmove(text + at + n, text + at + gone, len - at - gone);
	memcpy(text + at, piece, n);
	return len - gone + n;
}

static void mutate_file(const char *path, struct file f)
{
	char *text = malloc(f.len + 4 * 32);

	(void)path;
	if (!text)
		return;
	for (int i = 0; i < ROUNDS; i++) {
		size_t len = f.len;
		memcpy(text, f.text, len);
		for (unsigned k = next_random() % 4 + 1; k > 0; k--)
			len = mutate(text, len);
		char *exact = malloc(len ? len : 1);
		if (exact)
			ocispec_feed(memcpy(exact, text, len), len);
		free(exact);
	}
	free(text);
}

static void cut_file(const char *path, struct file f)
{
	(void)path;
	for (size_t len = 0; len < f.len; len += 1 + f.len / 500)
		feed_oci_config(f.text, len);
}

static void test_mutated(void)
{
	CHECK(files_each("tests/data/config/good/full.json", mutate_file) == 1);
	CHECK(files_each("tests/data/config/bad/*.json", mutate_file) > 0);
	CHECK(files_each("tests/data/docker-limits.json", mutate_file) == 1);
}

/* A document that is cut anywhere is refused. */
static void test_cut(void)
{
	CHECK(files_each("tests/data/config/good/*.json", cut_file) > 0);
	CHECK(files_each("tests/data/docker-default.json", cut_file) == 1);
}

int main(void)
{
	UNIT(test_mutated);
	UNIT(test_cut);
	return unit_done();
}
