# SPDX-License-Identifier: Apache-2.0
"""exec: namespaces, cgroup, process by file and by flags, detach, codes, refusals."""
import json
import os
import shutil
import signal
import socket
import time

import layout
from case import alive, test, wait_until
from test_process import values


def one(t, *args, config=None, **kwargs):
    """exec in a fresh container; the result."""
    container = t.sleeper(config)
    result = t.exec(container, *args, **kwargs)
    t.ok("delete", "--force", container)
    return result


def process_file(t, name="process.json", **changes):
    process = dict(t.config("true").process)
    process.update(changes)
    return t.write(name, json.dumps(process))


@test
def output_and_code(t):
    result = one(t, "sh", "-c", "echo out; echo err >&2; exit 7")
    t.eq((result.rc, result.out), (7, "out\n"), str(result))
    t.has(result.err, "err")


@test
def stdin(t):
    t.eq(one(t, "cat", stdin_text="hello\n").out, "hello\n")


@test
def signal_code(t):
    t.eq(one(t, "sh", "-c", "kill -TERM $$").rc, 143)


@test
def all_namespaces(t):
    config = t.config().namespace("cgroup")
    container = t.sleeper(config)
    pid = t.pid(container)
    have = t.exec(container, "sh", "-c", "for n in pid net ipc uts mnt cgroup user; do readlink /proc/self/ns/$n; done").out.split()
    t.eq(have, [os.readlink(f"/proc/{pid}/ns/{n}") for n in ("pid", "net", "ipc", "uts", "mnt", "cgroup", "user")])
    t.finish(container)


@test
def time_namespace(t):
    t.husk_only("runc 1.1 has none")
    container = t.sleeper(t.config().namespace("time"))
    t.eq(t.exec(container, "readlink", "/proc/self/ns/time").out.strip(), os.readlink(f"/proc/{t.pid(container)}/ns/time"))
    t.finish(container)


@test
def containers_cgroup(t):
    container = t.sleeper()
    with open(f"/proc/{t.pid(container)}/cgroup") as text:
        t.eq(t.exec(container, "cat", "/proc/self/cgroup").out, text.read())
    t.finish(container)


@test
def environment_and_cwd_of_container(t):
    config = t.config("sleep 1000")
    config.process["env"].append("FROM=config")
    config.process["cwd"] = "/tmp"
    t.eq(one(t, "sh", "-c", "echo $FROM; pwd", config=config).out.split(), ["config", "/tmp"])


@test
def flag_env(t):
    container = t.sleeper()
    t.eq(t.cmd("exec", "-e", "A=1", "-e", "B=two words", container, "sh", "-c", "echo $A,$B").out, "1,two words\n")
    t.finish(container)


@test
def flag_cwd(t):
    container = t.sleeper()
    t.eq(t.cmd("exec", "--cwd", "/bin", container, "pwd").out, "/bin\n")
    t.finish(container)


def _user(text, uid, gid):
    def check(t):
        container = t.sleeper()
        have = values(t.ok("exec", "--user", text, container, "probe", "ids").out)
        t.eq((have["uid"].split(",")[0], have["gid"].split(",")[0]), (uid, gid))
        t.finish(container)
    check.__name__ = f"user_{text.replace(':', '_')}"
    check.__module__ = __name__
    test(check)


_user("1000", "1000", "0")
_user("1000:1001", "1000", "1001")
_user("0:5", "0", "5")


@test
def bad_users_refused(t):
    container = t.sleeper()
    for bad in ("-1", "4294967295", "4294967296", "1x", "1:x", ":", "1:4294967296", "1:-1", "x"):
        result = t.cmd("exec", f"--user={bad}", container, "id", "-u")
        if t.runtime.kind == "husk" or not bad.strip("x:"):
            t.check(result.rc != 0 and "0" not in result.out, f"user {bad!r}: {result}")
    t.finish(container)


@test
def additional_gids(t):
    container = t.sleeper()
    have = values(t.ok("exec", "-g", "7", "-g", "9", container, "probe", "ids").out)
    t.eq(sorted(have["groups"].split(",")), ["7", "9"])
    t.finish(container)


