# SPDX-License-Identifier: Apache-2.0
"""The program: args, PATH search, env, cwd, exit codes, scheduling, personality, signals, descriptors."""
import os
import signal

import layout
from case import test, wait_until


def values(text):
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


@test
def args_are_exact(t):
    config = t.config("sh", "-c", "for a; do echo \"[$a]\"; done", "zero", "one two", "", "ünï", "a\tb")
    t.eq(t.inside(config), "[one two]\n[]\n[ünï]\n[a\tb]\n")


@test
def env_is_exact(t):
    config = t.config("env")
    config.process["env"] = ["PATH=/bin", "HOME=/x", "EMPTY=", "SPACE=a b", "EQ=a=b"]
    lines = t.inside(config).splitlines()
    t.check(set(["PATH=/bin", "HOME=/x", "EMPTY=", "SPACE=a b", "EQ=a=b"]) <= set(lines), lines)
    t.check(not [l for l in lines if l.startswith(("LANG", "_HUSK", "HUSK", "_LIBCONTAINER"))], lines)


@test
def env_order_and_duplicates(t):
    config = t.config("env; true")
    config.process["env"] = ["PATH=/bin", "HOME=/", "A=1", "B=2", "A=3"]
    t.has(t.inside(config), "A=3")


@test
def path_search_in_containers_path(t):
    config = t.config("probe2")
    config.process["env"] = ["PATH=/nowhere:/opt/own", "HOME=/"]
    path = t.bundle(config)
    os.mkdir(path + "/rootfs/opt")
    os.mkdir(path + "/rootfs/opt/own")
    os.symlink("/bin/busybox", path + "/rootfs/opt/own/true")
    t.inside(config.args("true"), bundle_path=path)


@test
def relative_program(t):
    config = t.config().args("./true")
    config.process["cwd"] = "/bin"
    t.inside(config)


@test
def home_from_passwd(t):
    config = t.config("echo $HOME")
    config.process["env"] = ["PATH=/bin"]
    t.eq(t.inside(config).strip(), "/root")
    config.process["user"] = {"uid": 1000, "gid": 1000}
    t.eq(t.inside(config).strip(), "/home/user")


@test
def home_unknown_user(t):
    config = t.config("echo $HOME")
    config.process["env"] = ["PATH=/bin"]
    config.process["user"] = {"uid": 4321, "gid": 1}
    t.eq(t.inside(config).strip(), "/")


@test
def home_empty_counts_as_unset(t):
    t.need(t.runtime.kind == "husk", "newer than Debian 12's peers")
    config = t.config("echo $HOME")
    config.process["env"] = ["PATH=/bin", "HOME="]
    t.eq(t.inside(config).strip(), "/root")


@test
def cwd(t):
    config = t.config("pwd")
    config.process["cwd"] = "/tmp"
    t.eq(t.inside(config).strip(), "/tmp")


@test
def cwd_made(t):
    config = t.config("pwd; stat -c '%a %u' /new/dir")
    config.process["cwd"] = "/new/dir"
    t.eq(t.inside(config).split(), ["/new/dir", "755", "0"])


@test
def cwd_not_a_directory(t):
    config = t.config("pwd")
    config.process["cwd"] = "/etc/passwd"
    t.refused(config, "not a directory")


@test
def cwd_relative_refused(t):
    config = t.config("pwd")
    config.process["cwd"] = "relative"
    result = t.refused(config)
    if t.runtime.kind == "husk":
        t.has(result.err, "/process/cwd")


def _code(code):
    def check(t):
        t.eq(t.run(t.config(f"exit {code}")).rc, code)
    check.__name__ = f"exit_code_{code}"
    check.__module__ = __name__
    test(check)


for _number in (0, 1, 3, 126, 127, 128, 255):
    _code(_number)


@test
def exit_by_signal(t):
    # the first process of a PID namespace cannot kill itself by TERM: let a host's namespace show it
    config = t.config("kill -TERM $$; sleep 10").namespace("pid", drop=True)
    t.eq(t.run(config).rc, 128 + signal.SIGTERM)


@test
def exit_by_kill(t):
    config = t.config("kill -KILL $$; sleep 10").namespace("pid", drop=True)
    t.eq(t.run(config).rc, 137)


