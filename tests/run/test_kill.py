# SPDX-License-Identifier: Apache-2.0
"""kill: signal names, to init, to everyone, to stopped containers, never to strangers."""
import os
import signal
import subprocess
import time

import layout
from case import alive, test, wait_until



def _word(word, number):
    def check(t):
        config = t.config("probe", "caught", "1")
        container = t.new_id()
        created = t.ok("create", "--bundle", t.bundle(config), container)
        t.start(container)
        t.check(wait_until(lambda: "ready" in created.out), "no start")
        t.ok("kill", container, word)
        t.wait_status(container, "stopped")
        t.has(created.out, f"caught {int(number)}\n")
        t.gone(container)
    check.__name__ = f"word_{word.replace('+', '_plus_')}"
    check.__module__ = __name__
    test(check)


for _text, _number in (("TERM", 15), ("SIGTERM", 15), ("15", 15), ("HUP", 1), ("SIGUSR1", 10), ("WINCH", 28), ("sigint", 2), ("36", 36)):
    _word(_text, _number)


@test
def real_time_name(t):
    t.need(t.runtime.kind == "husk", "")
    container = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(t.config("probe", "caught", "1")), container)
    t.start(container)
    wait_until(lambda: "ready" in created.out)
    t.ok("kill", container, "SIGRTMIN+3")
    t.wait_status(container, "stopped")
    t.has(created.out, f"caught {signal.SIGRTMIN + 3}")
    t.gone(container)


@test
def default_is_term(t):
    container = t.sleeper(t.config("trap 'exit 3' TERM; while :; do sleep 0.05; done"), None)
    time.sleep(0.2)
    t.ok("kill", container)
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def bad_signals_refused(t):
    container = t.sleeper()
    for bad in ("NONSENSE", "0x9", "99", "-1", "SIG", "9x"):
        result = t.cmd("kill", container, bad)
        t.check(result.rc not in (0,), f"signal {bad!r}: {result}")
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def stopped_says_not_running(t):
    container = t.sleeper(t.config("true"), None)
    t.wait_status(container, "stopped")
    t.fails("kill", container, "TERM", says="container not running")
    t.fails("kill", container, "KILL", says="container not running")
    t.gone(container)


@test
def created_can_be_killed(t):
    container = t.create(t.config("sleep 100"))
    t.ok("kill", container, "KILL")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def created_can_be_terminated(t):
    """A waiting init must not ignore what would end the program."""
    t.need(t.runtime.kind == "husk", "a Go init takes TERM differently")
    container = t.create(t.config("sleep 100"))
    t.ok("kill", container, "TERM")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def all_after_init_is_reaped(t):
    container = t.sleeper()
    os.kill(t.pid(container), signal.SIGKILL)
    t.wait_status(container, "stopped")
    t.need(t.runtime.kind == "husk", "newer contract")
    t.ok("kill", "--all", container, "9")
    t.ok("kill", "-a", container, "KILL")
    t.gone(container)


@test
def all_reaches_each_once(t):
    """Every process in the cgroup gets the signal exactly once."""
    t.need(t.runtime.kind == "husk", "")
    config = t.config("probe caught 3 & probe caught 3 & exec probe caught 3")
    container = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(config), container)
    t.start(container)
    t.check(wait_until(lambda: created.out.count("ready") == 3), "no start")
    t.ok("kill", "--all", container, "USR1")
    time.sleep(0.3)
    t.eq(created.out.count("caught 10"), 3, "USR1")
    t.ok("kill", "--all", container, "USR2")
    time.sleep(0.3)
    t.eq((created.out.count("caught 10"), created.out.count("caught 12")), (3, 3), "USR2")
    t.ok("delete", "--force", container)


@test
def plain_goes_to_init_only(t):
    config = t.config("probe caught 3 & exec probe caught 3")
    container = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(config), container)
    t.start(container)
    t.check(wait_until(lambda: created.out.count("ready") == 2), "no start")
    t.ok("kill", container, "USR1")
    time.sleep(0.3)
    t.eq(created.out.count("caught 10"), 1)
    t.ok("delete", "--force", container)


