/* SPDX-License-Identifier: Apache-2.0 */
/* CRIU's log in our errors; see criu_log.h. */
#include "criu_log.h"

#include "criu.h"
#include "util/err.h"
#include "util/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define LOG_MAX (256u << 20)
#define LINES 3 /* the last of them is rarely the cause, and often names it */

/* The log of this request: criu starts it anew. */
static char *read_log(const struct criu *c)
{
	char *text = NULL;

	if (fd_read_file(c->work_fd, c->log_name, LOG_MAX, &text, NULL) == 0 && strstr(text, "Error"))
		return text;
	mem_freep(&text);
	/* Before it knows its log it writes to standard error. */
	if (c->stderr_fd < 0 || lseek(c->stderr_fd, 0, SEEK_SET) < 0)
		return NULL;
	return fd_read_all(c->stderr_fd, LOG_MAX, &text, NULL) == 0 ? text : NULL;
}

/* Without the time stamp. */
static const char *error_in(const char *line)
{
	const char *error = strstr(line, "Error (");

	return error ? error : strstr(line, "Error: ");
}

static void remember(const char *lines[LINES], size_t *n, const char *line)
{
	if (*n == LINES) {
		memmove(lines, lines + 1, (LINES - 1) * sizeof(*lines));
		(*n)--;
	}
	lines[(*n)++] = line;
}

static void find_errors(char *log, struct buf *ret)
{
	const char *lines[LINES];
	size_t n = 0;
	char *rest = log;

	for (char *line; (line = strsep(&rest, "\n")) != NULL;)
		if (error_in(line))
			remember(lines, &n, error_in(line));
	for (size_t i = 0; i < n; i++)
		buf_addf(ret, "%s%s", i ? "; " : "", lines[i]);
}

int criu_log_fail(const struct criu *c, int code, const char *message, struct err *err)
{
	_cleanup_free_ char *log = read_log(c);
	_cleanup_buf_ struct buf errors = { 0 };
	bool logged = faccessat(c->work_fd, c->log_name, F_OK, 0) == 0;

	if (log)
		find_errors(log, &errors);
	err_say(err, code, "criu failed: %s%s%s", message ? message : err_reason(code), errors.len ? ": " : "",
		errors.len ? errors.data : "");
	if (logged && err) {
		struct err whole = *err;
		err_say(err, code, "%.1800s (log: %.200s/%s)", whole.text, c->work_path, c->log_name);
	}
	return code;
}
