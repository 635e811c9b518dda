/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Constants of the kernel's interface that older headers lack.  Shared with the executor: nothing but the
 * kernel's own headers.  Do not include <sys/mount.h> beside it.
 */
#ifndef HUSK_KERNEL_H
#define HUSK_KERNEL_H

#include <linux/mount.h>
#include <linux/sched.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef AT_SYMLINK_NOFOLLOW
#define AT_SYMLINK_NOFOLLOW 0x100
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

#ifndef SYS_open_tree_attr
#define SYS_open_tree_attr 467 /* 6.15; the same number on all architectures */
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* 5.14 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000
#endif
#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

/* linux/nsfs.h */
#ifndef NS_GET_MNTNS_ID
#define NS_GET_MNTNS_ID 0x8008b705 /* _IOR(0xb7, 5, __u64); 6.11 */
#endif

/* linux/seccomp.h */
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)       /* 5.19 */
#endif

#endif
