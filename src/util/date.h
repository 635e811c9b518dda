/* SPDX-License-Identifier: Apache-2.0 */
/* Dates of UTC. gmtime_r(3) reads /etc/localtime first, which costs seven system calls for nothing. */
#ifndef HUSK_UTIL_DATE_H
#define HUSK_UTIL_DATE_H

#include <time.h>

struct date {
	unsigned year, month, day, hour, minute, second;        /* month and day count from 1 */
};

/* t is not before 1970. */
void date_utc(time_t t, struct date *ret);

#endif
