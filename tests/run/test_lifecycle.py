# SPDX-License-Identifier: Apache-2.0
"""create, start, state, kill, delete, run: states, orders, pid files, pipes, ids."""
import json
import os
import signal
import subprocess
import threading
import time

import layout
from case import alive, test, wait_until


@test
def states_in_order(t):
    container = t.create(t.config("sleep 1000"))
    t.eq(t.status(container), "created")
    t.start(container)
    t.eq(t.status(container), "running")
    t.ok("kill", container, "KILL")
    t.wait_status(container, "stopped")
    t.eq(t.pid(container), 0, "pid when stopped")
    t.gone(container)


@test
def create_does_not_start_program(t):
    config = t.config("echo started > /out/mark; sleep 100")
    config.bind(t.dir, "/out", "bind", "rw")
    container = t.create(config)
    time.sleep(0.2)
    t.check(not os.path.exists(t.path("mark")), "the program runs before start")
    t.start(container)
    t.check(wait_until(lambda: os.path.exists(t.path("mark"))), "the program does not run after start")
    t.finish(container)


@test
def start_twice(t):
    container = t.sleeper()
    t.fails("start", container)
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def start_stopped(t):
    container = t.sleeper(t.config("true"), None)
    t.wait_status(container, "stopped")
    t.fails("start", container)
    t.gone(container)


@test
def start_after_init_was_killed(t):
    container = t.create(t.config("sleep 100"))
    os.kill(t.pid(container), signal.SIGKILL)
    t.wait_status(container, "stopped")
    t.fails("start", container)
    t.gone(container)


@test
def unknown_id(t):
    for args in (("state",), ("start",), ("kill",), ("delete",), ("pause",), ("resume",), ("ps",)):
        result = t.fails(*args, "no-such-id", says="does not exist")
    t.ok("delete", "--force", "no-such-id")


@test
def missing_id(t):
    for command in ("state", "start", "kill", "delete", "create", "run"):
        result = t.cmd(command)
        t.check(result.rc not in (0, None), result)


@test
def id_is_taken(t):
    container = t.sleeper()
    path = t.bundle(t.config("true"))
    result = t.fails("create", "--bundle", path, container, says="container with given ID already exists" if t.runtime.kind == "husk" else "exist")
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def id_is_reused(t):
    path = t.bundle(t.config("true"))
    for _ in range(3):
        container = t.create(None, container="same-id", bundle_path=path)
        t.start(container)
        t.wait_status(container, "stopped")
        t.gone(container)


@test
def bad_ids(t):
    path = t.bundle(t.config("true"))
    for bad in ("", ".", "..", "../x", "a/b", "/abs", "a b", "a\nb", "é", "x" * 2000):
        result = t.cmd("create", "--bundle", path, bad)
        t.check(result.rc == 1, f"id {bad[:20]!r}: {result}")
    t.eq([n for n in os.listdir(t.root) if not n.startswith(".")] if os.path.isdir(t.root) else [], [], "state root")
    t.check(not os.path.exists(t.path("x")), "outside the root")


@test
def good_ids(t):
    path = t.bundle(t.config("true"))
    for good in ("a", "A-b_c.d+e", "0" * 64, "..a", "a.."):
        t.ok("run", "--bundle", path, t.new_id(good))


@test
def delete_created(t):
    container = t.create(t.config("sleep 100"))
    pid = t.pid(container)
    result = t.cmd("delete", container)
    # runc deletes a created container, as Docker relies on; the specification says: must be stopped
    if result.rc == 0:
        t.no_record(container)
        t.check(wait_until(lambda: t.reap() or not alive(pid)), "init lives on")
    else:
        t.has(result.err, f"cannot delete container {container} that is not stopped: created")


@test
def delete_running(t):
    container = t.sleeper()
    t.fails("delete", container, says=f"cannot delete container {container} that is not stopped: running")
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def created_holds_nothing(t):
    """What init was given, or opened while it made the container, is closed while it waits for start."""
    container = t.create(t.config("sleep 100"))
    place = f"/proc/{t.pid(container)}/fd"
    held = {}
    for name in os.listdir(place):
        try:
            held[name] = os.readlink(f"{place}/{name}")
        except OSError:
            pass
    known = [n for n, what in held.items() if int(n) < 3 or what in ("/", "/proc") or what.startswith(("socket:", "anon_inode:"))]
    t.eq({n: held[n] for n in held if n not in known}, {}, "descriptors")
    t.ok("delete", "--force", container)


