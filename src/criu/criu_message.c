/* SPDX-License-Identifier: Apache-2.0 */
/* Protocol buffers for CRIU; see criu_message.h. */
#include "criu_message.h"

#include <errno.h>
#include <string.h>

enum { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

static void put_varint(struct buf *b, uint64_t value)
{
	do {
		uint8_t byte = (uint8_t)(value & 0x7f);

		value >>= 7;
		byte |= value ? 0x80 : 0;
		buf_add(b, &byte, 1);
	} while (value);
}

static void put_bytes(struct buf *b, unsigned field, const void *data, size_t len)
{
	put_varint(b, (uint64_t)field << 3 | WIRE_BYTES);
	put_varint(b, len);
	if (len)
		buf_add(b, data, len);
}

void criu_put_number(struct buf *b, unsigned field, int64_t value)
{
	put_varint(b, (uint64_t)field << 3 | WIRE_VARINT);
	put_varint(b, (uint64_t)value);
}

void criu_put_string(struct buf *b, unsigned field, const char *text)
{
	if (text)
		put_bytes(b, field, text, strlen(text));
}

void criu_put_message(struct buf *b, unsigned field, const struct buf *message)
{
	put_bytes(b, field, message->data, message->len);
}

void criu_put_pair(struct buf *b, unsigned field, const char *first, const char *second)
{
	_cleanup_buf_ struct buf pair = { 0 };

	criu_put_string(&pair, 1, first);
	criu_put_string(&pair, 2, second);
	criu_put_message(b, field, &pair);
}

static int read_varint(struct criu_reader *r, uint64_t *ret)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && r->at < r->end; shift += 7) {
		uint8_t byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80)) {
			*ret = value;
			return 0;
		}
	}
	return -EBADMSG;
}

static int read_bytes(struct criu_reader *r, uint64_t len, struct criu_field *f)
{
	if (len > (uint64_t)(r->end - r->at))
		return -EBADMSG;
	f->data = r->at;
	f->len = (size_t)len;
	r->at += len;
	return 0;
}

static int read_value(struct criu_reader *r, unsigned wire, struct criu_field *f)
{
	uint64_t len;

	switch (wire) {
	case WIRE_VARINT: return read_varint(r, &f->value);
	case WIRE_64: return read_bytes(r, 8, f);
	case WIRE_32: return read_bytes(r, 4, f);
	case WIRE_BYTES: return read_varint(r, &len) < 0 ? -EBADMSG : read_bytes(r, len, f);
	default: return -EBADMSG;
	}
}

int criu_read(struct criu_reader *r, struct criu_field *ret)
{
	struct criu_field f = { 0 };
	uint64_t tag;

	if (r->at == r->end)
		return 0;
	if (read_varint(r, &tag) < 0 || tag >> 3 == 0 || tag >> 3 > UINT32_MAX)
		return -EBADMSG;
	f.number = (unsigned)(tag >> 3);
	int code = read_value(r, tag & 7, &f);
	if (code < 0)
		return code;
	*ret = f;
	return 1;
}
