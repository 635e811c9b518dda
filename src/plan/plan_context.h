/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the builder knows while it builds: the inputs, what has been chosen, the plan so far.  Its parts (plan_parts.h)
 * share one struct build.  Private to plan_*.c.
 *
 * An error names the pointer that plan_where was last given.
 */
#ifndef HUSK_PLAN_CONTEXT_H
#define HUSK_PLAN_CONTEXT_H

#include "cgroup/cgroup.h"
#include "host/facts.h"
#include "mount_option.h"
#include "ocispec.h"
#include "plan_draft.h"
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
	const struct oci_device *node;  /* made for the container; NULL: a mount of the host */
	uint64_t node_type;             /* S_IFCHR, S_IFBLK */
	uint32_t node_uid, node_gid;    /* of the host */
	bool may_be_missing;            /* it stands in for something else, which may do */
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

/* Fail at the current pointer; returns -EINVAL. */
int plan_fail(struct build *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A slot that is nobody else's. */
uint64_t plan_slot(struct build *b);

bool plan_namespace_private(const struct build *b, enum oci_namespace_type type);       /* new or joined */
/* The host's id for an id of the container by the lines of a map; -ERANGE when it is not mapped. */
int plan_map_id(const char *map, uint32_t id, uint32_t *ret);
char *plan_map_lines(const struct oci_id_mapping *m, size_t n);                 /* lines of /proc/PID/uid_map */

#endif
