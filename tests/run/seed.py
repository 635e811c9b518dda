# SPDX-License-Identifier: Apache-2.0
"""The seed: container B lives in A's PID namespace, with its output in a pipe; B's init goes away in some way.

Used by test_seed.py for the runtime under test, and by compare.py for the peers.
"""
import os
import select
import signal
import time

from case import PATIENCE, alive, wait_until

WAYS = ("kill_term", "kill_kill", "kill_all_term", "kill_all_kill", "outside_term", "outside_kill", "exits")


class Seed:
    def __init__(self, t, arrangement="joined", script="sleep 1000; true"):
        self.t = t
        a = t.config("sleep 1000")
        t.cgroup_of(a, "seed-a")
        self.a = t.sleeper(a, None)
        self.a_pid = t.pid(self.a)
        b = t.config(script)
        self.b_cgroup = t.cgroup_of(b, "seed-b")
        if arrangement == "joined":
            b.namespace("pid", f"/proc/{self.a_pid}/ns/pid")
        elif arrangement == "host":
            b.namespace("pid", drop=True)
        self.b = t.new_id()
        self.pipe, write_end = os.pipe()
        t.ok("create", "--bundle", t.bundle(b), self.b, stdout=write_end)
        os.close(write_end)
        t.start(self.b)
        self.b_pid = t.pid(self.b)
        t.check(wait_until(lambda: len(t.processes(self.b_cgroup)) >= 2), "B has no child")

    def end(self, way):
        """Let B's init go; seconds until the pipe's end of file, or None when that did not come within `limit`."""
        t = self.t
        started = time.monotonic()
        words = {"kill_term": ("kill", self.b, "TERM"), "kill_kill": ("kill", self.b, "KILL"),
                 "kill_all_term": ("kill", "--all", self.b, "TERM"), "kill_all_kill": ("kill", "--all", self.b, "KILL")}
        if way in words:
            t.cmd(*words[way])
        elif way.startswith("outside"):
            os.kill(self.b_pid, signal.SIGTERM if way == "outside_term" else signal.SIGKILL)
        return self._end_of_file(started, 3.0 * PATIENCE)

    def _end_of_file(self, started, limit):
        while time.monotonic() < started + limit:
            self.t.reap()
            if select.select([self.pipe], [], [], 0.01)[0] and not os.read(self.pipe, 1000):
                return time.monotonic() - started
        return None

    def clean(self):
        os.close(self.pipe)
        self.t.ok("kill", self.a, "KILL")
        self.t.wait_status(self.a, "stopped")
        self.t.gone(self.a)


def verdict(t, arrangement, way):
    """What happened, in a few words; "good" when all is as it should be."""
    seed = Seed(t, arrangement, f"sleep 1000 & sleep {0.4 * PATIENCE}" if way == "exits" else "sleep 1000; true")
    bad = []
    seconds = seed.end(way)
    if seconds is None:
        bad.append(f"the pipe stays open ({len(t.processes(seed.b_cgroup))} processes left)")
    elif seconds > 1.5 * PATIENCE:
        bad.append(f"end of file after {seconds:.1f} s")
    if not alive(seed.a_pid):
        bad.append("A died")
    wait_until(lambda: not alive(seed.b_pid), 1)    # the end of the pipe comes a moment before init's own
    result = t.cmd("delete", seed.b)
    if result.rc != 0:
        bad.append(f"delete: exit {result.rc}: {result.err.strip()[-100:]}")
    t.reap()
    left = {p for p in t.processes(seed.b_cgroup) if alive(p)}
    if left:
        bad.append(f"{len(left)} processes left after delete")
    if bad:
        t.cmd("delete", "--force", seed.b)
        import layout
        layout.destroy(seed.b_cgroup, 2)
    seed.clean()
    return "; ".join(bad) or f"good ({1000 * (seconds or 0):.0f} ms)"
