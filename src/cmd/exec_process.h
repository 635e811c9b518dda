/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process of `exec`: from a file (--process), or the container's own with what the command line says.
 */
#ifndef HUSK_EXEC_PROCESS_H
#define HUSK_EXEC_PROCESS_H

#include "cmd.h"
#include "ocispec.h"

struct err;

struct exec_process {
	struct oci_process process;     /* what plan_build_exec gets; points into the rest */
	struct oci_user user;
	struct oci_capabilities caps;
	struct oci_arena *arena;        /* of --process */
	char **args, **env, **bounding, **effective, **permitted, **ambient;
	uint32_t *gids;
};

int exec_process_read(struct exec_process *p, const struct oci_config *config, const struct options *o, struct err *err);
void exec_process_done(struct exec_process *p);

/* "UID[:GID]", digits only, each below 2^32 - 1. *ret_has_gid: whether there was one. */
int exec_process_parse_user(const char *text, uint32_t *ret_uid, uint32_t *ret_gid, bool *ret_has_gid, struct err *err);

#endif
