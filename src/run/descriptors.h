/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptors.json beside CRIU's images: what the program's standard streams were at the checkpoint, a JSON array of three
 * strings such as "pipe:[1234]". Restore gives the program the caller's streams in place of pipes.
 */
#ifndef HUSK_DESCRIPTORS_H
#define HUSK_DESCRIPTORS_H

struct err;

enum { DESCRIPTORS_N = 3 };

int descriptors_save(int images_fd, int pid, struct err *err);
/* Each malloc'ed, or NULL; a file that is missing or damaged gives three NULLs. */
void descriptors_load(const char *images_path, char *ret[DESCRIPTORS_N]);

#endif
