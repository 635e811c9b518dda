/* SPDX-License-Identifier: Apache-2.0 */
/* Saving a running container by CRIU. */
#ifndef HUSK_CHECKPOINT_H
#define HUSK_CHECKPOINT_H

#include "container/container.h"
#include "plan/plan_view.h"

struct checkpoint {
	const char *images_path, *work_path;    /* work_path NULL: images_path */
	const char *parent_path;                /* NULL: none; relative to images_path */
	const char *page_server;                /* "ADDRESS:PORT" */
	const char *cgroup_mode, *network_lock;
	const char *const *empty_ns;
	size_t n_empty_ns;
	int status_fd;                          /* -1: none */
	bool leave_running, tcp_established, tcp_skip_in_flight, link_remap, ext_unix_sk, shell_job, lazy_pages,
		file_locks, pre_dump, auto_dedup;
};

/* c is locked and lives; plan is that of its creation. */
int checkpoint_container(const struct container *c, const struct oci_config *config, const struct plan_view *plan,
			 const struct checkpoint *options, struct err *err);

#endif
