/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a compiled filter says to one system call, found out by running it here.  For checking a filter before it is
 * loaded: a container whose filter stops its own start must be refused with a sentence, and the tests look at
 * architectures that this machine cannot run.
 */
#ifndef HUSK_SECCOMP_EVAL_H
#define HUSK_SECCOMP_EVAL_H

#include <stddef.h>
#include <stdint.h>

struct seccomp_data;

/* filter: struct sock_filter[], size in bytes. Returns the SECCOMP_RET_* value (with its data) in *ret, or
 * -EINVAL for a program that the kernel would refuse. */
int seccomp_eval(const void *filter, size_t size, const struct seccomp_data *data, uint32_t *ret);

#endif
