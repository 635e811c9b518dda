/* SPDX-License-Identifier: Apache-2.0 */
/* "Did you mean"; see suggest.h. */
#include "suggest.h"

#include <ctype.h>
#include <string.h>

#define NAME_MAX_LEN 48 /* longer than every name of the schema and its mistakes */

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* Insertions, deletions and changes from a to b; letters count as equal whatever their case. */
static unsigned edit_distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned row[NAME_MAX_LEN + 1];

	for (unsigned k = 0; k <= b_len; k++)
		row[k] = k;
	for (unsigned i = 1; i <= a_len; i++) {
		unsigned diagonal = row[0];
		row[0] = i;
		for (unsigned k = 1; k <= b_len; k++) {
			unsigned change = tolower((unsigned char)a[i - 1]) != tolower((unsigned char)b[k - 1]);
			unsigned next = least(row[k] + 1, row[k - 1] + 1, diagonal + change);
			diagonal = row[k];
			row[k] = next;
		}
	}
	return row[b_len];
}

struct nearest {
	const char *name;
	unsigned distance;
};

static void consider(struct nearest *best, const char *known, const char *name, size_t len)
{
	size_t known_len = strlen(known);

	if (known_len > NAME_MAX_LEN)
		return;
	unsigned distance = edit_distance(name, len, known, known_len);
	if (distance < best->distance)
		*best = (struct nearest){ known, distance };
}

/* A third of the letters may be wrong. */
static struct nearest nearest_start(size_t len)
{
	return (struct nearest){ NULL, (unsigned)(len > NAME_MAX_LEN ? 0 : len / 3 + 1) };
}

const char *oci_suggest_property(const struct oci_object *object, const char *name, size_t len)
{
	struct nearest best = nearest_start(len);

	for (unsigned i = 0; i < object->n_rows && best.distance; i++)
		consider(&best, oci_row_name(&object->rows[i]), name, len);
	return best.name;
}

const char *oci_suggest_word(const char *const *words, const char *word, size_t len)
{
	struct nearest best = nearest_start(len);

	for (unsigned i = 0; words[i] && best.distance; i++)
		consider(&best, words[i], word, len);
	return best.name;
}
