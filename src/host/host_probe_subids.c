/* SPDX-License-Identifier: Apache-2.0 */
/* The caller's subordinate ids, as newuidmap(1) and newgidmap(1) would let it map them. */
#include "facts.h"
#include "host_probe.h"
#include "util/mem.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The first range of the caller in /etc/subuid or /etc/subgid: "name-or-uid:first:count". */
static bool find_range(const char *path, const char *name, uid_t uid, unsigned long *ret_first,
		       unsigned long *ret_count)
{
	FILE *file = fopen(path, "re");
	_cleanup_free_ char *line = NULL;
	char number[16];
	size_t size = 0;
	bool found = false;

	snprintf(number, sizeof(number), "%u", (unsigned)uid);
	while (file && !found && getline(&line, &size, file) > 0) {
		size_t len = strcspn(line, ":");
		bool mine = (name && strlen(name) == len && strncmp(line, name, len) == 0) ||
			    (strlen(number) == len && strncmp(line, number, len) == 0);
		found = mine && sscanf(line + len, ":%lu:%lu", ret_first, ret_count) == 2;
	}
	if (file)
		fclose(file);
	return found;
}

static bool is_there(const char *program)
{
	static const char *const dirs[] = { "/usr/bin", "/bin", "/usr/local/bin" };

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		_cleanup_free_ char *path = mem_printf("%s/%s", dirs[i], program);
		if (access(path, X_OK) == 0)
			return true;
	}
	return false;
}

static char *map(const char *file, const char *name, uid_t uid, unsigned own)
{
	unsigned long first, count;

	if (!find_range(file, name, uid, &first, &count))
		return NULL;
	return mem_printf("0 %u 1\n1 %lu %lu\n", own, first, count);
}

void host_probe_subids(struct facts *f)
{
	struct passwd passwd, *found = NULL;
	char buffer[4096];

	if (f->privileged || !is_there("newuidmap") || !is_there("newgidmap"))
		return;
	getpwuid_r(f->euid, &passwd, buffer, sizeof(buffer), &found);
	const char *name = found ? passwd.pw_name : NULL;
	f->uid_map = map("/etc/subuid", name, f->euid, (unsigned)f->euid);
	f->gid_map = map("/etc/subgid", name, f->euid, (unsigned)f->egid);
	if (f->uid_map && f->gid_map)
		return;
	free(f->uid_map);
	free(f->gid_map);
	f->uid_map = f->gid_map = NULL;
}
