/* SPDX-License-Identifier: Apache-2.0 */
/* Saving a running container by CRIU; see checkpoint.h. */
#include "checkpoint.h"

#include "criu/criu_tree.h"
#include "run/descriptors.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The cgroup that CRIU freezes, so that nothing is forked while it looks. */
static void put_freezer(struct buf *opts, const struct container *c)
{
	const struct cgroup_dir *found = NULL;

	for (size_t i = 0; c->has_cgroup && i < c->cgroup.n_dirs; i++) {
		const struct cgroup_dir *d = &c->cgroup.dirs[i];

		if (strstr(d->controllers, "freezer") || (d->v2 && !found))
			found = d;
	}
	if (!found)
		return;
	_cleanup_free_ char *path = mem_printf("%s/%s", found->mount, found->path);
	_cleanup_free_ char *clean = path_clean(path);
	criu_put_string(opts, CRIU_FREEZE_CGROUP, clean);
}

static int put_page_server(struct buf *opts, const char *text, struct err *err)
{
	_cleanup_buf_ struct buf m = { 0 };
	const char *colon = text ? strrchr(text, ':') : NULL;
	char *end = NULL;

	if (!text)
		return 0;
	long port = colon ? strtol(colon + 1, &end, 10) : 0;
	if (!colon || colon == text || port <= 0 || port > 65535 || *end)
		return err_say(err, -EINVAL, "--page-server %s: use --page-server ADDRESS:PORT", text);
	_cleanup_free_ char *address = mem_printf("%.*s", (int)(colon - text), text);
	criu_put_string(&m, 1, address);
	criu_put_number(&m, 2, port);
	criu_put_message(opts, CRIU_PAGE_SERVER, &m);
	return 0;
}

static void put_flags(struct buf *opts, const struct checkpoint *o)
{
	const struct {
		enum criu_option field;
		bool given;
	} flags[] = {
		{ CRIU_LEAVE_RUNNING, o->leave_running },
		{ CRIU_TCP_ESTABLISHED, o->tcp_established },
		{ CRIU_TCP_SKIP_IN_FLIGHT, o->tcp_skip_in_flight },
		{ CRIU_LINK_REMAP, o->link_remap },
		{ CRIU_EXT_UNIX_SK, o->ext_unix_sk },
		{ CRIU_SHELL_JOB, o->shell_job },
		{ CRIU_LAZY_PAGES, o->lazy_pages },
		{ CRIU_FILE_LOCKS, o->file_locks },
		{ CRIU_AUTO_DEDUP, o->auto_dedup },
		/* Later dumps are by what has changed since this one. */
		{ CRIU_TRACK_MEM, o->pre_dump || o->parent_path },
	};

	for (size_t i = 0; i < sizeof(flags) / sizeof(*flags); i++)
		if (flags[i].given)
			criu_put_number(opts, flags[i].field, 1);
}

static int put_words(struct buf *opts, const struct checkpoint *o, struct err *err)
{
	int code = criu_put_cgroup_mode(opts, o->cgroup_mode, err);

	if (code == 0)
		code = criu_put_network_lock(opts, o->network_lock, err);
	if (code == 0)
		code = criu_put_empty_namespaces(opts, o->empty_ns, o->n_empty_ns, err);
	if (code == 0)
		code = put_page_server(opts, o->page_server, err);
	criu_put_string(opts, CRIU_PARENT_IMG, o->parent_path);
	if (o->status_fd >= 0)
		criu_put_number(opts, CRIU_STATUS_FD, CRIU_FIRST_FD);
	return code;
}

static int put_container(struct buf *opts, const struct container *c, const struct oci_config *config,
			 const struct plan_view *plan, struct err *err)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d/root", (int)c->seen.pid);
	_cleanup_fd_ int root_fd = fd_open(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (root_fd < 0)
		return err_set(err, root_fd, "open the root of container %s", c->dir.id);
	criu_put_number(opts, CRIU_PID, c->seen.pid);
	criu_put_string(opts, CRIU_ROOT, c->record->rootfs);
	criu_put_mounts(opts, plan, root_fd, "/", false);
	criu_put_external_namespaces(opts, config, c->seen.pid);
	put_freezer(opts, c);
	criu_put_config_file(opts, config);
	return 0;
}

static int need_feature(const struct criu_start *s, bool needed, enum criu_feature feature, const char *option,
			struct err *err)
{
	int has = needed ? criu_has_feature(s, feature, err) : 1;

	if (has < 0)
		return has;
	return has ? 0 : err_say(err, -ENOTSUP, "--%s: CRIU says that it, or this kernel, cannot do it", option);
}

/* What is needed must be known before anything is stopped. */
static int check_features(const struct criu_start *s, const struct checkpoint *o, struct err *err)
{
	int code = need_feature(s, o->pre_dump || o->parent_path, CRIU_FEATURE_MEM_TRACK,
				o->pre_dump ? "pre-dump" : "parent-path", err);

	return code < 0 ? code : need_feature(s, o->lazy_pages, CRIU_FEATURE_LAZY_PAGES, "lazy-pages", err);
}

static int check_options(const struct checkpoint *o, struct err *err)
{
	if (o->status_fd >= 0 && fcntl(o->status_fd, F_GETFD) < 0)
		return err_say(err, -EBADF, "--status-fd %d: that descriptor is not open", o->status_fd);
	if (o->parent_path && o->parent_path[0] == '/')
		return err_say(err, -EINVAL, "--parent-path %s: must be relative to the image path", o->parent_path);
	if (o->lazy_pages && !o->page_server)
		return err_say(err, -EINVAL, "--lazy-pages needs --page-server, where the pages are asked for");
	if (o->lazy_pages && o->pre_dump)
		return err_say(err, -EINVAL, "--lazy-pages and --pre-dump exclude each other");
	return 0;
}

static int dump(struct criu *criu, const struct buf *opts, const struct container *c, const struct checkpoint *o,
		struct err *err)
{
	int code = o->pre_dump ? 0 : descriptors_save(criu->images_fd, c->seen.pid, err);

	if (code < 0)
		return code;
	return criu_call(criu, o->pre_dump ? CRIU_PRE_DUMP : CRIU_DUMP, opts, NULL, NULL, NULL, err);
}

int checkpoint_container(const struct container *c, const struct oci_config *config, const struct plan_view *plan,
			 const struct checkpoint *o, struct err *err)
{
	_cleanup_buf_ struct buf opts = { 0 };
	const struct criu_start start = { .what = "checkpoint",
					  .log_name = "dump.log",
					  .images_path = o->images_path,
					  .work_path = o->work_path,
					  .fds = &o->status_fd,
					  .n_fds = o->status_fd >= 0 };
	struct criu criu;

	int code = check_options(o, err);
	if (code == 0)
		code = check_features(&start, o, err);
	if (code == 0)
		code = put_words(&opts, o, err);
	if (code == 0)
		code = put_container(&opts, c, config, plan, err);
	if (code == 0)
		code = criu_start(&criu, &start, err);
	if (code < 0)
		return code;
	put_flags(&opts, o);
	criu_put_defaults(&criu, &opts);
	code = dump(&criu, &opts, c, o, err);
	criu_end(&criu);
	return code < 0 ? err_prefix(err, "checkpoint container %s", c->dir.id) : 0;
}
