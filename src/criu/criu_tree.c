/* SPDX-License-Identifier: Apache-2.0 */
/* What of a container comes from outside; see criu_tree.h. */
#include "criu_tree.h"

#include "run/run_record.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- mounts --------------------------------------------------------------------------------------- */

struct walk {
	const struct plan_view *v;
	const char *slots[PLAN_SLOTS]; /* sources */
	const char *source;            /* of MOUNT */
	const struct op *target;
	bool in_place; /* the rootfs itself is done: mounts go into it */
	struct criu_mount *mounts;
	size_t n;
};

static void add(struct walk *w, const struct criu_mount *m)
{
	w->mounts = mem_grow(w->mounts, w->n + 1, sizeof(*w->mounts));
	w->mounts[w->n++] = *m;
}

static void walk_op(struct walk *w, const struct op *op)
{
	switch (op->code) {
	case OP_OPEN_TREE: w->slots[op->u.OPEN_TREE.slot] = plan_view_str(w->v, op->u.OPEN_TREE.path); return;
	case OP_DEVICE_NODE: w->slots[op->u.DEVICE_NODE.slot] = plan_view_str(w->v, op->u.DEVICE_NODE.path); return;
	case OP_TAKE_TREE: w->source = w->slots[op->u.TAKE_TREE.slot]; return;
	case OP_CLONE_TREE: w->source = plan_view_str(w->v, op->u.CLONE_TREE.path); return;
	case OP_FSMOUNT:
	case OP_CLONE_TARGET: w->source = NULL; return;
	case OP_TARGET: w->target = op; return;
	case OP_MOVE_MOUNT:
		if (w->target)
			add(w, &(struct criu_mount){ .destination = plan_view_str(w->v, w->target->u.TARGET.path),
						     .source = w->source,
						     .kind = (enum target_kind)w->target->u.TARGET.kind });
		return;
	case OP_MASK:
		add(w, &(struct criu_mount){ .destination = plan_view_str(w->v, op->u.MASK.path),
					     .source = "/dev/null",
					     .kind = TARGET_EXISTING,
					     .mask = true });
		return;
	default: return;
	}
}

size_t criu_tree_mounts(const struct plan_view *v, struct criu_mount **ret)
{
	struct walk w = { .v = v };

	for (uint32_t i = 0; i < v->header->n_ops; i++) {
		const struct op *op = &v->ops[i];

		walk_op(&w, op);
		/* The alternative is for hosts that refuse the first way. */
		if (op->on_error == ON_ERROR_ALT || op->on_error == ON_ERROR_ALT_PERM)
			i += op->alt;
	}
	*ret = w.mounts;
	return w.n;
}

/* Where the kernel says that the mount is: with symbolic links resolved as they were when it was made. */
static char *resolve(int root_fd, const char *root, const char *path, bool *ret_is_dir)
{
	struct open_how how = { .flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };
	_cleanup_fd_ int fd = (int)syscall(SYS_openat2, root_fd, path, &how, sizeof(how));
	char link[32], real[PATH_MAX];
	struct stat st;

	if (fd < 0)
		return NULL;
	*ret_is_dir = fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, real, sizeof(real) - 1);
	if (n <= 0)
		return NULL;
	real[n] = '\0';
	if (root[1] && path_is_below(real, root))
		return mem_strdup(real[strlen(root)] ? real + strlen(root) : "/");
	return mem_strdup(real);
}

void criu_put_mounts(struct buf *opts, const struct plan_view *v, int root_fd, const char *root, bool restore)
{
	_cleanup_free_ struct criu_mount *mounts = NULL;
	size_t n = criu_tree_mounts(v, &mounts);

	for (size_t i = 0; i < n; i++) {
		const struct criu_mount *m = &mounts[i];
		bool is_dir = false;
		_cleanup_free_ char *where = m->source ? resolve(root_fd, root, m->destination, &is_dir) : NULL;
		const char *key = where ? where : m->destination;

		/* Directories are masked by a file system that CRIU knows how to save; a mask of nothing is none. */
		if (!m->source || (m->mask && !restore && (!where || is_dir)))
			continue;
		criu_put_pair(opts, CRIU_EXT_MNT, key, restore ? m->source : key);
	}
}

/* ---- namespaces ------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *key; /* key: how the descriptor is called in the images */
	uint64_t flag;
} kinds[oci_namespace_type_MAX] = {
	[OCI_NS_PID] = { "pid", "extRootPidNS", CLONE_NEWPID },
	[OCI_NS_NETWORK] = { "net", "extRootNetNS", CLONE_NEWNET },
	[OCI_NS_MOUNT] = { "mnt", NULL, CLONE_NEWNS },
	[OCI_NS_IPC] = { "ipc", NULL, CLONE_NEWIPC },
	[OCI_NS_UTS] = { "uts", NULL, CLONE_NEWUTS },
	[OCI_NS_USER] = { "user", NULL, CLONE_NEWUSER },
	[OCI_NS_CGROUP] = { "cgroup", NULL, CLONE_NEWCGROUP },
	[OCI_NS_TIME] = { "time", NULL, 0x80 },
};

