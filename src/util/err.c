/* SPDX-License-Identifier: Apache-2.0 */
/* Errors with their sentences; see err.h. */
#include "err.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *err_reason(int code)
{
	static char reason[128];

	snprintf(reason, sizeof(reason), "%s", strerror(abs(code)));
	/* "No such file" in lower case, "RPC" and the like as they are. */
	if (isupper((unsigned char)reason[0]) && !isupper((unsigned char)reason[1]))
		reason[0] = (char)tolower((unsigned char)reason[0]);
	return reason;
}

static int set(struct err *e, int code, const char *reason, const char *fmt, va_list ap)
{
	if (!e)
		return code;
	int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(e->text) ? (size_t)n : sizeof(e->text) - 1;
	if (reason)
		snprintf(e->text + len, sizeof(e->text) - len, ": %s", reason);
	e->code = code;
	e->where[0] = '\0';
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, err_reason(code), fmt, ap);
	va_end(ap);
	return code;
}

int err_say(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	set(e, code, NULL, fmt, ap);
	va_end(ap);
	return code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	if (!e)
		return -EINVAL;

	char rest[sizeof(e->text)];
	memcpy(rest, e->text, sizeof(rest));

	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(e->text, sizeof(e->text), fmt, ap);
	va_end(ap);
	size_t len = n < 0 ? 0 : (size_t)n < sizeof(e->text) ? (size_t)n : sizeof(e->text) - 1;
	size_t room = sizeof(e->text) - len;
	if (room > 2)
		snprintf(e->text + len, room, ": %.*s", (int)(room - 3), rest);
	return e->code;
}

int err_where(struct err *e, const char *pointer)
{
	if (!e)
		return -EINVAL;
	if (!e->where[0] && pointer)
		snprintf(e->where, sizeof(e->where), "%s", pointer);
	return e->code;
}
