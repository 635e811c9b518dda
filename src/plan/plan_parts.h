/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the builder: what plan_build.c puts in order.  Each part adds the ops of one subject to the
 * plan; none makes a system call.  Private to plan_*.c.
 */
#ifndef HUSK_PLAN_PARTS_H
#define HUSK_PLAN_PARTS_H

#include "plan_context.h"

/* plan_begin.c: one building. Everything that it chooses is freed at its end. */
struct build plan_begin(struct plan *p, const struct oci_config *config, const struct facts *facts,
			const struct request *request, struct err *err);
void plan_end(struct build *b);

/* plan_namespaces.c: which there are, and how the executor gets into them. */
int plan_namespaces_choose(struct build *b);
void plan_namespaces_open(struct build *b);
void plan_namespaces_enter(struct build *b);
uint64_t plan_namespaces_made(const struct build *b);   /* CLONE_NEW* for clone */
int plan_sysctl(struct build *b);
int plan_hostname(struct build *b);

/* plan_small.c: can the mount namespace be a small one? mounts[] has been read. */
bool plan_small_namespace(const struct build *b);

/* plan_tree.c: mounts of the host. */
size_t plan_tree_add(struct build *b, const char *path, uint64_t flags);
void plan_tree_open(struct build *b);           /* the first batch; all where the slots suffice */
void plan_tree_ready(struct build *b, size_t tree);     /* opens the next batch when tree is in it */
void plan_tree_take(struct build *b, size_t tree);      /* into MOUNT; it must be ready */
uint64_t plan_tree_slot(const struct build *b, size_t tree);    /* for TARGET_LIKE; PLAN_NO_SLOT: like MOUNT */

/* plan_rootfs.c */
int plan_rootfs_choose(struct build *b);
void plan_rootfs_open(struct build *b);
void plan_rootfs_set_up(struct build *b);
void plan_rootfs_working_dir(struct build *b);
int plan_rootfs_hide(struct build *b);          /* masked and read-only paths */
void plan_rootfs_enter(struct build *b);
uint64_t plan_rootfs_propagation(const struct build *b);        /* what mounts of the host become: MS_*, no MS_REC */

/* plan_mounts.c: mounts[]; plan_mount_read.c reads and checks them. */
int plan_mounts_read(struct build *b);
void plan_mounts_open(struct build *b);         /* user namespaces of mapped file systems */
void plan_mounts_make(struct build *b);
void plan_mounts_finish(struct build *b);       /* what becomes read-only at the end */
void plan_mounts_done(struct build *b);

/* plan_mount_attributes.c: MOUNT gets attr, and what else o asks for: recursive attributes, propagation. */
void plan_mount_attributes(struct build *b, const struct mount_options *o, struct mount_attributes attr);
/* The same for a mount of the host, or (tree) a whole tree of them: what rootfsPropagation asks for comes first. */
void plan_mount_attributes_of_host(struct build *b, const struct mount_options *o, struct mount_attributes attr, bool tree);

/* plan_mount_cgroup.c */
void plan_mount_cgroup(struct build *b, const struct mount_entry *e);
void plan_mount_cgroup_trees(struct build *b, struct mount_entry *e);

/* plan_devices.c */
int plan_devices_read(struct build *b);
void plan_devices_make(struct build *b);

/* plan_cgroup.c */
int plan_cgroup_choose(struct build *b);
void plan_cgroup_make(struct build *b);
void plan_cgroup_enter(struct build *b);        /* spawn and attach */
void plan_cgroup_limit_pids(struct build *b);
void plan_cgroup_delegate(struct build *b);      /* once the container's cgroup namespace is there */
bool plan_cgroup_mount_is_writable(const struct build *b);

/* plan_unit.c: annotations for the systemd scope */
int plan_unit_check(struct build *b);
void plan_unit_properties(struct build *b);     /* before cgroup_attach */

/* plan_process.c, plan_credentials.c: the program and what it is; fallback: the container's own process, for exec. */
int plan_process_check(struct build *b);
int plan_process_attributes(struct build *b, const struct oci_process *fallback);
/* CPUs of exec: what the process says, else what the container's own process does.  May be NULL. */
const struct oci_cpu_affinity *plan_process_affinity(const struct build *b, const struct oci_process *fallback);
int plan_process_credentials(struct build *b, const struct oci_process *fallback);
int plan_process_find(struct build *b);
void plan_process_keyring(struct build *b, const char *name);
void plan_process_seal(struct build *b, const struct oci_process *fallback);    /* descriptors, no_new_privs, filter */
int plan_process_execute(struct build *b);
/* plan_list.c: "0-3,7" as bits in 64-bit words, malloc'ed; 0 or -EINVAL. */
int plan_parse_list(const char *text, uint64_t **ret, size_t *ret_words);
/* plan_environment.c: the program's environment, as words. */
int plan_environment(struct build *b, uint64_t *ret);
const char *plan_environment_get(const struct oci_process *p, const char *name);        /* NULL: not set */

/* plan_hooks.c */
void plan_hooks_open(struct build *b);          /* the files that hooks of the container namespace print to */
void plan_hooks_create(struct build *b);
void plan_hooks_start(struct build *b);
void plan_hooks_poststart(struct build *b);

/* plan_exec.c: joining a running container, whose init is in a slot. */
void plan_exec_choose_maps(struct build *b);
void plan_exec_open(struct build *b, uint64_t init_slot);
void plan_exec_enter(struct build *b, uint64_t init_slot);

/* The annotation that says which context option carries linux.mountLabel (mount(8)): "context" when it is not there. */
#define PLAN_MOUNT_CONTEXT_TYPE "run.oci.mount_context_type"

/* plan_unsupported.c: what the specification names without defining it is refused. */
int plan_unsupported(struct build *b);

#endif
