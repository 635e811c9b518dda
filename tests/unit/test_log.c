/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the log. */
#include "unit.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <fcntl.h>
#include <unistd.h>

static char dir[] = "/tmp/husk-log-XXXXXX";
static char *path;

static char *contents(void)
{
	char *text = NULL;

	fd_read_file(AT_FDCWD, path, 1 << 20, &text, NULL);
	return text;
}

static void start(const char *prefix, enum log_format format, enum log_level level)
{
	_cleanup_free_ char *target = mem_printf("%s%s", prefix, path);

	unlink(path);
	CHECK_INT(log_open(target, format, level), 0);
}

static void test_one_json_line_for_a_failure(void)
{
	start("", LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_warning("not in the file");
	log_debug("not at all");
	log_error("a \"quote\", a \\, a\nline, \x01 and \xff");
	_cleanup_free_ char *text = contents();
	REQUIRE(text != NULL);
	CHECK(strncmp(text,
		      "{\"level\":\"error\",\"msg\":\"a \\\"quote\\\", a \\\\, a\\nline, \\u0001 and "
		      "\\ufffd\",\"time\":\"20",
		      80) == 0);
	CHECK_STR(strchr(text, '\n'), "\n");
	CHECK(strstr(text, "Z\"}\n"));
}

static void test_warnings_wait_for_success(void)
{
	start("", LOG_FORMAT_JSON, LOG_LEVEL_WARNING);
	log_warning("one");
	log_warning("two");
	_cleanup_free_ char *before = contents();
	CHECK_STR(before, "");
	log_end();
	_cleanup_free_ char *text = contents();
	REQUIRE(text != NULL);
	CHECK(strstr(text, "\"level\":\"warning\",\"msg\":\"one\""));
	CHECK(strstr(text, "\"level\":\"warning\",\"msg\":\"two\""));
}

static void test_json_debug_has_all(void)
{
	start("file:", LOG_FORMAT_JSON, LOG_LEVEL_DEBUG);
	log_debug("one");
	log_warning("two");
	_cleanup_free_ char *text = contents();
	REQUIRE(text != NULL);
	CHECK(strstr(text, "\"level\":\"debug\",\"msg\":\"one\""));
	CHECK(strstr(text, "\"level\":\"warning\",\"msg\":\"two\""));
}

static void test_text(void)
{
	start("", LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	log_error("bad");
	_cleanup_free_ char *text = contents();
	REQUIRE(text != NULL);
	CHECK(strncmp(text, "time=\"20", 8) == 0);
	CHECK(strstr(text, " level=error msg=\"bad\"\n"));
}

static void test_appends(void)
{
	start("", LOG_FORMAT_TEXT, LOG_LEVEL_WARNING);
	log_error("first");
	CHECK_INT(log_open(path, LOG_FORMAT_TEXT, LOG_LEVEL_WARNING), 0);
	log_error("second");
	_cleanup_free_ char *text = contents();
	REQUIRE(text != NULL);
	CHECK(strstr(text, "first") && strstr(text, "second"));
}

static void test_cannot_open(void)
{
	CHECK_INT(log_open("/nonexistent/log", LOG_FORMAT_TEXT, LOG_LEVEL_WARNING), -ENOENT);
}

int main(void)
{
	int null = open("/dev/null", O_WRONLY);

	if (!mkdtemp(dir) || null < 0 || dup2(null, STDERR_FILENO) < 0)
		return 1;
	path = mem_printf("%s/log", dir);
	UNIT(test_one_json_line_for_a_failure);
	UNIT(test_warnings_wait_for_success);
	UNIT(test_json_debug_has_all);
	UNIT(test_text);
	UNIT(test_appends);
	UNIT(test_cannot_open);
	unlink(path);
	rmdir(dir);
	free(path);
	return unit_done();
}