@test
def delete_force_running(t):
    container = t.sleeper()
    pid = t.pid(container)
    t.ok("delete", "--force", container)
    t.no_record(container)
    t.check(not alive(pid), "init lives on")


@test
def delete_twice(t):
    container = t.sleeper(t.config("true"), None)
    t.wait_status(container, "stopped")
    t.gone(container)
    t.fails("delete", container, says="does not exist")


@test
def run_cleans_up(t):
    container = t.new_id()
    t.ok("run", "--bundle", t.bundle(t.config("true")), container)
    t.no_record(container)
    t.fails("state", container, says="does not exist")


@test
def run_by_who_ignores_the_end_of_children(t):
    """SIGCHLD is ignored in what starts husk: the program's exit status is known all the same."""
    bundle = t.bundle(t.config("exit 7"))
    words = t.runtime.argv(t.root, ["run", "--bundle", bundle, t.new_id()])
    result = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, timeout=20,
                            preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
    t.eq(result.returncode, 7, f"exit code ({result.stderr.decode()})")


@test
def run_keep(t):
    t.need(t.runtime.kind != "crun", "crun has another meaning")
    container = t.new_id()
    t.ok("run", "--keep", "--bundle", t.bundle(t.config("true")), container)
    t.eq(t.status(container), "stopped")
    t.gone(container)


@test
def run_detached(t):
    container = t.new_id()
    t.ok("run", "-d", "--bundle", t.bundle(t.config("sleep 1000")), container)
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def bundle_is_current_directory(t):
    path = t.bundle(t.config("echo here"))
    result = t.ok("run", t.new_id(), cwd=path)
    t.eq(result.out, "here\n")


@test
def bundle_relative(t):
    path = t.bundle(t.config("sleep 100"), name="rel")
    container = t.new_id()
    t.ok("create", "--bundle", "rel", container, cwd=t.dir)
    t.check(t.state(container)["bundle"] in ((path,) if t.runtime.kind == "husk" else (path, "rel")), t.state(container)["bundle"])
    t.ok("delete", "--force", container)


@test
def bundle_missing(t):
    t.fails("create", "--bundle", t.path("missing"), t.new_id(), says="no such file or directory")


@test
def config_missing(t):
    path = t.bundle()
    result = t.fails("create", "--bundle", path, t.new_id())
    t.has(result.err, "config.json")


@test
def config_flag(t):
    t.husk_only("crun's flag")
    path = t.bundle(t.config("echo wrong"))
    other = t.write("other.json", json.dumps(t.config("echo other")))
    t.eq(t.ok("run", "--bundle", path, "--config", other, t.new_id()).out, "other\n")


@test
def pid_file(t):
    container = t.create(t.config("sleep 100"), "--pid-file", t.path("pid"))
    with open(t.path("pid")) as text:
        data = text.read()
    t.check(data.isdigit(), repr(data))
    t.eq(int(data), t.pid(container))
    t.ok("delete", "--force", container)


@test
def pid_file_relative_to_caller(t):
    container = t.create(t.config("sleep 100"), "--pid-file", "pid", cwd=t.dir)
    t.check(os.path.exists(t.path("pid")), "pid file")
    t.ok("delete", "--force", container)


@test
def pid_file_unwritable(t):
    container = t.new_id()
    t.fails("create", "--bundle", t.bundle(t.config("sleep 100")), "--pid-file", t.path("missing", "pid"), container)
    t.no_record(container)


@test
def pipe_reaches_end_when_container_ends(t):
    """Nothing in the background keeps the caller's pipe open."""
    container = t.new_id()
    path = t.bundle(t.config("echo text; sleep 0.3"))
    read_end, write_end = os.pipe()
    t.ok("create", "--bundle", path, container, stdout=write_end)
    os.close(write_end)
    t.start(container)
    started = time.monotonic()
    data = b""
    while True:
        piece = os.read(read_end, 100)
        if not piece:
            break
        data += piece
    t.check(time.monotonic() - started < 3, "end of file came late")
    t.eq(data, b"text\n")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def init_is_callers_child(t):
    """With a subreaper the init's exit status reaches the caller."""
    container = t.create(t.config("exit 42"))
    pid = t.pid(container)
    t.start(container)
    _, status = os.waitpid(pid, 0)
    t.eq(os.waitstatus_to_exitcode(status), 42)
    t.gone(container)


