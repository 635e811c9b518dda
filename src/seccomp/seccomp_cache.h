/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters, kept in files: compiling Docker's profile takes milliseconds, reading the result microseconds.
 *
 * A file is named by the SHA-256 of everything that the filter depends on: the profile, libseccomp's version, husk's
 * version and the architecture.  It is believed only when it is a regular file of ours that nobody else could have
 * written, whose header repeats the whole key, and whose content has the right length and check sum.  Anything else is
 * a miss.  Files appear whole (rename), so that any number of commands may use one directory at the same time.
 */
#ifndef HUSK_SECCOMP_CACHE_H
#define HUSK_SECCOMP_CACHE_H

#include "util/sha256.h"

#include <stddef.h>
#include <stdint.h>

struct oci_seccomp;

#define SECCOMP_CACHE_MAX 64            /* files; the oldest one goes when another comes */

struct seccomp_key {
	uint8_t hash[SHA256_SIZE];
};

/* The key of a profile (linux.seccomp). */
void seccomp_cache_key(const struct oci_seccomp *s, struct seccomp_key *ret);
/* 0 with *ret malloc'ed, or -ENOENT for whatever is not to be believed. */
int seccomp_cache_load(const char *dir, const struct seccomp_key *key, void **ret, size_t *ret_size);
/* Makes the directory (0700) where it is missing. A failure costs time, not correctness. */
int seccomp_cache_store(const char *dir, const struct seccomp_key *key, const void *filter, size_t size);

#endif
