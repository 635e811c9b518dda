# SPDX-License-Identifier: Apache-2.0
"""The restart that does not hang, on Docker: B lives in A's PID namespace and its shell has a child."""
import time

import docker
import sandbox
import story
from docker import running, state
from suite import test

WEIGHT = 6


def start(place):
    return docker.Docker(place)


class Pair:
    """A, and B in A's PID namespace."""
    def __init__(self, t):
        self.t = t
        started = time.monotonic()
        running(t, "--name", "aa", "--network", "none")
        self.start_seconds = time.monotonic() - started
        running(t, "--name", "bb", "--network", "none", "--pid", "container:aa", command=story.PROGRAM)
        self.id = t.engine.inspect("bb")["Id"]
        story.wait_child(t, self.view)

    def view(self):
        return self.t.out("exec", "aa", "ps", "-o", "args")

    def answers(self):
        return [lambda: self.t.engine.call("inspect", "bb", timeout=20), lambda: self.t.engine.call("logs", "bb", timeout=20)]

    def ended(self):
        return not state(self.t, "bb")["Running"]

    def does(self, *args, grace=0, rc=0, again=False):
        """A command of Docker must be done within its grace period and a second."""
        with story.Watch(self.t, self.answers()):
            r = self.t.cmd(*args, rc=rc)
        story.in_time(self.t, r.seconds, grace + (self.start_seconds if again else 0), " ".join(args))
        if again:
            story.wait_child(self.t, self.view)
        else:
            story.no_orphan(self.t, self.view)
        self.t.check(state(self.t, "aa")["Running"], "the other container died")

    def vanishes(self, act):
        """B's init, or its shim, goes away without a command."""
        with story.Watch(self.t, self.answers()):
            act()
            self.t.until(self.ended, "B counts as ended", 3)
        story.no_orphan(self.t, self.view)
        self.t.check(state(self.t, "aa")["Running"], "the other container died")
        self.t.cmd("start", "bb")
        story.wait_child(self.t, self.view)


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
def kill_term(t):
    pair = Pair(t)
    pair.does("kill", "-s", "TERM", "bb")
    t.until(pair.ended, "B ended", 1)


@test
def remove_forced(t):
    pair = Pair(t)
    with story.Watch(t, [lambda: t.engine.call("ps", timeout=20)]):
        r = t.cmd("rm", "-f", "bb")
    story.in_time(t, r.seconds, 0, "rm -f")
    story.no_orphan(t, pair.view)


@test
def crash_of_init(t):
    pair = Pair(t)
    pair.vanishes(lambda: story.kill(state(t, "bb")["Pid"]))


@test
def crash_of_the_shim(t):
    pair = Pair(t)
    pair.vanishes(lambda: story.kill(*[p for p, c in sandbox.processes().items() if "containerd-shim" in c and pair.id in c]))


@test
def end_of_the_pids_owner(t):
    """A, whose PID namespace it is, ends: B's processes go with it."""
    pair = Pair(t)
    with story.Watch(t, pair.answers()):
        r = t.cmd("stop", "-t", "1", "aa")
        story.in_time(t, r.seconds, 1, "stop of A")
        t.until(pair.ended, "B ended", 2)


@test
def restart_policy(t):
    running(t, "--name", "aa", "--network", "none")
    running(t, "--name", "bb", "--network", "none", "--restart", "always", "--pid", "container:aa", command=story.PROGRAM)
    first = state(t, "bb")["Pid"]
    story.kill(first)
    t.until(lambda: state(t, "bb")["Running"] and state(t, "bb")["Pid"] != first, "B runs again", 5)
    t.until(lambda: t.out("exec", "aa", "ps", "-o", "args").count("sleep 1001") == 2, "one shell and one child in A's view", 3)
