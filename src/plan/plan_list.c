/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of CPUs and memory nodes ("0-3,7") as bit masks. */
#include "plan_parts.h"

#include <ctype.h>
#include <stdlib.h>

#define LIST_MAX 8192u /* as large as the kernel's own limits */

static int parse_number(const char **s, unsigned *ret)
{
	unsigned long n = 0;

	if (!isdigit((unsigned char)**s))
		return -EINVAL;
	for (; isdigit((unsigned char)**s); (*s)++) {
		n = n * 10 + (unsigned long)(**s - '0');
		if (n >= LIST_MAX)
			return -EINVAL;
	}
	*ret = (unsigned)n;
	return 0;
}

static void set_range(uint64_t **words, size_t *n, unsigned first, unsigned last)
{
	size_t need = last / 64 + 1;

	if (need > *n) {
		*words = mem_grow(*words, need, sizeof(**words));
		for (; *n < need; (*n)++)
			(*words)[*n] = 0;
	}
	for (unsigned i = first; i <= last; i++)
		(*words)[i / 64] |= UINT64_C(1) << i % 64;
}

static int parse(const char *s, uint64_t **words, size_t *n)
{
	for (;;) {
		unsigned first, last;
		if (parse_number(&s, &first) < 0)
			return -EINVAL;
		last = first;
		if (*s == '-') {
			s++;
			if (parse_number(&s, &last) < 0 || last < first)
				return -EINVAL;
		}
		set_range(words, n, first, last);
		if (*s == '\0' || (*s == '\n' && s[1] == '\0'))
			return 0;
		if (*s++ != ',')
			return -EINVAL;
	}
}

int plan_parse_list(const char *text, uint64_t **ret, size_t *ret_words)
{
	uint64_t *words = NULL;
	size_t n = 0;

	int r = parse(text, &words, &n);
	if (r < 0) {
		free(words);
		return r;
	}
	*ret = words;
	*ret_words = n;
	return 0;
}
