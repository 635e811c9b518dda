/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options, one table, one walker; see mount_option.h. */
#include "mount_option.h"
#include "util/kernel.h"
#include "util/mem.h"

#include <stdlib.h>
#include <string.h>

enum kind {
	KIND_NOTHING,
	KIND_RDONLY,
	KIND_ATTR,
	KIND_ATTR_REC,
	KIND_ATIME_END,
	KIND_ATIME_END_REC,
	KIND_SUPER,
	KIND_PROPAGATION,
	KIND_SPECIAL,
};

static const struct mount_option {
	enum kind kind;
	uint64_t set, clear;
} table[] = {
#define NOTHING(name) { KIND_NOTHING, 0, 0 },
#define RDONLY(name, ro) { KIND_RDONLY, ro, 0 },
#define ATTR(name, set, clear) { KIND_ATTR, set, clear },
#define ATTR_REC(name, set, clear) { KIND_ATTR_REC, set, clear },
#define ATIME_END(name, value) { KIND_ATIME_END, value, 0 },
#define ATIME_END_REC(name, value) { KIND_ATIME_END_REC, value, 0 },
#define SUPER(name, set, clear) { KIND_SUPER, set, clear },
#define PROPAGATION(name, flags) { KIND_PROPAGATION, flags, 0 },
#define SPECIAL(name, flag) { KIND_SPECIAL, flag, 0 },
#include "mount_option.def"
#undef NOTHING
#undef RDONLY
#undef ATTR
#undef ATTR_REC
#undef ATIME_END
#undef ATIME_END_REC
#undef SUPER
#undef PROPAGATION
#undef SPECIAL
};

static const char *const names[] = {
#define NOTHING(name) name,
#define RDONLY(name, ro) name,
#define ATTR(name, set, clear) name,
#define ATTR_REC(name, set, clear) name,
#define ATIME_END(name, value) name,
#define ATIME_END_REC(name, value) name,
#define SUPER(name, set, clear) name,
#define PROPAGATION(name, flags) name,
#define SPECIAL(name, flag) name,
#include "mount_option.def"
	NULL,
};

const char *const *mount_option_names(void)
{
	return names;
}

static const struct mount_option *find(const char *word)
{
	for (size_t i = 0; names[i]; i++)
		if (strcmp(names[i], word) == 0)
			return &table[i];
	return NULL;
}

/* The later word counts.  The access time is a field, not a bit: its mask stays in clear. */
static void change_attributes(struct mount_attributes *a, uint64_t set, uint64_t clear)
{
	a->set = (a->set & ~clear) | set;
	a->clear = (a->clear & ~(set & ~(uint64_t)MOUNT_ATTR__ATIME)) | clear;
}

static void change_super(struct mount_options *o, uint64_t set, uint64_t clear)
{
	o->sb_set = (o->sb_set & ~clear) | set;
	o->sb_clear = (o->sb_clear & ~set) | clear;
}

/* "atime" ends noatime and nothing else: strictatime stays if that was asked for. */
static void end_atime(struct mount_attributes *a, uint64_t value)
{
	if ((a->clear & MOUNT_ATTR__ATIME) && (a->set & MOUNT_ATTR__ATIME) != value)
		return;
	change_attributes(a, 0, MOUNT_ATTR__ATIME);
}

static void add_propagation(struct mount_options *o, uint64_t flags)
{
	const size_t max = sizeof(o->propagation) / sizeof(o->propagation[0]);

	if (o->n_propagation == max) { /* only the last ones can matter */
		memmove(o->propagation, o->propagation + 1, (max - 1) * sizeof(o->propagation[0]));
		o->n_propagation--;
	}
	o->propagation[o->n_propagation++] = flags;
}

static void add_data(struct mount_options *o, const char *word)
{
	o->data = mem_grow(o->data, o->n_data + 1, sizeof(*o->data));
	o->data[o->n_data++] = word;
}

static void apply(struct mount_options *o, const struct mount_option *row)
{
	switch (row->kind) {
	case KIND_NOTHING: break;
	case KIND_RDONLY:
		change_attributes(&o->attr, row->set ? MOUNT_ATTR_RDONLY : 0, row->set ? 0 : MOUNT_ATTR_RDONLY);
		change_super(o, row->set ? MS_RDONLY : 0, row->set ? 0 : MS_RDONLY);
		break;
	case KIND_ATTR: change_attributes(&o->attr, row->set, row->clear); break;
	case KIND_ATTR_REC: change_attributes(&o->rec, row->set, row->clear); break;
	case KIND_ATIME_END: end_atime(&o->attr, row->set); break;
	case KIND_ATIME_END_REC: end_atime(&o->rec, row->set); break;
	case KIND_SUPER: change_super(o, row->set, row->clear); break;
	case KIND_PROPAGATION: add_propagation(o, row->set); break;
	case KIND_SPECIAL: o->special |= (unsigned)row->set; break;
	}
}

void mount_options_parse(struct mount_options *o, const char *const *words, size_t n)
{
	*o = (struct mount_options){ 0 };
	for (size_t i = 0; i < n; i++) {
		const struct mount_option *row = find(words[i]);
		if (row)
			apply(o, row);
		else if (*words[i])
			add_data(o, words[i]);
	}
}

void mount_options_done(struct mount_options *o)
{
	free(o->data);
	*o = (struct mount_options){ 0 };
}
