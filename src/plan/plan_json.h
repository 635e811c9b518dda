/* SPDX-License-Identifier: Apache-2.0 */
/* JSON that plans carry or print: escaped strings. */
#ifndef HUSK_PLAN_JSON_H
#define HUSK_PLAN_JSON_H

struct buf;

/* Add s as a JSON string, with its quotes. */
void plan_json_add_string(struct buf *b, const char *s);
/* Add s as one reference token of a JSON pointer ("~" and "/" escaped). */
void plan_json_add_token(struct buf *b, const char *s);

#endif
