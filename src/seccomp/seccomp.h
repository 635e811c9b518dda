/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp filters: from linux.seccomp to the BPF program that the executor loads.  A search tree of our own, which also
 * answers ENOSYS to system calls that are newer than the newest one the profile knows (seccomp_numbers.h), then what
 * libseccomp compiles from the rest; cached by a hash of its content, so that the hot path compiles nothing.
 */
#ifndef HUSK_SECCOMP_H
#define HUSK_SECCOMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct oci_seccomp;
struct err;

struct seccomp_program {
	void *filter;                   /* struct sock_filter[], malloc'ed */
	size_t size;                    /* bytes */
	uint32_t flags;                 /* SECCOMP_FILTER_FLAG_* */
	bool listener;                  /* an action is SCMP_ACT_NOTIFY */
};

/* flags has SECCOMP_FILTER_FLAG_NEW_LISTENER when there is a listener.
 * cache_dir: where compiled filters are kept (made if missing), or NULL. Errors carry the JSON pointer. */
int seccomp_compile(const struct oci_seccomp *s, const char *cache_dir, struct seccomp_program *ret, struct err *err);
/* An error for a name that is no system call anywhere. Otherwise such names are left out. */
int seccomp_check_names(const struct oci_seccomp *s, struct err *err);
void seccomp_program_done(struct seccomp_program *p);

/* For `features`: recognised words; NULL-terminated. The architectures are those of the libseccomp that is there. */
const char *const *seccomp_supported_archs(void);
const char *const *seccomp_supported_flags(void);

#endif
