/* SPDX-License-Identifier: Apache-2.0 */
/* What a value must be beyond its type: the checks of single strings, and the rules between the members of an object. */
#ifndef OCISPEC_CHECK_H
#define OCISPEC_CHECK_H

#include "table.h"

/* Why a string does not pass its row's check ("must be an absolute path"), or NULL when it does. */
const char *oci_check_string(enum oci_check check, const char *s);

/* Who is told of broken rules.  `where` is a pointer below the object that is checked, as "/namespaces/3/type". */
struct oci_rules {
	void (*fail)(void *user, const char *where, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
	bool (*present)(void *user, const char *json); /* the property is there, though perhaps wrong */
	void *user;
};

/* Go through the rules of an object that has been read; members that were wrong themselves are absent. */
void oci_check_object(const struct oci_object *type, const void *object, const struct oci_rules *to);

#endif
