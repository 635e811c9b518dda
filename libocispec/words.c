/* SPDX-License-Identifier: Apache-2.0 */
/* The word lists of schema.def, and looking a word up in one. */
#include "ocispec.h"

#include <errno.h>
#include <string.h>

#define WORDS(W, text) const char *const W##_words[] = {
#define WORD(W, id, word) [id] = word,
#define WORDS_END(W) \
	NULL \
	} \
	;
#include "schema-default.h"
#include "schema.def"
#include "schema-undef.h"

int oci_word_find(const char *const *words, const char *word)
{
	for (int i = 0; words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -EINVAL;
}
