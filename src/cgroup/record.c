/* SPDX-License-Identifier: Apache-2.0 */
/* A container's cgroup to and from its record. */
#include "ocispec.h"
#include "tree.h"
#include "util/err.h"
#include "util/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *const drivers[] = {
	[CGROUP_DRIVER_CGROUPFS] = "cgroupfs",
	[CGROUP_DRIVER_SYSTEMD] = "systemd",
	[CGROUP_DRIVER_DISABLED] = "none",
	NULL,
};

static const char *const layouts[] = {
	[CGROUP_NONE] = "none", [CGROUP_V1] = "v1", [CGROUP_HYBRID] = "hybrid", [CGROUP_V2] = "v2", NULL,
};

static int find_word(const char *const *words, const char *word)
{
	for (int i = 0; word && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return -EINVAL;
}

/* A mount point may have a colon in it, written as in mountinfo: \072. */
static char *escape_colons(const char *s)
{
	struct buf b = { 0 };

	for (; *s; s++)
		if (*s == ':' || *s == '\\')
			buf_addf(&b, "\\%03o", (unsigned)(unsigned char)*s);
		else
			buf_add(&b, s, 1);
	return b.data ? b.data : mem_strdup("");
}

static char *unescape(const char *s, size_t n)
{
	char *out = mem_alloc(n + 1), *o = out;

	for (size_t i = 0; i < n; i++)
		if (s[i] == '\\' && i + 3 < n + 0 && strspn(s + i + 1, "01234567") >= 3) {
			*o++ = (char)((s[i + 1] - '0') * 64 + (s[i + 2] - '0') * 8 + (s[i + 3] - '0'));
			i += 3;
		} else {
			*o++ = s[i];
		}
	return out;
}

struct husk_cgroup_record *cgroup_to_record(const struct cgroup *c)
{
	struct husk_cgroup_record *r = mem_alloc(sizeof(*r));

	r->driver = mem_strdup(drivers[c->driver]);
	r->layout = mem_strdup(layouts[c->layout]);
	r->unit = mem_strdup(c->unit);
	r->slice = mem_strdup(c->slice);
	r->mark = mem_strdup(c->mark);
	r->delegated = mem_strdup(c->delegated);
	r->user_manager = c->user_manager;
	r->has_user_manager = true;
	r->owned = c->owned;
	r->has_owned = true;
	r->n_paths = r->n_own_bases = c->n_dirs;
	r->paths = mem_alloc(c->n_dirs * sizeof(char *));
	r->own_bases = mem_alloc(c->n_dirs * sizeof(char *));
	for (size_t i = 0; i < c->n_dirs; i++) {
		const struct cgroup_dir *d = &c->dirs[i];
		_cleanup_free_ char *mount = escape_colons(d->mount);
		r->paths[i] = mem_printf("%s:%s:%s", d->controllers, mount, d->path);
		r->own_bases[i] = mem_strdup(d->base ? d->base : "");
	}
	return r;
}

void cgroup_record_free(struct husk_cgroup_record *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n_paths; i++)
		free(r->paths[i]);
	for (size_t i = 0; i < r->n_own_bases; i++)
		free(r->own_bases[i]);
	free(r->paths);
	free(r->own_bases);
	free(r->driver);
	free(r->layout);
	free(r->unit);
	free(r->slice);
	free(r->mark);
	free(r->delegated);
	free(r);
}

static bool is_safe_path(const char *path)
{
	size_t n;

	/* A record that was tampered with must not lead out of the hierarchy, nor to its root. */
	if (path[0] != '/' || path[1] == '\0')
		return false;
	for (const char *p = path; *p; p += n) {
		p++;
		n = (size_t)(strchrnul(p, '/') - p);
		if (n == 0 || (n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return false;
	}
	return true;
}

static int parse_dir(const char *text, const char *base, struct cgroup_dir *ret)
{
	const char *first = strchr(text, ':');
	const char *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || !is_safe_path(second + 1) || (first[1] != '/' && first + 1 != second))
		return -EINVAL;
	/* base is a leading part of path, by components. */
	size_t len = base ? strlen(base) : 0;
	bool has_base = len > 0 && is_safe_path(base) && strncmp(second + 1, base, len) == 0 &&
			(second[1 + len] == '/' || second[1 + len] == '\0');
	*ret = (struct cgroup_dir){
		.controllers = mem_printf("%.*s", (int)(first - text), text),
		.mount = unescape(first + 1, (size_t)(second - first - 1)),
		.path = mem_strdup(second + 1),
		.base = has_base ? mem_strdup(base) : NULL,
		.v2 = first == text,
	};
	return 0;
}

int cgroup_from_record(const struct husk_cgroup_record *r, struct cgroup *ret, struct err *err)
{
	struct cgroup c = { 0 };
	int driver = find_word(drivers, r->driver), layout = find_word(layouts, r->layout);

	if (driver < 0 || layout < 0)
		return err_say(err, -EINVAL, "record names an unknown cgroup %s %s", driver < 0 ? "driver" : "layout",
			       driver < 0 ? r->driver : r->layout);
	c.driver = (enum cgroup_driver)driver;
	c.layout = (enum cgroup_layout)layout;
	c.unit = mem_strdup(r->unit);
	c.slice = mem_strdup(r->slice);
	c.mark = mem_strdup(r->mark);
	c.delegated = mem_strdup(r->delegated);
	c.user_manager = r->user_manager;
	c.owned = r->owned;
	c.surveyed = c.recorded = true;
	c.dirs = mem_alloc(r->n_paths * sizeof(*c.dirs));
	for (size_t i = 0; i < r->n_paths; i++) {
		const char *base = i < r->n_own_bases ? r->own_bases[i] : NULL;
		if (parse_dir(r->paths[i], base, &c.dirs[c.n_dirs]) < 0) {
			err_say(err, -EINVAL, "record has a cgroup that cannot be: %s", r->paths[i]);
			cgroup_done(&c);
			return -EINVAL;
		}
		c.n_dirs++;
	}
	cgroup_drop_foreign(&c);
	*ret = c;
	return 0;
}
