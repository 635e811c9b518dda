/* SPDX-License-Identifier: Apache-2.0 */
/* Names of file systems by their magic numbers; see fs_name.h. */
#include "fs_name.h"

#include <stdio.h>
#include <sys/vfs.h>

static const struct {
	unsigned long magic;
	const char *name;
} names[] = {
	{ 0x01021994, "tmpfs" },    { 0x9fa0, "proc" },        { 0x62656572, "sysfs" },
	{ 0x1cd1, "devpts" },       { 0x19800202, "mqueue" },  { 0x63677270, "cgroup2" },
	{ 0x27e0eb, "cgroup" },     { 0x794c7630, "overlay" }, { 0x65735546, "fuse" },
	{ 0x6969, "nfs" },          { 0xff534d42, "cifs" },    { 0xfe534d42, "smb2" },
	{ 0x01021997, "9p" },       { 0x6a656a62, "shiftfs" }, { 0x786f4256, "vboxsf" },
	{ 0x00c36400, "ceph" },     { 0xef53, "ext4" },        { 0x58465342, "xfs" },
	{ 0x9123683e, "btrfs" },    { 0x2fc12fc1, "zfs" },     { 0xf2f52010, "f2fs" },
	{ 0x73717368, "squashfs" }, { 0xe0f5e1e2, "erofs" },   { 0x4d44, "vfat" },
	{ 0x5346544e, "ntfs" },     { 0x9660, "iso9660" },     { 0x858458f6, "ramfs" },
	{ 0x64626720, "debugfs" },  { 0x74726163, "tracefs" }, { 0x73636673, "securityfs" },
	{ 0x6e736673, "nsfs" },     { 0xcafe4a11, "bpf" },
};

void fs_name(int fd, char *buf, size_t size)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) < 0) {
		snprintf(buf, size, "unknown");
		return;
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].magic == (unsigned long)fs.f_type) {
			snprintf(buf, size, "%s", names[i].name);
			return;
		}
	snprintf(buf, size, "0x%lx", (unsigned long)fs.f_type);
}
