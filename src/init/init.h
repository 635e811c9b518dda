/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The executor: one struct init, on the stack of init_main, is all its state.  Each op of op.def whose side is EXEC or
 * INIT is a function op_<ID>(c, arguments) that returns 0 or a negative errno, and may leave more words in c->text and
 * c->detail.  Descriptors are -1 for none, and close-on-exec from birth.
 */
#ifndef HUSK_INIT_INIT_H
#define HUSK_INIT_INIT_H

#include "init/kernel.h"
#include "init/str.h"
#include "init/sync.h"
#include "init/sys.h"
#include "plan/plan.h"

#include <stdbool.h>

#define INIT_HOME_SIZE 512
#define INIT_VECTORS 128
#define INIT_ANCHORS 8                  /* more mounts than that are not held */
#define INIT_TRACE_MAX (SYNC_MAX_TEXT / sizeof(struct sync_trace))

/* Of a lookup that must stay below where it begins, and meet no link; and, with the other, no mount either. */
enum {
	RESOLVE_PLAIN = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
	RESOLVE_PLAIN_HERE = RESOLVE_PLAIN | RESOLVE_NO_XDEV,
};

enum mount_kind {                       /* of file system, as far as anybody asks */
	MOUNT_UNKNOWN,                  /* a tree that was cloned */
	MOUNT_OTHER,
	MOUNT_PROC,                     /* the whole of a procfs */
	MOUNT_SYSFS,
	MOUNT_TMPFS,                    /* new, and reached by nobody else */
};

struct anchor {                         /* init_anchor.c */
	const char *path;               /* as the configuration gives it */
	int fd;                         /* the mount, or -1 */
	enum mount_kind kind;
	bool new;                       /* nothing was mounted in it before */
	bool stands;                    /* path has been seen to lead to it, in this run of masks */
};

struct init {
	const struct plan_header *plan;
	const struct op *ops;
	const char *data;
	uint32_t at;                    /* the op that runs */
	int sync_fd;                    /* to the host: the socketpair, later the start connection */
	int slots[PLAN_SLOTS];          /* descriptors from the host */
	uint32_t ns_done[PLAN_SLOTS];   /* setns: what has been joined through a slot in phase NS_FIRST */

	int mount_fd, target_fd;        /* the registers MOUNT and TARGET */
	enum mount_kind mount_kind;
	const struct op_args_FSMOUNT *unmade; /* MOUNT is yet to be made, by attaching it */
	bool target_held;               /* target_fd is an anchor's */
	bool target_safe;               /* TARGET is known to be in no procfs */
	enum { ROOT_UNASKED, ROOT_PLAIN, ROOT_STRANGE } root_kind; /* plain: the rootfs is no procfs */
	bool target_proc;               /* TARGET is /proc, or the root of a procfs */
	const char *target_path;        /* by which TARGET was found */
	uint64_t mount_slot;            /* slot from which MOUNT was taken, or PLAN_NO_SLOT */
	struct mount_attr late_attr;    /* of MOUNT, given once it is attached (kernels before 5.12) */
	int rootfs_fd;
	bool target_made;               /* the directory TARGET was missing */
	int proc_fd;                    /* the private procfs, or a verified /proc */
	struct anchor anchors[INIT_ANCHORS];
	int mask_fd, null_fd;           /* attached mounts from which further masks are cloned */
	int parent_fd;                  /* the directory of the last node or link, while more follow */
	bool parent_held;               /* it is an anchor's */
	const char *parent_of;          /* the path that it was found for */
	int hook_output_fd, hook_error_fd; /* files of the host for what hooks print, or -1 */
	uint64_t closing;               /* bit n: descriptor n is done with, and is closed together with others */

	bool cloned;                    /* this is the container process */
	bool pivoted;                   /* "/" is the rootfs */
	bool small_ns;                  /* the mount namespace is not a copy of the host's */
	bool no_open_tree_attr;
	bool dumpable;                  /* for as long as the host writes the id maps */
	bool umask_set;                 /* by the plan */
	bool exec_ready;                /* signals, umask and vectors are those of the program */
	bool euid_known;
	bool born_root;                 /* uid and gid are 0, all of them, and no op changes that */
	bool filtered;                  /* a filter with a listener is loaded */
	uint32_t umask;                 /* of the caller */
	uint32_t euid;                  /* of the container process while it makes nodes, once euid_known */

