/* SPDX-License-Identifier: Apache-2.0 */
/* Files of tests/data, for the tests of libocispec. */
#ifndef HUSK_TESTS_OCISPEC_FILES_H
#define HUSK_TESTS_OCISPEC_FILES_H

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct file {
	char *text; /* malloc'ed, NUL-terminated; NULL when it cannot be read */
	size_t len;
};

static inline struct file file_read(const char *path)
{
	struct file f = { 0 };
	FILE *in = fopen(path, "re");

	if (!in)
		return f;
	size_t cap = 1 << 20;
	f.text = calloc(1, cap);
	if (f.text)
		f.len = fread(f.text, 1, cap - 1, in);
	fclose(in);
	return f;
}

/* The path of a file of the source tree; the next call overwrites it. */
static inline const char *source_path(const char *name)
{
	static char path[4096];
	const char *source = getenv("HUSK_SOURCE");

	snprintf(path, sizeof(path), "%s/%s", source ? source : ".", name);
	return path;
}

/* Call `each` for all files of the source tree that match; how many there were. */
static inline size_t files_each(const char *pattern, void (*each)(const char *path, struct file f))
{
	glob_t found;

	if (glob(source_path(pattern), 0, NULL, &found) != 0)
		return 0;
	size_t n = found.gl_pathc;
	for (size_t i = 0; i < n; i++) {
		struct file f = file_read(found.gl_pathv[i]);
		each(found.gl_pathv[i], f);
		free(f.text);
	}
	globfree(&found);
	return n;
}

#endif
