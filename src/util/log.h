/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages: to stderr and to --log (file, journald: or syslog:), as text or as JSON lines
 * {"level","msg","time"} that the containerd shim and podman read.  Only the command layer
 * writes errors; warnings may come from anywhere on the host side.
 */
#ifndef HUSK_LOG_H
#define HUSK_LOG_H

#include <stdbool.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* target: NULL (stderr alone), a path, "file:PATH", "journald:NAME" or "syslog:NAME".
 * Returns 0 or a negative errno; until it is called, messages go to stderr as text. */
int log_open(const char *target, enum log_format format, enum log_level level);
void log_message(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* The command succeeded: with a JSON target, warnings that waited for that are written to it. */
void log_end(void);
bool log_enabled(enum log_level level);
#define log_error(...) log_message(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_message(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_message(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_message(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
