# SPDX-License-Identifier: Apache-2.0
"""Every resource of cgroup v2 with all controllers: read back from its file, and felt by the container."""
import os
import time

import v2
from case import test, wait_until

MIB = 1 << 20
# An allocation that is really used: dd fills its buffer.
ALLOCATE = "dd if=/dev/zero of=/dev/null bs={}M count=1 2>/dev/null"

# resources, file, what is to be in it, controller.  D is the disk.
READ_BACK = [
    ({"memory": {"limit": 64 * MIB}}, "memory.max", str(64 * MIB)),
    ({"memory": {"limit": -1}}, "memory.max", "max"),
    ({"memory": {"limit": 64 * MIB, "swap": 96 * MIB}}, "memory.swap.max", str(32 * MIB)),
    ({"memory": {"limit": 64 * MIB, "swap": 64 * MIB}}, "memory.swap.max", "0"),
    ({"memory": {"limit": 64 * MIB, "swap": -1}}, "memory.swap.max", "max"),
    ({"memory": {"limit": 64 * MIB, "reservation": 16 * MIB}}, "memory.low", str(16 * MIB)),
    ({"cpu": {"shares": 1024}}, "cpu.weight", "100"),
    ({"cpu": {"shares": 2}}, "cpu.weight", "1"),
    ({"cpu": {"shares": 262144}}, "cpu.weight", "10000"),
    ({"cpu": {"quota": 25000, "period": 50000}}, "cpu.max", "25000 50000"),
    ({"cpu": {"quota": 25000}}, "cpu.max", "25000 100000"),
    ({"cpu": {"period": 50000}}, "cpu.max", "max 50000"),
    ({"cpu": {"quota": -1}}, "cpu.max", "max 100000"),
    ({"cpu": {"quota": 20000, "burst": 10000}}, "cpu.max.burst", "10000"),
    ({"cpu": {"idle": 1}}, "cpu.idle", "1"),
    ({"cpu": {"cpus": "0"}}, "cpuset.cpus", "0"),
    ({"cpu": {"mems": "0"}}, "cpuset.mems", "0"),
    ({"pids": {"limit": 17}}, "pids.max", "17"),
    ({"pids": {"limit": -1}}, "pids.max", "max"),
    ({"blockIO": {"weight": 500}}, "io.bfq.weight|io.weight", "default 500|default 4950|500"),
    ({"blockIO": {"throttleReadBpsDevice": [{"rate": 1048576}]}}, "io.max", "rbps=1048576 wbps=max riops=max wiops=max"),
    ({"blockIO": {"throttleWriteBpsDevice": [{"rate": 1048576}]}}, "io.max", "rbps=max wbps=1048576 riops=max wiops=max"),
    ({"blockIO": {"throttleReadIOPSDevice": [{"rate": 100}]}}, "io.max", "rbps=max wbps=max riops=100 wiops=max"),
    ({"blockIO": {"throttleWriteIOPSDevice": [{"rate": 100}]}}, "io.max", "rbps=max wbps=max riops=max wiops=100"),
    ({"hugepageLimits": [{"pageSize": "2MB", "limit": 4 * MIB}]}, "hugetlb.2MB.rsvd.max", str(4 * MIB)),
    ({"unified": {"memory.high": str(32 * MIB)}}, "memory.high", str(32 * MIB)),
    ({"unified": {"memory.oom.group": "1"}}, "memory.oom.group", "1"),
    ({"unified": {"cpu.weight": "77"}}, "cpu.weight", "77"),
    ({"unified": {"cgroup.max.depth": "5"}}, "cgroup.max.depth", "5"),
]


def fill_devices(resources):
    major, minor = (v2.disk() or "0:0").split(":")
    for entries in resources.get("blockIO", {}).values():
        if isinstance(entries, list):
            for entry in entries:
                entry.update(major=int(major), minor=int(minor))


@test(timeout=200)
def read_back(t):
    """Each row is a container that waits: its limits are set before it starts."""
    checked, missing, bad = 0, set(), []
    for resources, names, wanted in READ_BACK:
        controller = names.split(".")[0]
        if controller != "cgroup" and controller not in v2.controllers():
            missing.add(controller)
            continue
        fill_devices(resources)
        config = t.config("true").resources(**resources)
        cgroup = t.cgroup_of(config, f"b{checked}")
        if controller == "io" and "weight" in names and not os.path.exists("/sys/fs/cgroup/io.cost.model"):
            missing.add("io weight")
            continue
        container = t.new_id()
        created = t.cmd("create", "--bundle", t.bundle(config), container)
        if created.rc and "not in this kernel" in created.err and names in created.err:
            missing.add(names)
            continue
        t.eq(created.rc, 0, str(created))
        found = [v2.read(cgroup, n) for n in names.split("|") if os.path.exists(v2.path(cgroup, n))]
        if not found:
            missing.add(names)
        elif not any(f == w or f.endswith(" " + w) for f in found for w in wanted.split("|")):
            bad.append(f"{resources}: {names} is {found}, not {wanted}")
        t.ok("delete", "--force", container)
        checked += 1
    t.notes.append(f"{checked} of {len(READ_BACK)} rows" + (f"; not in this kernel: {', '.join(sorted(missing))}" if missing else ""))
    t.check(not bad, "; ".join(bad))


