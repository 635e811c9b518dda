/* SPDX-License-Identifier: Apache-2.0 */
/* This process. */
#ifndef HUSK_SELF_H
#define HUSK_SELF_H

#include <sys/types.h>

/* As getpid(2), which is asked once: who forks and goes on in this program does not use it. */
pid_t self_pid(void);

#endif
