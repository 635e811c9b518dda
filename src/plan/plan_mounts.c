/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts[] as ops, in the order of the config.  Each is made detached (fsmount, take_tree, clone_tree), given
 * its attributes, and put onto its target.
 *
 * A tmpfs that is to be read-only but in which later mounts or devices need places stays writable until those are
 * made (plan_mounts_finish); so does /dev.
 */
#include "plan_parts.h"
#include "annotation.h"
#include "util/kernel.h"

#include <stdlib.h>
#include <string.h>

static void where(struct build *b, const struct mount_entry *e)
{
	if (e->index == SIZE_MAX)
		plan_where(b->p, "%s", "");
	else
		plan_where(b->p, "/mounts/%zu", e->index);
}

static bool is_type(const struct mount_entry *e, const char *type)
{
	return e->m->type && strcmp(e->m->type, type) == 0;
}

/* ---- file systems ------------------------------------------------------------------------------------ */

/* File systems that are nobody's device: their flags are the mount's alone, since the superblock is shared. */
static bool is_virtual(const char *type)
{
	static const char *const types[] = { "proc", "sysfs", "tmpfs", "devpts", "mqueue", "cgroup2" };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(types[i], type) == 0)
			return true;
	return false;
}

static bool takes_label(const char *type)
{
	return strcmp(type, "proc") != 0 && strcmp(type, "sysfs") != 0 && strcmp(type, "mqueue") != 0;
}

struct words {
	char **v;
	size_t n;
};

static void add_word(struct words *w, const char *s, size_t len)
{
	if (!len)
		return;
	w->v = mem_grow(w->v, w->n + 1, sizeof(*w->v));
	w->v[w->n++] = mem_printf("%.*s", (int)len, s);
}

/* "mode=755,size=64k" is two options. A comma after a backslash or in quotation marks is part of the value. */
static void add_words(struct words *w, const char *s)
{
	const char *start = s;
	bool quoted = false;

	for (; *s; s++) {
		if (*s == '\\' && s[1])
			s++;
		else if (*s == '"')
			quoted = !quoted;
		else if (*s == ',' && !quoted) {
			add_word(w, start, (size_t)(s - start));
			start = s + 1;
		}
	}
	add_word(w, start, (size_t)(s - start));
}

static uint64_t add_options(struct build *b, const struct mount_entry *e)
{
	const char *label = b->linux_->mount_label;
	struct words w = { 0 };

	for (size_t i = 0; i < e->o.n_data; i++)
		add_words(&w, e->o.data[i]);
	if (!is_virtual(e->m->type) && ((e->o.sb_set | e->o.sb_clear) & MS_POSIXACL))
		add_words(&w, e->o.sb_set & MS_POSIXACL ? "acl" : "noacl");
	if (label && *label && b->facts->selinux && takes_label(e->m->type)) {
		const char *type = annotation_get(b->config, PLAN_MOUNT_CONTEXT_TYPE);
		_cleanup_free_ char *word = mem_printf("%s=%s", type ? type : "context", label);
		add_word(&w, word, strlen(word));
	}
	uint64_t offset = plan_strv(b->p, (const char *const *)w.v, w.n);
	for (size_t i = 0; i < w.n; i++)
		free(w.v[i]);
	free(w.v);
	return offset;
}

static uint64_t super_flags(const struct mount_entry *e)
{
	uint64_t flags = e->o.sb_set & ~(uint64_t)MS_POSIXACL;

	return is_virtual(e->m->type) ? flags & ~(uint64_t)MS_RDONLY : flags;
}

/* By a later mount on it or above it: then nobody reaches it any more. */
static bool is_covered(const struct build *b, const struct mount_entry *e)
{
	for (const struct mount_entry *later = e + 1; later < b->mounts + b->n_mounts; later++)
		if (!(later->o.special & MOUNT_OPTION_REMOUNT) && path_is_below(e->destination, later->destination))
			return true;
	return false;
}

