/* SPDX-License-Identifier: Apache-2.0 */
/* JSON strings and pointer tokens; see plan_json.h. */
#include "plan_json.h"
#include "util/mem.h"

#include <string.h>

void plan_json_add_string(struct buf *b, const char *s)
{
	static const char escaped[] = "\"\\\b\f\n\r\t", letters[] = "\"\\bfnrt";

	buf_adds(b, "\"");
	for (; *s; s++) {
		const char *e = strchr(escaped, *s);
		if (e)
			buf_addf(b, "\\%c", letters[e - escaped]);
		else if ((unsigned char)*s < 0x20 || *s == 0x7f)
			buf_addf(b, "\\u%04x", (unsigned char)*s);
		else
			buf_add(b, s, 1);
	}
	buf_adds(b, "\"");
}

void plan_json_add_token(struct buf *b, const char *s)
{
	for (; *s; s++) {
		if (*s == '~')
			buf_adds(b, "~0");
		else if (*s == '/')
			buf_adds(b, "~1");
		else
			buf_add(b, s, 1);
	}
}
