/* SPDX-License-Identifier: Apache-2.0 */
/* Paths as text; nothing here asks the file system. Results are malloc'ed. */
#ifndef HUSK_PATH_H
#define HUSK_PATH_H

#include <stdbool.h>

char *path_join(const char *dir, const char *name);         /* name absolute: name */
char *path_clean(const char *path);                         /* ".", "..", "//" resolved as text; never climbs above / */
bool path_is_below(const char *path, const char *dir);      /* by components: /a/b is below /a, /ab is not; equal counts */
const char *path_base(const char *path);                    /* points into path */

#endif
