/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What host and container process say to each other: fixed records over a SOCK_SEQPACKET
 * socketpair, later over the start socket.  Shared with the executor.
 *
 * The order lives in this table; anything else is a protocol error and ends the command.
 * EOF means that the other side is dead.
 *
 *   state     message   sender    next      meaning
 *   -------   -------   -------   -------   -----------------------------------------------------
 *   HOST      GO        host      INIT      the container side runs ops from `op` on; descriptors
 *                                           ride along, slots[] says where they belong
 *   INIT      SPAWNED   executor  INIT      after `clone`: pid (of the executor's PID namespace),
 *                                           pidfd rides along when there is one
 *   INIT      WARN      either    INIT      op failed with `error`, and that was tolerated
 *   INIT      FD        init      INIT      a descriptor for the host: slots[0] is SYNC_FD_*
 *   INIT      TRACE     init      INIT      text: struct sync_trace[]: times of ops
 *   INIT      NAMESPACES init      INIT      text: uint64_t[9]: inodes of its namespaces, by enum
 *                                           oci_namespace_type, and its mount namespace's NS_GET_MNTNS_ID
 *   INIT      TURN      either    HOST      the next op to be done, `op`, is the host's
 *   INIT      READY     init      START     `wait_start`: the container is created; this channel closes
 *   INIT      FAIL      either    dead      op failed with `error`; text may say more (a hook's stderr)
 *   INIT      EOF       init      done      execve succeeded (last op), or died (any other)
 *   START     START     host      INIT      on the start socket: go on from the op after wait_start
 */
#ifndef HUSK_SYNC_H
#define HUSK_SYNC_H

#include <stdint.h>

/* The name of the container process until it executes the program, whose name has no slash. */
#define INIT_COMM "husk/init"

enum sync_type {
	SYNC_GO = 1,
	SYNC_SPAWNED,
	SYNC_WARN,
	SYNC_FD,
	SYNC_TRACE,
	SYNC_TURN,
	SYNC_READY,
	SYNC_FAIL,
	SYNC_START,
	SYNC_NAMESPACES,
	SYNC_TYPE_MAX
};

enum { SYNC_FD_CONSOLE = 1, SYNC_FD_SECCOMP };

#define SYNC_MAX_FDS 32                 /* descriptors in one message; more take several GO messages, `more` set */
#define SYNC_MAX_TEXT 4096

struct sync_message {
	uint32_t type;                  /* enum sync_type */
	uint32_t op;                    /* index of an op in the plan */
	int32_t error;                  /* negative errno, or 0 */
	int32_t pid;
	uint32_t detail;                /* FAIL of a hook: its wait status; CAPS: the capability; else 0 */
	uint16_t n_fds;
	uint16_t more;                  /* GO: another GO with descriptors follows; nothing runs yet */
	uint8_t slots[SYNC_MAX_FDS];
	uint32_t text_len;              /* bytes of text after this struct, at most SYNC_MAX_TEXT */
};

struct sync_trace {                     /* CLOCK_REALTIME nanoseconds */
	uint32_t op, pad;
	uint64_t start, end;
};

#endif
