/* SPDX-License-Identifier: Apache-2.0 */
/* Why CRIU failed, in its own words: the last errors of its log. */
#ifndef HUSK_CRIU_LOG_H
#define HUSK_CRIU_LOG_H

struct criu;
struct err;

/* Set err: code, CRIU's message (NULL: none), the last lines of the log that are errors, and where the log is. Returns code. */
int criu_log_fail(const struct criu *c, int code, const char *message, struct err *err);

#endif
