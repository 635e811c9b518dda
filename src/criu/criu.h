/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The criu program: started as a worker (`criu swrk`), told by RPC what to do, with its log kept for the error.
 *
 * One struct criu serves one request. Order: criu_start; fill a request with the options (criu_message.h, numbers
 * below); criu_call; criu_end.
 */
#ifndef HUSK_CRIU_H
#define HUSK_CRIU_H

#include "criu_message.h"

#include <stdbool.h>
#include <sys/types.h>

struct err;

enum criu_request { CRIU_DUMP = 1, CRIU_RESTORE = 2, CRIU_PRE_DUMP = 4, CRIU_NOTIFY = 6, CRIU_FEATURE_CHECK = 9 };

/* Fields of criu_opts in CRIU's rpc.proto. */
enum criu_option {
	CRIU_IMAGES_DIR_FD = 1, CRIU_PID = 2, CRIU_LEAVE_RUNNING = 3, CRIU_EXT_UNIX_SK = 4, CRIU_TCP_ESTABLISHED = 5,
	CRIU_EVASIVE_DEVICES = 6, CRIU_SHELL_JOB = 7, CRIU_FILE_LOCKS = 8, CRIU_LOG_LEVEL = 9, CRIU_LOG_FILE = 10,
	CRIU_PAGE_SERVER = 11, CRIU_NOTIFY_SCRIPTS = 12, CRIU_ROOT = 13, CRIU_PARENT_IMG = 14, CRIU_TRACK_MEM = 15,
	CRIU_AUTO_DEDUP = 16, CRIU_WORK_DIR_FD = 17, CRIU_LINK_REMAP = 18, CRIU_EXT_MNT = 23, CRIU_CG_ROOT = 25,
	CRIU_RST_SIBLING = 26, CRIU_INHERIT_FD = 27, CRIU_MANAGE_CGROUPS_MODE = 34, CRIU_EXTERNAL = 37,
	CRIU_EMPTY_NS = 38, CRIU_JOIN_NS = 39, CRIU_FREEZE_CGROUP = 44, CRIU_TCP_SKIP_IN_FLIGHT = 46,
	CRIU_LAZY_PAGES = 48, CRIU_STATUS_FD = 49, CRIU_ORPHAN_PTS_MASTER = 50, CRIU_CONFIG_FILE = 51,
	CRIU_TCP_CLOSE = 52, CRIU_LSM_PROFILE = 53, CRIU_LSM_MOUNT_CONTEXT = 63, CRIU_NETWORK_LOCK = 64,
};
enum criu_feature { CRIU_FEATURE_MEM_TRACK = 1, CRIU_FEATURE_LAZY_PAGES = 2 };

/* Descriptors that criu gets have these numbers: the i-th is CRIU_FIRST_FD + i. */
enum { CRIU_SOCKET_FD = 3, CRIU_FIRST_FD = 4, CRIU_MAX_FDS = 16 };

struct criu {
	pid_t pid;
	int pid_fd;
	int socket_fd;
	int stderr_fd;                  /* what it says before it has a log */
	int images_fd, work_fd;
	const char *work_path;
	const char *log_name;           /* "dump.log" */
};

struct criu_start {
	const char *what;               /* "checkpoint", for errors */
	const char *log_name;
	const char *images_path, *work_path;   /* work_path NULL: images_path */
	const char *rootfs;             /* restore: made a mount point in a mount namespace of criu's own; else NULL */
	const int *fds;
	size_t n_fds;
};

int criu_start(struct criu *c, const struct criu_start *s, struct err *err);
/* Reaps criu. NULL and half-started ones are fine. */
void criu_end(struct criu *c);

/* What CRIU tells on its way; fd: -1, or one that came along and is the callee's. Not 0: CRIU shall give up. */
typedef int criu_notify_fn(void *user, const char *script, pid_t pid, int fd, struct err *err);

struct criu_reply {
	pid_t pid;                      /* restore: the root of the restored tree */
	bool mem_track, lazy_pages;     /* feature check */
};

/* Options that each request has. */
void criu_put_defaults(const struct criu *c, struct buf *opts);
/* Make the request and answer notifications until it is done. An error has the last errors of CRIU's log. */
int criu_call(struct criu *c, enum criu_request type, const struct buf *opts, criu_notify_fn *notify, void *user,
	      struct criu_reply *ret, struct err *err);
/* Ask for a feature: 1 or 0. */
int criu_has_feature(const struct criu_start *s, enum criu_feature feature, struct err *err);

#endif
