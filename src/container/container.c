/* SPDX-License-Identifier: Apache-2.0 */
/* A container that is there; see container.h. */
#include "container.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static int open_cgroup(struct container *c, struct err *err)
{
	if (!c->record->cgroup)
		return 0;
	int r = cgroup_from_record(c->record->cgroup, &c->cgroup, err);
	if (r < 0)
		return err_prefix(err, "container %s", c->dir.id);
	c->has_cgroup = c->cgroup.n_dirs > 0;
	return 0;
}

int container_open(const char *root, const char *id, int timeout_ms, struct container *ret, struct err *err)
{
	struct container c = { .seen = { .pid_fd = -1 } };
	int r = state_dir_open(root, id, timeout_ms, &c.dir, err);

	if (r < 0)
		return r;
	r = state_read(&c.dir, &c.arena, &c.record, err);
	c.damaged = r == -ENODATA;
	c.has_file = r == 0 || faccessat(c.dir.dir_fd, "state.json", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	if (r == 0 || c.damaged)
		r = open_cgroup(&c, err);
	if (r < 0) {
		container_done(&c);
		return r;
	}
	container_observe(&c);
	*ret = c;
	return 0;
}

int container_glance(const char *root, int root_fd, const char *id, struct container *ret, struct err *err)
{
	struct container c = { .seen = { .pid_fd = -1 }, .has_file = true };

	c.dir = (struct state_dir){ .root_fd = -1, .dir_fd = -1, .id = mem_strdup(id) };
	if (state_read_below(root_fd, id, &c.arena, &c.record) < 0) {
		container_done(&c);
		return container_open(root, id, -1, ret, err);
	}
	state_observe(c.record, &c.seen);
	*ret = c;
	return 0;
}

void container_done(struct container *c)
{
	state_seen_done(&c->seen);
	cgroup_done(&c->cgroup);
	oci_arena_free(c->arena);
	c->arena = NULL;
	c->record = NULL;
	state_dir_done(&c->dir);
}

void container_observe(struct container *c)
{
	state_seen_done(&c->seen);
	state_observe_dir(&c->dir, c->record, &c->seen);
}

int container_config(const struct container *c, struct oci_arena **ret_arena, const struct oci_config **ret,
		     struct err *err)
{
	const struct oci_read_options options = { .name = "config.json" };
	struct oci_errors errors = { 0 };
	_cleanup_free_ char *text = NULL;
	size_t len;
	int r = state_read_config(&c->dir, &text, &len, err);

	if (r < 0)
		return r;
	r = oci_config_read(text, len, &options, ret_arena, ret, &errors);
	if (r < 0)
		err_say(err, r, "the saved configuration of container %s is damaged: %s", c->dir.id,
			errors.text ? errors.text : "unreadable");
	oci_errors_done(&errors);
	return r;
}

int container_guess_cgroup(struct container *c, const struct oci_config *config, struct err *err)
{
	const char *path = config->linux_ ? config->linux_->cgroups_path : NULL;
	struct facts facts;

	/* No record at all: create had made nothing yet, and what is at that path is another's. */
	if (!c->damaged || !c->has_file || c->record->cgroup)
		return 0;
	int r = host_probe(NULL, NULL, &facts, err);
	if (r < 0)
		return r;
	/* "slice:prefix:name" is systemd's form. */
	r = cgroup_locate(&facts, path, c->dir.id,
			  path && strchr(path, ':') ? CGROUP_DRIVER_SYSTEMD : CGROUP_DRIVER_CGROUPFS, &c->cgroup, err);
	facts_done(&facts);
	if (r < 0)
		return r;
	c->cgroup.owned = cgroup_may_be_of(&c->cgroup, c->dir.id);
	if (!c->cgroup.owned)
		cgroup_done(&c->cgroup);
	c->has_cgroup = c->cgroup.n_dirs > 0;
	return 0;
}