@test
def not_found_in_path(t):
    result = t.refused(t.config().args("no-such-program"), "executable file not found in $PATH")
    t.has(result.err, "no-such-program")


@test
def not_found_absolute(t):
    t.refused(t.config().args("/no/such/program"), "no such file or directory")


@test
def not_executable(t):
    config = t.config().args("/etc/passwd")
    t.refused(config, "permission denied")


@test
def is_a_directory(t):
    result = t.refused(t.config().args("/etc"))
    t.check("permission denied" in result.err or "is a directory" in result.err, result)


@test
def not_a_directory(t):
    t.refused(t.config().args("/etc/passwd/x"), "not a directory")


@test
def not_executable_by_user(t):
    """The search is done as the final user."""
    config = t.config().args("/bin/private")
    config.process["user"] = {"uid": 1000, "gid": 1000}
    config.caps([])
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/bin/private", "#!/bin/sh\n", 0o700)
    t.not_run(config, "permission denied", bundle_path=path)


@test
def wrong_format(t):
    config = t.config().args("/bin/odd")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/bin/odd", "\x7fELF odd", 0o755)
    t.not_run(config, "exec format error", bundle_path=path)


@test
def missing_loader(t):
    config = t.config().args("/bin/scripted")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/bin/scripted", "#!/no/such/interpreter\n", 0o755)
    t.not_run(config, "no such file or directory", bundle_path=path)


@test
def start_reports_exec_failure(t):
    t.husk_only("wording and state")
    config = t.config().args("/bin/odd")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/bin/odd", "\x7fELF odd", 0o755)
    container = t.create(config, bundle_path=path)
    t.fails("start", container, says="exec format error")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def script_with_interpreter(t):
    config = t.config("/bin/script", "arg")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/bin/script", "#!/bin/sh\necho got $1\n", 0o755)
    t.eq(t.inside(config, bundle_path=path).strip(), "got arg")


@test
def no_process_create_then_start_fails(t):
    t.husk_only("runc refuses it")
    config = t.config()
    del config["process"]
    container = t.create(config)
    t.eq(t.status(container), "created")
    t.fails("start", container)
    t.ok("delete", "--force", container)


@test
def oom_score_adj(t):
    config = t.config("cat /proc/self/oom_score_adj")
    config.process["oomScoreAdj"] = 321
    t.eq(t.inside(config).strip(), "321")


@test
def oom_score_adj_unset_is_inherited(t):
    with open("/proc/self/oom_score_adj") as text:
        t.eq(t.inside(t.config("cat /proc/self/oom_score_adj")).strip(), text.read().strip())


@test
def no_new_privs(t):
    config = t.config("probe", "caps")
    config.process["noNewPrivileges"] = True
    t.eq(values(t.inside(config))["NoNewPrivs"], "1")
    config.process["noNewPrivileges"] = False
    t.eq(values(t.inside(config))["NoNewPrivs"], "0")


@test
def process_is_clean(t):
    """Nothing of the runtime's own settings reaches the program."""
    have = values(t.inside(t.config("probe", "caps")))
    t.eq((have["dumpable"], have["keepcaps"], have["pdeathsig"], have["securebits"], have["subreaper"]), ("1", "0", "0", "0", "0"))


@test
def signals_are_default(t):
    def dirty():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGUSR1, signal.SIGCHLD})
    have = values(t.inside(t.config("probe", "signals"), preexec=dirty if t.runtime.kind == "husk" else None))
    t.eq(have["blocked"].strip(), "", "blocked signals")
    t.eq(have["ignored"].strip(), "", "ignored signals")


@test
def descriptors_are_three(t):
    text = t.inside(t.config("probe", "fds"))
    t.eq(sorted(int(l.split()[0]) for l in text.splitlines()), [0, 1, 2], text)


@test
def leaked_descriptors_are_closed(t):
    fds = [os.open("/", os.O_RDONLY) for _ in range(5)]
    text = t.inside(t.config("probe", "fds"), pass_fds=fds)
    t.eq(sorted(int(l.split()[0]) for l in text.splitlines()), [0, 1, 2], text)


