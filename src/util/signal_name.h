/* SPDX-License-Identifier: Apache-2.0 */
/* Signals by name. */
#ifndef HUSK_SIGNAL_NAME_H
#define HUSK_SIGNAL_NAME_H

/* "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3", "SIGRTMAX-1": the number (0 to 64), or -EINVAL. */
int signal_from_name(const char *text);
/* "TERM"; NULL for a number without a name of its own (real-time signals). */
const char *signal_to_name(int sig);

#endif
