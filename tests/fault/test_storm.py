# SPDX-License-Identifier: Apache-2.0
"""Many commands on one id at once: no hang, no crash, nothing left."""
import os
import random
import time

import fault
from case import test


def _worker(t, path, identity, seconds, seed, report):
    """One process of the storm; never returns."""
    choose = random.Random(seed)
    end, worst, bad = time.monotonic() + seconds, 0.0, []
    calls = (("create", "--bundle", path, identity), ("start", identity), ("kill", identity, "KILL"), ("delete", identity),
             ("delete", "--force", identity), ("state", identity), ("kill", "--all", identity, "TERM"), ("pause", identity), ("resume", identity),
             ("list", "-q"), ("exec", identity, "true"))
    count = 0
    while time.monotonic() < end:
        args = choose.choice(calls)
        started = time.monotonic()
        result = t.runtime.call(t.runtime.argv(t.root, args), t.dir, timeout=30)
        worst = max(worst, time.monotonic() - started)
        count += 1
        if result.timed_out or result.rc < 0:
            bad.append(f"{args[0]}: {result}")
        os.unlink(result.out_path)
        os.unlink(result.err_path)
    with open(report, "w") as text:
        text.write(f"{count}\n{worst:.1f}\n" + "\n".join(bad[:3]))
    os._exit(0)


@test(timeout=300)
def same_id(t):
    seconds = int(os.environ.get("HUSK_STORM_SECONDS", "10"))
    config = t.config("sleep 1000")
    path = t.bundle(config)
    os.makedirs(t.root, exist_ok=True)
    identity = t.new_id("storm")
    workers = []
    for n in range(8):
        pid = os.fork()
        if pid == 0:
            _worker(t, path, identity, seconds, n, t.path(f"worker{n}"))
        workers.append(pid)
    waiting = set(workers)
    while waiting:
        pid, _ = os.waitpid(-1, 0)
        waiting.discard(pid)
    total, worst, bad = 0, 0.0, []
    for n in range(8):
        with open(t.path(f"worker{n}")) as text:
            lines = text.read().splitlines()
        total += int(lines[0])
        worst = max(worst, float(lines[1]))
        bad += lines[2:]
    t.ok("delete", "--force", identity)
    bad += fault.remains(t, identity, config.linux["cgroupsPath"])
    t.notes.append(f"{total} calls, the longest {worst} s")
    t.check(not bad, "; ".join(bad))
