/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of host_probe (facts.h), each in a file of its own. */
#ifndef HUSK_HOST_PROBE_H
#define HUSK_HOST_PROBE_H

struct facts;
struct oci_config;
struct request;
struct err;

/* layout, hierarchies, v2_controllers. f->host_ns and f->rootless must be there. */
int host_probe_cgroup(struct facts *f, struct err *err);
/* uid_map, gid_map: what newuidmap(1) and newgidmap(1) would let the caller write; NULL when nothing. */
void host_probe_subids(struct facts *f);

/* kdevtmpfs; f->privileged and f->in_user_ns must be there. */
void host_probe_kdevtmpfs(const struct oci_config *config, const struct request *request, struct facts *f);

#endif
