/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to stderr and to --log; see log.h. The targets are a table: file, journald, syslog. */
#include "log.h"
#include "date.h"
#include "fd.h"
#include "mem.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct log_line {
	enum log_level level;
	const char *text;
	const char *time; /* RFC 3339 */
};

struct log_target {
	const char *prefix;
	int (*open)(const char *name); /* a descriptor or a negative errno */
	void (*format)(const struct log_line *line, struct buf *out);
};

/* The one log of the process; set by log_open. */
static struct {
	const struct log_target *target;
	int fd;
	char *name;
	enum log_format format;
	enum log_level level;
	struct buf held, held_text; /* warnings of a command that may still fail: for the target, for stderr */
} log_state = { .fd = -1, .level = LOG_LEVEL_WARNING };

static const char *const level_words[] = {
	[LOG_LEVEL_ERROR] = "error",
	[LOG_LEVEL_WARNING] = "warning",
	[LOG_LEVEL_INFO] = "info",
	[LOG_LEVEL_DEBUG] = "debug",
};

static const int level_priorities[] = {
	/* of syslog(3) */
	[LOG_LEVEL_ERROR] = 3,
	[LOG_LEVEL_WARNING] = 4,
	[LOG_LEVEL_INFO] = 6,
	[LOG_LEVEL_DEBUG] = 7,
};

/* The length of the valid UTF-8 sequence at s, 0 when there is none. */
static size_t utf8_length(const unsigned char *s)
{
	size_t n = s[0] < 0x80                   ? 1
		   : s[0] >= 0xc2 && s[0] < 0xe0 ? 2
		   : s[0] >= 0xe0 && s[0] < 0xf0 ? 3
		   : s[0] >= 0xf0 && s[0] < 0xf5 ? 4
						 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return n;
}

/* A JSON string, also right as a logfmt value. What is not UTF-8 becomes U+FFFD. */
static void add_quoted(struct buf *out, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	buf_adds(out, "\"");
	while (*s) {
		size_t n = utf8_length(s);
		if (n == 0)
			buf_adds(out, "\\ufffd");
		else if (*s == '"' || *s == '\\')
			buf_addf(out, "\\%c", *s);
		else if (*s == '\n')
			buf_adds(out, "\\n");
		else if (*s == '\t')
			buf_adds(out, "\\t");
		else if (*s < 0x20 || *s == 0x7f)
			buf_addf(out, "\\u%04x", *s);
		else
			buf_add(out, s, n);
		s += n ? n : 1;
	}
	buf_adds(out, "\"");
}

static void format_json(const struct log_line *line, struct buf *out)
{
	buf_addf(out, "{\"level\":\"%s\",\"msg\":", level_words[line->level]);
	add_quoted(out, line->text);
	buf_addf(out, ",\"time\":\"%s\"}\n", line->time);
}

static void format_logfmt(const struct log_line *line, struct buf *out)
{
	buf_addf(out, "time=\"%s\" level=%s msg=", line->time, level_words[line->level]);
	add_quoted(out, line->text);
	buf_adds(out, "\n");
}

static void format_file(const struct log_line *line, struct buf *out)
{
	if (log_state.format == LOG_FORMAT_JSON)
		format_json(line, out);
	else
		format_logfmt(line, out);
}

/* Native protocol of the journal: NAME=value, or NAME, a length and the value where it has line ends. */
static void format_journal(const struct log_line *line, struct buf *out)
{
	uint64_t len = htole64(strlen(line->text));

	buf_addf(out, "PRIORITY=%d\nSYSLOG_IDENTIFIER=%s\nMESSAGE\n", level_priorities[line->level], log_state.name);
	buf_add(out, &len, sizeof(len));
	buf_adds(out, line->text);
	buf_adds(out, "\n");
}

static void format_syslog(const struct log_line *line, struct buf *out)
{
	enum { FACILITY_DAEMON = 3 };

	buf_addf(out, "<%d>%s[%ld]: %s", FACILITY_DAEMON << 3 | level_priorities[line->level], log_state.name,
		 (long)getpid(), line->text);
}

