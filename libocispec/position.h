/* SPDX-License-Identifier: Apache-2.0 */
/* Where things stand in a JSON text: the starts of tokens, and lines and columns of offsets. */
#ifndef OCISPEC_POSITION_H
#define OCISPEC_POSITION_H

#include <stddef.h>

/* yajl tells where a token ends.  The next one begins after blanks and at most one comma or colon. */
size_t oci_token_start(const char *text, size_t len, size_t previous_end);

/* Lines and columns, both from 1; a column is a character, not a byte.  Quick when offsets rise. */
struct oci_position {
	size_t offset;
	unsigned line, column;
};
#define OCI_POSITION_START \
	{ \
		0, 1, 1 \
	}
void oci_position_move(struct oci_position *p, const char *text, size_t len, size_t offset);

#endif
