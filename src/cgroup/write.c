/* SPDX-License-Identifier: Apache-2.0 */
/* One write into a file of a container's cgroup, and why it failed. */
#include "ocispec.h"
#include "systemd.h"
#include "systemd_resources.h"
#include "tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The n-th of words separated by '|'; the last one when there are fewer. malloc'ed. */
static char *nth_alternative(const char *list, unsigned n)
{
	const char *p = list, *bar;

	while (n-- > 0 && (bar = strchr(p, '|')))
		p = bar + 1;
	return mem_printf("%.*s", (int)strcspn(p, "|"), p);
}

static unsigned count_alternatives(const char *list)
{
	unsigned n = 1;

	for (; *list; list++)
		n += *list == '|';
	return n;
}

/* v2: why a controller's file is not there. */
static int explain_missing(const struct cgroup_dir *d, const char *controller, const char *file, struct err *err)
{
	_cleanup_fd_ int fd = cgroup_dir_open(d);
	_cleanup_free_ char *here = NULL;

	if (fd >= 0 && d->v2 && controller[0] && cgroup_read(fd, "cgroup.controllers", &here) == 0 &&
	    !cgroup_list_has(here, controller))
		return err_say(err, -ENOENT,
			       "cgroup %s%s does not have the controller %s: a cgroup above it does not pass it on "
			       "(cgroup.subtree_control), because it has processes itself or is not delegated",
			       d->mount, d->path, controller);
	return err_set(err, -ENOENT, "%s of cgroup %s%s (not in this kernel, or not for this device)", file, d->mount,
		       d->path);
}

/* What the kernel wants of a value that it refused. */
static const struct {
	const char *file; /* the beginning of its name */
	int error;        /* 0: any */
	const char *text;
} hints[] = {
	{ "cpuset.", 0,
	  "the CPUs or memory nodes must be there, and in the cgroup above: see its file of the same name" },
	{ "cpu.cfs_", EINVAL, "1000 is the least, 1000000 the longest period" },
	{ "cpu.max", EINVAL, "1000 is the least, 1000000 the longest period" },
	{ "cpu.idle", 0, "0 or 1" },
	{ "blkio.bfq.weight", ERANGE, "10 to 1000" },
	{ "blkio.weight", 0, "10 to 1000" },
	{ "io.", ENODEV, "there is no such block device" },
	{ "blkio.", ENODEV, "there is no such block device" },
	{ "memory.memsw.", EINVAL, "memory and swap together cannot be less than the limit of memory" },
	{ "memory.limit_in_bytes", EINVAL, "it cannot be more than the limit of memory and swap together" },
	{ "memory.limit_in_bytes", EBUSY, "the container uses more, and nothing can be taken away from it" },
};

static const char *hint_for(const char *file, int code)
{
	for (size_t i = 0; i < sizeof(hints) / sizeof(hints[0]); i++)
		if (strncmp(file, hints[i].file, strlen(hints[i].file)) == 0 &&
		    (!hints[i].error || hints[i].error == -code))
			return hints[i].text;
	return NULL;
}

static int write_failed(const struct cgroup_dir *d, const char *controller, const char *file, const char *value,
			int code, struct err *err)
{
	if (code == -ENOENT)
		return explain_missing(d, controller, file, err);
	const char *hint = hint_for(file, code);
	return err_say(err, code, "write \"%s\" to %s of cgroup %s%s: %s%s%s%s", value, file, d->mount, d->path,
		       err_reason(code), hint ? " (" : "", hint ? hint : "", hint ? ")" : "");
}

/* The first alternative that is there. *ret_name is the last one tried, *ret_text its value. */
static int try_alternatives(const struct cgroup_dir *d, const char *file, const char *value, char **ret_name,
			    char **ret_text)
{
	unsigned n = count_alternatives(file);
	int r = -ENOENT;

	for (unsigned i = 0; r == -ENOENT && i < n; i++) {
		free(*ret_name);
		free(*ret_text);
		*ret_name = nth_alternative(file, i);
		*ret_text = n > 1 ? nth_alternative(value, i) : mem_strdup(value);
		_cleanup_free_ char *path = cgroup_dir_file(d, *ret_name);
		r = fd_write_file(-1, path, *ret_text);
	}
	return r;
}

/* A new scope has room for the executor (SYSTEMD_TASKS_MIN); when the executor is gone, systemd hears the true limit. */
static int tell_tasks_max(const struct cgroup *c, const char *file, const char *value, struct err *err)
{
	struct oci_pids pids = { .has_limit = true, .limit = strtoll(value, NULL, 10) };
	struct oci_resources res = { .pids = &pids };

	if (c->driver != CGROUP_DRIVER_SYSTEMD || strcmp(file, "pids.max") != 0 || strcmp(value, "max") == 0 ||
	    pids.limit >= SYSTEMD_TASKS_MIN)
		return 0;
	return systemd_set_properties(c, &res, err);
}

int cgroup_write(const struct cgroup *c, const char *controller, const char *file, const char *value, unsigned flags,
		 struct err *err)
{
	const struct cgroup_dir *d = cgroup_find_dir(c, controller);
	bool optional = flags & CGROUP_WRITE_OPTIONAL;
	_cleanup_free_ char *name = NULL, *text = NULL;

	if (c->n_dirs == 0 || (!d && optional))
		return 0;
	if (!d)
		return err_say(err, -ENOENT, "there is no cgroup controller %s on this host", controller);
	int r = try_alternatives(d, file, value, &name, &text);
	/* Hybrid: the controllers of the v2 tree are enabled on demand. */
	if (r == -ENOENT && d->v2 && c->layout == CGROUP_HYBRID && cgroup_enable_controllers(c, d) == 0)
		r = try_alternatives(d, file, value, &name, &text);
	if (r == 0)
		return tell_tasks_max(c, name, text, err);
	if (r == -ENOENT && optional)
		return 0;
	return write_failed(d, controller, name, text, r, err);
}