@test
def outsiders_are_untouched(t):
    """A process beside the container, in the parent cgroup, lives on."""
    config = t.config("sleep 1000").namespace("pid", drop=True)
    container = t.sleeper(config, None)
    outsider = subprocess.Popen(["sleep", "1000"])
    for top in layout.hierarchies():
        try:
            os.makedirs(f"{top}{t.cgroup}/beside", exist_ok=True)
            with open(f"{top}{t.cgroup}/beside/cgroup.procs", "w") as file:
                file.write(str(outsider.pid))
        except OSError:
            pass                        # cpuset without cpus
    t.ok("kill", container, "KILL")
    t.wait_status(container, "stopped")
    t.gone(container)
    t.eq(outsider.poll(), None, "the outsider died")
    outsider.kill()
    outsider.wait()
    layout.destroy(t.cgroup)


def _write(path, text):
    fd = os.open(path, os.O_WRONLY)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def _threaded(t):
    """A container in the host's PID namespace, of two processes, whose v2 cgroup was made a threaded one."""
    t.husk_only("runc and crun leave the second process")
    config = t.config("sleep 1000 & exec sleep 1000").namespace("pid", drop=True)
    container = t.sleeper(config, None)
    t.check(wait_until(lambda: len(t.processes()) == 2), "no start")
    pids = t.processes()
    above = layout.v2_mount() + t.cgroup
    with open(above + "/cgroup.subtree_control") as text:
        _write(above + "/cgroup.subtree_control", " ".join("-" + c for c in text.read().split()))
    # Only an empty one can be switched; then threads of the domain above it may enter.
    for pid in pids:
        _write(above + "/cgroup.procs", str(pid))
    _write(above + "/c/cgroup.type", "threaded")
    for pid in pids:
        _write(above + "/c/cgroup.procs", str(pid))
    return container, pids


@test(layouts=("hybrid", "v2"))
def threaded_cgroup_keeper(t):
    """cgroup.kill refuses a threaded cgroup, and it lists no processes: the keeper ends them all the same."""
    container, pids = _threaded(t)
    os.kill(t.pid(container), signal.SIGKILL)
    t.check(wait_until(lambda: t.reap() or not any(alive(p) for p in pids)), "processes are left")
    t.wait_status(container, "stopped")
    t.gone(container)


@test(layouts=("hybrid", "v2"))
def threaded_cgroup_kill_and_delete(t):
    container, pids = _threaded(t)
    t.eq(len(t.ok("ps", "-f", "json", container).out.split(",")), 2, "ps")
    t.ok("kill", container, "KILL")
    t.check(wait_until(lambda: t.reap() or not any(alive(p) for p in pids)), "processes are left")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def reused_pid_is_not_signalled(t):
    """The pid in the record now belongs to a stranger: no match of start time, no signal."""
    t.husk_only("the record is husk's")
    import json
    import re
    container = t.sleeper()
    pid = t.pid(container)
    os.kill(pid, signal.SIGKILL)
    t.wait_status(container, "stopped")
    stranger = subprocess.Popen(["sleep", "1000"])
    path = os.path.join(t.root, container, "state.json")
    with open(path) as text:
        data = text.read()
    changed = re.sub(rf'("[a-zA-Z]*[pP]id": ?){pid}\b', rf"\g<1>{stranger.pid}", data)
    t.check(changed != data, f"no pid in the record: {data[:300]}")
    json.loads(changed)
    with open(path, "w") as text:
        text.write(changed)
    t.eq(t.status(container), "stopped", "status with a reused pid")
    t.cmd("kill", container, "TERM")
    t.cmd("kill", container, "KILL")
    t.cmd("kill", "--all", container, "KILL")
    t.ok("delete", "--force", container)
    time.sleep(0.1)
    t.eq(stranger.poll(), None, "the stranger was killed")
    stranger.kill()
    stranger.wait()


@test
def works_without_path(t):
    """podman calls kill with XDG_RUNTIME_DIR alone in the environment."""
    container = t.sleeper()
    t.ok("kill", container, "KILL", env={"XDG_RUNTIME_DIR": "/run"})
    t.wait_status(container, "stopped")
    t.ok("delete", container, env={"XDG_RUNTIME_DIR": "/run"})


@test
def regex(t):
    t.husk_only("crun's flag")
    names = []
    for name in ("web-1", "web-2", "db-1"):
        config = t.config("sleep 1000")
        t.cgroup_of(config, name)
        names.append(t.sleeper(config, None, container=name))
    t.ok("kill", "--regex", "^web-", "KILL")
    t.wait_status("web-1", "stopped")
    t.wait_status("web-2", "stopped")
    t.eq(t.status("db-1"), "running")
    t.ok("delete", "--force", "--regex", "1$")
    t.no_record("web-1")
    t.no_record("db-1")
    t.gone("web-2")
