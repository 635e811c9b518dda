/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How the host starts the keeper (shared by both sides).
 *
 * The keeper is husk-init, executed from the same memfd, outside the container's cgroup.  It waits until init is
 * gone, kills what is left in the container's cgroup, and exits: status 0 when nothing is left, 1 otherwise.
 *
 *   argv         {"husk-init", "keep", WORD, …}: one KEEPER_* word for each descriptor from 4 on, in order
 *   environment  empty
 *   descriptors  0, 1, 2  anything; the keeper replaces them with /dev/null at once
 *                3        a pidfd of init
 *                4 …      what the words name; at most KEEPER_MAX_FDS
 *                         all others are closed by the keeper at its start
 *
 * With KEEPER_KILL one write ends all, but for whom a v1 freezer holds: with KEEPER_FREEZER too, that is thawed then.
 * Without it (v1, kernels before 5.14), or where it is refused (the cgroup became a threaded one), it needs the cgroup's
 * directory in each hierarchy: freeze, SIGKILL for every process of the cgroup and of those below it, thaw, again until
 * none is left.
 */
#ifndef HUSK_INIT_KEEPER_H
#define HUSK_INIT_KEEPER_H

#define KEEPER_PID_FD 3
#define KEEPER_FIRST_FD 4
#define KEEPER_MAX_FDS 32

#define KEEPER_KILL "kill"          /* cgroup.kill of the container's v2 cgroup, open for writing */
#define KEEPER_V2 "v2"              /* directory of the v2 cgroup (O_DIRECTORY, or O_PATH) */
#define KEEPER_FREEZER "freezer"    /* directory of the cgroup in the v1 freezer hierarchy */
#define KEEPER_V1 "v1"              /* directory of the cgroup in another v1 hierarchy */

#endif
