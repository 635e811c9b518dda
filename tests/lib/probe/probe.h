/* SPDX-License-Identifier: Apache-2.0 */
/* The probes: each is a program of its own behind `probe NAME ARGUMENTS`, printing name=value lines. */
#ifndef PROBE_H
#define PROBE_H

int probe_caps(int argc, char **argv);          /* the five sets in hex, securebits, no_new_privs, seccomp mode */
int probe_ids(int argc, char **argv);           /* uid, gid (real effective saved fs), groups, umask */
int probe_sched(int argc, char **argv);         /* policy, nice, priority, flags, I/O priority, affinity, personality, memory policy */
int probe_signals(int argc, char **argv);       /* blocked and ignored signals */
int probe_fds(int argc, char **argv);           /* the open descriptors, one a line: number, target */
int probe_rlimits(int argc, char **argv);       /* NAME=soft:hard */
int probe_call(int argc, char **argv);          /* raw system calls: probe call NUMBER [ARG …]: return value or errno */
int probe_keyring(int argc, char **argv);       /* session keyring: id, description; search a user key by name */
int probe_tty(int argc, char **argv);           /* TIOCSTI, TIOCLINUX, the high-word variants, on descriptor 0 */
int probe_exchange(int argc, char **argv);      /* swap two paths by renameat2 for some seconds */
int probe_many(int argc, char **argv);          /* fork N sleepers, print "ready", wait */
int probe_bomb(int argc, char **argv);          /* fork for ever; every child does too */
int probe_ignore(int argc, char **argv);        /* ignore every signal that can be ignored, print "ready", sleep */
int probe_overwrite(int argc, char **argv);     /* try to open the program of process PID for writing, for some seconds */
int probe_caught(int argc, char **argv);        /* print the name of each signal that arrives, until N have come */
int probe_clock(int argc, char **argv);         /* the clocks that a time namespace changes, in seconds */
int probe_open(int argc, char **argv);          /* open a path O_PATH and O_RDONLY; ok or errno name */
int probe_notify(int argc, char **argv);        /* send each argument to $NOTIFY_SOCKET, as sd_notify(3) does */

#endif
