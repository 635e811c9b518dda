/* SPDX-License-Identifier: Apache-2.0 */
/* The offset at which the value that a JSON pointer names begins: 0, -EINVAL for no pointer, or -ENOENT. */
#ifndef OCISPEC_LOCATE_H
#define OCISPEC_LOCATE_H

#include <stddef.h>

int oci_locate_offset(const char *text, size_t len, const char *pointer, size_t *ret_offset);

#endif
