# SPDX-License-Identifier: Apache-2.0
"""A command is killed at each of its system calls: delete --force then removes everything."""
import fault
import layout
from case import children, test

LIMIT = 3600
MEMORY = (9, 10, 12)        # mmap, mprotect, brk on x86_64


def mountinfo():
    with open("/proc/self/mountinfo") as text:
        return text.read()


class Sweep:
    """One command, prepared anew for each point."""

    def __init__(self, t, name):
        t.need(t.runtime.kind == "husk" or fault.every(), "peers only on request (HUSK_FAULT_EVERY)")
        self.t, self.name = t, name
        self.config = t.config().args("/bin/true" if name != "delete_running" else "/bin/sleep")
        if name in ("delete_running", "exec"):
            self.config.args("sleep", "1000")
        self.config.resources(pids={"limit": 50} if layout.controller("pids")[0] else {})
        self.cgroup = self.config.linux["cgroupsPath"]
        self.bundle = t.bundle(self.config)
        self.number = 0
        t.leak_check = True

    def prepare(self):
        """The words of the command to be struck."""
        t = self.t
        self.number += 1
        self.id = t.new_id(f"p{self.number}")
        if self.name in ("create", "run"):
            return [self.name, "--bundle", self.bundle, self.id]
        t.ok("create", "--bundle", self.bundle, self.id)
        if self.name == "start":
            return ["start", self.id]
        t.ok("start", self.id)
        if self.name == "delete":
            t.wait_status(self.id, "stopped")
            return ["delete", self.id]
        if self.name == "exec":
            return ["exec", self.id, "/bin/true"]
        return ["delete", "--force", self.id]

    def count(self):
        outcome = fault.step(self.t, self.prepare())
        self.t.check(outcome.exit == 0, f"{self.name} under the stepper: {outcome.result}")
        self.t.ok("delete", "--force", self.id)
        return outcome.calls

    def end(self):
        """After the strike: delete --force must succeed, and leave nothing."""
        result = self.t.runtime.call(self.t.runtime.argv(self.t.root, ["delete", "--force", self.id]), self.t.dir, timeout=20)
        found = fault.remains(self.t, self.id, self.cgroup)
        if result.timed_out or result.rc != 0:
            found.insert(0, f"delete --force: {result}")
        if found:
            fault.wipe(self.t, self.id, self.cgroup)
        return found


def _kill_sweep(name, mode):
    def check(t):
        sweep = Sweep(t, name)
        count = sweep.count()
        before, bad, visited = mountinfo(), [], 0
        for n in fault.points(count):
            outcome = fault.step(t, sweep.prepare(), n, mode)
            visited += 1
            found = sweep.end()
            if mountinfo() != before:
                found.append("mounts")
            if found:
                bad.append(f"point {n} ({outcome.where()}): {', '.join(found)[:200]}")
        t.notes.append(f"{visited} of {count} points")
        t.check(not bad, f"{len(bad)} of {visited} points (of {count} system calls) leave something: " + "; ".join(bad[:12]))
    check.__name__ = f"{mode}_{name}"
    check.__module__ = __name__
    test(check, timeout=LIMIT)


for _name in ("create", "start", "run", "exec", "delete", "delete_running"):
    _kill_sweep(_name, "kill")
for _name in ("create", "run"):
    _kill_sweep(_name, "killtree")


def _error_sweep(name, mode):
    def check(t):
        sweep = Sweep(t, name)
        count = sweep.count()
        before, bad, ignored, visited, failed = mountinfo(), [], {}, 0, 0
        for n in fault.points(count, 60 if mode == "EIO" else 30):
            outcome = fault.step(t, sweep.prepare(), n, mode)
            visited += 1
            found = []
            if outcome.timeout or outcome.result.timed_out:
                found.append("hangs")
            elif outcome.signal and outcome.hit and outcome.hit[0] in MEMORY:
                pass                        # the start code of libc and loader; nothing may be left all the same
            elif outcome.signal:
                found.append(f"crashes with signal {outcome.signal}")
            elif outcome.exit:
                failed += 1
                if name in ("create", "run"):
                    found = fault.remains(t, sweep.id, sweep.cgroup)
                if not outcome.result.err.strip() and outcome.hit and outcome.hit[0] not in MEMORY + (59,):
                    found.append("fails without a word")
            elif outcome.hit and outcome.hit[0] in fault.SECURITY and mode == "EIO":
                ignored.setdefault(outcome.where(), n)
            found += [f"after delete --force: {f}" for f in sweep.end()]
            if mountinfo() != before:
                found.append("mounts")
            if found:
                bad.append(f"point {n} ({outcome.where()}): {', '.join(found)[:200]}")
        t.notes.append(f"{visited} of {count} points, {failed} of them fail the command")
        surprises = [w for w in ignored if not _reviewed(name, w)]
        t.check(not bad, f"{len(bad)} of {visited} points (of {count}): " + "; ".join(bad[:12]) +
                ("; ignored failures that nobody reviewed: " + ", ".join(surprises) if surprises else ""))
        t.check(not surprises, f"ignored failures that nobody reviewed (see ignored.list): {', '.join(surprises)}")
    check.__name__ = f"{mode}_{name}"
    check.__module__ = __name__
    test(check, timeout=LIMIT)


def _reviewed(name, where):
    import os
    with open(os.path.join(fault.HERE, "ignored.list")) as lines:
        for line in lines:
            words = line.split("#")[0].strip()
            if words and where.startswith(words):
                return True
    return False


for _mode in ("EIO", "ENOMEM", "ENOSPC", "EMFILE", "EINTR", "short"):
    for _name in ("create", "run"):
        _error_sweep(_name, _mode)
for _name in ("start", "delete", "exec"):
    _error_sweep(_name, "EIO")
