# SPDX-License-Identifier: Apache-2.0
"""What the tests of shared PID namespaces have in common: the program, and what must hold while and after it ends."""
import os
import signal
import threading
import time

import suite

# A shell with a child: when the shell ends, the child is an orphan that holds the container's pipes.
PROGRAM = ("sh", "-c", "touch /tmp/healthy && sleep 1001; exit $?")


def slack():
    """What "at once" and "a second" may cost when the machine has more to do than it can. A hang is much longer."""
    return 1.0 + min(8.0, os.getloadavg()[0] / (os.cpu_count() or 1) / 2)


def kill(*pids):
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def wait_child(t, view):
    """The shell and its child are there (the shell's line holds the words too)."""
    t.until(lambda: view().count("sleep 1001") == 2, "the shell has its child", 8)


def no_orphan(t, view):
    t.until(lambda: "sleep 1001" not in view(), "no orphan in the other container's view", 1.5)


def in_time(t, seconds, grace, what):
    t.check(seconds < grace + 1 + slack(), f"{what} took {seconds:.1f} s, with a grace period of {grace} s")


class Watch:
    """Calls that must answer at once, again and again while something else goes on."""

    def __init__(self, t, questions, limit=None):
        self.t, self.questions, self.limit = t, questions, limit or 1.0 + slack()
        self.over = threading.Event()
        self.slow = []
        self.thread = threading.Thread(target=self._ask)

    def _ask(self):
        while not self.over.is_set():
            for question in self.questions:
                started = time.monotonic()
                result = question()
                seconds = time.monotonic() - started
                if result.rc is None or seconds > self.limit:
                    self.slow.append(f"{result.argv[1:3]} answered after {seconds:.1f} s")
            self.over.wait(0.1)

    def __enter__(self):
        self.thread.start()

    def __exit__(self, kind, error, trace):
        self.over.set()
        self.thread.join()
        if not kind and self.slow:
            raise suite.Failure("; ".join(self.slow[:3]))
