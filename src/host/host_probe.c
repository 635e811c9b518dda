/* SPDX-License-Identifier: Apache-2.0 */
/* Facts about this kernel, this host and the caller; see facts.h. Cheap: it runs before every create and exec. */
#include "facts.h"
#include "host_probe.h"
#include "ocispec.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/number.h"
#include "util/path.h"
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442 /* the same number on all architectures */
#endif

#define USER_NS_INITIAL 0xEFFFFFFDull /* PROC_USER_INIT_INO */

#define KERNEL(major, minor) ((unsigned)(major) << 16 | (unsigned)(minor) << 8)

/* "6.18.44-something" */
static unsigned kernel_version(const char *release)
{
	uint64_t major, minor = 0, patch = 0;
	const char *p = number_scan(release, 10, &major);

	if (*p == '.')
		p = number_scan(p + 1, 10, &minor);
	if (*p == '.')
		number_scan(p + 1, 10, &patch);
	return KERNEL(major, minor) | (patch > 255 ? 255 : (unsigned)patch);
}

static void probe_kernel(struct facts *f)
{
	struct utsname u = { 0 };

	uname(&u);
	f->kernel = kernel_version(u.release);
	f->subset_pid = f->kernel >= KERNEL(5, 8);
	/* Asked, not guessed: a seccomp filter around us may hide what the kernel has. */
	f->mount_setattr = syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) < 0 && errno != ENOSYS;
	f->new_session_keyring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0) >= 0 ||
				 (errno != ENOSYS && errno != EPERM);
}

const char *const host_namespace_names[oci_namespace_type_MAX] = {
	[OCI_NS_PID] = "pid", [OCI_NS_NETWORK] = "net", [OCI_NS_MOUNT] = "mnt",     [OCI_NS_IPC] = "ipc",
	[OCI_NS_UTS] = "uts", [OCI_NS_USER] = "user",   [OCI_NS_CGROUP] = "cgroup", [OCI_NS_TIME] = "time",
};

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_ino : 0;
}

/* Is there a namespace of this kind to compare with? */
static bool is_joined(const struct oci_config *config, int type)
{
	const struct oci_linux *l = config ? config->linux_ : NULL;

	for (size_t i = 0; l && i < l->n_namespaces; i++)
		if ((int)l->namespaces[i].type == type && l->namespaces[i].path && l->namespaces[i].path[0])
			return true;
	return !config;
}

/* Time is asked for where it is wanted at all: the file says whether the kernel has such namespaces. */
static bool is_wanted(const struct oci_config *config, int type)
{
	const struct oci_linux *l = config ? config->linux_ : NULL;

	if (type == OCI_NS_USER || type == OCI_NS_CGROUP || is_joined(config, type))
		return true;
	for (size_t i = 0; type == OCI_NS_TIME && l && i < l->n_namespaces; i++)
		if (l->namespaces[i].type == OCI_NS_TIME)
			return true;
	return false;
}

static void probe_namespaces(const struct oci_config *config, struct facts *f)
{
	_Static_assert(sizeof(f->host_ns) / sizeof(f->host_ns[0]) == oci_namespace_type_MAX, "room for each kind");
	for (int i = 0; i < oci_namespace_type_MAX; i++)
		if (!is_wanted(config, i) || process_namespace(0, host_namespace_names[i], &f->host_ns[i]) < 0)
			f->host_ns[i] = 0;
	f->time_ns = f->host_ns[OCI_NS_TIME] != 0;
	f->in_user_ns = f->host_ns[OCI_NS_USER] != 0 && f->host_ns[OCI_NS_USER] != USER_NS_INITIAL;
}

static uint64_t read_set(const char *status, const char *name)
{
	const char *line = strstr(status, name);
	uint64_t set = 0;

	if (line)
		number_scan(line + strlen(name), 16, &set);
	return set;
}

/* The kernel refuses to tell about those that it does not know. */
static unsigned last_capability(uint64_t bounding)
{
	/* What is in the bounding set, it knows. */
	unsigned last = bounding ? 63 - (unsigned)__builtin_clzll(bounding) : CAP_LAST_CAP;

	while (!bounding && last > 0 && prctl(PR_CAPBSET_READ, last, 0, 0, 0) < 0)
		last--;
	/* Nor need anybody know of one that is newer than we, and that nobody here has. */
	while (last < CAP_LAST_CAP && prctl(PR_CAPBSET_READ, last + 1, 0, 0, 0) >= 0)
		last++;
	return last;
}

static int probe_caller(struct facts *f, struct err *err)
{
	_cleanup_free_ char *status = NULL;
	int r = fd_read_kernel_file(AT_FDCWD, "/proc/self/status", 65536, &status, NULL);

	if (r < 0)
		return err_set(err, r, "read /proc/self/status (is /proc mounted?)");
	/* husk never changes its own ids. */
	f->euid = (uid_t)getauxval(AT_EUID);
	f->egid = (gid_t)getauxval(AT_EGID);
	f->caps = read_set(status, "\nCapPrm:");
	f->bounding = read_set(status, "\nCapBnd:");
	f->ignored = read_set(status, "\nSigIgn:");
	f->privileged = read_set(status, "\nCapEff:") >> CAP_SYS_ADMIN & 1;
	f->rootless = !f->privileged || f->in_user_ns;
	f->last_cap = last_capability(f->bounding);
	return 0;
}

static bool file_says_yes(const char *path)
{
	_cleanup_free_ char *text = NULL;

	return fd_read_file(AT_FDCWD, path, 16, &text, NULL) == 0 && text[0] == 'Y';
}

/* Only asked where labels are. */
static void probe_labels(const struct oci_config *config, struct facts *f)
{
	const struct oci_process *p = config ? config->process : NULL;

	if (!config || (p && p->apparmor_profile && p->apparmor_profile[0]))
		f->apparmor = file_says_yes("/sys/module/apparmor/parameters/enabled");
	if (!config || (p && p->selinux_label && p->selinux_label[0]) ||
	    (config->linux_ && config->linux_->mount_label && config->linux_->mount_label[0]))
		f->selinux = access("/sys/fs/selinux/enforce", F_OK) == 0;
}

static void probe_joined(const struct oci_config *config, struct facts *f)
{
	const struct oci_linux *l = config ? config->linux_ : NULL;

	for (size_t i = 0; l && i < l->n_namespaces; i++)
		if (l->namespaces[i].path && l->namespaces[i].path[0] && !f->path_ns[l->namespaces[i].type])
			f->path_ns[l->namespaces[i].type] = inode_of(l->namespaces[i].path);
}

static void probe_rootfs(const struct oci_config *config, const struct request *request, struct facts *f)
{
	struct stat st;

	if (!config || !config->root || !config->root->path || !request || !request->bundle)
		return;
	_cleanup_free_ char *path = path_join(request->bundle, config->root->path);
	f->rootfs_is_dir = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

int host_probe(const struct oci_config *config, const struct request *request, struct facts *ret, struct err *err)
{
	struct facts f = { 0 };

	probe_kernel(&f);
	probe_namespaces(config, &f);
	int r = probe_caller(&f, err);
	if (r == 0)
		r = host_probe_cgroup(&f, err);
	if (r < 0) {
		facts_done(&f);
		return r;
	}
	probe_labels(config, &f);
	probe_joined(config, &f);
	probe_rootfs(config, request, &f);
	host_probe_kdevtmpfs(config, request, &f);
	if (f.rootless)
		host_probe_subids(&f);
	*ret = f;
	return 0;
}

void facts_done(struct facts *f)
{
	for (size_t i = 0; i < f->n_hierarchies; i++) {
		free(f->hierarchies[i].controllers);
		free(f->hierarchies[i].mount);
		free(f->hierarchies[i].root);
		free(f->hierarchies[i].own);
	}
	free(f->hierarchies);
	free(f->v2_controllers);
	free(f->uid_map);
	free(f->gid_map);
	*f = (struct facts){ 0 };
}
