# SPDX-License-Identifier: Apache-2.0
"""Every resource where its controller is: on v1 alone, and half on v1 and half on v2; read back, and felt."""
import json
import os
import time

import layout
import v2
from case import test, wait_until

MIB = 1 << 20

# resources, controller, {version: (file, what is to be in it)}.  D is the disk.
READ_BACK = [
    ({"memory": {"limit": 64 * MIB}}, "memory", {1: ("memory.limit_in_bytes", str(64 * MIB)), 2: ("memory.max", str(64 * MIB))}),
    ({"memory": {"limit": 64 * MIB, "swap": 96 * MIB}}, "memory",
     {1: ("memory.memsw.limit_in_bytes", str(96 * MIB)), 2: ("memory.swap.max", str(32 * MIB))}),
    ({"memory": {"reservation": 16 * MIB}}, "memory", {1: ("memory.soft_limit_in_bytes", str(16 * MIB)), 2: ("memory.low", str(16 * MIB))}),
    ({"memory": {"swappiness": 10}}, "memory", {1: ("memory.swappiness", "10")}),
    ({"memory": {"limit": 64 * MIB, "disableOOMKiller": True}}, "memory", {1: ("memory.oom_control", "oom_kill_disable 1")}),
    ({"cpu": {"shares": 512}}, "cpu", {1: ("cpu.shares", "512")}),
    ({"cpu": {"quota": 25000, "period": 50000}}, "cpu", {1: ("cpu.cfs_quota_us", "25000"), 2: ("cpu.max", "25000 50000")}),
    ({"cpu": {"period": 50000}}, "cpu", {1: ("cpu.cfs_period_us", "50000"), 2: ("cpu.max", "max 50000")}),
    ({"cpu": {"quota": 20000, "burst": 10000}}, "cpu", {1: ("cpu.cfs_burst_us", "10000"), 2: ("cpu.max.burst", "10000")}),
    ({"cpu": {"idle": 1}}, "cpu", {1: ("cpu.idle", "1"), 2: ("cpu.idle", "1")}),
    ({"cpu": {"cpus": "0"}}, "cpuset", {1: ("cpuset.cpus", "0"), 2: ("cpuset.cpus", "0")}),
    ({"cpu": {"mems": "0"}}, "cpuset", {1: ("cpuset.mems", "0"), 2: ("cpuset.mems", "0")}),
    ({"pids": {"limit": 17}}, "pids", {1: ("pids.max", "17"), 2: ("pids.max", "17")}),
    ({"blockIO": {"throttleReadBpsDevice": [{"rate": 1048576}]}}, "blkio",
     {1: ("blkio.throttle.read_bps_device", "D 1048576"), 2: ("io.max", "D rbps=1048576 wbps=max riops=max wiops=max")}),
    ({"blockIO": {"throttleWriteIOPSDevice": [{"rate": 100}]}}, "blkio",
     {1: ("blkio.throttle.write_iops_device", "D 100"), 2: ("io.max", "D rbps=max wbps=max riops=max wiops=100")}),
    ({"network": {"classID": 1048577}}, "net_cls", {1: ("net_cls.classid", "1048577")}),
    ({"network": {"priorities": [{"name": "lo", "priority": 5}]}}, "net_prio", {1: ("net_prio.ifpriomap", "lo 5")}),
    ({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]}, "hugetlb",
     {1: ("hugetlb.2MB.limit_in_bytes", str(4 * MIB)), 2: ("hugetlb.2MB.max", str(4 * MIB))}),
]


def place(controller):
    """(mount point, version) of a controller; blkio is called io on v2."""
    top, version = layout.controller(controller)
    return layout.controller("io") if not version and controller == "blkio" else (top, version)


def need(t, *controllers):
    missing = [c for c in controllers if not place(c)[1]]
    t.need(not missing, f"this kernel has no {', '.join(missing)} controller here")


def read(controller, cgroup, names):
    """The file of this controller's version: {version: name}."""
    top, version = place(controller)
    with open(f"{top}{cgroup}/{names[version]}") as text:
        return text.read().strip()


def is_dead(path, value):
    """A file that takes what is written and forgets it, as memory.soft_limit_in_bytes does in kernels without soft limits."""
    with open(path, "w") as text:
        text.write(value)
    with open(path) as text:
        return text.read().strip() != value


@test(timeout=200)
def read_back(t):
    """Each row is a container that waits; its limit is in the one hierarchy that has the controller."""
    checked, missing, bad = [], set(), []
    disk = v2.disk() or "0:0"
    for number, (resources, controller, files) in enumerate(READ_BACK):
        top, version = place(controller)
        if version not in files:
            missing.add(f"{controller} on v{version}" if version else controller)
            continue
        for entries in resources.get("blockIO", {}).values():
            for entry in entries:
                entry["major"], entry["minor"] = map(int, disk.split(":"))
        config = t.config("true").resources(**resources)
        cgroup = t.cgroup_of(config, f"b{number}")
        name, wanted = files[version]
        container = t.create(config)
        path = f"{top}{cgroup}/{name}"
        if not os.path.exists(path):
            missing.add(name)
        else:
            with open(path) as text:
                found = text.read()
            if name == "memory.soft_limit_in_bytes" and is_dead(path, wanted):
                missing.add(name)
            elif wanted.replace("D ", disk + " ") not in [line.strip() for line in found.splitlines()]:
                bad.append(f"{resources}: {name} is {found!r}, not {wanted}")
            checked.append(f"v{version}")
        t.ok("delete", "--force", container)
    t.notes.append(f"{len(checked)} of {len(READ_BACK)} rows, {checked.count('v1')} on v1" +
                   (f"; not here: {', '.join(sorted(missing))}" if missing else ""))
    t.check(not bad, "; ".join(bad))
    t.check(checked, "no controller at all")


