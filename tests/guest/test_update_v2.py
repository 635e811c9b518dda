# SPDX-License-Identifier: Apache-2.0
"""`update` on v2 with all controllers: read back, felt, and put back when a part of it is refused."""
import json
import os

import v2
from case import test, wait_until

MIB = 1 << 20


def running(t, **resources):
    config = t.config("sleep 1000").resources(**resources)
    return t.sleeper(config, None), config.linux["cgroupsPath"]


@test
def each_flag(t):
    v2.need(t, "memory", "cpu", "pids")
    container, cgroup = running(t, memory={"limit": 64 * MIB, "swap": 128 * MIB}, pids={"limit": 50})
    for flags, name, wanted in ((["--memory", "32M", "--memory-swap", "48M"], "memory.max", str(32 * MIB)),
                                ([], "memory.swap.max", str(16 * MIB)),
                                (["--memory-reservation", "8M"], "memory.low", str(8 * MIB)),
                                (["--cpu-quota", "20000", "--cpu-period", "40000"], "cpu.max", "20000 40000"),
                                (["--cpu-quota", "30000"], "cpu.max", "30000 40000"),
                                (["--cpu-share", "1024"], "cpu.weight", "100"),
                                (["--cpu-idle", "1"], "cpu.idle", "1"),
                                (["--pids-limit", "9"], "pids.max", "9"),
                                (["--memory", "-1", "--memory-swap", "-1"], "memory.max", "max")):
        if name == "cpu.idle" and not os.path.exists(v2.path(cgroup, name)):
            t.fails("update", *flags, container, says=["/cpu/idle", "not in this kernel"])
            continue
        if flags:
            t.ok("update", *flags, container)
        t.eq(v2.read(cgroup, name), wanted, f"{name} after update {' '.join(flags)}")
    t.finish(container)


@test
def from_json(t):
    v2.need(t, "memory", "cpu", "pids")
    container, cgroup = running(t, memory={"limit": 64 * MIB})
    document = {"memory": {"limit": 48 * MIB}, "cpu": {"shares": 512}, "pids": {"limit": 33}, "unified": {"memory.high": "40000000"}}
    t.ok("update", "--resources=-", container, stdin_text=json.dumps(document))
    t.eq([v2.read(cgroup, n) for n in ("memory.max", "pids.max", "memory.high")], [str(48 * MIB), "33", str(40000000 // 4096 * 4096)])
    t.finish(container)


@test
def limit_below_usage_is_felt_or_refused(t):
    """checkBeforeUpdate refuses what would kill; nothing else is changed then."""
    v2.need(t, "memory", "pids")
    config = t.config("dd if=/dev/zero of=/dev/shm/fill bs=1M count=6 2>/dev/null; sleep 1000").resources(memory={"limit": 64 * MIB},
                                                                                                          pids={"limit": 20})
    container, cgroup = t.sleeper(config, None), config.linux["cgroupsPath"]
    t.check(wait_until(lambda: int(v2.read(cgroup, "memory.current")) > 6 * MIB, 5), "not filled")
    document = {"memory": {"limit": MIB, "checkBeforeUpdate": True}, "pids": {"limit": 10}}
    t.fails("update", "--resources=-", container, stdin_text=json.dumps(document))
    t.eq((v2.read(cgroup, "memory.max"), v2.read(cgroup, "pids.max")), (str(64 * MIB), "20"))
    t.finish(container)


@test
def refused_part_is_put_back(t):
    v2.need(t, "memory", "cpu", "pids")
    container, cgroup = running(t, memory={"limit": 64 * MIB}, cpu={"quota": 50000})
    document = {"memory": {"limit": 32 * MIB}, "unified": {"cpu.max": "nonsense"}}
    t.fails("update", "--resources=-", container, stdin_text=json.dumps(document), says="cpu.max")
    t.eq((v2.read(cgroup, "memory.max"), v2.read(cgroup, "cpu.max")), (str(64 * MIB), "50000 100000"))
    t.finish(container)


@test
def paused_stays_paused(t):
    v2.need(t, "pids")
    container, cgroup = running(t)
    t.ok("pause", container)
    t.ok("update", "--pids-limit", "12", container)
    t.eq((v2.read(cgroup, "pids.max"), v2.read(cgroup, "cgroup.freeze")), ("12", "1"))
    t.ok("resume", container)
    t.finish(container)
