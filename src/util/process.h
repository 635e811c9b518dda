/* SPDX-License-Identifier: Apache-2.0 */
/* What /proc says of a process, and what tells a process from another that got its pid. */
#ifndef HUSK_UTIL_PROCESS_H
#define HUSK_UTIL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_stat {
	char name[64];                  /* of its program; the kernel's threads have long ones */
	char state;                     /* 'R', 'S', 'D', 'Z' … */
	unsigned flags;                 /* PF_* */
	unsigned n_threads;
	uint64_t start_time;            /* after the boot, in clock ticks: with the pid and the boot id it names a process */
};

/* 0, -ESRCH when there is no such process, or another negative errno. */
int process_stat(pid_t pid, struct process_stat *ret);
/* Its start time alone; 0 or a negative errno. */
int process_start_time(pid_t pid, uint64_t *ret);
/* The process that a thread is of; 0 when it is gone. */
pid_t process_of_thread(pid_t thread);
/* Is it dead, and only waits to be reaped? */
static inline bool process_is_zombie(const struct process_stat *s)
{
	return s->state == 'Z' || s->state == 'X';
}

/* Does it run nothing any more?  A zombie; or one that has ended, but must wait until the others of its PID namespace,
 * whose first process it is, have been reaped by whoever started them. */
static inline bool process_is_gone(const struct process_stat *s)
{
	const unsigned exiting = 0x4; /* PF_EXITING */

	return (process_is_zombie(s) || s->flags & exiting) && s->n_threads <= 1;
}

/* "12 (sh, state S in do_wait), …": who is in a list of pids, for errors; malloc'ed. */
char *process_describe(const pid_t *pids, size_t n);

/* The inode of a namespace (kind: "net", "mnt", …, as in /proc/PID/ns) of a process, 0: our own. 0 or a negative errno.
 * By readlink(2): stat(2) has the kernel make an inode for it, which takes ten times as long. */
int process_namespace(pid_t pid, const char *kind, uint64_t *ret);

/* What no other mount namespace ever has, as the inode may be another one's later; 0: not known (before Linux 6.11). */
uint64_t process_mount_namespace_id(pid_t pid);

/* The boot id, 36 characters; "" when it cannot be read. */
const char *process_boot_id(void);

#endif