@test
def missing_controller_is_named(t):
    """A controller that the kernel lacks: its name, the layout and the pointer, and no container."""
    asks = {"cpuset": ({"cpu": {"cpus": "0"}}, "/linux/resources/cpu/cpus"),
            "hugetlb": ({"hugepageLimits": [{"pageSize": "2MB", "limit": 2 * MIB}]}, "/linux/resources/hugepageLimits"),
            "rdma": ({"rdma": {"mlx5_1": {"hcaHandles": 3}}}, "/linux/resources/rdma")}
    missing = [c for c in asks if c not in v2.controllers()]
    t.need(missing, "this kernel has them all")
    for controller in missing:
        resources, pointer = asks[controller]
        t.refused(t.config("true").resources(**resources), controller, "v2", pointer)
    t.notes.append(", ".join(missing))


@test
def what_v2_cannot_do_is_refused(t):
    for resources, pointer in (({"memory": {"swappiness": 10}}, "memory/swappiness"),
                               ({"memory": {"limit": MIB, "disableOOMKiller": True}}, "memory/disableOOMKiller"),
                               ({"cpu": {"realtimeRuntime": 1000}}, "cpu/realtimeRuntime"),
                               ({"network": {"classID": 5}}, "network/classID")):
        t.refused(t.config("true").resources(**resources), "/linux/resources/" + pointer)


# ---- felt ---------------------------------------------------------------------------------------------

@test
def memory_max_kills(t):
    v2.need(t, "memory")
    limits = {"memory": {"limit": 16 * MIB, "swap": 16 * MIB}}
    t.eq(t.run(t.config(ALLOCATE.format(8) + " && echo fits").resources(**limits)).out, "fits\n")
    config = t.config(ALLOCATE.format(48) + "; echo code $?; sleep 1000").resources(**limits)
    container = t.sleeper(config, None)
    cgroup = config.linux["cgroupsPath"]
    t.check(wait_until(lambda: v2.keys(cgroup, "memory.events")["oom_kill"] > 0, 10), v2.read(cgroup, "memory.events"))
    t.finish(container)
    t.eq(t.run(t.config("exec " + ALLOCATE.format(48)).resources(**limits)).rc, 137, "exit code of the killed")


@test
def memory_swap_gives_room(t):
    v2.need(t, "memory")
    swap = t.path("swap")
    t.host("dd", "if=/dev/zero", f"of={swap}", "bs=1M", "count=96")
    os.chmod(swap, 0o600)
    t.host("mkswap", swap)
    t.need(t.host("swapon", swap).returncode == 0, "no swap here")
    try:
        def code(limit):
            limits = {"memory": {"limit": 16 * MIB, "swap": limit}}
            return t.run(t.config("exec " + ALLOCATE.format(40)).resources(**limits)).rc
        t.eq(code(80 * MIB), 0, "with 64 MiB of swap")
        t.eq(code(16 * MIB), 137, "with none")
    finally:
        t.host("swapoff", swap)


@test
def pids_max_stops_forks(t):
    v2.need(t, "pids")
    config = t.config("i=0; while [ $i -lt 20 ]; do sleep 1000 & i=$((i+1)); done; sleep 1000").resources(pids={"limit": 8})
    cgroup = config.linux["cgroupsPath"]
    container = t.create(config)
    t.ok("start", container)
    t.check(wait_until(lambda: v2.keys(cgroup, "pids.events")["max"] > 0, 10), "no fork was refused")
    t.check(int(v2.read(cgroup, "pids.current")) <= 8, "more processes than pids.max")
    result = t.exec(container, "/bin/true")
    t.check(result.rc in (0, 1, 255), f"exec in a full container: {result}")
    t.ok("delete", "--force", container)


@test
def cpu_max_slows(t):
    v2.need(t, "cpu")
    config = t.config("while :; do :; done").resources(cpu={"quota": 10000, "period": 100000})
    cgroup = config.linux["cgroupsPath"]
    container = t.sleeper(config, None)
    before, started = v2.keys(cgroup, "cpu.stat")["usage_usec"], time.monotonic()
    time.sleep(2)
    usage = (v2.keys(cgroup, "cpu.stat")["usage_usec"] - before) / 1e6 / (time.monotonic() - started)
    t.check(usage < 0.3, f"a quota of 10% gives {usage:.0%}")
    t.check(v2.keys(cgroup, "cpu.stat")["nr_throttled"] > 0, "never throttled")
    t.notes.append(f"a quota of 10% gives {usage:.0%}")
    t.ok("delete", "--force", container)


