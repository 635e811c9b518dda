/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An error with its sentence.
 *
 * Functions that can fail for a reason a user must hear take `struct err *e` last and
 * return 0 or the negative errno that they put into it.  Below the command layer nobody
 * prints.  A sentence says operation and object; err_where adds the JSON pointer; the
 * reason (strerror, in lower case, because engines match on it) comes last:
 *
 *     mounts[3] (/data): bind source /srv/data: no such file or directory
 */
#ifndef HUSK_ERR_H
#define HUSK_ERR_H

struct err {
	int code;            /* negative errno; 0: no error */
	char where[256];     /* JSON pointer of config.json, or "" */
	char text[2048];     /* the sentence, without the pointer */
};

/* Set e: the sentence is fmt, then ": " and the reason of -code. Returns code. e may be NULL. */
int err_set(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Set e with a sentence that needs no reason appended. Returns code. */
int err_say(struct err *e, int code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Put "fmt: " before the sentence that is there. Returns e->code. */
int err_prefix(struct err *e, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Name the place in config.json, unless a deeper one was named already. Returns e->code. */
int err_where(struct err *e, const char *pointer);
/* The reason for an errno (positive or negative), as "no such file or directory". */
const char *err_reason(int code);

#endif