	const char *file;               /* the program, found by find_exec */
	char **argv, **envp;
	char env_home[INIT_HOME_SIZE];  /* "HOME=…", or "" */
	char env_pid[128];              /* "NAME=pid", or "" */

	uint32_t detail;                /* of a failure (sync.h) */
	struct text text;               /* of a failure: more words */
	uint32_t n_trace;
	bool trace;
	unsigned n_vectors;             /* used of vectors */

	/* Not touched before they are needed, so that they cost no memory. */
	char path[PATH_MAX];            /* the program's path when it was searched for */
	char *vectors[INIT_VECTORS];    /* argv and envp, when they fit */
	char text_buf[SYNC_MAX_TEXT];
	struct sync_trace traces[INIT_TRACE_MAX];
};

/* ---- init.c: the plan's data, descriptors */
static inline const char *init_str(const struct init *c, uint64_t offset) { return c->data + offset; }
/* First of *ret_n strings that follow each other, each with its NUL. */
const char *init_strv(const struct init *c, uint64_t offset, uint32_t *ret_n);
const void *init_blob(const struct init *c, uint64_t offset, uint32_t *ret_len);
static inline const char *init_next(const char *s) { return s + strlen(s) + 1; }
/* A vector of pointers to n strings, NULL-terminated, with room for `extra` more; NULL: no memory. */
char **init_vector(struct init *c, uint64_t strv, unsigned extra, uint32_t *ret_n);
/* As sys_close, but together with others later: closing is half of the calls of a mount.  init_close_all does it. */
void init_close(struct init *c, int *fd);
void init_close_all(struct init *c);
/* Errors that mean "not here, not so": another way may do. */
bool is_refusal(int error);
/* The descriptor in a slot, or -EBADF. */
int init_slot(const struct init *c, uint64_t slot);
/* Become (not) dumpable; to fail to hide is the end of the process. */
void init_dumpable(bool on);

/* ---- init_sync.c: messages to and from the host. A lost host ends the process. */
void init_send(struct init *c, enum sync_type type, int error, int pid, int fd, uint8_t slot);
void init_send_namespaces(struct init *c, const uint64_t *numbers, uint32_t size);
void init_send_trace(struct init *c);
void init_trace(struct init *c, uint64_t start);
uint64_t init_clock(void);              /* for deadlines */
uint64_t init_trace_clock(void);
/* Receive into *m (at most one, no waiting beyond it); descriptors go to their slots. 0 on EOF. */
int init_receive(struct init *c, int fd, struct sync_message *m);
/* Wait for GO; the op to go on from. */
uint32_t init_wait_go(struct init *c);

/* ---- init_proc.c: files of procfs */
/* Open a file below procfs for writing (or reading); never leaves that file system. */
int proc_open(struct init *c, const char *path, int flags);
int proc_write(struct init *c, const char *path, const char *value, size_t len);

/* ---- init_path.c: places in the rootfs */
int rootfs_fd(struct init *c);
/* openat2 below the rootfs, links resolved in it; O_CLOEXEC is added. */
int rootfs_open(struct init *c, const char *path, uint64_t flags);
/* openat2 below any directory: RESOLVE_NO_MAGICLINKS and O_CLOEXEC are added, EAGAIN is tried again. */
int open_below(int dir_fd, const char *path, uint64_t flags, uint64_t resolve);
enum rootfs_link { /* a symbolic link at the last name of a path */
	LINK_FOLLOW,
	LINK_REFUSE,
	LINK_TAKE, /* is itself the place */
};
/* Find a directory (dir) or a file, or make it; what is there must be of that kind. An O_PATH (or other) descriptor. */
int rootfs_make(struct init *c, const char *path, bool dir, uint32_t mode, enum rootfs_link link);
/* The directory in which path's last name is or will be; *ret_name is that name, in buf[PATH_MAX]. */
int rootfs_parent(struct init *c, const char *path, char *buf, const char **ret_name);
int fd_statx(int fd, const char *name, struct statx *ret);
int fd_mode(int fd);                    /* type and permissions, or a negative errno */
bool same_place(int a, int b);          /* the same file by the same mount */

