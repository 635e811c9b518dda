/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that nobody here calls, because their misuse is easier than their use.  Included after all other headers of a
 * file; `make banned-check` looks at every file.
 *
 *   unbounded       strcpy strcat sprintf vsprintf stpcpy gets   snprintf, struct buf, mem_printf
 *   truncating      strncpy strncat                              memcpy with a checked length
 *   unchecked       atoi atol atof                               strtoul and its like, with end and errno
 *   static result   strtok asctime ctime gmtime localtime           the _r versions, tables
 *   shell           system popen                                 posix_spawn
 *   racy            mktemp tmpnam tempnam                        O_TMPFILE, memfd_create
 *   stack           alloca                                       mem_alloc
 */
#ifndef HUSK_BANNED_H
#define HUSK_BANNED_H

#pragma GCC poison strcpy strcat sprintf vsprintf stpcpy gets
#pragma GCC poison strncpy strncat
#pragma GCC poison atoi atol atof
#pragma GCC poison strtok asctime ctime gmtime localtime
#pragma GCC poison system popen
#pragma GCC poison mktemp tmpnam tempnam
#pragma GCC poison alloca

#endif
