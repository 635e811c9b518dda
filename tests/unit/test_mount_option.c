/* SPDX-License-Identifier: Apache-2.0 */
/* Mount options: each word, its opposite, and which one counts. */
#include "plan/mount_option.h"
#include "unit.h"
#include "util/kernel.h"

static struct mount_options parse(const char *words)
{
	static char copy[512];
	const char *list[32];
	size_t n = 0;
	struct mount_options o;

	snprintf(copy, sizeof(copy), "%s", words);
	for (char *rest = copy, *word; (word = strsep(&rest, " ")) != NULL && n < 32;)
		list[n++] = word;
	mount_options_parse(&o, list, n);
	return o;
}

static void test_the_later_one_counts(void)
{
	struct mount_options o = parse("ro rw nosuid suid nodev");

	CHECK_INT(o.attr.set, MOUNT_ATTR_NODEV);
	CHECK_INT(o.attr.clear, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID);
	CHECK_INT(o.sb_set, 0);
	CHECK_INT(o.sb_clear, MS_RDONLY);
	mount_options_done(&o);
}

static void test_access_times_are_one_field(void)
{
	static const struct {
		const char *words;
		uint64_t set, clear;
	} cases[] = {
		{ "noatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "noatime strictatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ "strictatime relatime", 0, MOUNT_ATTR__ATIME },
		{ "atime", 0, MOUNT_ATTR__ATIME },
		{ "noatime atime", 0, MOUNT_ATTR__ATIME },
		{ "strictatime atime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ "strictatime nostrictatime", 0, MOUNT_ATTR__ATIME },
		{ "strictatime norelatime", MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
		{ "noatime nostrictatime", MOUNT_ATTR_NOATIME, MOUNT_ATTR__ATIME },
		{ "nodiratime", MOUNT_ATTR_NODIRATIME, 0 },
		{ "nodiratime diratime", 0, MOUNT_ATTR_NODIRATIME },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mount_options o = parse(cases[i].words);
		CHECK_SAY(o.attr.set == cases[i].set && o.attr.clear == cases[i].clear, "%s: set %#llx clear %#llx",
			  cases[i].words, (unsigned long long)o.attr.set, (unsigned long long)o.attr.clear);
		mount_options_done(&o);
	}
}

static void test_recursive_ones_are_apart(void)
{
	struct mount_options o = parse("rw rro rnoatime rsuid");

	CHECK_INT(o.attr.set, 0);
	CHECK_INT(o.attr.clear, MOUNT_ATTR_RDONLY);
	CHECK_INT(o.rec.set, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME);
	CHECK_INT(o.rec.clear, MOUNT_ATTR_NOSUID | MOUNT_ATTR__ATIME);
	mount_options_done(&o);
}

static void test_propagation_keeps_its_order(void)
{
	struct mount_options o = parse("rslave shared");

	CHECK_INT(o.n_propagation, 2);
	CHECK_INT(o.propagation[0], MS_SLAVE | MS_REC);
	CHECK_INT(o.propagation[1], MS_SHARED);
	mount_options_done(&o);
	o = parse("private slave shared rprivate rslave");
	CHECK_INT(o.n_propagation, 4);
	CHECK_INT(o.propagation[3], MS_SLAVE | MS_REC);
	mount_options_done(&o);
}

static void test_the_rest_is_the_file_system_s(void)
{
	struct mount_options o = parse("defaults mode=755 bind size=5k idmap unknown");

	CHECK_INT(o.n_data, 3);
	CHECK_STR(o.data[0], "mode=755");
	CHECK_STR(o.data[2], "unknown");
	CHECK_INT(o.special, MOUNT_OPTION_BIND | MOUNT_OPTION_IDMAP);
	mount_options_done(&o);
}

static void test_flags_of_the_file_system(void)
{
	struct mount_options o = parse("sync async dirsync lazytime nolazytime iversion silent loud mand");

	CHECK_INT(o.sb_set, MS_DIRSYNC | MS_I_VERSION | MS_MANDLOCK);
	CHECK_INT(o.sb_clear, MS_SYNCHRONOUS | MS_LAZYTIME | MS_SILENT);
	mount_options_done(&o);
}

static bool is_named(const char *word)
{
	for (const char *const *name = mount_option_names(); *name; name++)
		if (!strcmp(*name, word))
			return true;
	return false;
}

/* Every word of config.md, Linux mount options. */
static void test_every_word_of_the_specification(void)
{
	static const char *const words[] = {
		"async",          "atime",      "bind",         "defaults",    "dev",
		"diratime",       "dirsync",    "exec",         "iversion",    "lazytime",
		"loud",           "mand",       "noatime",      "nodev",       "nodiratime",
		"noexec",         "noiversion", "nolazytime",   "nomand",      "norelatime",
		"nostrictatime",  "nosuid",     "nosymfollow",  "private",     "ratime",
		"rbind",          "rdev",       "rdiratime",    "relatime",    "remount",
		"rexec",          "rnoatime",   "rnodiratime",  "rnoexec",     "rnorelatime",
		"rnostrictatime", "rnosuid",    "rnosymfollow", "ro",          "rprivate",
		"rrelatime",      "rro",        "rrw",          "rshared",     "rslave",
		"rstrictatime",   "rsuid",      "rsymfollow",   "runbindable", "rw",
		"shared",         "silent",     "slave",        "strictatime", "suid",
		"symfollow",      "sync",       "tmpcopyup",    "unbindable",  "idmap",
		"ridmap",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		struct mount_options o = parse(words[i]);
		CHECK_SAY(is_named(words[i]) && o.n_data == 0, "%s is not known", words[i]);
		mount_options_done(&o);
	}
	CHECK(!is_named("size=5k"));
}

int main(void)
{
	UNIT(test_the_later_one_counts);
	UNIT(test_access_times_are_one_field);
	UNIT(test_recursive_ones_are_apart);
	UNIT(test_propagation_keeps_its_order);
	UNIT(test_the_rest_is_the_file_system_s);
	UNIT(test_flags_of_the_file_system);
	UNIT(test_every_word_of_the_specification);
	return unit_done();
}
