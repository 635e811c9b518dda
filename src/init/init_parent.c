/* SPDX-License-Identifier: Apache-2.0 */
/* The directory that a run of nodes, links and masks is made in: a held tmpfs, or one of the rootfs that is looked up once. */
#include "init/init.h"

void parent_forget(struct init *c)
{
	if (c->parent_held)
		c->parent_fd = -1;
	init_close(c, &c->parent_fd);
	c->parent_held = false;
	c->parent_of = NULL;
}

/* How much of a path is its directory. */
static size_t directory_len(const char *path)
{
	size_t len = strlen(path);

	while (len && path[len - 1] != '/')
		len--;
	return len;
}

int parent_shared(struct init *c, const char *path, char *buf, const char **ret_name)
{
	size_t len = directory_len(path);

	if (c->parent_fd >= 0 && len && path[len] && path[len] != '.' && len == directory_len(c->parent_of) &&
	    memcmp(path, c->parent_of, len) == 0) {
		*ret_name = path + len;
		return c->parent_fd;
	}
	parent_forget(c);
	c->parent_fd = anchor_directory(c, path, ret_name);
	c->parent_held = c->parent_fd >= 0;
	if (!c->parent_held)
		c->parent_fd = rootfs_parent(c, path, buf, ret_name);
	c->parent_of = path;
	return c->parent_fd;
}