@test
def memory_limit_kills(t):
    need(t, "memory")
    limits = {"memory": {"limit": 16 * MIB}}
    allocate = "exec dd if=/dev/zero of=/dev/null bs={}M count=1"
    t.eq(t.run(t.config(allocate.format(8)).resources(**limits)).rc, 0, "what fits")
    t.eq(t.run(t.config(allocate.format(48)).resources(**limits)).rc, 137, "exit code over the limit")


@test
def pids_limit_stops_forks(t):
    need(t, "pids")
    config = t.config("i=0; while [ $i -lt 20 ]; do sleep 1000 & i=$((i+1)); done; sleep 1000").resources(pids={"limit": 8})
    container = t.create(config)
    t.ok("start", container)
    cgroup = config.linux["cgroupsPath"]
    names = {1: "pids.events", 2: "pids.events"}
    t.check(wait_until(lambda: int(read("pids", cgroup, names).split()[1]) > 0, 10), "no fork was refused")
    t.check(len(t.processes(cgroup)) <= 8, "more processes than the limit")
    t.ok("delete", "--force", container)


@test
def cpu_quota_slows(t):
    need(t, "cpu")
    config = t.config("while :; do :; done").resources(cpu={"quota": 10000, "period": 100000})
    container = t.sleeper(config, None)

    def ticks():
        with open(f"/proc/{t.pid(container)}/stat") as text:
            fields = text.read().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    before, started = ticks(), time.monotonic()
    time.sleep(2)
    usage = (ticks() - before) / os.sysconf("SC_CLK_TCK") / (time.monotonic() - started)
    t.notes.append(f"a quota of 10% gives {usage:.0%}")
    t.check(usage < 0.3, f"a quota of 10% gives {usage:.0%}")
    t.ok("delete", "--force", container)


@test
def io_limit_slows(t):
    need(t, "blkio")
    t.need(v2.disk(), "the tests' directory is on no disk of its own")
    major, minor = map(int, v2.disk().split(":"))
    config = t.config("dd if=/dev/zero of=/file bs=64k count=64 oflag=direct conv=fsync 2>&1")
    config.resources(blockIO={"throttleWriteBpsDevice": [{"major": major, "minor": minor, "rate": 2 * MIB}]})
    started = time.monotonic()
    t.inside(config)
    seconds = time.monotonic() - started
    t.notes.append(f"4 MiB at 2 MiB/s in {seconds:.1f} s")
    t.check(seconds > 1.5, f"{seconds:.1f} s")


@test
def cpuset_pins(t):
    need(t, "cpuset")
    t.eq(t.inside(t.config("grep Cpus_allowed_list /proc/self/status").resources(cpu={"cpus": "0"})).split()[1], "0")


@test
def device_is_refused(t):
    t.lacks(t.run(v2.may_read_kmsg(t.config(v2.KMSG))).out, "opened")
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rm"}]
    t.has(t.inside(v2.may_read_kmsg(t.config(v2.KMSG)).resources(devices=rules)), "opened")


@test
def update_reaches_each_controller(t):
    need(t, "memory", "pids", "cpu")
    config = t.config("sleep 1000").resources(memory={"limit": 64 * MIB}, pids={"limit": 50})
    container, cgroup = t.sleeper(config, None), config.linux["cgroupsPath"]
    t.ok("update", "--memory", "32M", "--memory-swap", "32M", "--pids-limit", "9", "--cpu-quota", "30000", container)
    t.eq(read("memory", cgroup, {1: "memory.limit_in_bytes", 2: "memory.max"}), str(32 * MIB), "memory")
    t.eq(read("pids", cgroup, {1: "pids.max", 2: "pids.max"}), "9", "pids")
    t.has(read("cpu", cgroup, {1: "cpu.cfs_quota_us", 2: "cpu.max"}), "30000")
    t.finish(container)


@test
def statistics(t):
    need(t, "memory", "pids", "cpu")
    config = t.config("sleep 1000").resources(memory={"limit": 64 * MIB}, pids={"limit": 20})
    container = t.sleeper(config, None)
    data = json.loads(t.ok("events", "--stats", container).out)["data"]
    t.eq((data["memory"]["usage"]["limit"], data["pids"]["limit"]), (64 * MIB, 20), "limits")
    t.check(data["memory"]["usage"]["usage"] > 0 and data["cpu"]["usage"]["total"] > 0 and data["pids"]["current"] >= 1, str(data)[:600])
    t.finish(container)