/* The i-th namespace when it is one that the container joined, else NULL. */
static const struct oci_namespace *joined(const struct oci_config *c, size_t i)
{
	const struct oci_namespace *ns = &c->linux_->namespaces[i];

	return ns->path && ns->path[0] ? ns : NULL;
}

static size_t count(const struct oci_config *c)
{
	return c->linux_ ? c->linux_->n_namespaces : 0;
}

void criu_put_external_namespaces(struct buf *opts, const struct oci_config *config, pid_t pid)
{
	for (size_t i = 0; i < count(config); i++) {
		const struct oci_namespace *ns = joined(config, i);
		uint64_t inode;

		if (!ns || !kinds[ns->type].key || run_namespace_inode(pid, ns->type, &inode) < 0)
			continue;
		_cleanup_free_ char *text =
			mem_printf("%s[%llu]:%s", kinds[ns->type].name, (unsigned long long)inode, kinds[ns->type].key);
		criu_put_string(opts, CRIU_EXTERNAL, text);
	}
}

int criu_open_namespaces(const struct oci_config *config, int *fds, size_t *n_fds, struct err *err)
{
	for (size_t i = 0; i < count(config); i++) {
		const struct oci_namespace *ns = joined(config, i);

		if (!ns || !kinds[ns->type].key)
			continue;
		int fd = *n_fds < CRIU_MAX_FDS ? fd_open(AT_FDCWD, ns->path, O_RDONLY, 0) : -E2BIG;
		if (fd < 0)
			return err_set(err, fd, "/linux/namespaces/%zu/path: open %s", i, ns->path);
		fds[(*n_fds)++] = fd;
	}
	return 0;
}

void criu_put_inherited(struct buf *opts, const char *key, size_t index)
{
	_cleanup_buf_ struct buf m = { 0 };

	criu_put_string(&m, 1, key);
	criu_put_number(&m, 2, CRIU_FIRST_FD + (int)index);
	criu_put_message(opts, CRIU_INHERIT_FD, &m);
}

int criu_put_joined_namespaces(struct buf *opts, const struct oci_config *config, size_t first, struct err *err)
{
	for (size_t i = 0; i < count(config); i++) {
		const struct oci_namespace *ns = joined(config, i);

		if (!ns)
			continue;
		if (kinds[ns->type].key)
			criu_put_inherited(opts, kinds[ns->type].key, first++);
		else if (ns->type == OCI_NS_CGROUP || ns->type == OCI_NS_MOUNT)
			return err_say(err, -ENOTSUP,
				       "/linux/namespaces/%zu/path: CRIU cannot restore into a %s namespace that "
				       "exists",
				       i, kinds[ns->type].name);
		else
			criu_put_pair(opts, CRIU_JOIN_NS, kinds[ns->type].name, ns->path);
	}
	return 0;
}

/* ---- options with words ---------------------------------------------------------------------------------- */

struct word {
	const char *word;
	int value;
};

static int find(const struct word *table, size_t n, const char *word, const char *option, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(table[i].word, word) == 0)
			return table[i].value;
	return err_say(err, -EINVAL, "--%s %s: no such %s", option, word, option);
}

int criu_put_cgroup_mode(struct buf *opts, const char *word, struct err *err)
{
	static const struct word modes[] = {
		{ "ignore", 0 }, { "none", 1 }, { "props", 2 }, { "soft", 3 }, { "full", 4 }, { "strict", 5 },
	};
	int mode = find(modes, sizeof(modes) / sizeof(*modes), word ? word : "soft", "manage-cgroups-mode", err);

	if (mode >= 0)
		criu_put_number(opts, CRIU_MANAGE_CGROUPS_MODE, mode);
	return mode < 0 ? mode : 0;
}

int criu_put_network_lock(struct buf *opts, const char *word, struct err *err)
{
	static const struct word methods[] = { { "iptables", 1 }, { "nftables", 2 }, { "skip", 3 } };
	int method = word ? find(methods, sizeof(methods) / sizeof(*methods), word, "network-lock", err) : 0;

	if (method > 0)
		criu_put_number(opts, CRIU_NETWORK_LOCK, method);
	return method < 0 ? method : 0;
}

int criu_put_empty_namespaces(struct buf *opts, const char *const *words, size_t n, struct err *err)
{
	static const struct word names[] = { { "network", CLONE_NEWNET } };
	int flags = 0;

	for (size_t i = 0; i < n; i++) {
		int flag = find(names, 1, words[i], "empty-ns", err);
		if (flag < 0)
			return flag;
		flags |= flag;
	}
	if (flags)
		criu_put_number(opts, CRIU_EMPTY_NS, flags);
	return 0;
}

void criu_put_config_file(struct buf *opts, const struct oci_config *config)
{
	static const char *const files[] = { "/etc/criu/husk.conf", "/etc/criu/runc.conf" };

	for (size_t i = 0; i < config->n_annotations; i++)
		if (strcmp(config->annotations[i].key, "org.criu.config") == 0) {
			/* An empty one: none, not even the host's. */
			if (config->annotations[i].value[0])
				criu_put_string(opts, CRIU_CONFIG_FILE, config->annotations[i].value);
			return;
		}
	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		if (access(files[i], R_OK) == 0) {
			criu_put_string(opts, CRIU_CONFIG_FILE, files[i]);
			return;
		}
}
