/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SHA-256 (FIPS 180-4), for names that must not collide even when somebody tries.  Some 200 MB/s, which is plenty for
 * the few KiB that husk hashes; a library for it would cost more start-up time than that.
 */
#ifndef HUSK_SHA256_H
#define HUSK_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

void sha256(const void *data, size_t len, uint8_t ret[SHA256_SIZE]);

#endif
