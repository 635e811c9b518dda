/* SPDX-License-Identifier: Apache-2.0 */
/* The name of the file system behind a descriptor, for messages. */
#ifndef HUSK_FS_NAME_H
#define HUSK_FS_NAME_H

#include <stddef.h>

/* "tmpfs"; "0x1234" for one that the table lacks. */
void fs_name(int fd, char *buf, size_t size);

#endif
