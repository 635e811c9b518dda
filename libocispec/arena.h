/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory that is taken piece by piece and given back all at once.  What oci_arena_alloc and oci_arena_grow return is
 * zeroed and aligned for any member; all return NULL when there is no memory.
 */
#ifndef OCISPEC_ARENA_H
#define OCISPEC_ARENA_H

#include "ocispec.h"

struct oci_arena *oci_arena_new(void);
void *oci_arena_alloc(struct oci_arena *a, size_t size);
/* A larger piece with the contents of old; the old piece is extended where it is when it was the last. */
void *oci_arena_grow(struct oci_arena *a, void *old, size_t old_size, size_t new_size);
char *oci_arena_string(struct oci_arena *a, const char *s, size_t len);

#endif
