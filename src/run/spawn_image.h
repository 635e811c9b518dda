/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A descriptor of the executor image that can be executed and that nobody can write to.
 */
#ifndef HUSK_SPAWN_IMAGE_H
#define HUSK_SPAWN_IMAGE_H

/* Returns a descriptor or a negative errno. temp_dir may be NULL. */
int spawn_image_open(const char *temp_dir);

#endif
