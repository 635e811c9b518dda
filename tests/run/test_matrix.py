# SPDX-License-Identifier: Apache-2.0
"""PID namespace arrangements × states × calls: exit code, words and effect by the table of kill and delete.

HUSK_TEST_MANY is the number of processes of the state "many" (default 200).
"""
import os
import signal

import layout
from case import alive, process_state, test, wait_until

ARRANGEMENTS = ("own", "joined", "host")
STATES = ("created", "running", "paused", "leftovers", "zombie", "removed", "nested", "frozen", "bomb", "many")
CALLS = {"kill_term": ("kill", "{}", "TERM"), "kill_kill": ("kill", "{}", "KILL"), "all_term": ("kill", "--all", "{}", "TERM"),
         "all_kill": ("kill", "--all", "{}", "KILL"), "delete": ("delete", "{}"), "force": ("delete", "--force", "{}")}

MANY = int(os.environ.get("HUSK_TEST_MANY", "200"))

# A program that ends on TERM also as the first process of a PID namespace, with a child of its own.
PROGRAM = "trap 'exit 0' TERM; sleep 1000 & wait"


class Subject:
    """A container in one arrangement, brought into one state."""

    def __init__(self, t, arrangement, state):
        self.t, self.state, self.holder = t, state, None
        config = t.config(PROGRAM)
        self.cgroup = t.cgroup_of(config, "m-subject")
        self._arrange(config, arrangement)
        getattr(self, "_prepare_" + state, lambda c: None)(config)
        self.id = t.create(config)
        self.init = t.pid(self.id)
        if state != "created":
            t.start(self.id)
            self._wait_for_program()
        getattr(self, "_enter_" + state, lambda: None)()
        self.members = t.processes(self.cgroup) | ({self.init} if alive(self.init) else set())
        self.populated = any(alive(p) for p in t.processes(self.cgroup))

    def _arrange(self, config, arrangement):
        if arrangement == "host":
            config.namespace("pid", drop=True)
        elif arrangement == "joined":
            other = self.t.config("sleep 1000")
            self.t.cgroup_of(other, "m-holder")
            self.holder = self.t.sleeper(other, None)
            self.holder_pid = self.t.pid(self.holder)
            config.namespace("pid", f"/proc/{self.holder_pid}/ns/pid")

    def _wait_for_program(self):
        least = {"removed": 1, "bomb": 20, "many": MANY}.get(self.state, 2)
        ready = wait_until(lambda: len(self.t.processes(self.cgroup)) >= least, 10)
        self.t.check(ready, f"{len(self.t.processes(self.cgroup))} processes instead of {least}")

    # -- states

    def _prepare_leftovers(self, config):
        config["annotations"] = {"husk.keeper": "false"}

    _prepare_zombie = _prepare_leftovers

    def _prepare_removed(self, config):
        config.args("sleep", "1000")

    def _prepare_bomb(self, config):
        config.args("probe", "bomb")
        config.process["user"] = {"uid": 200000 + os.getpid(), "gid": 1}
        config.process["rlimits"] = [{"type": "RLIMIT_NPROC", "soft": 40, "hard": 40}]

    def _prepare_many(self, config):
        config.args("probe", "many", str(MANY))

    def _enter_paused(self):
        self.t.ok("pause", self.id)

    def _enter_leftovers(self):
        os.kill(self.init, signal.SIGKILL)
        wait_until(lambda: self.t.reap() or not os.path.exists(f"/proc/{self.init}"))

    def _enter_zombie(self):
        os.kill(self.init, signal.SIGKILL)
        wait_until(lambda: process_state(self.init) == "Z")

    def _enter_removed(self):
        for top in layout.hierarchies():
            with open(top + "/cgroup.procs", "w") as file:
                file.write(str(self.init))
            try:
                os.rmdir(top + self.cgroup)
            except FileNotFoundError:
                pass                        # systemd was quicker

    def _enter_nested(self):
        """The child goes two levels down, in every hierarchy."""
        child = max(self.t.processes(self.cgroup) - {self.init})
        for top in layout.hierarchies():
            try:
                os.makedirs(f"{top}{self.cgroup}/one/two")
                with open(f"{top}{self.cgroup}/one/two/cgroup.procs", "w") as file:
                    file.write(str(child))
            except OSError:
                pass                        # a cpuset without cpus takes nobody

    def _enter_frozen(self):
        self._enter_nested()
        for top in layout.hierarchies():
            for name, word in (("freezer.state", "FROZEN"), ("cgroup.freeze", "1")):
                path = f"{top}{self.cgroup}/one/{name}"
                if os.path.exists(path):
                    with open(path, "w") as file:
                        file.write(word)

    # -- expectations

    def init_alive(self):
        return self.state not in ("leftovers", "zombie")

    def expect(self, call):
        """(exit code, words in the error, everybody dies)"""
        if call == "force":
            return 0, "", True
        if call == "delete":
            if not self.init_alive():
                return 0, "", True
            word = {"created": "created", "paused": "paused"}.get(self.state, "running")
            return 1, f"cannot delete container {self.id} that is not stopped: {word}", False
        if call.startswith("all"):
            return 0, "", call == "all_kill"
        if call == "kill_kill":
            return (0, "", True) if self.init_alive() or self.populated else (1, "container not running", False)
        return (0, "", False) if self.init_alive() else (1, "container not running", False)


def _cell(arrangement, state, call):
    def check(t):
        subject = Subject(t, arrangement, state)
        rc, words, dies = subject.expect(call)
        result = t.cmd(*[word.format(subject.id) for word in CALLS[call]], timeout=25)
        problems = []
        if result.rc != rc or words not in result.err:
            problems.append(f"expected exit {rc} {words!r}, found {result}")
        if dies and not wait_until(lambda: t.reap() or not any(alive(p) for p in subject.members), 5):
            problems.append(f"alive: {[p for p in subject.members if alive(p)]}")
        if call == "delete" and rc == 1 and not alive(subject.init):
            problems.append("a refused delete has killed init")
        if subject.holder and not alive(subject.holder_pid):
            problems.append("the other container died")
        _end(t, subject, problems)
        if t.runtime.kind != "husk":
            t.skip("comparison: " + ("; ".join(problems)[:150] or "good"))
        t.check(not problems, "; ".join(problems))
    check.__name__ = f"{arrangement}_{state}_{call}"
    check.__module__ = __name__
    test(check, timeout=90)


def _end(t, subject, problems):
    """delete --force from wherever it stands must leave nothing."""
    result = t.cmd("delete", "--force", subject.id, timeout=25)
    if result.rc != 0:
        problems.append(f"delete --force at the end: {result}")
    t.reap()
    left = [d for d in layout.directories(subject.cgroup)]
    if left:
        problems.append(f"cgroups left: {left}")
    if not wait_until(lambda: t.reap() or not any(alive(p) for p in subject.members), 2):
        problems.append(f"processes left: {[p for p in subject.members if alive(p)]}")
    if subject.holder:
        t.ok("delete", "--force", subject.holder)
    if t.runtime.kind != "husk":
        layout.destroy(subject.cgroup)


for _arrangement in ARRANGEMENTS:
    for _state in STATES:
        for _call in CALLS:
            # when init of a PID namespace of its own is dead, so is everyone else
            if not (_arrangement == "own" and _state == "leftovers"):
                _cell(_arrangement, _state, _call)