/* Does anything need a place in it after it is mounted? */
static bool is_written_later(const struct build *b, const struct mount_entry *e)
{
	if (!is_type(e, "tmpfs") && strcmp(e->destination, "/dev") != 0)
		return false;
	if (is_covered(b, e))
		return false;
	for (const struct mount_entry *later = e + 1; later < b->mounts + b->n_mounts; later++)
		if (path_is_below(later->destination, e->destination))
			return true;
	if (path_is_below("/dev", e->destination))
		return true;
	for (size_t i = 0; i < b->linux_->n_devices; i++)
		if (path_is_below(b->linux_->devices[i].path, e->destination))
			return true;
	return b->process && b->process->cwd && path_is_below(b->process->cwd, e->destination);
}

static bool is_readonly(const struct mount_entry *e)
{
	return !e->bind && ((e->o.attr.set | e->o.rec.set) & MOUNT_ATTR_RDONLY);
}

/* Attributes of a file system that is made here: the recursive ones come on top, as they would on a tree. */
static struct mount_attributes all_attributes(const struct mount_entry *e)
{
	struct mount_attributes a = e->o.attr;

	a.set = (a.set & ~e->o.rec.clear) | e->o.rec.set;
	a.clear = (a.clear & ~(e->o.rec.set & ~(uint64_t)MOUNT_ATTR__ATIME)) | e->o.rec.clear;
	return a;
}

static void add_target(struct build *b, const struct mount_entry *e)
{
	bool nofollow = is_type(e, "proc") || is_type(e, "sysfs");
	bool link = e->o.special & MOUNT_OPTION_DEST_NOFOLLOW;
	enum target_kind kind = e->bind            ? link ? TARGET_LINK_LIKE : TARGET_LIKE
				: nofollow || link ? TARGET_NOFOLLOW_DIR
						   : TARGET_DIR;

	PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, e->destination), .kind = kind,
		 .like = e->bind ? plan_tree_slot(b, e->tree) : PLAN_NO_SLOT, .mode = 0755);
}

/* fsmount, or, where a user namespace is refused that, the host's own. */
static void add_fsmount(struct build *b, const struct mount_entry *e, struct mount_attributes attr)
{
	const char *source = e->m->source && *e->m->source ? e->m->source : e->m->type;

	plan_tree_ready(b, e->tree);
	size_t at = b->p->n_ops;
	PLAN_ADD(b->p, FSMOUNT, .type = plan_str(b->p, e->m->type), .source = plan_str(b->p, source),
		 .options = add_options(b, e), .attr = attr.set, .sb_flags = super_flags(e));
	if (e->tree == TREE_NONE)
		return;
	/* the host's has mounts below it, which the attributes must cover too (before Linux 5.12 they cannot) */
	const struct mount_attributes none = { 0 };
	struct mount_options o = { .attr = none };
	if (b->facts->mount_setattr)
		o.rec = attr;
	plan_tree_take(b, e->tree);
	plan_mount_attributes_of_host(b, &o, b->facts->mount_setattr ? none : attr, true);
	b->p->ops[at].on_error = ON_ERROR_ALT_PERM;
	b->p->ops[at].alt = (uint8_t)(b->p->n_ops - at - 1);
}

static const char *next_word(const char *words)
{
	const char *comma = strchr(words, ',');

	return comma ? comma + 1 : NULL;
}

static bool has_option(const struct mount_entry *e, const char *key)
{
	size_t len = strlen(key);

	for (size_t i = 0; i < e->o.n_data; i++)
		for (const char *word = e->o.data[i]; word; word = next_word(word))
			if (strncmp(word, key, len) == 0)
				return true;
	return false;
}

static void make_file_system(struct build *b, const struct mount_entry *e)
{
	struct mount_attributes attr = all_attributes(e), none = { 0 };
	bool copies = e->o.special & MOUNT_OPTION_TMPCOPYUP;
	bool later = is_readonly(e) && is_written_later(b, e);
	bool keeps = is_type(e, "tmpfs") && !has_option(e, "mode=");

	if (later || copies || keeps)
		attr.set &= ~(uint64_t)MOUNT_ATTR_RDONLY;
	add_fsmount(b, e, attr);
	struct mount_options o = e->o;
	o.rec = none;
	plan_mount_attributes(b, &o, none);
	add_target(b, e);
	if (copies)
		PLAN_ADD(b->p, COPY_UP);
	if (keeps)
		PLAN_ADD(b->p, KEEP_MODE);
	if ((copies || keeps) && is_readonly(e) && !later)
		PLAN_ADD(b->p, MOUNT_SETATTR, .set = MOUNT_ATTR_RDONLY);
	if (e->userns_slot != PLAN_NO_SLOT)
		PLAN_ADD(b->p, MOUNT_IDMAP, .slot = e->userns_slot);
	PLAN_ADD(b->p, MOVE_MOUNT);
}

