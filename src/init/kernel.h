/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the executor needs of the kernel's interface: numbers and structures of Linux on 64-bit machines.  It is
 * written out here since the executor is compiled without any C library's headers, also for other architectures.
 */
#ifndef HUSK_INIT_KERNEL_H
#define HUSK_INIT_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum {
	EPERM = 1, ENOENT = 2, ENXIO = 6, ESRCH = 3, EINTR = 4, EIO = 5, E2BIG = 7, ENOEXEC = 8, EBADF = 9, ECHILD = 10,
	EAGAIN = 11, ENOMEM = 12, EACCES = 13, EBUSY = 16, EEXIST = 17, EXDEV = 18, ENODEV = 19, ENOTDIR = 20,
	EISDIR = 21, EINVAL = 22, ENOSPC = 28, EROFS = 30, EPIPE = 32, ERANGE = 34, ENAMETOOLONG = 36, ENOSYS = 38,
	ELOOP = 40, ENODATA = 61, EPROTO = 71, EOPNOTSUPP = 95, ECONNRESET = 104, ETIMEDOUT = 110,
	EDQUOT = 122,
};

/* open */
enum {
	O_RDONLY = 0, O_WRONLY = 1, O_RDWR = 2, O_ACCMODE = 3, O_CREAT = 0100, O_EXCL = 0200, O_NOCTTY = 0400, O_NONBLOCK = 04000,
#if defined(__aarch64__)
	O_DIRECTORY = 040000, O_NOFOLLOW = 0100000,
#else
	O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000,
#endif
	O_CLOEXEC = 02000000, O_PATH = 010000000,
};
enum {
	AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100, AT_EACCESS = 0x200, AT_EMPTY_PATH = 0x1000, AT_RECURSIVE = 0x8000,
};
struct open_how { uint64_t flags, mode, resolve; };
enum { RESOLVE_NO_XDEV = 1, RESOLVE_NO_MAGICLINKS = 2, RESOLVE_NO_SYMLINKS = 4, RESOLVE_BENEATH = 8, RESOLVE_IN_ROOT = 16 };
enum { F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_DUPFD_CLOEXEC = 1030, FD_CLOEXEC = 1, CLOSE_RANGE_CLOEXEC = 4 };
enum { X_OK = 1, PATH_MAX = 4096, NAME_MAX = 255 };

/* file types */
enum {
	S_IFMT = 0170000, S_IFIFO = 0010000, S_IFCHR = 0020000, S_IFDIR = 0040000, S_IFBLK = 0060000,
	S_IFREG = 0100000, S_IFLNK = 0120000, S_IFSOCK = 0140000,
};
struct statx_time { int64_t sec; uint32_t nsec; int32_t pad; };
struct statx {
	uint32_t mask, blksize;
	uint64_t attributes;
	uint32_t nlink, uid, gid;
	uint16_t mode, pad;
	uint64_t ino, size, blocks, attributes_mask;
	struct statx_time atime, btime, ctime, mtime;
	uint32_t rdev_major, rdev_minor, dev_major, dev_minor;
	uint64_t mnt_id;
	uint64_t spare[13];
};
enum { STATX_BASIC_STATS = 0x7ff, STATX_MNT_ID = 0x1000 };
struct statfs {
	int64_t type, bsize;
	uint64_t blocks, bfree, bavail, files, ffree;
	int32_t fsid[2];
	int64_t namelen, frsize, flags, spare[4];
};
#define PROC_SUPER_MAGIC 0x9fa0
enum { PROC_ROOT_INO = 1 };
#define SYSFS_MAGIC 0x62656572
#define DEVPTS_SUPER_MAGIC 0x1cd1
enum { ST_RDONLY = 1 };
struct dirent64 { uint64_t ino; int64_t off; uint16_t reclen; uint8_t type; char name[]; };
enum { DT_DIR = 4 };

/* mounts */
enum {
	MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_SYNCHRONOUS = 16, MS_REMOUNT = 32,
	MS_MANDLOCK = 64, MS_DIRSYNC = 128, MS_NOSYMFOLLOW = 256, MS_NOATIME = 1024, MS_NODIRATIME = 2048,
	MS_BIND = 4096, MS_REC = 16384, MS_SILENT = 32768, MS_SLAVE = 1 << 19, MS_RELATIME = 1 << 21,
	MS_I_VERSION = 1 << 23, MS_STRICTATIME = 1 << 24, MS_LAZYTIME = 1 << 25, MNT_DETACH = 2,
};
enum {
	MOUNT_ATTR_RDONLY = 1, MOUNT_ATTR_NOSUID = 2, MOUNT_ATTR_NODEV = 4, MOUNT_ATTR_NOEXEC = 8,
	MOUNT_ATTR__ATIME = 0x70, MOUNT_ATTR_NOATIME = 0x10, MOUNT_ATTR_STRICTATIME = 0x20,
	MOUNT_ATTR_NODIRATIME = 0x80, MOUNT_ATTR_IDMAP = 0x100000, MOUNT_ATTR_NOSYMFOLLOW = 0x200000,
};
struct mount_attr { uint64_t attr_set, attr_clr, propagation, userns_fd; };
enum { FSOPEN_CLOEXEC = 1, FSMOUNT_CLOEXEC = 1, FSPICK_CLOEXEC = 1, FSPICK_EMPTY_PATH = 8 };
enum { FSCONFIG_SET_FLAG = 0, FSCONFIG_SET_STRING = 1, FSCONFIG_CMD_CREATE = 6, FSCONFIG_CMD_RECONFIGURE = 7 };
enum { OPEN_TREE_CLONE = 1, OPEN_TREE_CLOEXEC = O_CLOEXEC };
enum { MOVE_MOUNT_F_EMPTY_PATH = 4, MOVE_MOUNT_T_EMPTY_PATH = 0x40 };

