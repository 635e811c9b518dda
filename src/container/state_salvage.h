/* SPDX-License-Identifier: Apache-2.0 */
/* What can still be read of a damaged record. */
#ifndef HUSK_STATE_SALVAGE_H
#define HUSK_STATE_SALVAGE_H

#include <stddef.h>

/* A whole record, as JSON text (malloc'ed), of what can be read before the damage in text; what is missing is made
 * up so that the container counts as stopped and can be deleted. NULL: out of memory. */
char *state_salvage(const char *id, const char *text, size_t len);

#endif
