# SPDX-License-Identifier: Apache-2.0
"""The record cut at every byte, with bits flipped, gone: state, list and delete --force behave."""
import os

import fault
from case import alive, test


class Spoiled:
    """A running container whose record is replaced by something else."""

    def __init__(self, t):
        t.husk_only("the record is husk's")
        self.t = t
        self.config = t.config("sleep 1000")
        self.cgroup = self.config.linux["cgroupsPath"]
        self.path = t.bundle(self.config)
        self.bad = []
        self.renew(0)

    def renew(self, n):
        self.id = self.t.create(None, container=f"r{n}", bundle_path=self.path)
        self.init = self.t.pid(self.id)
        self.file = os.path.join(self.t.root, self.id, "state.json")
        with open(self.file, "rb") as data:
            self.good = data.read()

    def put(self, data):
        with open(self.file, "wb") as file:
            file.write(data)

    def call(self, *args):
        result = self.t.runtime.call(self.t.runtime.argv(self.t.root, args), self.t.dir, timeout=15)
        if result.timed_out or result.rc is None or result.rc < 0 or result.rc > 2:
            self.bad.append(f"{args[0]}: {result}")
        return result

    def look(self, what):
        """Commands that only read may fail, never crash or hang; list never fails."""
        before = len(self.bad)
        self.call("state", self.id)
        if self.call("list", "-f", "json").rc != 0:
            self.bad.append("list fails")
        if len(self.bad) > before:
            self.bad[before] = f"{what}: {self.bad[before]}"

    def remove(self, what, everything=True):
        result = self.call("delete", "--force", self.id)
        found = [] if result.rc == 0 else [str(result)]
        if everything:
            found += fault.remains(self.t, self.id, self.cgroup)
        elif os.path.lexists(os.path.dirname(self.file)):
            found.append("state")
        if found:
            self.bad.append(f"{what}: {', '.join(found)[:300]}")
        fault.wipe(self.t, self.id, self.cgroup)

    def verdict(self):
        self.t.check(not self.bad, f"{len(self.bad)} findings: " + "; ".join(self.bad[:10]))


@test(timeout=900)
def cut_at_every_byte(t):
    s = Spoiled(t)
    step = fault.every() or max(1, len(s.good) // 150)
    for n in range(0, len(s.good), step):
        s.put(s.good[:n])
        s.look(f"cut at {n}")
    t.notes.append(f"{len(range(0, len(s.good), step))} of {len(s.good)} lengths")
    s.put(s.good)
    s.remove("whole")
    s.verdict()


@test(timeout=900)
def bits_flipped(t):
    s = Spoiled(t)
    size = len(s.good) * 8
    step = fault.every() or max(1, size // 300)
    for n in range(0, size, step):
        data = bytearray(s.good)
        data[n // 8] ^= 1 << n % 8
        s.put(bytes(data))
        s.look(f"bit {n}")
    t.notes.append(f"{len(range(0, size, step))} of {size} bits")
    s.put(s.good)
    s.remove("whole")
    s.verdict()


@test(timeout=900)
def delete_force_after_cut(t):
    """Whatever is left of the record, the directory goes; with the whole of it everything goes."""
    s = Spoiled(t)
    length = len(s.good)
    cuts = sorted({0, 1, length // 4, length // 2, 3 * length // 4, length - 2, length})
    for number, n in enumerate(cuts):
        s.put(s.good[:n])
        s.remove(f"cut at {n} of {length}", everything=n == length)
        s.renew(number + 1)
    s.remove("whole")
    s.verdict()


@test
def record_missing(t):
    s = Spoiled(t)
    os.unlink(s.file)
    s.look("missing")
    s.remove("missing", everything=False)
    s.verdict()


@test
def record_is_odd(t):
    s = Spoiled(t)
    os.unlink(s.file)
    os.mkdir(s.file)
    s.look("directory")
    s.remove("directory", everything=False)
    s.renew(1)
    os.unlink(s.file)
    os.mkfifo(s.file)
    s.look("FIFO")
    s.remove("FIFO", everything=False)
    s.renew(2)
    os.unlink(s.file)
    os.symlink("/etc/passwd", s.file)
    s.look("link")
    s.remove("link", everything=False)
    with open("/etc/passwd") as text:
        t.has(text.read(), "root:")
    s.verdict()


@test
def a_strangers_pid_is_not_killed(t):
    """A flipped pid or cgroup must not lead to somebody else; the start time and the boot id say so."""
    import json
    import subprocess
    s = Spoiled(t)
    stranger = subprocess.Popen(["sleep", "1000"])
    s.put(s.good.replace(str(s.init).encode(), str(stranger.pid).encode()))
    s.call("kill", s.id, "KILL")
    s.call("delete", "--force", s.id)
    t.eq(stranger.poll(), None, "the stranger was killed")
    stranger.kill()
    stranger.wait()
    t.check(not alive(s.init), "init outlives delete --force although its cgroup is in the record")
    s.verdict()
