/* SPDX-License-Identifier: Apache-2.0 */
/* The places of mounts in a rootfs that will be restored into; see restore_rootfs.h. */
#include "restore_rootfs.h"

#include "criu/criu_tree.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_in(int root_fd, const char *path)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	return fd < 0 ? -errno : (int)fd;
}

static int make_one(int parent_fd, const char *name, bool is_dir)
{
	/* Without opening it: somebody may have put a FIFO or a device there meanwhile. */
	int r = is_dir ? mkdirat(parent_fd, name, 0755) : mknodat(parent_fd, name, S_IFREG | 0644, 0);

	return r < 0 && errno != EEXIST ? -errno : 0;
}

/* path is clean and absolute. */
static int make(int root_fd, const char *path, bool is_dir)
{
	_cleanup_free_ char *copy = mem_strdup(path);
	_cleanup_fd_ int parent_fd = open_in(root_fd, "/");

	for (char *name = copy + 1; parent_fd >= 0;) {
		char *slash = strchr(name, '/'), saved = slash ? '/' : '\0';

		if (slash)
			*slash = '\0';
		int fd = open_in(root_fd, copy);
		if (fd == -ENOENT) {
			int code = make_one(parent_fd, name, slash || is_dir);
			fd = code < 0 ? code : open_in(root_fd, copy);
		}
		fd_close(parent_fd);
		parent_fd = fd;
		if (!saved)
			break;
		*slash = saved;
		name = slash + 1;
	}
	return parent_fd < 0 ? parent_fd : 0;
}

static bool is_directory(const struct criu_mount *m)
{
	struct stat st;

	if (m->kind == TARGET_LIKE)
		return !m->source || stat(m->source, &st) < 0 || S_ISDIR(st.st_mode);
	return m->kind == TARGET_DIR || m->kind == TARGET_NOFOLLOW_DIR;
}

static bool is_covered(const struct criu_mount *mounts, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!mounts[k].mask && path_is_below(mounts[i].destination, mounts[k].destination))
			return true;
	return false;
}

int restore_make_mountpoints(int root_fd, const struct plan_view *plan, struct err *err)
{
	_cleanup_free_ struct criu_mount *mounts = NULL;
	size_t n = criu_tree_mounts(plan, &mounts);

	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *path = path_clean(mounts[i].destination);

		if (mounts[i].mask || mounts[i].kind == TARGET_EXISTING || !path[1] || is_covered(mounts, i))
			continue;
		int code = make(root_fd, path, is_directory(&mounts[i]));
		if (code < 0)
			return err_set(err, code, "make the mount point %s in the rootfs", path);
	}
	return 0;
}
