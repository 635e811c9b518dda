/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Facts written down as JSON, for tests and `husk explain --facts`: an object with the members of struct facts,
 * absent ones zero; kernel is "6.1.0", layout a word, capability sets numbers or "0x…", hierarchies a list of objects.
 */
#include "facts.h"
#include "ocispec.h"
#include "util/err.h"
#include "util/fd.h"
#include "util/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_tree.h>

struct member {
	const char *name;
	enum { BOOL, UINT, UINT64, TEXT } type;
	size_t at;
};

static const struct member members[] = {
#define MEMBER(m, type) \
	{ \
#m, type, offsetof(struct facts, m) \
	}
	MEMBER(euid, UINT),
	MEMBER(egid, UINT),
	MEMBER(in_user_ns, BOOL),
	MEMBER(privileged, BOOL),
	MEMBER(caps, UINT64),
	MEMBER(bounding, UINT64),
	MEMBER(last_cap, UINT),
	MEMBER(rootless, BOOL),
	MEMBER(v2_controllers, TEXT),
	MEMBER(apparmor, BOOL),
	MEMBER(selinux, BOOL),
	MEMBER(subset_pid, BOOL),
	MEMBER(mount_setattr, BOOL),
	MEMBER(time_ns, BOOL),
	MEMBER(kdevtmpfs, UINT),
	MEMBER(new_session_keyring, BOOL),
	MEMBER(rootfs_is_dir, BOOL),
	MEMBER(uid_map, TEXT),
	MEMBER(gid_map, TEXT),
#undef MEMBER
	{ 0 }
};

static const struct member hierarchy_members[] = {
#define MEMBER(m, type) \
	{ \
#m, type, offsetof(struct cgroup_hierarchy, m) \
	}
	MEMBER(controllers, TEXT),
	MEMBER(mount, TEXT),
	MEMBER(root, TEXT),
	MEMBER(own, TEXT),
	MEMBER(v2, BOOL),
	MEMBER(closed, BOOL),
#undef MEMBER
	{ 0 }
};

static bool read_number(yajl_val v, uint64_t *ret)
{
	const char *text = YAJL_IS_NUMBER(v) ? YAJL_GET_NUMBER(v) : YAJL_IS_STRING(v) ? YAJL_GET_STRING(v) : NULL;
	char *end;

	if (!text || text[0] == '-')
		return false;
	errno = 0;
	*ret = strtoull(text, &end, 0);
	return !errno && end != text && !*end;
}

static bool read_value(const struct member *m, yajl_val v, void *at)
{
	uint64_t number;

	if (m->type == BOOL) {
		*(bool *)at = YAJL_IS_TRUE(v);
		return YAJL_IS_TRUE(v) || YAJL_IS_FALSE(v);
	}
	if (m->type == TEXT) {
		if (!YAJL_IS_STRING(v))
			return false;
		free(*(char **)at);
		*(char **)at = mem_strdup(YAJL_GET_STRING(v));
		return true;
	}
	if (!read_number(v, &number) || (m->type == UINT && number > UINT32_MAX))
		return false;
	if (m->type == UINT)
		*(uint32_t *)at = (uint32_t)number;
	else
		*(uint64_t *)at = number;
	return true;
}

/* Set a member by name: 1, 0 when the table lacks it, or a negative errno. */
static int set_member(const struct member *table, const char *name, yajl_val v, void *object, struct err *err)
{
	for (const struct member *m = table; m->name; m++) {
		if (strcmp(m->name, name) != 0)
			continue;
		if (!read_value(m, v, (char *)object + m->at))
			return err_say(err, -EINVAL, "/%s: value of the wrong type", name);
		return 1;
	}
	return 0;
}

static int read_hierarchy(yajl_val v, struct facts *f, struct err *err)
{
	if (!YAJL_IS_OBJECT(v))
		return err_say(err, -EINVAL, "/hierarchies: expected a list of objects");
	f->hierarchies = mem_grow(f->hierarchies, f->n_hierarchies + 1, sizeof(*f->hierarchies));
	struct cgroup_hierarchy *h = &f->hierarchies[f->n_hierarchies++];
	*h = (struct cgroup_hierarchy){ .controllers = mem_strdup(""),
					.mount = mem_strdup("/sys/fs/cgroup"),
					.root = mem_strdup("/"),
					.own = mem_strdup("/") };
	for (size_t i = 0; i < YAJL_GET_OBJECT(v)->len; i++) {
		const char *name = YAJL_GET_OBJECT(v)->keys[i];
		int r = set_member(hierarchy_members, name, YAJL_GET_OBJECT(v)->values[i], h, err);
		if (r <= 0)
			return r < 0 ? r
				     : err_say(err, -EINVAL, "/hierarchies/%zu/%s: no such fact", f->n_hierarchies - 1,
					       name);
	}
	return 0;
}

