# SPDX-License-Identifier: Apache-2.0
"""Seccomp: actions, operators, flags, architectures, errnoRet, newer system calls, notification."""
import array
import json
import os
import socket

from case import test
from test_process import values

CALL = 146             # sched_get_priority_max on x86_64: a call that no runtime and no shell makes
NEWEST = 400000


def profile(config, *rules, default="SCMP_ACT_ALLOW", **more):
    config.linux["seccomp"] = {"defaultAction": default, "syscalls": list(rules), **more}
    return config


def rule(action, *names, **more):
    return {"names": list(names), "action": action, **more}


def called(t, config, *args):
    return t.inside(config.args("probe", "call", *[str(a) for a in args])).strip()


def _x86(t):
    t.need(os.uname().machine == "x86_64", "numbers of x86_64")


@test
def mode_is_filter(t):
    t.eq(values(t.inside(profile(t.config("probe", "caps"), rule("SCMP_ACT_ERRNO", "mkdirat"))))["Seccomp"], "2")


@test
def none_without_profile(t):
    t.eq(values(t.inside(t.config("probe", "caps")))["Seccomp"], "0")


@test
def errno_default_is_eperm(t):
    _x86(t)
    t.eq(called(t, profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max")), CALL), "EPERM")


@test
def errno_ret(t):
    _x86(t)
    t.eq(called(t, profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max", errnoRet=38)), CALL), "ENOSYS")
    t.eq(called(t, profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max", errnoRet=0)), CALL), "ok 0")


@test
def default_errno_ret(t):
    _x86(t)
    t.need(t.runtime.kind == "husk", "ENOSYS stub interplay")
    names = _everything_but(t, "sched_get_priority_max")
    config = profile(t.config(), rule("SCMP_ACT_ALLOW", *names), default="SCMP_ACT_ERRNO", defaultErrnoRet=13)
    t.eq(called(t, config, CALL), "EACCES")


def _everything_but(t, *names):
    """The names of Docker's profile are plenty for a static program."""
    allowed = """access alarm arch_prctl brk capget capset chdir clock_gettime clone clone3 close close_range dup dup2 dup3 epoll_create1
    epoll_ctl epoll_wait execve execveat exit exit_group faccessat faccessat2 fchdir fcntl fstat fstatfs fsync futex getcwd getdents64 getegid
    geteuid getgid getgroups getpgrp getpid getppid getrandom getresgid getresuid getrlimit getsid gettid getuid ioctl kill lseek lstat madvise
    mmap mprotect munmap nanosleep newfstatat open openat openat2 pipe pipe2 poll ppoll prctl pread64 prlimit64 read readlink readlinkat
    restart_syscall rseq rt_sigaction rt_sigprocmask rt_sigreturn rt_sigtimedwait rt_sigsuspend seccomp set_robust_list set_tid_address
    setgid setgroups setresgid setresuid setsid setuid sigaltstack stat statx sysinfo tgkill time umask uname unlink wait4 waitid write
    writev sendmsg recvmsg socketcall""".split()
    return [n for n in allowed if n not in names]


@test
def default_deny_profile_runs(t):
    config = profile(t.config("echo ran"), rule("SCMP_ACT_ALLOW", *_everything_but(t)), default="SCMP_ACT_ERRNO")
    t.eq(t.inside(config).strip(), "ran")


@test
def default_deny_without_new_privs(t):
    config = profile(t.config("echo ran"), rule("SCMP_ACT_ALLOW", *_everything_but(t)), default="SCMP_ACT_ERRNO")
    config.process["noNewPrivileges"] = True
    config.caps([])
    config.process["user"] = {"uid": 1000, "gid": 1000}
    t.eq(t.inside(config).strip(), "ran")


@test
def filter_without_cap_sys_admin_and_without_nnp(t):
    _x86(t)
    config = profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max")).caps([])
    config.process["user"] = {"uid": 1000, "gid": 1000}
    config.process["noNewPrivileges"] = False
    t.eq(called(t, config, CALL), "EPERM")


@test
def newer_system_call_is_enosys(t):
    _x86(t)
    t.need(t.runtime.kind == "husk", "Debian's runc does not")
    config = profile(t.config(), rule("SCMP_ACT_ALLOW", *_everything_but(t)), default="SCMP_ACT_ERRNO")
    t.eq(called(t, config, NEWEST), "ENOSYS")


@test
def known_but_unlisted_is_eperm(t):
    _x86(t)
    config = profile(t.config(), rule("SCMP_ACT_ALLOW", *_everything_but(t, "sched_get_priority_max")), default="SCMP_ACT_ERRNO")
    t.eq(called(t, config, CALL), "EPERM")


def _operator(op, value, two, outcomes):
    """mkdir("/", mode) with several modes: EPERM where the rule fits, EEXIST elsewhere."""
    def check(t):
        _x86(t)
        argument = {"index": 1, "value": value, "op": op}
        if two is not None:
            argument["valueTwo"] = two
        config = profile(t.config(), rule("SCMP_ACT_ERRNO", "mkdir", args=[argument]))
        config.sh("for m in 4 5 6; do probe call 83 /proc $m; done")
        t.eq(t.inside(config).split(), outcomes)
    check.__name__ = f"operator_{op.removeprefix('SCMP_CMP_').lower()}"
    check.__module__ = __name__
    test(check)


_E, _N = "EPERM", "EEXIST"
_operator("SCMP_CMP_EQ", 5, None, [_N, _E, _N])
_operator("SCMP_CMP_NE", 5, None, [_E, _N, _E])
_operator("SCMP_CMP_LT", 5, None, [_E, _N, _N])
_operator("SCMP_CMP_LE", 5, None, [_E, _E, _N])
_operator("SCMP_CMP_GT", 5, None, [_N, _N, _E])
_operator("SCMP_CMP_GE", 5, None, [_N, _E, _E])
_operator("SCMP_CMP_MASKED_EQ", 3, 1, [_N, _E, _N])


@test
def two_arguments_on_one_index(t):
    """Repeated indexes are alternatives, as engines write them."""
    _x86(t)
    config = profile(t.config(), rule("SCMP_ACT_ERRNO", "mkdir", args=[
        {"index": 1, "value": 4, "op": "SCMP_CMP_EQ"}, {"index": 1, "value": 6, "op": "SCMP_CMP_EQ"}]))
    config.sh("for m in 4 5 6; do probe call 83 /proc $m; done")
    t.eq(t.inside(config).split(), [_E, _N, _E])


def _killing(action):
    def check(t):
        _x86(t)
        config = profile(t.config("probe call 146; echo code $?"), rule(action, "sched_get_priority_max"))
        text = t.inside(config)
        t.has(text, "code 159")
    check.__name__ = f"action_{action.removeprefix('SCMP_ACT_').lower()}"
    check.__module__ = __name__
    test(check)


for _action in ("SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_TRAP"):
    _killing(_action)


@test
def action_log_allows(t):
    _x86(t)
    t.check(called(t, profile(t.config(), rule("SCMP_ACT_LOG", "sched_get_priority_max")), CALL).startswith("ok"), "log")


@test
def action_trace_without_tracer(t):
    _x86(t)
    t.eq(called(t, profile(t.config(), rule("SCMP_ACT_TRACE", "sched_get_priority_max")), CALL), "ENOSYS")


@test
def flags(t):
    _x86(t)
    for flag in ("SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC"):
        if t.runtime.kind != "husk":
            t.skip("Debian's runc knows no flags")
        config = profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max"), flags=[flag])
        t.eq(called(t, config, CALL), "EPERM")


@test
def architectures(t):
    _x86(t)
    config = profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])
    t.eq(called(t, config, CALL), "EPERM")


@test
def unknown_system_call_name_is_skipped(t):
    _x86(t)
    t.eq(called(t, profile(t.config(), rule("SCMP_ACT_ERRNO", "no_such_call", "sched_get_priority_max")), CALL), "EPERM")


def _bad(name, pointer, change):
    def check(t):
        config = profile(t.config("true"), rule("SCMP_ACT_ERRNO", "sched_get_priority_max"))
        change(config.linux["seccomp"])
        result = t.refused(config)
        if t.runtime.kind == "husk":
            t.has(result.err, pointer)
    check.__name__ = f"bad_{name}"
    check.__module__ = __name__
    test(check)


_bad("action", "/linux/seccomp/defaultAction", lambda s: s.update(defaultAction="SCMP_ACT_NONSENSE"))
_bad("rule_action", "/linux/seccomp/syscalls/0/action", lambda s: s["syscalls"][0].update(action="NONSENSE"))
_bad("architecture", "/linux/seccomp/architectures/0", lambda s: s.update(architectures=["SCMP_ARCH_NONSENSE"]))
_bad("operator", "/linux/seccomp/syscalls/0/args/0/op",
     lambda s: s["syscalls"][0].update(args=[{"index": 0, "value": 1, "op": "NONSENSE"}]))
_bad("flag", "/linux/seccomp/flags/0", lambda s: s.update(flags=["SECCOMP_FILTER_FLAG_NONSENSE"]))


@test
def exec_is_filtered_too(t):
    _x86(t)
    container = t.sleeper(profile(t.config(), rule("SCMP_ACT_ERRNO", "sched_get_priority_max")))
    t.eq(t.exec(container, "probe", "call", str(CALL)).out.strip(), "EPERM")
    t.finish(container)


@test
def notify(t):
    """The listener and the state go to the agent."""
    _x86(t)
    path = f"/tmp/husk-agent-{os.getpid()}.sock"
    agent = socket.socket(socket.AF_UNIX)
    agent.bind(path)
    agent.listen(1)
    agent.settimeout(10)
    config = profile(t.config("sleep 1000"), rule("SCMP_ACT_NOTIFY", "mkdir"), listenerPath=path, listenerMetadata="some metadata")
    container = t.create(config)
    t.ok("start", container)
    connection, _ = agent.accept()
    data, ancillary, _, _ = connection.recvmsg(65536, socket.CMSG_SPACE(64))
    os.unlink(path)
    state = json.loads(data)
    t.eq(state["fds"], ["seccompFd"])
    t.eq(state["metadata"], "some metadata")
    t.eq(state["state"]["id"], container)
    t.check(state["pid"] > 0, "pid")
    if t.runtime.kind == "husk":
        t.check(state["ociVersion"] != "0.2.0", "ociVersion")
    fds = array.array("i")
    for _, _, piece in ancillary:
        fds.frombytes(piece[:len(piece) // 4 * 4])
    t.eq(len(fds), 1, "descriptors")
    t.has(os.readlink(f"/proc/self/fd/{fds[0]}"), "seccomp notify")
    os.close(fds[0])
    connection.close()
    t.finish(container)


@test
def notify_without_listener_refused(t):
    t.refused(profile(t.config("true"), rule("SCMP_ACT_NOTIFY", "mkdir")))


@test
def notify_agent_absent(t):
    config = profile(t.config("true"), rule("SCMP_ACT_NOTIFY", "mkdir"), listenerPath=t.path("missing.sock"))
    t.not_run(config)
