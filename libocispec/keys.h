/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the objects that are open, so that one that stands twice is found.  A stack: an object's keys are looked
 * at when it closes, and taken off.  Keys are not copied.
 */
#ifndef OCISPEC_KEYS_H
#define OCISPEC_KEYS_H

#include <stddef.h>
#include <stdint.h>

struct oci_key {
	const char *name;
	uint32_t len;
	uint32_t offset; /* in the text */
};

struct oci_keys { /* {0} is an empty one */
	struct oci_key *stack;
	size_t n, cap;
};

int oci_keys_push(struct oci_keys *keys, struct oci_key key); /* 0, or -ENOMEM */
/* Take off what was pushed since n was `base`, telling of every key that had stood before. */
void oci_keys_close(struct oci_keys *keys, size_t base, void (*twice)(void *user, const struct oci_key *key),
		    void *user);
void oci_keys_done(struct oci_keys *keys);

#endif
