/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand in a JSON text; see position.h. */
#include "position.h"

static size_t skip_blanks(const char *text, size_t len, size_t at)
{
	while (at < len && (text[at] == ' ' || text[at] == '\n' || text[at] == '\t' || text[at] == '\r'))
		at++;
	return at;
}

size_t oci_token_start(const char *text, size_t len, size_t previous_end)
{
	size_t at = skip_blanks(text, len, previous_end);

	if (at < len && (text[at] == ',' || text[at] == ':'))
		at = skip_blanks(text, len, at + 1);
	return at;
}

void oci_position_move(struct oci_position *p, const char *text, size_t len, size_t offset)
{
	if (offset < p->offset)
		*p = (struct oci_position)OCI_POSITION_START;
	for (; p->offset < offset && p->offset < len; p->offset++) {
		if (text[p->offset] == '\n') {
			p->line++;
			p->column = 1;
		} else if (((unsigned char)text[p->offset] & 0xc0) != 0x80) {
			p->column++;
		}
	}
}