@test
def preserve_fds(t):
    read_end, write_end = os.pipe()
    high = [read_end, write_end]
    def place():
        os.dup2(write_end, 100)
        os.dup2(100, 3)
        os.dup2(100, 4)
        os.closerange(5, 101)
    text = t.inside(t.config("echo through >&3; probe fds"), "--preserve-fds", "1", preexec=place, pass_fds=[3, 4, *high])
    t.eq(os.read(read_end, 100), b"through\n")
    t.eq(sorted(int(l.split()[0]) for l in text.splitlines()), [0, 1, 2, 3], text)


@test
def preserve_fds_with_gaps(t):
    """Descriptor 5 is passed, 3 and 4 are not, and nothing comes after it: what is in the gaps is an empty file."""
    t.husk_only("runc refuses gaps")
    read_end, write_end = os.pipe()
    high = [read_end, write_end]
    def place():
        os.dup2(write_end, 100)
        os.dup2(100, 5)
        os.closerange(3, 5)
        os.closerange(6, 101)
    text = t.inside(t.config("echo through >&5; cat <&3; cat <&4; probe fds"), "--preserve-fds", "50", preexec=place,
                    pass_fds=[5, *high])
    t.eq(os.read(read_end, 100), b"through\n")
    lines = text.splitlines()
    t.eq(sorted(int(l.split()[0]) for l in lines), [0, 1, 2, 3, 4, 5], text)
    for line in lines:
        if line.split()[0] in "34":
            t.has(line, "husk-gap")


@test
def preserve_fds_not_open(t):
    t.husk_only()
    result = t.run(t.config("true"), "--preserve-fds", "50")
    t.eq(result.rc, 1, str(result))


@test
def listen_fds(t):
    read_end, write_end = os.pipe()
    def place():
        os.dup2(write_end, 3)
        os.closerange(4, 50)
    path = t.bundle(t.config("echo fds=$LISTEN_FDS pid=$LISTEN_PID; probe fds"))
    argv = t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()])
    shell = ["sh", "-c", 'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@"', "sh"]
    result = t.runtime.call(shell + argv, t.dir, preexec=place, pass_fds=[3, write_end])
    text = result.out
    t.has(text, "fds=1 pid=1")
    t.eq(sorted(int(l.split()[0]) for l in text.splitlines()[1:]), [0, 1, 2, 3], text)


@test
def listen_fds_without_pid(t):
    t.husk_only("runc wants LISTEN_PID")
    path = t.bundle(t.config("echo fds=$LISTEN_FDS pid=$LISTEN_PID"))
    env = {k: v for k, v in os.environ.items() if k != "LISTEN_PID"}
    result = t.runtime.call(t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()]), t.dir, env=dict(env, LISTEN_FDS="1"))
    t.has(result.out, "fds=1 pid=1")
    result = t.runtime.call(t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()]), t.dir, env=dict(env, LISTEN_FDS="1", LISTEN_PID="1"))
    t.has(result.out, "fds= pid=")


@test
def umask_is_spec(t):
    config = t.config("probe", "ids")
    config.process["user"]["umask"] = 0o027
    t.eq(values(t.inside(config, preexec=lambda: os.umask(0o077)))["umask"], "0027")


@test
def scheduler_batch(t):
    t.husk_only("newer than Debian 12's peers")
    config = t.config("probe", "sched")
    config.process["scheduler"] = {"policy": "SCHED_BATCH", "nice": 5}
    have = values(t.inside(config))
    t.eq((have["policy"], have["nice"]), ("3", "5"))


@test
def scheduler_fifo(t):
    t.husk_only("newer than Debian 12's peers")
    point, version = layout.controller("cpu")
    t.need(not os.path.exists(f"{point}/cpu.rt_runtime_us"), "real-time group scheduling: a new cgroup has no real-time share")
    config = t.config("probe", "sched")
    config.process["scheduler"] = {"policy": "SCHED_FIFO", "priority": 7, "flags": ["SCHED_FLAG_RESET_ON_FORK"]}
    have = values(t.inside(config))
    t.eq((have["policy"], have["priority"], have["flags"]), ("1", "7", "1"))


