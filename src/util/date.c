/* SPDX-License-Identifier: Apache-2.0 */
/* Seconds since 1970 as a date of UTC; see date.h. */
#include "date.h"

#include <stdbool.h>

#define DAY 86400

static bool is_leap(unsigned year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_of_month(unsigned year, unsigned month)
{
	static const unsigned char days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && is_leap(year));
}

void date_utc(time_t t, struct date *ret)
{
	unsigned long days = (unsigned long)t / DAY, rest = (unsigned long)t % DAY;
	struct date d = { .year = 1970,
			  .month = 1,
			  .hour = (unsigned)(rest / 3600),
			  .minute = (unsigned)(rest / 60 % 60),
			  .second = (unsigned)(rest % 60) };

	for (; days >= 365u + is_leap(d.year); d.year++)
		days -= 365u + is_leap(d.year);
	for (; days >= days_of_month(d.year, d.month); d.month++)
		days -= days_of_month(d.year, d.month);
	d.day = (unsigned)days + 1;
	*ret = d;
}