@test
def caps_of_container(t):
    have = values(one(t, "probe", "caps", config=t.config().caps(["CAP_CHOWN"])).out)
    t.eq((int(have["CapBnd"], 16), int(have["CapInh"], 16), int(have["CapAmb"], 16)), (1, 0, 0))


@test
def flag_cap(t):
    """CVE-2022-29162: nothing inheritable."""
    container = t.sleeper(t.config().caps(["CAP_CHOWN"]))
    have = values(t.ok("exec", "--cap", "CAP_KILL", container, "probe", "caps").out)
    t.check(int(have["CapEff"], 16) & 1 << 5, have)
    t.eq(int(have["CapInh"], 16), 0, "inheritable")
    t.finish(container)


@test
def flag_cap_is_ambient_where_inheritable(t):
    """Only what the configuration has inheritable: a user who is not root needs it to get anything."""
    t.need(t.runtime.kind == "husk", "runc: from 1.3 on")
    config = t.config()
    config.process["capabilities"] = {"bounding": ["CAP_KILL", "CAP_CHOWN", "CAP_SETUID"], "permitted": ["CAP_CHOWN"],
                                      "effective": [], "inheritable": ["CAP_KILL"]}
    container = t.sleeper(config)
    have = values(t.ok("exec", "--cap", "CAP_KILL", "--cap", "CAP_SETUID", container, "probe", "caps").out)
    t.eq((int(have["CapInh"], 16), int(have["CapAmb"], 16)), (1 << 5, 1 << 5))
    t.eq(int(have["CapPrm"], 16), 1 << 0 | 1 << 5 | 1 << 7, "permitted")
    t.finish(container)


@test
def flag_cap_unknown_is_a_warning(t):
    t.husk_only()
    container = t.sleeper()
    t.has(t.ok("exec", "--cap", "CAP_NONSENSE", container, "true").err, 'warning: --cap "CAP_NONSENSE"')
    t.finish(container)


@test
def flag_no_new_privs(t):
    container = t.sleeper()
    t.eq(values(t.ok("exec", "--no-new-privs", container, "probe", "caps").out)["NoNewPrivs"], "1")
    t.finish(container)


@test
def rlimits_of_container(t):
    config = t.config()
    config.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 77, "hard": 88}]
    t.eq(values(one(t, "probe", "rlimits", config=config).out)["NOFILE"], "77:88")


@test
def oom_score_of_container(t):
    config = t.config()
    config.process["oomScoreAdj"] = 123
    t.eq(one(t, "cat", "/proc/self/oom_score_adj", config=config).out.strip(), "123")


@test
def whole_process(t):
    path = process_file(t, args=["sh", "-c", "pwd; echo $X; probe ids"], cwd="/tmp", env=["PATH=/bin", "X=y"],
                        user={"uid": 5, "gid": 6, "additionalGids": [7], "umask": 0o77})
    container = t.sleeper()
    text = t.ok("exec", "--process", path, container).out
    t.has(text, "/tmp\ny\n", "uid=5,5,5", "gid=6,6,6", "groups=7")
    if t.runtime.kind == "husk":
        t.has(text, "umask=0077")
    t.finish(container)


@test
def detach_and_pid_file(t):
    container = t.sleeper()
    path = process_file(t, args=["sleep", "1000"])
    t.ok("exec", "--process", path, "--detach", "--pid-file", t.path("pid"), container)
    with open(t.path("pid")) as text:
        data = text.read()
    t.check(data.isdigit(), repr(data))
    pid = int(data)
    t.check(alive(pid), "not running")
    t.check(pid in t.processes(), "not in the container's cgroup")
    t.check(pid in _own_children(), "not the caller's child")
    t.finish(container)


def _own_children():
    from case import children
    return children()


@test
def detached_pipe_ends(t):
    container = t.sleeper()
    read_end, write_end = os.pipe()
    t.ok("exec", "--detach", container, "sh", "-c", "echo x; sleep 0.2", stdout=write_end)
    os.close(write_end)
    data = b""
    while piece := os.read(read_end, 10):
        data += piece
    t.eq(data, b"x\n")
    t.finish(container)