static int open_file(const char *name)
{
	/* A log may be a FIFO or a terminal of the caller's. */
	return fd_open(AT_FDCWD, name, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0644);
}

static int open_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	return fd_take(fd);
}

static int open_journal(const char *name)
{
	(void)name;
	return open_socket("/run/systemd/journal/socket");
}

static int open_syslog(const char *name)
{
	(void)name;
	return open_socket("/dev/log");
}

static const struct log_target targets[] = {
	/* the last one, a path, matches anything */
	{ "journald:", open_journal, format_journal },
	{ "syslog:", open_syslog, format_syslog },
	{ "file:", open_file, format_file },
	{ "", open_file, format_file },
};

static const struct log_target *find_target(const char *text)
{
	const struct log_target *t = targets;

	while (strncmp(text, t->prefix, strlen(t->prefix)) != 0)
		t++;
	return t;
}

int log_open(const char *text, enum log_format format, enum log_level level)
{
	log_state.format = format;
	log_state.level = level;
	if (!text || !text[0])
		return 0;

	const struct log_target *target = find_target(text);
	const char *name = text + strlen(target->prefix);
	int fd = target->open(name);
	if (fd < 0)
		return fd;
	fd_close(log_state.fd);
	mem_freep(&log_state.name);
	log_state.fd = fd;
	log_state.target = target;
	log_state.name = mem_strdup(name[0] ? name : "husk");
	return 0;
}

bool log_enabled(enum log_level level)
{
	return level <= log_state.level;
}

static void write_time(char *buf, size_t size)
{
	struct timespec now;
	struct date d;

	clock_gettime(CLOCK_REALTIME, &now);
	date_utc(now.tv_sec, &d);
	snprintf(buf, size, "%04u-%02u-%02uT%02u:%02u:%02uZ", d.year, d.month, d.day, d.hour, d.minute, d.second);
}

/* One write, so that lines of several processes do not mix. */
static int write_line(int fd, const struct buf *b)
{
	return fd_write_all(fd, b->data, b->len);
}

/* podman reads the JSON log of a failed command as one object, and what create writes to stderr shows up in the output of
 * the container. So a warning waits: it goes to the log when the command succeeds, to stderr when it fails. */
static bool must_wait(enum log_level level)
{
	return log_state.target && level == LOG_LEVEL_WARNING && log_state.format == LOG_FORMAT_JSON &&
	       log_state.level == LOG_LEVEL_WARNING;
}

static void format_stderr(const struct log_line *line, struct buf *b)
{
	if (!log_state.target && log_state.format == LOG_FORMAT_JSON)
		format_json(line, b);
	else if (line->level == LOG_LEVEL_ERROR)
		buf_addf(b, "husk: %s\n", line->text);
	else
		buf_addf(b, "husk: %s: %s\n", level_words[line->level], line->text);
}

static void flush_held(int fd, struct buf *lines)
{
	if (lines->len)
		write_line(fd, lines);
	buf_done(&log_state.held);
	buf_done(&log_state.held_text);
}

static void write_now(const struct log_line *line)
{
	_cleanup_buf_ struct buf to_target = { 0 }, to_stderr = { 0 };
	int r = -ENOENT;

	if (log_state.target) {
		log_state.target->format(line, &to_target);
		r = write_line(log_state.fd, &to_target);
	}
	/* An error is always on stderr too: whoever started husk by hand sees it. */
	if (line->level != LOG_LEVEL_ERROR && r == 0)
		return;
	format_stderr(line, &to_stderr);
	write_line(STDERR_FILENO, &to_stderr);
}

void log_message(enum log_level level, const char *fmt, ...)
{
	char text[8192], time[32];
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	write_time(time, sizeof(time));

	const struct log_line line = { level, text, time };
	if (must_wait(level)) {
		log_state.target->format(&line, &log_state.held);
		format_stderr(&line, &log_state.held_text);
		return;
	}
	if (level == LOG_LEVEL_ERROR)
		flush_held(STDERR_FILENO, &log_state.held_text);
	write_now(&line);
}

void log_end(void)
{
	flush_held(log_state.fd, &log_state.held);
}
