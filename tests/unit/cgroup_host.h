/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroups of this host as facts, for tests that do not want the probe's other work. */
#ifndef HUSK_TESTS_CGROUP_HOST_H
#define HUSK_TESTS_CGROUP_HOST_H

#include "cgroup/cgroup.h"
#include "util/fd.h"
#include "util/mem.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static struct facts facts;

static void add_hierarchy(const char *controllers, const char *root, const char *mount, bool v2)
{
	facts.hierarchies = mem_grow(facts.hierarchies, facts.n_hierarchies + 1, sizeof(*facts.hierarchies));
	facts.hierarchies[facts.n_hierarchies++] = (struct cgroup_hierarchy){
		.controllers = mem_strdup(controllers), .mount = mem_strdup(mount), .root = mem_strdup(root),
		.own = mem_strdup("/"), .v2 = v2,
	};
}

static void probe_line(char *line)
{
	char root[256], mount[256], options[256] = "";
	char *dash = strstr(line, " - ");

	if (!dash || sscanf(line, "%*d %*d %*s %255s %255s", root, mount) != 2)
		return;
	if (strncmp(dash, " - cgroup2 ", 11) == 0) {
		add_hierarchy("", root, mount, true);
	} else if (strncmp(dash, " - cgroup ", 10) == 0 && sscanf(dash, " - %*s %*s rw,%255s", options) == 1) {
		add_hierarchy(options, root, mount, false);
	}
}

static inline void probe(void)
{
	char *text = NULL, *save;
	bool v1 = false, v2 = false;

	if (fd_read_file(AT_FDCWD, "/proc/self/mountinfo", 1 << 20, &text, NULL) < 0)
		return;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		probe_line(l);
	free(text);
	facts.v2_controllers = mem_strdup("");
	for (size_t i = 0; i < facts.n_hierarchies; i++) {
		struct cgroup_hierarchy *h = &facts.hierarchies[i];
		v1 |= !h->v2;
		v2 |= h->v2;
		char *path = mem_printf("%s/cgroup.controllers", h->mount);
		if (h->v2 && fd_read_file(AT_FDCWD, path, 4096, &text, NULL) == 0) {
			text[strcspn(text, "\n")] = 0;
			free(facts.v2_controllers);
			facts.v2_controllers = text;
		}
		free(path);
	}
	facts.layout = v1 && v2 ? CGROUP_HYBRID : v1 ? CGROUP_V1 : v2 ? CGROUP_V2 : CGROUP_NONE;
}

#endif