@test
def not_found(t):
    result = one(t, "no-such-program")
    t.check(result.rc == (127 if t.runtime.kind == "crun" else 255) or result.rc == 127, str(result))
    t.has(result.err, "executable file not found in $PATH")


@test
def not_found_absolute(t):
    result = one(t, "/no/such")
    t.check(result.rc in (127, 255), str(result))
    t.has(result.err, "no such file or directory")


@test
def not_executable(t):
    result = one(t, "/etc/passwd")
    t.check(result.rc in (126, 255), str(result))
    t.has(result.err, "permission denied")


@test
def cwd_missing(t):
    container = t.sleeper()
    result = t.cmd("exec", "--cwd", "/etc/passwd", container, "true")
    t.check(result.rc in (126, 127, 255), str(result))
    t.has(result.err, "not a directory")
    t.finish(container)


@test
def unknown_id(t):
    result = t.cmd("exec", "no-such", "true")
    t.check(result.rc in (1, 255), str(result))
    t.has(result.err, "does not exist")


@test
def into_stopped_refused(t):
    container = t.sleeper(t.config("true"), None)
    t.wait_status(container, "stopped")
    result = t.exec(container, "true")
    t.check(result.rc in (1, 255), str(result))
    t.gone(container)


@test
def into_created(t):
    container = t.create(t.config("sleep 100"))
    result = t.exec(container, "echo", "in")
    t.check(result.rc == 0 and result.out == "in\n" or result.rc in (1, 255), str(result))
    t.ok("delete", "--force", container)


@test
def into_paused_refused(t):
    container = t.sleeper()
    t.ok("pause", container)
    result = t.exec(container, "true", timeout=10)
    t.check(result.rc in (1, 255), str(result))
    t.has(result.err.lower(), "paused")
    t.ok("resume", container)
    t.finish(container)


@test
def ignore_paused(t):
    container = t.sleeper()
    t.ok("pause", container)
    argv = t.runtime.argv(t.root, ["exec", "--ignore-paused", container, "echo", "thawed"])
    process, out, err = t.runtime.spawn(argv, t.dir)
    time.sleep(0.3)
    t.check(process.poll() is None, "did not wait")
    t.ok("resume", container)
    t.eq(process.wait(10), 0)
    t.eq(open(out).read(), "thawed\n")
    t.finish(container)


@test
def preserve_fds(t):
    container = t.sleeper()
    read_end, write_end = os.pipe()

    def place():
        os.dup2(write_end, 3)
        os.closerange(4, 50)
    result = t.cmd("exec", "--preserve-fds", "1", container, "sh", "-c", "echo through >&3", preexec=place, pass_fds=[3, write_end])
    t.eq(result.rc, 0, str(result))
    t.eq(os.read(read_end, 100), b"through\n")
    t.finish(container)


@test
def descriptors_are_three(t):
    text = one(t, "probe", "fds").out
    t.eq(sorted(int(l.split()[0]) for l in text.splitlines()), [0, 1, 2], text)


@test
def cgroup_below(t):
    t.husk_only("differs with the layout in runc 1.1")
    config = t.config()
    path = config.linux["cgroupsPath"]
    container = t.sleeper(config)
    for top in layout.hierarchies():
        os.makedirs(f"{top}{path}/below", exist_ok=True)
        for name in ("cpuset.cpus", "cpuset.mems"):
            if os.path.exists(f"{top}{path}/{name}") and "cpuset" in top:
                with open(f"{top}{path}/{name}") as parent, open(f"{top}{path}/below/{name}", "w") as child:
                    child.write(parent.read())
    result = t.ok("exec", "--cgroup", "/below", container, "cat", "/proc/self/cgroup")
    t.has(result.out, f"{path}/below")
    t.finish(container)


@test
def cgroup_escape_refused(t):
    t.husk_only()
    container = t.sleeper()
    for bad in ("/../x", "/../../", "..", "/../c2"):
        t.fails("exec", "--cgroup", bad, container, "true", rc=255, says=("bad sub cgroup path", "is not a sub cgroup path"))
    t.finish(container)


