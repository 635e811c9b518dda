/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of CRIU's RPC: protocol buffers, as far as CRIU's rpc.proto uses them (numbers and byte strings).
 * Messages are written into a struct buf and read field by field; what the numbers of fields mean is in criu.h.
 */
#ifndef HUSK_CRIU_MESSAGE_H
#define HUSK_CRIU_MESSAGE_H

#include "util/mem.h"

#include <stdint.h>

void criu_put_number(struct buf *b, unsigned field, int64_t value);
void criu_put_string(struct buf *b, unsigned field, const char *text);     /* NULL: nothing */
void criu_put_message(struct buf *b, unsigned field, const struct buf *message);
/* A message of two strings, as fields 1 and 2: most of CRIU's are such. */
void criu_put_pair(struct buf *b, unsigned field, const char *first, const char *second);

struct criu_field {
	unsigned number;
	uint64_t value;                 /* of a number */
	const uint8_t *data;            /* of a string or message, else NULL */
	size_t len;
};

struct criu_reader {
	const uint8_t *at, *end;
};
/* The next field: 1; 0 at the end; -EBADMSG. */
int criu_read(struct criu_reader *r, struct criu_field *ret);

#endif
