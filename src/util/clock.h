/* SPDX-License-Identifier: Apache-2.0 */
/* Deadlines: a clock that nobody sets, in milliseconds. */
#ifndef HUSK_UTIL_CLOCK_H
#define HUSK_UTIL_CLOCK_H

/* CLOCK_MONOTONIC. */
long long clock_ms(void);
/* Sleep, or less where a signal comes. */
void clock_sleep_ms(long ms);

#endif