@test
def cgroup_that_is_not_there(t):
    t.husk_only()
    container = t.sleeper()
    t.fails("exec", "--cgroup", "nothing", container, "true", rc=255, says=("--cgroup nothing", "adding pid to", "/nothing/cgroup.procs: no such file or directory"))
    t.fails("exec", "--cgroup", "nonsense:/", container, "true", rc=255, says=("--cgroup nonsense:/", "unknown controller nonsense"))
    t.finish(container)


@test
def forwards_signals(t):
    container = t.sleeper()
    argv = t.runtime.argv(t.root, ["exec", container, "sh", "-c", "trap 'echo got; exit 4' TERM; echo ready; while :; do sleep 0.05; done"])
    process, out, _ = t.runtime.spawn(argv, t.dir)
    wait_until(lambda: "ready" in open(out).read())
    process.send_signal(signal.SIGTERM)
    t.eq(process.wait(10), 4)
    t.finish(container)


def _is_sleep(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as text:
            return text.read().startswith(b"sleep\0")
    except OSError:
        return False


@test
def ends_with_the_container(t):
    container = t.sleeper()
    argv = t.runtime.argv(t.root, ["exec", container, "sleep", "1000"])
    process, _, _ = t.runtime.spawn(argv, t.dir)
    wait_until(lambda: sum(_is_sleep(p) for p in t.processes()) == 2)
    t.ok("kill", container, "KILL")
    t.eq(process.wait(10), 137)
    t.wait_status(container, "stopped")
    t.gone(container)


def _while_creating(manager):
    """A hook that wants to exec in the container that it is part of the creation of."""
    def check(t):
        t.husk_only("runc lets it in")
        config, container, flag = t.config("true"), t.new_id(), "--cgroup-manager=" + manager
        argv = " ".join([t.runtime.path, flag, "--root", t.root, "exec", container, "true"])
        config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", f"{argv} 2> {t.path('said')}; echo $? > {t.path('code')}"]}]}
        t.ok("create", "--bundle", t.bundle(config), container, global_args=[flag])
        t.eq(open(t.path("code")).read().strip(), "255")
        t.has(open(t.path("said")).read(), "still being created")
        t.ok("delete", "--force", container)
    check.__name__ = f"while_creating_cgroup_{manager}"
    check.__module__ = __name__
    test(check)


for _manager in ("cgroupfs", "disabled"):
    _while_creating(_manager)


@test
def container_ends_meanwhile(t):
    """exec waits at a console socket that nobody accepts from; the container ends under it."""
    container = t.sleeper()
    path = os.path.join(t.dir, "full")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(0)
    filler = socket.socket(socket.AF_UNIX)
    filler.connect(path)
    argv = t.runtime.argv(t.root, ["exec", "--detach", "--tty", "--console-socket", path, container, "sleep", "1000"])
    process, _, err = t.runtime.spawn(argv, t.dir)
    wait_until(lambda: len(list(t.processes())) == 2)
    t.ok("kill", container, "KILL")
    wait_until(lambda: not list(t.processes()))
    listener.accept()
    t.eq(process.wait(10), 255)
    t.has(open(err).read(), "cannot exec in a stopped container")
    t.gone(container)


@test
def container_ends_before_it_is_joined(t):
    """Init that has begun to die has left its namespaces, and is seen to have ended a moment later."""
    t.husk_only()
    t.need(shutil.which("strace"), "needs strace, for the kernel's answer in that moment")
    container = t.sleeper()
    argv = ["strace", "-f", "-o", t.path("trace"), "-e", "trace=setns", "-e", "inject=setns:error=ESRCH"]
    process, _, err = t.runtime.spawn(argv + t.runtime.argv(t.root, ["exec", container, "true"]), t.dir)
    wait_until(lambda: os.path.exists(t.path("trace")) and "ESRCH" in open(t.path("trace")).read())
    t.ok("kill", container, "KILL")
    t.eq(process.wait(10), 255)
    t.has(open(err).read(), "cannot exec in a stopped container")
    t.gone(container)


@test
def many_at_once(t):
    container = t.sleeper()
    started = [t.runtime.spawn(t.runtime.argv(t.root, ["exec", container, "sh", "-c", f"exit {i}"]), t.dir) for i in range(12)]
    t.eq([process.wait(30) for process, _, _ in started], list(range(12)))
    t.finish(container)