static int read_inodes(const char *name, yajl_val v, uint64_t *ret, struct err *err)
{
	if (!YAJL_IS_OBJECT(v))
		return err_say(err, -EINVAL, "/%s: expected an object of inodes by kind of namespace", name);
	for (size_t i = 0; i < YAJL_GET_OBJECT(v)->len; i++) {
		int type = oci_word_find(oci_namespace_type_words, YAJL_GET_OBJECT(v)->keys[i]);
		if (type < 0 || !read_number(YAJL_GET_OBJECT(v)->values[i], &ret[type]))
			return err_say(err, -EINVAL, "/%s/%s: expected the inode of a namespace", name,
				       YAJL_GET_OBJECT(v)->keys[i]);
	}
	return 0;
}

static int read_kernel(yajl_val v, struct facts *f, struct err *err)
{
	unsigned major, minor, patch = 0;

	if (!YAJL_IS_STRING(v) || sscanf(YAJL_GET_STRING(v), "%u.%u.%u", &major, &minor, &patch) < 2)
		return err_say(err, -EINVAL, "/kernel: expected a version, as \"6.1.0\"");
	f->kernel = major << 16 | (minor & 255) << 8 | (patch & 255);
	return 0;
}

static int read_layout(yajl_val v, struct facts *f, struct err *err)
{
	static const char *const words[] = {
		[CGROUP_NONE] = "none", [CGROUP_V1] = "v1", [CGROUP_HYBRID] = "hybrid", [CGROUP_V2] = "v2", NULL
	};
	int r = YAJL_IS_STRING(v) ? oci_word_find(words, YAJL_GET_STRING(v)) : -EINVAL;

	if (r < 0)
		return err_say(err, -EINVAL, "/layout: expected none, v1, hybrid or v2");
	f->layout = (enum cgroup_layout)r;
	return 0;
}

static int read_hierarchies(yajl_val v, struct facts *f, struct err *err)
{
	if (!YAJL_IS_ARRAY(v))
		return err_say(err, -EINVAL, "/hierarchies: expected a list");
	for (size_t i = 0; i < YAJL_GET_ARRAY(v)->len; i++) {
		int r = read_hierarchy(YAJL_GET_ARRAY(v)->values[i], f, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int read_fact(const char *name, yajl_val v, struct facts *f, struct err *err)
{
	int r = set_member(members, name, v, f, err);

	if (r != 0)
		return r < 0 ? r : 0;
	if (strcmp(name, "kernel") == 0)
		return read_kernel(v, f, err);
	if (strcmp(name, "layout") == 0)
		return read_layout(v, f, err);
	if (strcmp(name, "hierarchies") == 0)
		return read_hierarchies(v, f, err);
	if (strcmp(name, "host_ns") == 0)
		return read_inodes(name, v, f->host_ns, err);
	if (strcmp(name, "path_ns") == 0)
		return read_inodes(name, v, f->path_ns, err);
	return err_say(err, -EINVAL, "/%s: no such fact", name);
}

int facts_read(const char *path, struct facts *ret, struct err *err)
{
	_cleanup_free_ char *text = NULL;
	char why[256] = "";
	struct facts f = { 0 };
	int r = fd_read_file(AT_FDCWD, path, 1 << 20, &text, NULL);

	if (r < 0)
		return err_set(err, r, "read facts from %s", path);
	yajl_val tree = yajl_tree_parse(text, why, sizeof(why));
	if (!YAJL_IS_OBJECT(tree)) {
		yajl_tree_free(tree);
		return err_say(err, -EINVAL, "%s: not a JSON object: %s", path, why);
	}
	for (size_t i = 0; r == 0 && i < YAJL_GET_OBJECT(tree)->len; i++)
		r = read_fact(YAJL_GET_OBJECT(tree)->keys[i], YAJL_GET_OBJECT(tree)->values[i], &f, err);
	yajl_tree_free(tree);
	if (r < 0) {
		facts_done(&f);
		return err_prefix(err, "%s", path);
	}
	if (!f.v2_controllers)
		f.v2_controllers = mem_strdup("");
	*ret = f;
	return 0;
}
