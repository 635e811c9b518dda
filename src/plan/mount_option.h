/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mount options of config.json: from words to what the kernel is asked for.  mount_option.def is the table.
 * As in mount(8), of two options that contradict each other the later one counts.
 */
#ifndef HUSK_MOUNT_OPTION_H
#define HUSK_MOUNT_OPTION_H

#include <stddef.h>
#include <stdint.h>

enum {
	MOUNT_OPTION_BIND = 1,
	MOUNT_OPTION_RBIND = 2,
	MOUNT_OPTION_REMOUNT = 4,
	MOUNT_OPTION_TMPCOPYUP = 8,
	MOUNT_OPTION_IDMAP = 16,
	MOUNT_OPTION_RIDMAP = 32,
	MOUNT_OPTION_SRC_NOFOLLOW = 64,
	MOUNT_OPTION_DEST_NOFOLLOW = 128,
	MOUNT_OPTION_COPY_SYMLINK = 256,        /* a source that is a link is made anew at the destination */
};

struct mount_attributes {
	uint64_t set, clear;            /* MOUNT_ATTR_*; a new access time has MOUNT_ATTR__ATIME in clear */
};

struct mount_options {
	struct mount_attributes attr;   /* of the mount itself */
	struct mount_attributes rec;    /* of the whole tree */
	uint64_t sb_set, sb_clear;      /* MS_* of the file system; ro is here and in attr */
	uint64_t propagation[4];        /* MS_SHARED …, with MS_REC, in the order in which they were asked for */
	size_t n_propagation;
	unsigned special;               /* MOUNT_OPTION_* */
	const char **data;              /* the file system's own options; the vector is owned, the words are borrowed */
	size_t n_data;
};

void mount_options_parse(struct mount_options *o, const char *const *words, size_t n);
void mount_options_done(struct mount_options *o);

/* Names of all options in the table, NULL-terminated, for `features`. */
const char *const *mount_option_names(void);

#endif
