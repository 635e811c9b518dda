# SPDX-License-Identifier: Apache-2.0
"""The restart that does not hang, on Podman: a pod that shares its PID namespace."""
import subprocess
import time

import podman
import sandbox
import story
from podman_tests import IMAGE
from suite import test

WEIGHT = 4


def start(place):
    return podman.Podman(place)


class Pair:
    def __init__(self, t):
        self.t = t
        t.out("pod", "create", "--name", "pp", "--share", "pid,uts", "--network", "none")
        started = time.monotonic()
        t.out("run", "-d", "--network", "none", "--pod", "pp", "--name", "aa", IMAGE, "sleep", "1000")
        self.start_seconds = time.monotonic() - started
        t.out("run", "-d", "--network", "none", "--pod", "pp", "--name", "bb", IMAGE, *story.PROGRAM)
        story.wait_child(t, self.view)

    def view(self):
        return self.t.out("exec", "aa", "ps", "-o", "args")

    def state(self, name="bb"):
        return self.t.engine.inspect(name)["State"]

    def ended(self):
        return not self.state()["Running"]

    def answers(self):
        # Podman's own lock of a container is held while it is stopped, so only what takes none is asked.
        return [lambda: self.t.engine.call("logs", "aa", timeout=20), lambda: self.t.engine.call("ps", timeout=20)]

    def does(self, *args, grace=0, again=False):
        r = self.t.cmd(*args)
        story.in_time(self.t, r.seconds, grace + (self.start_seconds if again else 0.5), " ".join(args))
        if again:
            story.wait_child(self.t, self.view)
        else:
            story.no_orphan(self.t, self.view)
        self.t.check(self.state("aa")["Running"], "the other container died")


@test
def restart(t):
    pair = Pair(t)
    pair.does("restart", "-t", "2", "bb", grace=2, again=True)
    pair.does("restart", "-t", "0", "bb", again=True)


@test
def stop(t):
    Pair(t).does("stop", "-t", "2", "bb", grace=2)


@test
def kill(t):
    pair = Pair(t)
    pair.does("kill", "bb")
    t.until(pair.ended, "B ended", 1)


@test
def remove_forced(t):
    Pair(t).does("rm", "-f", "-t", "0", "bb")


@test
def crash_of_init(t):
    pair = Pair(t)
    with story.Watch(t, pair.answers()):
        story.kill(pair.state()["Pid"])
        t.until(pair.ended, "B ended", 3)
    story.no_orphan(t, pair.view)
    t.cmd("start", "bb")
    story.wait_child(t, pair.view)


@test
def crash_of_conmon(t):
    pair = Pair(t)
    ident = t.engine.inspect("bb")["Id"]
    story.kill(*[p for p, c in sandbox.processes().items() if c.startswith("/usr/bin/conmon") and f"-c {ident}" in c])
    t.cmd("rm", "-f", "-t", "0", "bb")
    story.no_orphan(t, pair.view)
    # Podman calls no delete when its conmon is dead. The record is enough to remove what is left.
    t.eq(subprocess.run([t.place.real, "delete", "--force", ident]).returncode, 0, "delete")


@test
def restart_of_the_pod(t):
    pair = Pair(t)
    r = t.cmd("pod", "restart", "pp", timeout=60)
    t.check(r.seconds < 40, f"pod restart took {r.seconds:.1f} s")
    story.wait_child(t, pair.view)
