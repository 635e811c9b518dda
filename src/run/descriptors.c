/* SPDX-License-Identifier: Apache-2.0 */
/* The standard streams of a checkpoint; see descriptors.h. */
#include "descriptors.h"

#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yajl/yajl_tree.h>

#define NAME "descriptors.json"

static void add_string(struct buf *b, const char *text)
{
	buf_adds(b, "\"");
	for (const char *p = text; *p; p++)
		if (*p == '"' || *p == '\\' || (unsigned char)*p < 0x20)
			buf_addf(b, "\\u%04x", (unsigned char)*p);
		else
			buf_add(b, p, 1);
	buf_adds(b, "\"");
}

int descriptors_save(int images_fd, int pid, struct err *err)
{
	_cleanup_buf_ struct buf b = { 0 };

	buf_adds(&b, "[");
	for (int i = 0; i < DESCRIPTORS_N; i++) {
		char link[48], target[PATH_MAX];

		snprintf(link, sizeof(link), "/proc/%d/fd/%d", pid, i);
		ssize_t n = readlink(link, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0'; /* closed: "" */
		buf_adds(&b, i ? "," : "");
		add_string(&b, target);
	}
	buf_adds(&b, "]");
	int code = fd_replace_file(images_fd, NAME, b.data, b.len, 0600);
	return code < 0 ? err_set(err, code, "write " NAME) : 0;
}

void descriptors_load(const char *images_path, char *ret[DESCRIPTORS_N])
{
	_cleanup_free_ char *path = path_join(images_path, NAME), *text = NULL;

	for (int i = 0; i < DESCRIPTORS_N; i++)
		ret[i] = NULL;
	if (fd_read_file(AT_FDCWD, path, 65536, &text, NULL) < 0)
		return;
	yajl_val tree = yajl_tree_parse(text, NULL, 0);
	for (size_t i = 0; YAJL_IS_ARRAY(tree) && i < tree->u.array.len && i < DESCRIPTORS_N; i++)
		ret[i] = mem_strdup(YAJL_GET_STRING(tree->u.array.values[i]));
	yajl_tree_free(tree);
}