/* ---- init_anchor.c: the container's procfs, sysfs and new tmpfs, held from the moment they are mounted */
/* MOUNT (now TARGET) of this kind has been attached at its path: hold it, if it is a procfs, a sysfs or a new tmpfs. */
void anchor_note(struct init *c, enum mount_kind kind);
/* Hold nothing any more. */
void anchor_close(struct init *c);
/* The held tmpfs that is the directory of path, *ret_name is what is in it: one name; or -1.  Not the caller's to close. */
int anchor_directory(struct init *c, const char *path, const char **ret_name);
/* Find or make a directory by a way that is known to be safe: in a held tmpfs or sysfs; -ENXIO: there is no such way. */
int anchor_make(struct init *c, const char *path, uint32_t mode);
/* Of a lookup that may cross no mount and no link: is that, or a missing name, why it failed? */
bool leads_elsewhere(int error);
/* As rootfs_open, but from the mount that the configuration put above path, wherever that is now; -ENXIO: there is none. */
int anchor_open(struct init *c, const char *path, uint64_t flags);
/* Where both ways lead to the same place, as the anchor's own path leads to it: its descriptor, not the caller's to close,
 * and what is left of path below it, in which there may be no link. That is asked once in a run of masks, and again after
 * anchor_doubt. -ELOOP: it may be two places. */
int anchor_plain(struct init *c, const char *path, const char **ret_rest, bool *ret_new);
void anchor_doubt(struct init *c);

/* ---- init_parent.c: the directory of ops that come in runs */
/* As rootfs_parent, but the descriptor is c's, and serves until another op or directory follows. */
int parent_shared(struct init *c, const char *path, char *buf, const char **ret_name);
void parent_forget(struct init *c);

/* ---- init_target.c */
void target_close(struct init *c);

/* ---- init_mount_fd.c: a mount by its descriptor */
int mount_attach(int mount_fd, int target_fd);
int mount_attach_at(int mount_fd, int dir_fd, const char *name); /* onto a name, which is no link, or "" */
int mount_clone(int fd, const char *path, uint64_t flags);
int mount_take(struct init *c, int fd); /* fd, unless it is a failure, is MOUNT from here on */
/* For mount(2) and umount2(2), which know paths only: fd's, from the private procfs, which becomes the working directory. */
int mount_enter_path(struct init *c, int fd, struct text *path);
uint64_t mount_flags(uint64_t attr);    /* of mount(2), for MOUNT_ATTR_* */
int mount_attr_set(int fd, const struct mount_attr *a, bool recursive);
/* Before Linux 5.12: the attributes wait in c->late_attr until MOUNT is attached, where mount(2) can give them. What it
 * cannot do, a whole tree at once, stays an error. */
int mount_attr_keep(struct init *c, const struct mount_attr *a, bool recursive);
int mount_attr_apply(struct init *c, int fd, const struct mount_attr *a);
/* Attributes of a mount that is attached: by either way. */
int mount_attr_set_attached(struct init *c, int fd, const struct mount_attr *a, bool recursive);

/* ---- init_fsmount.c */
/* Make c->unmade and attach it to TARGET: 0. 1: it is MOUNT, and is to be attached. */
int mount_at_once(struct init *c);

/* ---- init_exec.c */
void init_restore_signals(const struct init *c);
/* The program's environment, NULL-terminated; NULL: no memory. */
char **init_environment(struct init *c);
/* Everything that the program finds: vectors, signals, umask. Nothing but execve is left to do. */
int init_prepare_exec(struct init *c);

/* ---- init_keeper.c */
_Noreturn void keeper_main(int argc, char **argv);

/* ---- the ops */
#define OP_DECLARE_HOST(id)
#define OP_DECLARE_EXEC(id) int op_##id(struct init *c, const struct op_args_##id *a);
#define OP_DECLARE_INIT(id) int op_##id(struct init *c, const struct op_args_##id *a);
#define OP(id, side, name, args, text) OP_DECLARE_##side(id)
#include "plan/op.def"
#undef OP

#endif
