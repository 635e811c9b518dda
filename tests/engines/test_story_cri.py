# SPDX-License-Identifier: Apache-2.0
"""The restart that does not hang, on CRI: a pod of two containers with shareProcessNamespace."""
import time

import cri
import sandbox
import story
import test_cri
from suite import Result, test

WEIGHT = 2


def start(place):
    return test_cri.start(place)


class Pair:
    def __init__(self, t):
        self.t = t
        self.pod = test_cri.Pod(t, pid=cri.POD)
        self.a, self.b = self.pod.run("sleep", "1000"), self.pod.run(*story.PROGRAM)
        story.wait_child(t, self.view)

    def view(self):
        return self.pod.exec(self.a, "ps", "-o", "args").stdout.decode()

    def ended(self):
        return self.pod.status(self.b).state == cri.EXITED

    def watch(self):
        def ask():
            started = time.monotonic()
            self.pod.status(self.b)
            return Result(["", "ContainerStatus"], 0, "", "", time.monotonic() - started)
        return story.Watch(self.t, [ask])

    def over(self):
        self.t.until(self.ended, "B ended", 2)
        story.no_orphan(self.t, self.view)
        self.t.eq(self.pod.status(self.a).state, cri.RUNNING, "the other container")
        story.in_time(self.t, self.pod.remove(), 0, "the end of the pod")

    def pid(self):
        """Of B's shell, in the tests' PID namespace."""
        return next(p for p, c in sandbox.processes().items() if c.startswith("sh -c touch"))


@test
def stop(t):
    pair = Pair(t)
    with pair.watch():
        story.in_time(t, pair.pod.stop(pair.b, 2), 2, "StopContainer")
    pair.over()


@test
def restart(t):
    """As the kubelet does it: stop, remove, create the next attempt."""
    pair = Pair(t)
    for attempt in (1, 2):
        story.in_time(t, pair.pod.stop(pair.b, 0 if attempt == 1 else 1), 1, "StopContainer")
        t.engine.cri.RemoveContainer(container_id=pair.b)
        pair.b = pair.pod.run(*story.PROGRAM, attempt=attempt)
        story.wait_child(t, pair.view)
    pair.pod.stop(pair.b, 0)
    pair.over()


@test
def remove_forced(t):
    """RemoveContainer of a running container."""
    pair = Pair(t)
    started = time.monotonic()
    t.engine.cri.RemoveContainer(container_id=pair.b)
    story.in_time(t, time.monotonic() - started, 0, "RemoveContainer")
    story.no_orphan(t, pair.view)


@test
def kill_of_init(t):
    pair = Pair(t)
    with pair.watch():
        story.kill(pair.pid())
        t.until(pair.ended, "B ended", 2)
    pair.over()


@test
def kill_of_the_shim(t):
    """The pod has one shim: all of it ends."""
    pair = Pair(t)
    story.kill(*[p for p, c in sandbox.processes().items() if "containerd-shim" in c and pair.pod.id in c])
    t.until(pair.ended, "B ended", 4)
    t.until(lambda: not any("sleep 100" in c for c in sandbox.processes().values()), "all processes are gone", 3)


@test
def stop_of_the_pod(t):
    pair = Pair(t)
    story.in_time(t, pair.pod.remove(), 0, "StopPodSandbox and RemovePodSandbox")
    t.until(lambda: not any("sleep 100" in c for c in sandbox.processes().values()), "all processes are gone", 1)
