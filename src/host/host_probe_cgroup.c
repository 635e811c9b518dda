/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroup hierarchies are mounted, and where the caller is in them.
 *
 * /proc/self/cgroup names the hierarchies. Where each is mounted is first looked up at the place where everybody
 * mounts it, and verified there (statfs); mountinfo, which is long on a host with thousands of mounts, is read only
 * when that does not answer. docs/design/0005-mountinfo.md
 */
#include "facts.h"
#include "host_probe.h"
#include "ocispec.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"
#include "util/path.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define CGROUP_ROOT "/sys/fs/cgroup"
#define CGROUP_NS_INITIAL 0xEFFFFFFBull /* PROC_CGROUP_INIT_INO */

static struct cgroup_hierarchy *add(struct facts *f, const char *controllers, const char *own, bool v2)
{
	f->hierarchies = mem_grow(f->hierarchies, f->n_hierarchies + 1, sizeof(*f->hierarchies));
	struct cgroup_hierarchy *h = &f->hierarchies[f->n_hierarchies++];
	*h = (struct cgroup_hierarchy){ .controllers = mem_strdup(controllers), .own = mem_strdup(own), .v2 = v2 };
	return h;
}

/* Lines of /proc/self/cgroup: "4:memory:/path", "1:name=systemd:/path", "0::/path". A hierarchy has no mount yet. */
static int read_own(struct facts *f, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	int r = fd_read_kernel_file(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &text, NULL);

	if (r == -ENOENT)
		return 0; /* a kernel without cgroups */
	if (r < 0)
		return err_set(err, r, "read /proc/self/cgroup");
	for (char *line = text, *end; *line; line = end) {
		end = line + strcspn(line, "\n");
		if (*end)
			*end++ = '\0';
		char *controllers = strchr(line, ':');
		char *own = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!own)
			continue;
		*own++ = '\0';
		controllers++;
		add(f, controllers, own, controllers[0] == '\0');
	}
	return 0;
}

static bool has_magic(const char *path, unsigned long magic)
{
	struct statfs fs;

	return statfs(path, &fs) == 0 && (unsigned long)fs.f_type == magic;
}

/* Is the whole hierarchy mounted there? Its root has inode 1. */
static bool is_whole(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_ino == 1;
}

static void set_mount(struct cgroup_hierarchy *h, const char *mount, const char *root)
{
	free(h->mount);
	free(h->root);
	h->mount = mem_strdup(mount);
	h->root = mem_strdup(root);
}

static bool find_usual_v1(struct cgroup_hierarchy *h)
{
	bool named = strncmp(h->controllers, "name=", 5) == 0;
	_cleanup_free_ char *path = path_join(CGROUP_ROOT, named ? h->controllers + 5 : h->controllers);

	if (!has_magic(path, CGROUP_SUPER_MAGIC) || !is_whole(path))
		return false;
	set_mount(h, path, "/");
	return true;
}

/* path is known to be in a v2 hierarchy. */
static bool find_usual_v2(struct cgroup_hierarchy *h, const char *path)
{
	if (!is_whole(path))
		return false;
	set_mount(h, path, "/");
	return true;
}

/* The usual places; false: mountinfo must tell. */
static bool find_usual(struct facts *f)
{
	bool pure_v2 = has_magic(CGROUP_ROOT, CGROUP2_SUPER_MAGIC);

	/* In a cgroup namespace what the mounts show depends on where they were made. */
	if (f->host_ns[OCI_NS_CGROUP] != CGROUP_NS_INITIAL)
		return false;
	for (size_t i = 0; i < f->n_hierarchies; i++) {
		struct cgroup_hierarchy *h = &f->hierarchies[i];
		if (h->v2 && pure_v2 && !find_usual_v2(h, CGROUP_ROOT))
			return false;
		/* Where v2 is not at its usual place beside v1, it is not mounted. */
		bool beside = h->v2 && !pure_v2 && has_magic(CGROUP_ROOT "/unified", CGROUP2_SUPER_MAGIC);
		if (beside && !find_usual_v2(h, CGROUP_ROOT "/unified"))
			return false;
		if (!h->v2 && !pure_v2 && !find_usual_v1(h))
			return false;
	}
	return true;
}

/* ---- mountinfo ------------------------------------------------------------------------------- */

/* Spaces and the like stand as \040 in mountinfo. */
static void unescape(char *s)
{
	char *out = s;

	for (; *s; s++) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*out++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 3;
		} else {
			*out++ = *s;
		}
	}
	*out = '\0';
}

static bool has_word(const char *list, const char *word, size_t len)
{
	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		if (strcspn(p, ",") == len && strncmp(p, word, len) == 0)
			return true;
	return false;
}

/* Are these super block options of the hierarchy of controllers? All of them are named there. */
static bool options_match(const char *options, const char *controllers)
{
	for (const char *p = controllers; *p; p += strcspn(p, ","), p += *p == ',')
		if (!has_word(options, p, strcspn(p, ",")))
			return false;
	return controllers[0] != '\0';
}

struct mount_line {
	char *root, *mount, *type, *options;
};

/* "36 35 0:28 /root /mount rw shared:1 - type source options" */
static bool split_line(char *line, struct mount_line *ret)
{
	char *fields[5], *p = line;
	char *tail = strstr(line, " - ");

	if (!tail)
		return false;
	*tail = '\0';
	for (int i = 0; i < 5; i++) {
		fields[i] = strsep(&p, " ");
		if (!fields[i])
			return false;
	}
	p = tail + 3;
	ret->root = fields[3];
	ret->mount = fields[4];
	ret->type = strsep(&p, " ");
	strsep(&p, " ");
	ret->options = p ? p : (char *)"";
	if (p)
		p[strcspn(p, "\n")] = '\0';
	return ret->type != NULL;
}

static void match_line(struct facts *f, struct mount_line *m)
{
	bool v2 = strcmp(m->type, "cgroup2") == 0;

	unescape(m->root);
	unescape(m->mount);
	for (size_t i = 0; i < f->n_hierarchies; i++) {
		struct cgroup_hierarchy *h = &f->hierarchies[i];
		if (h->mount || h->v2 != v2)
			continue;
		if (v2 || options_match(m->options, h->controllers))
			set_mount(h, m->mount, m->root);
	}
}

static int read_mountinfo(struct facts *f, struct err *err)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	_cleanup_free_ char *line = NULL;
	size_t size = 0;

	if (!file)
		return err_set(err, -errno, "open /proc/self/mountinfo");
	for (size_t i = 0; i < f->n_hierarchies; i++) {
		mem_freep(&f->hierarchies[i].mount);
		f->hierarchies[i].mount = NULL;
	}
	while (getline(&line, &size, file) > 0) {
		struct mount_line m;
		if (strstr(line, " - cgroup") && split_line(line, &m) && strncmp(m.type, "cgroup", 6) == 0)
			match_line(f, &m);
	}
	fclose(file);
	return 0;
}

/* ---- the layout -------------------------------------------------------------------------------- */

/* Forget hierarchies that are not mounted, or that a pure v2 host has only by name. */
static void keep_mounted(struct facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n_hierarchies; i++) {
		struct cgroup_hierarchy h = f->hierarchies[i];
		if (h.mount) {
			f->hierarchies[n++] = h;
			continue;
		}
		free(h.controllers);
		free(h.own);
		free(h.root);
	}
	f->n_hierarchies = n;
}

static void choose_layout(struct facts *f)
{
	size_t n_v2 = 0;

	for (size_t i = 0; i < f->n_hierarchies; i++)
		n_v2 += f->hierarchies[i].v2;
	if (f->n_hierarchies == 0)
		f->layout = CGROUP_NONE;
	else if (n_v2 == 0)
		f->layout = CGROUP_V1;
	else
		f->layout = n_v2 == f->n_hierarchies ? CGROUP_V2 : CGROUP_HYBRID;
}

static void read_v2_controllers(struct facts *f)
{
	for (size_t i = 0; i < f->n_hierarchies && !f->v2_controllers; i++) {
		if (!f->hierarchies[i].v2)
			continue;
		_cleanup_free_ char *path = path_join(f->hierarchies[i].mount, "cgroup.controllers");
		if (fd_read_kernel_file(AT_FDCWD, path, 4096, &f->v2_controllers, NULL) == 0)
			f->v2_controllers[strcspn(f->v2_controllers, "\n")] = '\0';
	}
	if (!f->v2_controllers)
		f->v2_controllers = mem_strdup("");
}

/* Where cgroups of a caller without a cgroupsPath are made: its own on v1, the one above on v2 (layout.c). A process
 * is moved by writing to cgroup.procs. */
static bool is_closed(const struct cgroup_hierarchy *h)
{
	const char *own = h->own && strncmp(h->own, "/..", 3) != 0 ? h->own : "/";
	size_t root = h->root && strcmp(h->root, "/") != 0 && path_is_below(own, h->root) ? strlen(h->root) : 0;
	_cleanup_free_ char *raw = mem_printf("/%s%s", own + root, h->v2 ? "/.." : "");
	_cleanup_free_ char *below = path_clean(raw);
	_cleanup_free_ char *dir = mem_printf("%s%s", h->mount, below);
	_cleanup_free_ char *procs = mem_printf("%s/cgroup.procs", dir);

	return faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) < 0 || faccessat(AT_FDCWD, procs, W_OK, AT_EACCESS) < 0;
}

static void find_closed(struct facts *f)
{
	for (size_t i = 0; f->rootless && i < f->n_hierarchies; i++)
		f->hierarchies[i].closed = is_closed(&f->hierarchies[i]);
}

int host_probe_cgroup(struct facts *f, struct err *err)
{
	int r = read_own(f, err);

	if (r == 0 && !find_usual(f))
		r = read_mountinfo(f, err);
	if (r < 0)
		return r;
	keep_mounted(f);
	choose_layout(f);
	read_v2_controllers(f);
	find_closed(f);
	return 0;
}
