/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the builder: what plan_build.c puts in order.  Each part adds the ops of one subject to the
 * plan; none makes a system call.  Private to plan_*.c.
 *
 * An error names the pointer that plan_where was last given.
 */
#ifndef HUSK_PLAN_PARTS_H
#define HUSK_PLAN_PARTS_H

#include "cgroup/cgroup.h"
#include "mount_option.h"
#include "ocispec.h"
#include "plan_build.h"
#include "util/err.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>

enum namespace_how { NAMESPACE_HOST, NAMESPACE_NEW, NAMESPACE_JOINED };

struct namespace_choice {
	enum namespace_how how;
	const char *path;               /* JOINED */
	size_t index;                   /* in linux.namespaces */
	uint64_t slot;                  /* JOINED */
};

/* A mount of the host that the container takes over: a bind source, a device node. */
struct tree {
	const char *path;
	uint64_t flags;                 /* of open_tree(2) */
	const char *uid_map, *gid_map;  /* idmapped; NULL: not */
	bool idmap_recursive;
	uint32_t where_offset;
};

/* An entry of mounts[], read. */
struct mount_entry {
	const struct oci_mount *m;
	size_t index;                   /* SIZE_MAX: husk's own */
	char *destination, *source;     /* cleaned; source of a bind is absolute */
	struct mount_options o;
	bool bind;
	size_t tree;                    /* of a bind, or of the fallback; TREE_NONE */
	char *uid_map, *gid_map;        /* the mount's own id mapping */
	uint64_t userns_slot;           /* for a mapped file system that is made here; PLAN_NO_SLOT */
};
#define TREE_NONE SIZE_MAX

struct build {
	struct plan *p;
	const struct oci_config *config;
	const struct oci_linux *linux_; /* never NULL */
	const struct oci_process *process; /* NULL: none */
	const struct facts *facts;
	const struct request *request;
	struct err *err;

	struct namespace_choice ns[oci_namespace_type_MAX];
	bool mount_ns, user_ns;         /* there is one, new or joined */
	bool in_user_ns;                /* the container is in a user namespace that is not the initial one */
	bool born;                      /* the executor is born as the container process: nothing to join or to map */
	bool small_ns;                  /* the mount namespace starts from kdevtmpfs' one */
	bool host_trees;                /* the host clones mounts; else the container process does */
	char *uid_map, *gid_map;        /* of the new user namespace; what the config says of a joined one */
	uint64_t idmap_flags;
	char *rootfs;                   /* absolute */

	struct cgroup cgroup;
	struct cgroup_writes writes;
	struct cgroup_device_rule *device_rules;
	size_t n_device_rules;
	bool has_cgroup, late_cgroup;   /* late: systemd makes it, once there is a process */

	struct mount_entry *mounts;
	size_t n_mounts;
	struct tree *trees;             /* in the order in which they are taken */
	size_t n_trees, n_trees_open;   /* those that have been opened so far */
	size_t first_of_batch;          /* tree in slot `tree_slots` */
	uint64_t n_slots, tree_slots;   /* slots in use before the trees */
	uint64_t hook_output_slot, hook_error_slot;
	uint64_t listen_slot, null_slot, rootfs_slot, mount_ns_slot;
};

/* plan_parts.c. Fail at the current pointer; returns -EINVAL. */
int plan_fail(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A slot that is nobody else's. */
uint64_t plan_slot(struct build *b);

bool plan_namespace_private(const struct build *b, enum oci_namespace_type type);       /* new or joined */
/* The host's id for an id of the container by the lines of a map; -ERANGE when it is not mapped. */
int plan_map_id(const char *map, uint32_t id, uint32_t *ret);
char *plan_map_lines(const struct oci_id_mapping *m, size_t n);                 /* lines of /proc/PID/uid_map */

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
/* MOUNT gets its attributes and propagation; it is a tree when recursive. */
void plan_mount_adorn(struct build *b, const struct mount_options *o, bool tree);

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
bool plan_cgroup_mount_is_writable(const struct build *b);

/* plan_process.c, plan_credentials.c: the program and what it is; fallback: the container's own process, for exec. */
int plan_process_check(struct build *b);
int plan_process_attributes(struct build *b, const struct oci_process *fallback);
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

/* plan_unsupported.c: what the specification names without defining it. */
int plan_unsupported(struct build *b);

#endif