/* processes */
#define CLONE_PIDFD 0x1000ull
#define CLONE_PARENT 0x8000ull
#define CLONE_NEWCGROUP 0x02000000ull
#define CLONE_NEWNS 0x00020000ull
#define CLONE_NEWUSER 0x10000000ull
struct clone_args {
	uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls;
};
enum { P_PIDFD = 3, P_ALL = 0, WNOHANG = 1, WEXITED = 4, CLD_EXITED = 1, CLD_DUMPED = 3 };
struct siginfo { int32_t signo, error, code, pad, pid, uid, status; char rest[100]; };
enum { SIGKILL = 9, SIGPIPE = 13, SIGCHLD = 17, SIGCONT = 18, SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23,
       SIGWINCH = 28 };
enum { SIG_BLOCK = 0, SIG_SETMASK = 2, SFD_CLOEXEC = O_CLOEXEC };
struct sigaction { uint64_t handler, flags, restorer, mask; };
struct signalfd_siginfo { uint32_t signo; char rest[124]; };
#define NS_GET_MNTNS_ID 0x8008b705u /* 6.11 */
enum { PR_SET_DUMPABLE = 4, PR_SET_KEEPCAPS = 8, PR_SET_NAME = 15, PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24,
       PR_SET_NO_NEW_PRIVS = 38, PR_CAP_AMBIENT = 47, PR_CAP_AMBIENT_RAISE = 2, PR_CAP_AMBIENT_CLEAR_ALL = 4 };
struct cap_header { uint32_t version; int32_t pid; };
struct cap_data { uint32_t effective, permitted, inheritable; };
#define CAP_VERSION_3 0x20080522u
struct rlimit64 { uint64_t soft, hard; };
struct sched_attr {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};
struct timespec { int64_t sec, nsec; };
enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1 };
enum { SECCOMP_SET_MODE_FILTER = 1, SECCOMP_FILTER_FLAG_NEW_LISTENER = 8 };
struct sock_filter { uint16_t code; uint8_t jt, jf; uint32_t k; };
struct sock_fprog { uint16_t len; const struct sock_filter *filter; };
enum { KEYCTL_JOIN_SESSION_KEYRING = 1, KEYCTL_SETPERM = 5 };
enum { PROT_READ = 1, PROT_WRITE = 2, MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MADV_DONTNEED = 4, SEEK_SET = 0, SEEK_END = 2 };

/* sockets, polling */
struct iovec { void *base; size_t len; };
struct msghdr {
	void *name;
	uint32_t namelen, pad;
	struct iovec *iov;
	size_t iovlen;
	void *control;
	size_t controllen;
	uint32_t flags, pad2;
};
struct cmsghdr { size_t len; int32_t level, type; };
enum { AF_UNIX = 1, SOCK_DGRAM = 2, SIOCSIFFLAGS = 0x8914, SOL_SOCKET = 1, SCM_RIGHTS = 1, MSG_CTRUNC = 8,
       MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40, MSG_NOSIGNAL = 0x4000,
       MSG_CMSG_CLOEXEC = 0x40000000, SOCK_CLOEXEC = O_CLOEXEC, SOCK_NONBLOCK = O_NONBLOCK };
struct pollfd { int32_t fd; int16_t events, revents; };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16, POLLNVAL = 32 };

/* terminals */
struct winsize { uint16_t row, col, xpixel, ypixel; };
#define TIOCSCTTY 0x540e
#define TIOCSWINSZ 0x5414
#define TIOCSPTLCK 0x40045431
#define TIOCGPTPEER 0x5441

_Static_assert(sizeof(struct statx) == 256, "statx");
_Static_assert(sizeof(struct statfs) == 120, "statfs");
_Static_assert(sizeof(struct siginfo) == 128, "siginfo");
_Static_assert(sizeof(struct msghdr) == 56, "msghdr");
_Static_assert(sizeof(struct signalfd_siginfo) == 128, "signalfd_siginfo");
_Static_assert(sizeof(struct sched_attr) == 48, "sched_attr");

#endif