@test
def scheduler_bad_refused(t):
    t.husk_only()
    config = t.config("true")
    config.process["scheduler"] = {"policy": "SCHED_NONSENSE"}
    t.refused(config, "/process/scheduler/policy")


@test
def io_priority(t):
    t.husk_only("newer than Debian 12's peers")
    config = t.config("probe", "sched")
    config.process["ioPriority"] = {"class": "IOPRIO_CLASS_BE", "priority": 6}
    t.eq(values(t.inside(config))["ioprio"], "2:6")


@test
def cpu_affinity_final(t):
    t.husk_only("execCPUAffinity is for exec")
    container = t.sleeper()
    process = t.config("probe", "sched").process
    process["execCPUAffinity"] = {"initial": "0", "final": "1"}
    import json
    import os as _os
    t.need(_os.cpu_count() > 1, "one CPU")
    path = t.write("p.json", json.dumps(process))
    result = t.ok("exec", "--process", path, container)
    t.eq(values(result.out)["cpus"], "1")
    t.finish(container)


@test
def cpu_affinity_inherited(t):
    """exec takes the CPUs of the container's process when its own process says none, and only then."""
    t.husk_only("execCPUAffinity is for exec")
    import json
    import os as _os
    t.need(_os.cpu_count() > 1, "one CPU")
    config = t.config()
    config.process["execCPUAffinity"] = {"final": "1"}
    container = t.sleeper(config)
    process = t.config("probe", "sched").process
    path = t.write("p.json", json.dumps(process))
    t.eq(values(t.ok("exec", "--process", path, container).out)["cpus"], "1")
    process["execCPUAffinity"] = {"final": "0"}
    path = t.write("p.json", json.dumps(process))
    t.eq(values(t.ok("exec", "--process", path, container).out)["cpus"], "0")
    t.finish(container)


@test
def cpu_affinity_of_husk_is_not_inherited(t):
    """Neither by the container's process nor by exec, unless execCPUAffinity says so."""
    t.need(t.runtime.kind == "husk", "runc: from 1.3.1 on")
    import os as _os
    cpus = _os.sched_getaffinity(0)
    t.need(len(cpus) > 1, "one CPU")
    t.call_as(lambda: _os.sched_setaffinity(0, {min(cpus)}))
    config = t.config("grep Cpus_allowed_list /proc/self/status; exec sleep 1000")
    container = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(config), container)
    t.start(container)
    t.check(wait_until(lambda: created.out.endswith("\n")), "no start")
    have = [created.out, t.ok("exec", container, "grep", "Cpus_allowed_list", "/proc/self/status").out]
    for text in have:
        t.check(text.split()[-1] not in (str(min(cpus)),), text)
    t.finish(container)


@test
def personality_linux32(t):
    t.husk_only("newer than Debian 12's peers")
    config = t.config("probe", "sched")
    config.linux["personality"] = {"domain": "LINUX32"}
    t.eq(values(t.inside(config))["personality"], "8")


@test
def memory_policy(t):
    t.husk_only("runtime-spec 1.3")
    config = t.config("probe", "sched")
    config.linux["memoryPolicy"] = {"mode": "MPOL_INTERLEAVE", "nodes": "0"}
    t.eq(values(t.inside(config)).get("mempolicy"), "3:1")


@test
def session_leader(t):
    t.has(t.inside(t.config("probe", "ids")), "sid=1 pid=1 pgid=1")


@test
def new_session_keyring(t):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(250, 1, None)                            # KEYCTL_JOIN_SESSION_KEYRING: one of this test's own
    key = libc.syscall(248, b"user", b"husk-test-secret", b"x", 1, -3)
    t.need(key > 0, "add_key refused")
    have = values(t.inside(t.config("probe", "keyring", "husk-test-secret")))
    t.check(have["key"] != "found", "a key of the caller's session is visible")
    have = values(t.inside(t.config("probe", "keyring", "husk-test-secret"), "--no-new-keyring"))
    t.eq(have["key"], "found", "with --no-new-keyring")


@test
def stdin_reaches_program(t):
    result = t.run(t.config("cat"), stdin_text="hello\n")
    t.eq(result.out, "hello\n")


@test
def comm_and_cmdline(t):
    t.eq(t.inside(t.config("cat", "/proc/1/comm")).strip(), "cat")
