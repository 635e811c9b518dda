/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a container comes from outside of it, told to CRIU the same way at checkpoint and at restore: mounts of
 * the host, namespaces that it joined, its freezer.
 */
#ifndef HUSK_CRIU_TREE_H
#define HUSK_CRIU_TREE_H

#include "criu.h"
#include "ocispec.h"
#include "plan/plan_view.h"

struct cgroup;

/* A mount that the plan makes: bind sources, masks. */
struct criu_mount {
	const char *destination;        /* in the container */
	const char *source;             /* of the host; NULL: the container's own (a tmpfs …) */
	enum target_kind kind;
	bool mask;                      /* a masked path: there only if the path is */
};
/* In the plan's order; malloc'ed, the strings are the plan's. */
size_t criu_tree_mounts(const struct plan_view *v, struct criu_mount **ret);

/* Tell CRIU which mounts are the host's. root_fd: the container's root; root: the path by which the caller sees it, taken
 * off what root_fd resolves to. restore: name the sources. */
void criu_put_mounts(struct buf *opts, const struct plan_view *v, int root_fd, const char *root, bool restore);

/* Checkpoint: the joined network and PID namespaces of pid. */
void criu_put_external_namespaces(struct buf *opts, const struct oci_config *config, pid_t pid);
/* Restore: network and PID namespaces are inherited as descriptors, which are opened into fds (CRIU_MAX_FDS
 * long) before criu starts; the others are joined by path. */
int criu_open_namespaces(const struct oci_config *config, int *fds, size_t *n_fds, struct err *err);
/* first: index of the first such descriptor. */
int criu_put_joined_namespaces(struct buf *opts, const struct oci_config *config, size_t first, struct err *err);

/* A descriptor of criu_start.fds, by its index, under the name that it has in the images. */
void criu_put_inherited(struct buf *opts, const char *key, size_t index);

/* Options of both sides, by the words of the command line. */
int criu_put_cgroup_mode(struct buf *opts, const char *word, struct err *err);          /* NULL: soft */
int criu_put_network_lock(struct buf *opts, const char *word, struct err *err);         /* NULL: CRIU's choice */
int criu_put_empty_namespaces(struct buf *opts, const char *const *words, size_t n, struct err *err);
/* The annotation org.criu.config, or a file of the host. */
void criu_put_config_file(struct buf *opts, const struct oci_config *config);

#endif
