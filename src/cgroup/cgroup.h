/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The cgroup is the container.
 *
 * A struct cgroup says where a container's cgroup is in each mounted hierarchy.  It is computed
 * (cgroup_locate, pure) from the facts, cgroupsPath and the driver; stored in the record; and opened
 * again from the record (cgroup_from_record) by every later command, which therefore needs no flag.
 *
 * Waits have deadlines in milliseconds; a wait that ends with processes left returns -ETIMEDOUT and an
 * error that names them (pid, state, wchan).
 */
#ifndef HUSK_CGROUP_H
#define HUSK_CGROUP_H

#include "host/facts.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct husk_cgroup_record;
struct oci_resources;
struct oci_config;
struct systemd_properties;

struct cgroup_dir {                     /* the container's cgroup in one hierarchy */
	char *controllers;              /* "memory", "cpu,cpuacct", "name=systemd"; "" for v2 */
	char *mount;                    /* mount point of the hierarchy */
	char *path;                     /* absolute directory below it, without the mount point: "/husk/id" */
	char *base;                     /* the highest directory of path that husk makes: "/husk"; NULL: none */
	bool v2;
};

struct cgroup {
	enum cgroup_driver driver;
	enum cgroup_layout layout;
	struct cgroup_dir *dirs;
	size_t n_dirs;
	char *unit;                     /* systemd: scope name "prefix-name.scope" */
	char *slice;                    /* systemd */
	bool user_manager;
	char *subgroup;                 /* systemd: where below the scope the directories are; NULL: the scope's own */
	char *delegated;                /* the container's processes are here, below the directory on v2; NULL: in it */
	struct systemd_properties *properties;  /* that annotations add to the scope; NULL: none */
	char *available;                /* of cgroup_locate: the controllers at the top of the v2 hierarchy, or NULL */
	bool fresh;                     /* the first directory was made just now: nothing is attached to it */
	char *mark;                     /* whose it is: trusted.husk of the first directory; NULL: cannot be told */
	bool owned;                     /* husk made it, or found it empty: delete removes it */
	bool removed;                   /* by cgroup_remove_empty: nobody was in it, and there is no more to do */
	bool surveyed;                  /* cgroup_survey was here */
	bool recorded;                  /* from its record: a systemd scope is there already */
};

void cgroup_done(struct cgroup *c);

/* Where the container's cgroup will be. Pure. cgroupfs: an absolute path counts from the mount point; a relative
 * one (NULL and "" are "<id>") from the caller's own cgroup on v1 and from its parent on v2, where a cgroup with
 * processes can have no controllers for its children. systemd: "slice:prefix:name", NULL and "" are
 * "husk-<id>.scope" in system.slice or user.slice. Without a path, hierarchies that are closed to a rootless caller
 * are left out, perhaps all. Driver disabled or layout none: a cgroup without directories,
 * with which all functions here succeed and do nothing. */
int cgroup_locate(const struct facts *f, const char *cgroups_path, const char *id,
		  enum cgroup_driver driver, struct cgroup *ret, struct err *err);

/* Of a systemd cgroup that is not made yet: go below its scope. -EINVAL when path is none that can be there. */
int cgroup_use_subgroup(struct cgroup *c, const char *path, struct err *err);
/* Of one that is not made yet: processes will be below it, in a cgroup that is the container's own to divide. */
int cgroup_use_delegated(struct cgroup *c, const char *path, struct err *err);
/* A property of the scope, before cgroup_attach; type is its D-Bus type, and each element has a word. */
void cgroup_add_property(struct cgroup *c, const char *name, const char *type, const char *const *words, size_t n);

/* To and from the record. What cgroup_to_record returns is malloc'ed, and nothing of c. */
struct husk_cgroup_record *cgroup_to_record(const struct cgroup *c);
void cgroup_record_free(struct husk_cgroup_record *r);
int cgroup_from_record(const struct husk_cgroup_record *r, struct cgroup *ret, struct err *err);

/* Whose it will be (mark.c); before it is recorded. */
void cgroup_set_mark(struct cgroup *c, const char *id);
/* Does no mark say that it is a container's of another id? */
bool cgroup_may_be_of(const struct cgroup *c, const char *id);

/* ---- making and removing ------------------------------------------------------------------ */

/* Look, before the record is written: which directories will be husk's (base, owned), so that the record names
 * them before they are made. Refuses as cgroup_create does. cgroup_create does it when it was not done. */
int cgroup_survey(struct cgroup *c, struct err *err);

/* Make it in every hierarchy and enable the controllers on the way (v2: cgroup.subtree_control; v1:
 * cpuset.cpus and .mems inherited). -EBUSY with an error that names the processes when it has some;
 * -EBUSY too when it is frozen. systemd: looks only; systemd makes the scope when it gets a pid, so with that
 * driver cgroup_write, cgroup_set_devices and cgroup_chown come after cgroup_attach. */
int cgroup_create(struct cgroup *c, struct err *err);
enum { CGROUP_ENTERED_V2 = 1, CGROUP_ENTERED_V1 = 2 };  /* where a process is already */
/* Put a process into it: every hierarchy, but for those of `entered`. systemd: StartTransientUnit
 * with properties from resources (may be NULL), then the hierarchies that systemd does not manage. */