def _forward(number):
    def check(t):
        t.need(t.runtime.kind == "husk" or number != signal.SIGWINCH, "runc keeps it")
        # `trap` in the first process of a PID namespace
        config = t.config(f"trap 'echo got; exit 5' {number}; echo ready; while :; do sleep 0.05; done")
        path = t.bundle(config)
        argv = t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()])
        process, out, _ = t.runtime.spawn(argv, t.dir)
        t.check(wait_until(lambda: "ready" in open(out).read(), 10), "no start")
        process.send_signal(number)
        t.eq(process.wait(10), 5, "exit code")
        t.has(open(out).read(), "got")
    check.__name__ = f"run_forwards_{signal.Signals(number).name.lower()}"
    check.__module__ = __name__
    test(check)


for _number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGQUIT):
    _forward(_number)


@test
def run_reaps_orphans_of_container(t):
    """Foreground `run` is a subreaper by default: daemons in a host PID namespace end with it."""
    config = t.config("(sleep 0.2 &) ; exit 3").namespace("pid", drop=True)
    result = t.run(config)
    t.eq(result.rc, 3, str(result))


@test
def state_root_made(t):
    t.ok("run", "--bundle", t.bundle(t.config("true")), t.new_id())
    t.check(os.path.isdir(t.root), "root")


@test
def two_creates_of_one_id(t):
    path = t.bundle(t.config("sleep 100"))
    container = t.new_id("contested")
    argv = t.runtime.argv(t.root, ["create", "--bundle", path, container])
    started = [t.runtime.spawn(argv, t.dir) for _ in range(6)]
    codes = sorted(process.wait(30) for process, _, _ in started)
    t.eq(codes, [0, 1, 1, 1, 1, 1], "exit codes")
    t.eq(t.status(container), "created")
    t.ok("delete", "--force", container)


@test
def two_starts_of_one_id(t):
    config = t.config("echo ran >> /out/mark; sleep 100").bind(t.dir, "/out", "bind", "rw")
    container = t.create(config)
    argv = t.runtime.argv(t.root, ["start", container])
    started = [t.runtime.spawn(argv, t.dir) for _ in range(5)]
    codes = sorted(process.wait(30) for process, _, _ in started)
    t.eq(codes, [0, 1, 1, 1, 1], "exit codes")
    wait_until(lambda: os.path.exists(t.path("mark")))
    with open(t.path("mark")) as text:
        t.eq(text.read(), "ran\n")
    t.finish(container)


@test
def two_deletes_of_one_id(t):
    container = t.sleeper()
    argv = t.runtime.argv(t.root, ["delete", "--force", container])
    started = [t.runtime.spawn(argv, t.dir) for _ in range(5)]
    t.eq([process.wait(30) for process, _, _ in started], [0] * 5, "exit codes")
    t.no_record(container)


@test
def caller_killed_by_closed_stdio(t):
    """Standard streams that are closed are no reason to fail, nor to lend their numbers to something else."""
    t.husk_only()
    def close():
        os.close(0)
    text = t.inside(t.config("probe", "fds"), preexec=close)
    t.lacks(text, "memfd", "socket")


@test
def docker_files(t):
    """Docker's real files run, with their paths put onto a local bundle."""
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
    t.need(os.path.isdir(here), "no tests/data")
    t.need(t.runtime.kind != "runc", "runc wants every capability granted")
    for name in sorted(os.listdir(here)):
        if not name.startswith("docker-") or not name.endswith(".json"):
            continue
        with open(os.path.join(here, name)) as text:
            config = json.load(text)
        _make_local(t, config)
        container = t.new_id()
        result = t.ok("run", "--bundle", t.bundle(config, name=name + ".bundle"), container)
        t.check(result.out.strip() and "/" not in result.out, f"{name}: {result}")


def _make_local(t, config):
    config["root"]["path"] = "rootfs"
    config["process"]["env"] = ["PATH=/bin"]
    config["process"]["apparmorProfile"] = ""
    config.pop("hooks", None)
    if config["process"]["args"][0] != "echo":
        config["process"]["args"] = ["echo", "hello"]
    config["process"]["terminal"] = False
    config["process"].pop("consoleSize", None)
    for entry in config["mounts"]:
        if entry["source"].endswith("/docker-init"):
            entry["source"] = t.write("docker-init", "not on every machine\n")
        if entry["source"].startswith("/var/lib/docker"):
            entry["source"] = t.write("resolv/" + os.path.basename(entry["source"]), "x\n") if entry["destination"].startswith("/etc/") else t.dir
    for space in config["linux"]["namespaces"]:
        space.pop("path", None)
    t.cgroup_of(config, "docker")
    for name in ("memory", "cpu", "pids", "blockIO"):
        if not layout.controller({"blockIO": "blkio"}.get(name, name))[0]:
            config["linux"]["resources"].pop(name, None)
