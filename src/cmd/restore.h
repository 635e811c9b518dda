/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Restoring a container by CRIU: the plan of its creation is walked, but instead of the executor criu is started, in the
 * container's cgroup, and instead of the container side's ops CRIU restores what was saved.
 */
#ifndef HUSK_RESTORE_H
#define HUSK_RESTORE_H

#include "launch.h"

struct restore {
	const char *images_path, *work_path;    /* work_path NULL: images_path */
	const char *cgroup_mode, *network_lock, *lsm_profile, *lsm_mount_context;
	const char *const *empty_ns;
	size_t n_empty_ns;
	bool tcp_established, tcp_close, ext_unix_sk, shell_job, lazy_pages, file_locks, auto_dedup;
};

/* Everything from the configuration to the running container. A failure leaves nothing. */
int restore_container(struct launch *l, const struct restore *options, struct err *err);

#endif
