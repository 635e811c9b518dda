/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Annotations org.systemd.property.NAME: one property of the container's scope, its value in GVariant's text form.  Only
 * those of unit_property.def are allowed.  A number need not say its type.  A name that ends in "Sec" is that of the
 * property in microseconds ("USec"), with a number of seconds, which may have a fraction.
 */
#ifndef HUSK_UNIT_PROPERTY_H
#define HUSK_UNIT_PROPERTY_H

#include "gvariant.h"

struct err;

#define UNIT_PROPERTY_PREFIX "org.systemd.property."

struct unit_property {
	const char *name;               /* systemd's: "TimeoutStopUSec" */
	const char *type;               /* its D-Bus type: b i u t s, or as, ay */
	struct gvariant value;          /* v: one word for each element, as the type wants it */
};

/* What systemd calls it: "TimeoutStopUSec" for TimeoutStopSec; NULL when it is not allowed. */
const char *unit_property_name(const char *name);
/* Read what comes behind the prefix, and its value. -EINVAL when it is not allowed, or malformed. */
int unit_property_read(const char *name, const char *text, struct unit_property *ret, struct err *err);
void unit_property_done(struct unit_property *p);

#endif
