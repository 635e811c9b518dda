# SPDX-License-Identifier: Apache-2.0
"""containerd through ctr, with --runc-binary."""
import os
import signal
import time

import containerd
import sandbox
from suite import test
from terminal import Terminal

WEIGHT = 3
IMAGE = "localhost/bb:1"


def start(place):
    return containerd.Containerd(place)


def run(t, ident, *args, flags=(), **kwargs):
    return t.cmd("run", "--runc-binary", t.place.runtime, *flags, IMAGE, ident, *args, **kwargs)


def sleeper(t, ident, *flags, script="sleep 1000"):
    run(t, ident, "sh", "-c", script, flags=("-d", *flags))


def status(t, ident):
    for line in t.out("task", "ls").splitlines()[1:]:
        words = line.split()
        if words[0] == ident:
            return words[2]
    return None


@test
def run_attached(t):
    r = run(t, "c1", "sh", "-c", "echo out; echo err >&2; exit 4", flags=("--rm",), rc=4)
    t.eq((r.out, r.err), ("out\n", "err\n"), "streams")


@test
def terminal(t):
    term = Terminal([containerd.CTR, "-a", t.engine.socket, "run", "--rm", "-t", "--runc-binary", t.place.runtime, IMAGE, "c1", "sh"],
                    t.place.env(), 31, 91)
    t.check(term.read_until("# "), f"no prompt: {term.text!r}")
    time.sleep(0.3)
    term.type("stty size; exit 6\n")
    t.check(term.read_until("31 91"), f"size: {term.text!r}")
    t.eq(term.end(), 6, "exit status")


@test
def kill(t):
    sleeper(t, "c1", script="trap 'exit 5' TERM; while :; do sleep 0.1; done")
    t.eq(status(t, "c1"), "RUNNING")
    time.sleep(0.3)
    t.cmd("task", "kill", "-s", "TERM", "c1")
    t.until(lambda: status(t, "c1") == "STOPPED", "stopped")
    t.has(t.cmd("task", "rm", "c1").err, "exit code 5")
    t.cmd("container", "rm", "c1")
    sleeper(t, "c2")
    t.cmd("task", "kill", "-s", "9", "--all", "c2")
    t.until(lambda: status(t, "c2") == "STOPPED", "stopped")


@test
def pause(t):
    sleeper(t, "c1")
    t.cmd("task", "pause", "c1")
    t.eq(status(t, "c1"), "PAUSED")
    t.cmd("task", "resume", "c1")
    t.eq(status(t, "c1"), "RUNNING")
    t.cmd("task", "pause", "c1")
    t.cmd("task", "rm", "-f", "c1", rc=None)


@test
def execute(t):
    sleeper(t, "c1")
    t.eq(t.out("task", "exec", "--exec-id", "e1", "c1", "echo", "hi"), "hi")
    t.cmd("task", "exec", "--exec-id", "e2", "c1", "sh", "-c", "exit 9", rc=9)
    t.has(t.cmd("task", "exec", "--exec-id", "e3", "c1", "nosuch", rc=None).err, "executable file not found in $PATH")
    t.has(t.out("task", "ps", "c1"), "PID")


@test
def metrics(t):
    sleeper(t, "c1", "--cgroup", "/default/metrics", "--memory-limit", str(64 << 20))
    t.has(t.out("task", "metrics", "c1"), "memory")
    t.has(t.out("task", "metrics", "--format", "json", "c1"), str(64 << 20))


@test
def host_namespaces(t):
    r = run(t, "c1", "readlink", "/proc/self/ns/net", flags=("--rm", "--net-host"))
    t.eq(r.out.strip(), os.readlink("/proc/self/ns/net"))
    sleeper(t, "c2")
    pid = next(line.split()[1] for line in t.out("task", "ls").splitlines() if line.startswith("c2"))
    r = run(t, "c3", "readlink", "/proc/self/ns/pid", flags=("--rm", "--with-ns", f"pid:/proc/{pid}/ns/pid"))
    t.eq(r.out.strip(), os.readlink(f"/proc/{pid}/ns/pid"))


@test
def options(t):
    r = run(t, "c1", "sh", "-c", "touch /x; pwd; grep Seccomp: /proc/self/status; cat /v/plain; ls -l /dev/null0",
            flags=("--rm", "--read-only", "--cwd", "/tmp", "--seccomp", "--device", "/dev/null",
                   "--mount", f"type=bind,src={t.place.assets.rootfs}/etc,dst=/v,options=rbind:ro"), rc=None)
    t.has(r.out, "/tmp\nSeccomp:\t2\nnot a program\n")
    t.has(r.err, "Read-only file system")
    r = run(t, "c2", "grep", "CapEff", "/proc/self/status", flags=("--rm", "--privileged"))
    t.check(int(r.out.split()[1], 16).bit_count() > 30, r.out)


@test
def failures(t):
    t.has(run(t, "c1", "nosuch", flags=("--rm",), rc=1).err, "executable file not found in $PATH")
    t.cmd("container", "rm", "c1", rc=None)
    t.has(run(t, "c2", "/etc/plain", flags=("--rm",), rc=1).err, "permission denied")


@test
def checkpoint(t):
    t.need_criu()
    sleeper(t, "c1")
    t.cmd("task", "checkpoint", "--exit", "--image-path", t.place.file("image"), "c1")
    t.until(lambda: status(t, "c1") in ("STOPPED", None), "it ended")


@test
def daemon_killed(t):
    sleeper(t, "c1")
    t.engine.stop_daemon(signal.SIGKILL)
    t.engine.start()
    t.eq(status(t, "c1"), "RUNNING")
    t.eq(t.out("task", "exec", "--exec-id", "e1", "c1", "echo", "hi"), "hi")


@test
def shim_killed(t):
    sleeper(t, "c1", script="sleep 1000; true")
    shims = [p for p, c in sandbox.processes().items() if "containerd-shim" in c and "-id c1 " in c]
    t.eq(len(shims), 1, "shims")
    os.kill(shims[0], signal.SIGKILL)
    t.until(lambda: not any("sleep 1000" in c for c in sandbox.processes().values()), "its processes are gone", 8)
