/* SPDX-License-Identifier: Apache-2.0 */
/* `husk list`: the containers below the root, as a table, as JSON, or only their ids. */
#include "cmd.h"
#include "container/container.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/log.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int cmd_list(const struct global *g, const struct options *o);

enum { COLUMNS = 6 }; /* ID PID STATUS BUNDLE CREATED OWNER */

typedef void list_fn(const struct container *c, struct buf *out, size_t n);

static void add_json(const struct container *c, struct buf *out, size_t n)
{
	_cleanup_free_ char *text = NULL;

	if (state_json(c->record, c->seen.status, c->seen.pid, 0, &text) < 0)
		return;
	text[strcspn(text, "\n")] = '\0';
	buf_addf(out, "%s%s", n ? "," : "", text);
}

/* Tabs between the columns here; print_table makes them as wide as needed. */
static void add_row(const struct container *c, struct buf *out, size_t n)
{
	const struct husk_record *r = c->record;

	(void)n;
	buf_addf(out, "%s\t%d\t%s\t%s\t%s\t%s\n", r->id, (int)c->seen.pid, oci_status_words[c->seen.status], r->bundle,
		 r->created ? r->created : "", r->owner ? r->owner : "");
}

static void print_table(const char *rows)
{
	size_t width[COLUMNS] = { 0 }, column = 0, len = 0;
	_cleanup_buf_ struct buf out = { 0 };

	for (const char *p = rows; *p; p++) {
		if (*p != '\t' && *p != '\n') {
			len++;
			continue;
		}
		if (column < COLUMNS && len > width[column])
			width[column] = len;
		column = *p == '\n' ? 0 : column + 1;
		len = 0;
	}
	for (const char *p = rows; *p;) {
		size_t n = strcspn(p, "\t\n");

		buf_add(&out, p, n);
		/* The last column is not filled up with spaces. */
		if (p[n] == '\t')
			buf_addf(&out, "%*s", (int)(width[column] - n + 2), "");
		else
			buf_adds(&out, "\n");
		column = p[n] == '\n' ? 0 : column + 1;
		p += n + 1;
	}
	fwrite(out.data, 1, out.len, stdout);
}

/* One that cannot be read, or goes away while we look, is left out with a warning; list never fails for it. */
static size_t add_all(const struct global *g, char **ids, size_t n_ids, list_fn *add, struct buf *out)
{
	_cleanup_fd_ int root_fd = fd_open(AT_FDCWD, g->root, O_PATH | O_DIRECTORY, 0);
	size_t n = 0;

	for (size_t i = 0; i < n_ids; i++) {
		struct container c;
		struct err err = { 0 };
		int r = container_glance(g->root, root_fd, ids[i], &c, &err);
		if (r < 0 && r != -ENOENT)
			log_warning("%s", err.text);
		if (r < 0)
			continue;
		if (c.damaged && c.has_file)
			log_warning("%s", err.text);
		if (!c.damaged || c.has_file)
			add(&c, out, n++);
		container_done(&c);
	}
	return n;
}

static void print_all(const struct global *g, char **ids, size_t n, bool json)
{
	_cleanup_buf_ struct buf out = { 0 };

	buf_adds(&out, json ? "[" : "ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER\n");
	add_all(g, ids, n, json ? add_json : add_row, &out);
	if (json)
		printf("%s]\n", out.data);
	else
		print_table(out.data);
}

static int read_format(const struct options *o, bool *ret_json, struct err *err)
{
	const char *format = option_string(o, "format");

	*ret_json = format && strcmp(format, "json") == 0;
	if (!format || *ret_json || strcmp(format, "table") == 0)
		return 0;
	return err_say(err, -EINVAL, "invalid format \"%s\": expected table or json", format);
}

int cmd_list(const struct global *g, const struct options *o)
{
	struct err err = { 0 };
	char **ids = NULL;
	size_t n = 0;
	bool json;
	int r = read_format(o, &json, &err);

	if (r == 0)
		r = state_list(g->root, &ids, &n, &err);
	if (r == -ENOENT && !g->root_given)
		r = 0; /* nobody has made a container yet */
	if (r < 0)
		return cmd_fail(&err, 1);
	for (size_t i = 0; option_flag(o, "quiet") && i < n; i++)
		puts(ids[i]);
	if (!option_flag(o, "quiet"))
		print_all(g, ids, n, json);
	for (size_t i = 0; i < n; i++)
		free(ids[i]);
	free(ids);
	return 0;
}
