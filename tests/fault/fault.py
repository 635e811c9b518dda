# SPDX-License-Identifier: Apache-2.0
"""A runtime's command under the stepper, and the oracle of what may be left afterwards."""
import os
import subprocess

import layout
from case import alive, children, wait_until

HERE = os.path.dirname(os.path.abspath(__file__))

# x86_64 numbers of the calls that protect: a failure of theirs must not be ignored
SECURITY = {
    105: "setuid", 106: "setgid", 116: "setgroups", 117: "setresuid", 119: "setresgid", 122: "setfsuid", 123: "setfsgid", 126: "capset",
    157: "prctl", 317: "seccomp", 155: "pivot_root", 161: "chroot", 165: "mount", 166: "umount2", 272: "unshare", 308: "setns",
    428: "open_tree", 429: "move_mount", 430: "fsopen", 431: "fsconfig", 432: "fsmount", 433: "fspick", 442: "mount_setattr", 112: "setsid",
    250: "keyctl", 302: "prlimit64", 170: "sethostname", 171: "setdomainname", 436: "close_range", 95: "umask", 81: "fchdir", 80: "chdir",
    135: "personality", 314: "sched_setattr", 251: "ioprio_set", 437: "openat2", 92: "chown", 260: "fchownat", 268: "fchmodat", 91: "fchmod",
    93: "fchown", 133: "mknod", 259: "mknodat",
}


def every():
    """Which points: each K-th.  HUSK_FAULT_EVERY=1 is the full sweep."""
    return max(1, int(os.environ.get("HUSK_FAULT_EVERY", "0")) or 0) if os.environ.get("HUSK_FAULT_EVERY") else 0


def points(count, default_points=60):
    """The points to visit out of `count`: all of them, each K-th, or about `default_points` (or HUSK_FAULT_POINTS) spread
    evenly."""
    default_points = int(os.environ.get("HUSK_FAULT_POINTS", default_points))
    step = every() or max(1, count // default_points)
    first = 1 + (os.getpid() % step if not every() else 0)
    return range(first, count + 1, step)


def compiled(name, *options):
    """Path of a program (or library) of this directory, compiled beside the probe."""
    import probe
    path = os.path.join(os.path.dirname(probe.binary()), name)
    if not os.path.exists(path):
        temporary = f"{path}.{os.getpid()}"
        subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", *options, "-o", temporary,
                        os.path.join(HERE, f"{name}.c")], check=True)
        os.rename(temporary, path)
    return path


def stepper():
    return compiled("stepper")


class Outcome:
    def __init__(self, text, result):
        self.result = result
        self.calls = self.exit = self.signal = None
        self.hit = None                 # (system call number, who, first argument)
        self.timeout = False
        for line in text.splitlines():
            word, *rest = line.split()
            if word == "calls":
                self.calls = int(rest[0])
            elif word == "exit":
                self.exit = int(rest[0])
            elif word == "signal":
                self.signal = int(rest[0])
            elif word == "timeout":
                self.timeout = True
            elif word == "hit":
                self.hit = (int(rest[1]), rest[2], int(rest[3]))

    def where(self):
        if not self.hit:
            return "not hit"
        return f"{SECURITY.get(self.hit[0], 'call ' + str(self.hit[0]))}({self.hit[2]:#x}) of {self.hit[1]}"


def step(t, args, n=0, mode="count", seconds=15, **kwargs):
    """Run the runtime with these arguments under the stepper."""
    report = t.path("stepper.report")
    words = [stepper(), "-n", str(n), "-m", mode, "-o", report, "-t", str(seconds), "-x", "/bin/true"]
    result = t.runtime.call(words + t.runtime.argv(t.root, args), t.dir, timeout=seconds + 10, **kwargs)
    with open(report) as text:
        return Outcome(text.read(), result)


def remains(t, container, cgroup):
    """What is left of a container: sentences."""
    found = []
    t.reap()
    if os.path.lexists(os.path.join(t.root, container)):
        found.append("state")
    if not wait_until(lambda: t.reap() or not children(), 1.5):
        found.extend(f"process {p}" for p in children())
    members = [p for p in layout.processes(cgroup) if alive(p)]
    found.extend(f"process {p} in the cgroup" for p in members)
    if layout.directories(cgroup):
        found.append(f"{len(layout.directories(cgroup))} cgroup directories")
    return found


def wipe(t, container, cgroup):
    """So that the next point starts afresh."""
    import shutil
    import signal
    for pid in children():
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    layout.destroy(cgroup, 3)
    t.reap()
    shutil.rmtree(os.path.join(t.root, container), ignore_errors=True)
