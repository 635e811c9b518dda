/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Raw system calls of the executor.  sys(NR_name, arguments…) returns what the kernel returns: a value, or a
 * negative errno.  sys_retry() does it again after EINTR.  A new architecture needs start.S, sys_call6 here, and
 * a column of numbers.
 */
#ifndef HUSK_INIT_SYS_H
#define HUSK_INIT_SYS_H

#if defined(__x86_64__)
#define NR(name, x86_64, aarch64) NR_##name = x86_64,
#elif defined(__aarch64__)
#define NR(name, x86_64, aarch64) NR_##name = aarch64,
#else
#error "husk-init has no system call numbers for this architecture"
#endif

enum {
	NR(accept4, 288, 242)
	NR(capget, 125, 90)
	NR(capset, 126, 91)
	NR(chdir, 80, 49)
	NR(chroot, 161, 51)
	NR(clock_gettime, 228, 113)
	NR(clock_nanosleep, 230, 115)
	NR(clone3, 435, 435)
	NR(close, 3, 57)
	NR(close_range, 436, 436)
	NR(copy_file_range, 326, 285)
	NR(dup3, 292, 24)
	NR(execve, 59, 221)
	NR(exit_group, 231, 94)
	NR(faccessat2, 439, 439)
	NR(fchdir, 81, 50)
	NR(fchmod, 91, 52)
	NR(fchown, 93, 55)
	NR(fchownat, 260, 54)
	NR(fcntl, 72, 25)
	NR(fgetxattr, 193, 10)
	NR(flistxattr, 196, 13)
	NR(fsconfig, 431, 431)
	NR(fsmount, 432, 432)
	NR(fsopen, 430, 430)
	NR(fspick, 433, 433)
	NR(fsetxattr, 190, 7)
	NR(fstatfs, 138, 44)
	NR(getcwd, 79, 17)
	NR(getdents64, 217, 61)
	NR(geteuid, 107, 175)
	NR(getpid, 39, 172)
	NR(ioctl, 16, 29)
	NR(ioprio_set, 251, 30)
	NR(keyctl, 250, 219)
	NR(kill, 62, 129)
	NR(lseek, 8, 62)
	NR(madvise, 28, 233)
	NR(mkdirat, 258, 34)
	NR(mknodat, 259, 33)
	NR(mmap, 9, 222)
	NR(mount, 165, 40)
	NR(mount_setattr, 442, 442)
	NR(move_mount, 429, 429)
	NR(open_tree, 428, 428)
	NR(open_tree_attr, 467, 467)
	NR(openat, 257, 56)
	NR(openat2, 437, 437)
	NR(personality, 135, 92)
	NR(pipe2, 293, 59)
	NR(pivot_root, 155, 41)
	NR(ppoll, 271, 73)
	NR(prctl, 157, 167)
	NR(prlimit64, 302, 261)
	NR(read, 0, 63)
	NR(readlinkat, 267, 78)
	NR(recvmsg, 47, 212)
	NR(rt_sigaction, 13, 134)
	NR(rt_sigprocmask, 14, 135)
	NR(rt_sigtimedwait, 128, 137)
	NR(sched_setaffinity, 203, 122)
	NR(sched_setattr, 314, 274)
	NR(sched_yield, 24, 124)
	NR(seccomp, 317, 277)
	NR(sendmsg, 46, 211)
	NR(set_mempolicy, 238, 237)
	NR(setdomainname, 171, 162)
	NR(setgroups, 116, 159)
	NR(sethostname, 170, 161)
	NR(setns, 308, 268)
	NR(setpgid, 109, 154)
	NR(setresgid, 119, 149)
	NR(setresuid, 117, 147)
	NR(setsid, 112, 157)
	NR(signalfd4, 289, 74)
	NR(socket, 41, 198)
	NR(statx, 332, 291)
	NR(symlinkat, 266, 36)
	NR(umask, 95, 166)
	NR(umount2, 166, 39)
	NR(unshare, 272, 97)
	NR(utimensat, 280, 88)
	NR(waitid, 247, 95)
	NR(write, 1, 64)
};
#undef NR

#if defined(__x86_64__)
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

static inline long sys_call3(long n, long a, long b, long c)
{
	long ret;

	__asm__ volatile("syscall" : "=a"(ret) : "a"(n), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
	return ret;
}
#else
static inline long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}

static inline long sys_call3(long n, long a, long b, long c)
{
	register long x8 __asm__("x8") = n, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}
#endif

#define SYS_0(n) sys_call3(n, 0, 0, 0)
#define SYS_1(n, a) sys_call3(n, (long)(a), 0, 0)
#define SYS_2(n, a, b) sys_call3(n, (long)(a), (long)(b), 0)
#define SYS_3(n, a, b, c) sys_call3(n, (long)(a), (long)(b), (long)(c))
#define SYS_4(n, a, b, c, d) sys_call6(n, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define SYS_5(n, a, b, c, d, e) sys_call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define SYS_6(n, a, b, c, d, e, f) sys_call6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))
#define SYS_PICK(n, a, b, c, d, e, f, name, ...) name
#define sys(...) SYS_PICK(__VA_ARGS__, SYS_6, SYS_5, SYS_4, SYS_3, SYS_2, SYS_1, SYS_0, 0)(__VA_ARGS__)

#define sys_retry(...) \
	__extension__({ long sys_r_; do sys_r_ = sys(__VA_ARGS__); while (sys_r_ == -EINTR); sys_r_; })

static inline _Noreturn void sys_exit(int status)
{
	for (;;)
		sys(NR_exit_group, status);
}

/* Closes *fd unless it is -1, and makes it -1. */
static inline void sys_close(int *fd)
{
	if (*fd >= 0)
		sys(NR_close, *fd);
	*fd = -1;
}

#endif
