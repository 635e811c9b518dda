/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzz target of the document reader.  The seeds are tests/data/ and tests/data/config/ (good and bad):
 *
 *     fuzz_ocispec CORPUS tests/data tests/data/config/good tests/data/config/bad
 *
 * With -DFUZZ_STANDALONE it is a program that feeds the files it is given, for compilers without libFuzzer.
 */
#include "ocispec_feed.h"

#include <stdio.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *text = malloc(size ? size : 1); /* of the exact size, so that reading past it is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	ocispec_feed(text, size);
	free(text);
	return 0;
}

#ifdef FUZZ_STANDALONE
static int feed_file(const char *path)
{
	size_t cap = OCI_DOCUMENT_MAX + 1;
	FILE *in = fopen(path, "re");
	unsigned char *data = in ? malloc(cap) : NULL;

	if (data)
		LLVMFuzzerTestOneInput(data, fread(data, 1, cap, in));
	else
		perror(path);
	if (in)
		fclose(in);
	free(data);
	return data ? 0 : 1;
}

int main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= feed_file(argv[i]);
	return failed;
}
#endif
