# SPDX-License-Identifier: Apache-2.0
"""The cgroup layouts: a worker enters one in a private mount namespace; finds cgroups in it.

The machine's own mounts and directories are never changed: v2 and v1 are new mounts of the
existing hierarchies, over what the private copy has at /sys/fs/cgroup.  (Do not rmdir a mount
point that lies in a file system shared with the host: that unmounts it everywhere.)
"""
import os
import signal
import time

import syscalls

ROOT = "/sys/fs/cgroup"
NAMES = ("hybrid", "v2", "v1")


def _cgroup_mounts():
    """[(mount point, file system, super options)] of what is at ROOT now."""
    found = []
    with open("/proc/self/mountinfo") as lines:
        for line in lines:
            left, right = line.rstrip("\n").split(" - ", 1)
            fields, tail = left.split(" "), right.split(" ")
            if fields[4] == ROOT or fields[4].startswith(ROOT + "/"):
                found.append((fields[4], tail[0], tail[2]))
    return found


def machine_layout():
    kinds = {fs for _, fs, _ in _cgroup_mounts()}
    if kinds == {"cgroup2"}:
        return "v2"
    return "hybrid" if "cgroup2" in kinds else "v1" if "cgroup" in kinds else "none"


def available():
    """The layouts that can be shown on this machine."""
    machine = machine_layout()
    if machine == "hybrid":
        return list(NAMES)
    return ["v2", "v1"] if machine == "v1" else [machine]


# What else there is: the tests as an ordinary user, without a cgroup and with one that is delegated to him.
PASSES = ("rootless", "delegated")


def shown_by(name):
    """The layout in which this pass is made."""
    return "v2" if name == "delegated" else machine_layout() if name == "rootless" else name


def enter(name):
    """Enter the layout in a private mount namespace of the calling process."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    if name == machine_layout():
        return
    before = _cgroup_mounts()
    for point, _, _ in reversed(before):
        syscalls.umount(point)
    if name == "v2":
        syscalls.mount("cgroup2", ROOT, "cgroup2")
        return
    syscalls.mount("tmpfs", ROOT, "tmpfs", 0, "mode=755")
    for point, kind, options in before:
        if kind != "cgroup":
            continue
        words = [w for w in options.split(",") if w not in ("rw", "ro", "xattr")]
        if words and words[0].startswith("name="):
            words.insert(0, "none")
        os.mkdir(point)
        syscalls.mount("cgroup", point, "cgroup", 0, ",".join(words))


def hierarchies():
    """Mount points of every cgroup hierarchy in view, v2 first."""
    mounts = [(point, kind) for point, kind, _ in _cgroup_mounts() if kind in ("cgroup", "cgroup2")]
    return [p for p, k in mounts if k == "cgroup2"] + [p for p, k in mounts if k == "cgroup"]


def v2_mount():
    for point, kind, _ in _cgroup_mounts():
        if kind == "cgroup2":
            return point
    return None


def controller(name):
    """Mount point of the hierarchy with this controller, and its version, or (None, 0)."""
    for point, kind, options in _cgroup_mounts():
        if kind == "cgroup" and name in options.split(","):
            return point, 1
        if kind == "cgroup2":
            with open(os.path.join(point, "cgroup.controllers")) as text:
                if name in text.read().split():
                    return point, 2
    return None, 0


def directories(path):
    """Every directory at and below cgroup `path`, in all hierarchies, deepest first."""
    found = []
    for top in hierarchies():
        for here, _, _ in os.walk(top + path, topdown=False):
            found.append(here)
    return found


def processes(path):
    """Set of the pids at and below cgroup `path` in any hierarchy."""
    pids = set()
    for directory in directories(path):
        try:
            with open(os.path.join(directory, "cgroup.procs")) as text:
                pids.update(int(line) for line in text)
        except OSError:
            pass
    pids.discard(0)
    return pids


def _thaw(directory):
    for name, word in (("freezer.state", "THAWED"), ("cgroup.freeze", "0")):
        try:
            with open(os.path.join(directory, name), "w") as text:
                text.write(word)
        except OSError:
            pass


def destroy(path, seconds=10):
    """Kill and remove everything at and below cgroup `path`; what remains after the deadline is returned."""
    deadline = time.monotonic() + seconds
    while True:
        for pid in processes(path):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        for directory in reversed(directories(path)):
            _thaw(directory)
        for directory in directories(path):
            try:
                os.rmdir(directory)
            except OSError:
                pass
        left = directories(path)
        if not left or time.monotonic() > deadline:
            return left
        time.sleep(0.01)
        reap()


def reap():
    """Reap whatever has died among our children."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass
