# SPDX-License-Identifier: Apache-2.0
"""`events` on v2 with all controllers: numbers, pressure, and word of an OOM."""
import json

import v2
from case import test, wait_until

MIB = 1 << 20


def stats(t, container):
    return json.loads(t.ok("events", "--stats", container).out)["data"]


@test
def numbers(t):
    v2.need(t, "memory", "cpu", "pids")
    config = t.config("dd if=/dev/zero of=/dev/shm/fill bs=1M count=4 2>/dev/null; sleep 1000").resources(
        memory={"limit": 64 * MIB}, pids={"limit": 20}, cpu={"quota": 50000})
    container, cgroup = t.sleeper(config, None), config.linux["cgroupsPath"]
    wait_until(lambda: int(v2.read(cgroup, "memory.current")) > 4 * MIB, 5)
    data = stats(t, container)
    t.check(data["memory"]["usage"]["usage"] > 4 * MIB, data["memory"])
    t.eq(data["memory"]["usage"]["limit"], 64 * MIB, "limit")
    # Old kernels add up in batches of pages and are behind by one at each processor.
    t.check(data["memory"]["raw"]["anon"] >= 0 and data["memory"]["raw"]["shmem"] >= 3 * MIB, data["memory"]["raw"])
    t.eq(data["pids"]["limit"], 20, "pids limit")
    t.check(data["pids"]["current"] >= 1, data["pids"])
    t.check(data["cpu"]["usage"]["total"] > 0, data["cpu"])
    t.finish(container)


@test
def pressure(t):
    t.need(v2.pressure(), "this kernel tells of no pressure (PSI)")
    container = t.sleeper(t.config("while :; do :; done"), None)
    data = stats(t, container)
    for section in ("cpu", "memory", "blkio"):
        if section == "blkio" and "io" not in v2.controllers():
            continue
        psi = data[section].get("psi")
        t.check(psi and {"avg10", "avg60", "avg300", "total"} <= set(psi["some"]), f"{section}: {psi}")
    t.ok("delete", "--force", container)


@test
def oom_event(t):
    """The event comes while the container goes on, and `events` ends with it."""
    v2.need(t, "memory")
    config = t.config("while ! [ -e /go ]; do sleep 0.05; done; dd if=/dev/zero of=/dev/null bs=48M count=1 2>/dev/null; sleep 1000")
    config.resources(memory={"limit": 16 * MIB, "swap": 16 * MIB})
    path = t.bundle(config)
    container = t.create(config, bundle_path=path)
    t.ok("start", container)
    process, out, _ = t.runtime.spawn(t.runtime.argv(t.root, ["events", "--interval", "100ms", container]), t.dir)

    def lines():
        with open(out) as text:
            return [json.loads(line) for line in text if line.endswith("\n")]
    t.check(wait_until(lambda: lines(), 5), "no statistics")
    open(f"{path}/rootfs/go", "w").close()
    t.check(wait_until(lambda: any(e["type"] == "oom" for e in lines()), 10), f"no oom among {[e['type'] for e in lines()]}")
    t.eq([e["id"] for e in lines() if e["type"] == "oom"][0], container)
    t.ok("kill", container, "KILL")
    t.eq(process.wait(10), 0, "exit code of events")
    t.ok("delete", container)


@test
def io_numbers(t):
    v2.need(t, "io")
    t.need(v2.disk(), "the tests' directory is on no disk of its own")
    container = t.sleeper(t.config("dd if=/dev/zero of=/file bs=64k count=8 oflag=direct conv=fsync; touch /done; sleep 1000"), None)
    major, minor = map(int, v2.disk().split(":"))

    def written():
        entries = stats(t, container)["blkio"].get("ioServiceBytesRecursive") or []
        return sum(e["value"] for e in entries if (e["major"], e["minor"]) == (major, minor) and e["op"].lower() == "write")
    t.check(wait_until(lambda: written() >= 8 * 65536, 5, 0.1), stats(t, container)["blkio"])
    t.finish(container)
