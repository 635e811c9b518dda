/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text; see path.h. */
#include "path.h"
#include "mem.h"

#include <string.h>

char *path_join(const char *dir, const char *name)
{
	if (name[0] == '/' || !dir[0])
		return mem_strdup(name);
	size_t n = strlen(dir);
	while (n > 1 && dir[n - 1] == '/')
		n--;
	return mem_printf("%.*s%s%s", (int)n, dir, dir[n - 1] == '/' ? "" : "/", name);
}

char *path_clean(const char *path)
{
	bool absolute = path[0] == '/';
	char *out = mem_alloc(strlen(path) + 3);
	size_t len = 0, floor = 0; /* floor: what ".." cannot remove */

	if (absolute)
		out[len++] = '/';
	floor = len;
	for (const char *p = path; *p;) {
		size_t n = (size_t)(strchrnul(p, '/') - p);
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			if (len > floor) {
				while (len > floor && out[len - 1] != '/')
					len--;
				if (len > floor)
					len--; /* its slash */
			} else if (!absolute) {
				if (len)
					out[len++] = '/';
				out[len++] = '.';
				out[len++] = '.';
				floor = len;
			}
		} else if (n > 0 && !(n == 1 && p[0] == '.')) {
			if (len && out[len - 1] != '/')
				out[len++] = '/';
			memcpy(out + len, p, n);
			len += n;
		}
		p += n;
		while (*p == '/')
			p++;
	}
	if (len == 0)
		out[len++] = '.';
	out[len] = '\0';
	return out;
}

bool path_is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	while (n > 0 && dir[n - 1] == '/')
		n--;
	return strncmp(path, dir, n) == 0 && (path[n] == '\0' || path[n] == '/');
}

const char *path_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
