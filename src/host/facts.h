/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is known about this host, and what the caller asked for: the two inputs of plan_build beside
 * the config.  Plain data, so that tests can write them down; host_probe.c fills facts from the real
 * host, only those that the config needs.
 */
#ifndef HUSK_FACTS_H
#define HUSK_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cgroup_layout { CGROUP_NONE, CGROUP_V1, CGROUP_HYBRID, CGROUP_V2 };
enum cgroup_driver { CGROUP_DRIVER_CGROUPFS, CGROUP_DRIVER_SYSTEMD, CGROUP_DRIVER_DISABLED };

/* A cgroup hierarchy that is mounted. */
struct cgroup_hierarchy {
	char *controllers;      /* v1: "cpu,cpuacct" or "name=systemd"; v2: "" */
	char *mount;            /* where it is mounted: "/sys/fs/cgroup/memory" */
	char *root;             /* what of the hierarchy is mounted there, field 4 of mountinfo: "/" */
	char *own;              /* the caller's own cgroup in it, from /proc/self/cgroup: "/user.slice" */
	bool v2;
	bool closed;            /* rootless: the caller may make no cgroup where a path that is not absolute begins */
};

struct facts {
	unsigned kernel;                /* major << 16 | minor << 8 | patch */
	uid_t euid;
	gid_t egid;
	bool in_user_ns;                /* the caller is not in the initial user namespace */
	bool privileged;                /* CAP_SYS_ADMIN in the caller's user namespace */
	uint64_t caps;                  /* the caller's permitted set, bit n: capability n */
	uint64_t bounding;              /* the caller's bounding set */
	uint64_t ignored;               /* signals that husk ignores, bit n - 1: signal n */
	unsigned last_cap;              /* of this kernel */
	bool rootless;                  /* no CAP_SYS_ADMIN over the host, or --rootless=true */

	enum cgroup_layout layout;
	struct cgroup_hierarchy *hierarchies;
	size_t n_hierarchies;
	char *v2_controllers;           /* cgroup.controllers at the v2 root, "" when there are none */

	bool apparmor, selinux;         /* enabled in this kernel */
	bool subset_pid;                /* procfs knows subset=pid (5.8) */
	bool mount_setattr;             /* 5.12 */
	bool time_ns;
	unsigned kdevtmpfs;             /* pid of a kernel thread whose mount namespace, with one mount, can be entered; 0: none */
	bool new_session_keyring;
	uint64_t host_ns[8];            /* inode of the caller's own namespaces, by enum oci_namespace_type */
	uint64_t path_ns[8];            /* inode of the namespace at linux.namespaces[].path, by type; 0: none */
	bool rootfs_is_dir;             /* root.path was seen to be a directory */
	char *uid_map, *gid_map;        /* rootless: the caller's subordinate ids are usable: /proc/PID/uid_map lines */
};

/* What the command line said. Strings are borrowed. */
struct request {
	const char *id;
	const char *bundle;             /* absolute */
	const char *root;               /* directory of the records, absolute */
	const char *console_socket;
	const char *pid_file;           /* absolute */
	const char *pidfd_socket;
	bool no_pivot;
	bool no_new_keyring;
	bool detach;
	bool run;                       /* create and start in one: no start socket */
	bool keep;
	bool no_subreaper;
	bool restore;                   /* CRIU makes the container process, at the plan's `clone` */
	bool trace;
	unsigned preserve_fds;
	unsigned listen_fds;            /* LISTEN_FDS of the environment, when it is meant for us */
	const char *notify_socket;      /* NOTIFY_SOCKET of the environment */
	enum cgroup_driver driver;
	const struct seccomp_program *seccomp; /* the compiled linux.seccomp, NULL: none (seccomp.h) */

	/* exec: the running container that the process joins; NULL else */
	const struct exec_request *exec;
};

/* The first descriptor that is not the program's: 0, 1, 2, those of LISTEN_FDS and the preserved ones come before it. */
static inline unsigned request_first_fd(const struct request *r)
{
	return 3 + r->listen_fds + r->preserve_fds;
}

struct exec_request {
	bool paused;                    /* the container is */
	pid_t init_pid;
	int init_pid_fd;                /* init, checked against the record, borrowed; 0: none (explain) */
	uint64_t nstypes;               /* CLONE_NEW* of the namespaces in which init differs from the caller */
	bool user_ns;                   /* init is in another user namespace */
	const char *sub_cgroup;         /* --cgroup, or NULL */
	bool terminal;
};

/* The names of the kinds of namespaces in /proc/PID/ns, by enum oci_namespace_type. */
extern const char *const host_namespace_names[];

/* Fill facts for a config and a request (either may be NULL: only what is always needed). */
struct oci_config;
struct err;
int host_probe(const struct oci_config *config, const struct request *request, struct facts *ret, struct err *err);
void facts_done(struct facts *f);

/* Facts as JSON, for tests and `husk explain --facts FILE`. */
int facts_read(const char *path, struct facts *ret, struct err *err);

#endif