int cgroup_attach(struct cgroup *c, pid_t pid, unsigned entered, const struct oci_resources *res, struct err *err);
/* A descriptor of the v2 directory for CLONE_INTO_CGROUP; -1 when there is none. Owned by the caller. */
int cgroup_open_v2(const struct cgroup *c);
/* Descriptors of the v1 directories' files `tasks`, owned by the caller: a thread that writes 0 to each is in the cgroup.
 * The kernel lets all other threads go on meanwhile, whereas a pid in cgroup.procs waits for an RCU grace period, which
 * takes milliseconds. None when they are more than max, or not all can be opened. */
size_t cgroup_open_tasks(const struct cgroup *c, int *ret, size_t max);
/* Make c->delegated, put all processes of c there, and hand it to uid (0: it stays root's). */
int cgroup_delegate(const struct cgroup *c, uid_t uid, struct err *err);
/* Hand the delegated files to uid (config-linux.md, Cgroup ownership). */
int cgroup_chown(const struct cgroup *c, uid_t uid, struct err *err);
/* Remove a cgroup in which nobody is and that has none below it: of a container whose init is dead. False: there may be
 * more to do, by cgroup_kill and cgroup_remove. */
bool cgroup_remove_empty(struct cgroup *c);
/* Remove it, with what is below it: bottom-up, EBUSY retried while processes are leaving. Gone is fine. */
int cgroup_remove(struct cgroup *c, int timeout_ms, struct err *err);
/* Does any of its directories exist? */
bool cgroup_exists(const struct cgroup *c);

/* ---- resources (resources.c: a table of controllers and files; pure) ------------------------- */

enum { CGROUP_WRITE_OPTIONAL = 1 };     /* a file or controller that is not there is fine */
struct cgroup_write {
	const char *controller;         /* "memory" */
	char *file;                     /* "memory.max" */
	char *value;
	char *pointer;                  /* "/linux/resources/memory/limit" */
	unsigned flags;                 /* CGROUP_WRITE_* */
};
struct cgroup_writes {
	struct cgroup_write *v;
	size_t n;
};
void cgroup_writes_done(struct cgroup_writes *w);
/* The writes that carry out resources in this layout, in order (the pids limit last). A controller that
 * the host lacks is an error (its pointer in err) unless only zeros ask for it. base is the pointer of res:
 * "/linux/resources" ("" for update's document). facts says which controllers there are. */
int cgroup_resources(const struct facts *f, const struct oci_resources *res, const char *base,
		     struct cgroup_writes *ret, struct err *err);
/* Make one write. controller selects the hierarchy; "" is the v2 tree. file may name alternatives, "a|b": the first
 * one that exists is written; value then may have as many ("1|default 100"), or be the same for all. */
int cgroup_write(const struct cgroup *c, const char *controller, const char *file, const char *value,
		 unsigned flags, struct err *err);
/* `update`: apply resources to a running container; a refused change puts back what was changed before it. */
int cgroup_update(const struct cgroup *c, const struct facts *f, const struct oci_resources *res, struct err *err);

/* Allowed devices: rules in order, then what husk adds (default devices, ptys, tty, ptmx). Pure. */
struct cgroup_device_rule {
	uint8_t allow;
	char type;                      /* 'a', 'b', 'c' */
	uint8_t access;                 /* bits: 1 mknod, 2 read, 4 write, as BPF_DEVCG_ACC_* */
	uint8_t pad;
	int64_t major, minor;           /* -1: all */
};
int cgroup_device_rules(const struct oci_config *config, struct cgroup_device_rule **ret, size_t *ret_n, struct err *err);
/* v2: load and attach the eBPF program; v1: devices.deny and devices.allow. */
int cgroup_set_devices(const struct cgroup *c, const struct cgroup_device_rule *rules, size_t n, struct err *err);

/* ---- processes --------------------------------------------------------------------------------- */

/* Every process in it and below it, each once (union of all hierarchies). malloc'ed. 0 or negative errno. */
int cgroup_pids(const struct cgroup *c, pid_t **ret, size_t *ret_n, struct err *err);
/* Is any process in it or below it? 1, 0, or negative errno. */
int cgroup_populated(const struct cgroup *c);
/* Send sig to every process in it, each exactly once, racing forks included (frozen meanwhile). Returns
 * the number of processes reached (≥ 0) or a negative errno. SIGKILL: cgroup_kill. */
int cgroup_signal(const struct cgroup *c, int sig, struct err *err);
/* Kill everything in it and below it, frozen or not, and wait until it is empty. Zombies whose parent is
 * outside do not count as left. */
int cgroup_kill(const struct cgroup *c, int timeout_ms, struct err *err);
/* Open what the keeper needs to kill: v2 cgroup.kill, -1 where there is none. */
int cgroup_open_kill(const struct cgroup *c);

int cgroup_freeze(const struct cgroup *c, int timeout_ms, struct err *err);
int cgroup_thaw(const struct cgroup *c, int timeout_ms, struct err *err);   /* recursively */
bool cgroup_frozen(const struct cgroup *c);

#endif
