# SPDX-License-Identifier: Apache-2.0
"""How little memory a container needs: the smallest limit under which it runs, and what a waiting one takes."""
import v2
from case import test, wait_until

KIB = 1024
GOAL = 256 * KIB


def runs(t, limit):
    config = t.config().args("/bin/true").resources(memory={"limit": limit, "swap": limit})
    t.cgroup_of(config, f"m{limit}")
    return t.run(config).rc == 0


@test(timeout=120)
def smallest_limit(t):
    """The goal is that `true` runs under 256 KiB."""
    v2.need(t, "memory")
    t.husk_only()
    good, bad = 4096 * KIB, 0
    t.check(runs(t, good), "not even under 4 MiB")
    while good - bad > 16 * KIB:
        middle = (good + bad) // 2 // 4096 * 4096
        good, bad = (middle, bad) if runs(t, middle) else (good, middle)
    t.notes.append(f"true runs under {good // KIB} KiB")
    t.check(good <= GOAL, f"needs {good // KIB} KiB")


@test
def waiting_container(t):
    """What a container that waits for `start` is charged."""
    v2.need(t, "memory")
    config = t.config("true").resources(memory={"limit": 64 << 20})
    container = t.create(config)
    cgroup = config.linux["cgroupsPath"]
    wait_until(lambda: False, 0.3)
    stat = v2.keys(cgroup, "memory.stat")
    current = int(v2.read(cgroup, "memory.current"))
    t.notes.append(f"{current // KIB} KiB: " + ", ".join(f"{k} {stat[k] // KIB}" for k in ("anon", "file", "kernel_stack", "pagetables", "slab")
                                                       if k in stat))
    t.check(current <= 512 * KIB, f"{current // KIB} KiB; {stat}")
    t.ok("delete", "--force", container)
