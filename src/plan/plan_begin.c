/* SPDX-License-Identifier: Apache-2.0 */
/* The beginning and the end of a building; see plan_parts.h. */
#include "plan_parts.h"

#include <stdlib.h>

struct build plan_begin(struct plan *p, const struct oci_config *config, const struct facts *facts,
			const struct request *request, struct err *err)
{
	static const struct oci_linux none;

	return (struct build){
		.p = p,
		.config = config,
		.linux_ = config->linux_ ? config->linux_ : &none,
		.process = config->process,
		.facts = facts,
		.request = request,
		.err = err,
		.hook_output_slot = PLAN_NO_SLOT,
		.hook_error_slot = PLAN_NO_SLOT,
		.listen_slot = PLAN_NO_SLOT,
		.null_slot = PLAN_NO_SLOT,
		.rootfs_slot = PLAN_NO_SLOT,
		.mount_ns_slot = PLAN_NO_SLOT,
	};
}

void plan_end(struct build *b)
{
	plan_mounts_done(b);
	cgroup_writes_done(&b->writes);
	free(b->device_rules);
	cgroup_done(&b->cgroup);
	free(b->trees);
	free(b->uid_map);
	free(b->gid_map);
	free(b->rootfs);
}
