/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Building plans: pure, what is built depends only on the arguments, and no system call is made.
 * Order of a container's plan: docs/design/0001-plan.md.
 */
#ifndef HUSK_PLAN_BUILD_H
#define HUSK_PLAN_BUILD_H

#include "plan_draft.h"

#include <stdbool.h>

struct err;
struct facts;
struct oci_config;
struct oci_process;
struct request;

/* The plan of `create` and `run`. Every property that cannot be carried out is an error with its pointer. */
int plan_build(struct plan *p, const struct oci_config *config, const struct facts *facts,
	       const struct request *request, struct err *err);
/* The plan of `exec`: process joins the container whose saved configuration is config. */
int plan_build_exec(struct plan *p, const struct oci_config *config, const struct oci_process *process,
		    const struct facts *facts, const struct request *request, struct err *err);

/* The plan of `mounts`: a process joins the container and makes config->mounts in it, or removes what is there, last
 * one first. The rest of config is the container's. */
int plan_build_mounts(struct plan *p, const struct oci_config *config, bool removes, const struct facts *facts,
		      const struct request *request, struct err *err);

#endif