static void make_bind(struct build *b, const struct mount_entry *e)
{
	size_t at = 0;

	plan_tree_ready(b, e->tree);
	plan_tree_take(b, e->tree);
	if (e->o.special & MOUNT_OPTION_COPY_SYMLINK) {
		at = b->p->n_ops;
		PLAN_ADD(b->p, COPY_LINK, .path = plan_str(b->p, e->destination));
	}
	plan_mount_attributes_of_host(b, &e->o, e->o.attr, e->o.special & MOUNT_OPTION_RBIND);
	add_target(b, e);
	PLAN_ADD(b->p, MOVE_MOUNT);
	if (at) { /* no link: bound as ever */
		b->p->ops[at].on_error = ON_ERROR_ALT_PERM;
		b->p->ops[at].alt = (uint8_t)(b->p->n_ops - at - 1);
	}
}

/* ---- remount ----------------------------------------------------------------------------------------- */

static void change_target(struct build *b, const struct mount_attributes *a, uint64_t propagation, bool recursive)
{
	if (a->set || a->clear || propagation)
		PLAN_ADD(b->p, TARGET_SETATTR, .set = a->set, .clear = a->clear, .propagation = propagation,
			 .recursive = recursive);
}

static void remount(struct build *b, const struct mount_entry *e)
{
	const struct mount_attributes none = { 0 };

	PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, e->destination), .kind = TARGET_EXISTING, .like = PLAN_NO_SLOT);
	if (e->bind)
		change_target(b, &e->o.attr, 0, false);
	else
		PLAN_ADD(b->p, RECONFIGURE, .options = plan_strv(b->p, e->o.data, e->o.n_data),
			 .sb_flags = e->o.sb_set & ~(uint64_t)MS_POSIXACL, .set = e->o.attr.set,
			 .clear = e->o.attr.clear);
	change_target(b, &e->o.rec, 0, true);
	for (size_t i = 0; i < e->o.n_propagation; i++)
		change_target(b, &none, e->o.propagation[i] & ~(uint64_t)MS_REC, e->o.propagation[i] & MS_REC);
}

/* ---- all of them ------------------------------------------------------------------------------------- */

void plan_mounts_open(struct build *b)
{
	for (size_t i = 0; i < b->n_mounts; i++) {
		const struct mount_entry *e = &b->mounts[i];
		if (e->userns_slot == PLAN_NO_SLOT)
			continue;
		where(b, e);
		PLAN_ADD(b->p, USERNS, .slot = e->userns_slot, .uid_map = plan_str(b->p, e->uid_map),
			 .gid_map = plan_str(b->p, e->gid_map));
	}
}

void plan_mounts_make(struct build *b)
{
	for (size_t i = 0; i < b->n_mounts; i++) {
		const struct mount_entry *e = &b->mounts[i];
		where(b, e);
		if (e->o.special & MOUNT_OPTION_REMOUNT)
			remount(b, e);
		else if (e->bind)
			make_bind(b, e);
		else if (is_type(e, "cgroup"))
			plan_mount_cgroup(b, e);
		else
			make_file_system(b, e);
	}
}

void plan_mounts_finish(struct build *b)
{
	const struct mount_attributes ro = { .set = MOUNT_ATTR_RDONLY };

	for (size_t i = 0; i < b->n_mounts; i++) {
		const struct mount_entry *e = &b->mounts[i];
		bool made = !e->bind && !(e->o.special & MOUNT_OPTION_REMOUNT) && !is_type(e, "cgroup");
		if (!made || !is_readonly(e) || !is_written_later(b, e))
			continue;
		where(b, e);
		PLAN_ADD(b->p, TARGET, .path = plan_str(b->p, e->destination), .kind = TARGET_EXISTING,
			 .like = PLAN_NO_SLOT);
		change_target(b, &ro, 0, false);
	}
}
