/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a configuration puts the container's cgroup: linux.cgroupsPath, and the annotations
 *
 *     run.oci.systemd.subgroup=PATH     the cgroup is this one below the systemd scope ("" is the scope itself)
 *     run.oci.delegate-cgroup=PATH      limits hold for the cgroup, its processes are in this one below it, which is the
 *                                       container's to divide (v2)
 */
#ifndef HUSK_CGROUP_ANNOTATIONS_H
#define HUSK_CGROUP_ANNOTATIONS_H

struct cgroup;
struct err;
struct facts;
struct oci_config;
struct request;

#define ANNOTATION_SUBGROUP "run.oci.systemd.subgroup"
#define ANNOTATION_DELEGATE "run.oci.delegate-cgroup"

/* Pure; an error has its pointer. */
int cgroup_locate_configured(const struct oci_config *config, const struct facts *facts, const struct request *request,
			     struct cgroup *ret, struct err *err);

#endif