@test
def cpu_weight_shares(t):
    v2.need(t, "cpu")
    t.need(os.cpu_count() == 1 or "cpuset" in v2.controllers(), "two processors, and no cpuset to make them one")
    containers, cgroups = [], []
    for shares in (4096, 256):
        cpu = {"shares": shares, **({"cpus": "0"} if "cpuset" in v2.controllers() else {})}
        config = t.config("while :; do :; done").resources(cpu=cpu)
        cgroups.append(t.cgroup_of(config, f"w{shares}"))
        containers.append(t.sleeper(config, None))
    before = [v2.keys(c, "cpu.stat")["usage_usec"] for c in cgroups]
    time.sleep(2.5)
    usage = [v2.keys(c, "cpu.stat")["usage_usec"] - b for c, b in zip(cgroups, before)]
    ratio = usage[0] / max(usage[1], 1)
    t.notes.append(f"shares 4096 to 256 give {ratio:.1f} to 1")
    t.check(ratio > 2, f"shares of 16 to 1 give {ratio:.1f} to 1")
    for container in containers:
        t.ok("delete", "--force", container)


@test
def cpuset_pins(t):
    v2.need(t, "cpuset")
    out = t.inside(t.config("grep Cpus_allowed_list /proc/self/status").resources(cpu={"cpus": "0"}))
    t.eq(out.split()[1], "0")


@test
def hugetlb_max_refuses(t):
    """Huge pages over the limit are refused, in a file of hugetlbfs."""
    v2.need(t, "hugetlb")
    pages = "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
    t.need(os.path.exists(pages), "no huge pages of 2 MiB here")
    with open(pages, "r+") as text:
        text.write("8")
        text.seek(0)
        t.need(int(text.read()) >= 6, "no memory for huge pages")
    try:
        allocate = "busybox fallocate -l {} /huge/{} && echo {} || echo refused"
        config = t.config(allocate.format(4 * MIB, "a", "fits") + "; " + allocate.format(4 * MIB, "b", "no limit"))
        config.mount("/huge", "hugetlbfs", options=["pagesize=2M"])
        config.resources(hugepageLimits=[{"pageSize": "2MB", "limit": 4 * MIB}])
        t.eq(t.inside(config), "fits\nrefused\n")
    finally:
        with open(pages, "w") as text:
            text.write("0")


@test
def rdma_max(t):
    """With a device in software, over the loopback interface."""
    v2.need(t, "rdma")
    t.host("modprobe", "siw")
    added = t.host("rdma", "link", "add", "husk0", "type", "siw", "netdev", "lo")
    t.need(added.returncode == 0, "no RDMA device to be had: " + added.stderr.strip())
    try:
        config = t.config("true").resources(rdma={"husk0": {"hcaHandles": 3, "hcaObjects": 10}})
        container = t.create(config)
        t.eq(v2.read(config.linux["cgroupsPath"], "rdma.max"), "husk0 hca_handle=3 hca_object=10")
        t.ok("delete", "--force", container)
    finally:
        t.host("rdma", "link", "delete", "husk0")


@test
def io_max_slows(t):
    v2.need(t, "io")
    t.need(v2.disk(), "the tests' directory is on no disk of its own")
    major, minor = map(int, v2.disk().split(":"))
    seconds = {}
    for limit in (0, 2 * MIB):
        config = t.config("dd if=/dev/zero of=/file bs=64k count=64 oflag=direct conv=fsync 2>&1")
        if limit:
            config.resources(blockIO={"throttleWriteBpsDevice": [{"major": major, "minor": minor, "rate": limit}]})
        started = time.monotonic()
        t.inside(config)
        seconds[limit] = time.monotonic() - started
    t.notes.append(f"4 MiB in {seconds[0]:.1f} s; at 2 MiB/s in {seconds[2 * MIB]:.1f} s")
    t.check(seconds[2 * MIB] > 1.5, f"{seconds}")


@test
def device_is_refused(t):
    """By eBPF: everything but the default devices, whatever mknod makes of it; and what a rule allows."""
    def kmsg(script, **resources):
        return v2.may_read_kmsg(t.config(script).resources(**resources))
    t.lacks(t.run(kmsg(v2.KMSG)).out, "opened")
    t.eq(t.inside(t.config("echo x >/dev/null && head -c 1 /dev/zero | wc -c")).strip(), "1")
    rules = [{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rm"}]
    t.has(t.inside(kmsg(v2.KMSG, devices=rules)), "opened")
    t.lacks(t.run(kmsg(v2.KMSG.replace("<", ">>"), devices=rules)).out, "opened")


@test
def device_rules_hold_after_update(t):
    container = t.sleeper(v2.may_read_kmsg(t.config()))
    t.ok("update", "--pids-limit", "50", container)
    t.check(t.exec(container, "sh", "-c", v2.KMSG).rc != 0, "update opened devices")
    t.finish(container)
