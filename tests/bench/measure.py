# SPDX-License-Identifier: Apache-2.0
"""Running commands and timing them: one after the other in turn, many times, and the median of each."""
import os
import statistics
import time


class Sample:
    """Times of one thing, in seconds."""
    def __init__(self):
        self.wall, self.cpu, self.rss = [], [], []

    def median(self):
        return statistics.median(self.wall) if self.wall else None

    def spread(self):
        w = sorted(self.wall)
        return (w[len(w) // 4], w[len(w) * 3 // 4]) if w else (None, None)

    def median_cpu(self):
        return statistics.median(self.cpu) if self.cpu else None


_null = None


def null():
    global _null
    if _null is None:
        _null = os.open("/dev/null", os.O_RDWR)
    return _null


def spawn(argv, directory=None):
    """Start a command, its streams to nowhere."""
    if directory:
        os.chdir(directory)
    actions = [(os.POSIX_SPAWN_DUP2, null(), fd) for fd in (0, 1, 2)]
    return os.posix_spawn(argv[0], argv, dict(PATH="/usr/sbin:/usr/bin:/sbin:/bin"), file_actions=actions)


def once(argv, sample=None, directory=None, ok=True):
    """Run a command to its end; its time goes into sample."""
    start = time.perf_counter()
    pid = spawn(argv, directory)
    _, status, usage = os.wait4(pid, 0)
    taken = time.perf_counter() - start
    if ok and status:
        raise RuntimeError(f"{' '.join(argv)}: status {status}")
    if sample is not None:
        sample.wall.append(taken)
        sample.cpu.append(usage.ru_utime + usage.ru_stime)
        sample.rss.append(usage.ru_maxrss)
    return status


def interleave(things, runs):
    """things: {name: function(sample, i)}; each is called in turn, runs times, and twice before to warm up."""
    samples = {name: Sample() for name in things}
    for i in range(runs + 2):
        for name, thing in things.items():
            thing(samples[name] if i > 1 else Sample(), i)
    return samples
