# SPDX-License-Identifier: Apache-2.0
"""Resources at create and by update, in the files of the cgroup."""
import json
import os

import layout
from case import test


def read(t, controller, v1_name, v2_name=None):
    """The value in the container's cgroup, or skip when the controller is not there."""
    point, version = layout.controller(controller)
    t.need(point, f"no {controller} controller here")
    path = f"{point}{t.cgroup}/c/{v1_name if version == 1 else v2_name}"
    t.need(os.path.exists(path), f"kernel has no {os.path.basename(path)}")
    with open(path) as text:
        return text.read().strip(), version


def limited(t, **resources):
    """A running container with these resources, or skip when a controller is not there."""
    for name in resources:
        t.need(layout.controller(name)[0], f"no {name} controller here")
    if "cpus" in resources.get("cpu", {}):
        t.need(layout.controller("cpuset")[0], "no cpuset controller here")
    return t.sleeper(t.config().resources(**resources))


@test
def memory_limit(t):
    container = limited(t, memory={"limit": 64 << 20})
    t.eq(read(t, "memory", "memory.limit_in_bytes", "memory.max")[0], str(64 << 20))
    t.ok("update", "--memory", "32M", container)
    t.eq(read(t, "memory", "memory.limit_in_bytes", "memory.max")[0], str(32 << 20))
    t.ok("update", container, "--memory", "48M")
    t.eq(read(t, "memory", "memory.limit_in_bytes", "memory.max")[0], str(48 << 20))
    t.finish(container)


@test
def memory_reservation(t):
    container = limited(t, memory={"limit": 64 << 20, "reservation": 16 << 20})
    text, version = read(t, "memory", "memory.soft_limit_in_bytes", "memory.low")
    t.need(version == 2 or text != "9223372036854771712", "a kernel without soft limits, which takes them and forgets them")
    t.eq(text, str(16 << 20))
    t.ok("update", "--memory-reservation", "8M", container)
    t.eq(read(t, "memory", "memory.soft_limit_in_bytes", "memory.low")[0], str(8 << 20))
    t.finish(container)


@test
def memory_unlimited(t):
    container = limited(t, memory={"limit": 64 << 20})
    point, version = layout.controller("memory")
    t.need(point, "no memory controller here")
    t.ok("update", "--memory", "-1", container)
    t.check(read(t, "memory", "memory.limit_in_bytes", "memory.max")[0] in ("max", "9223372036854771712"), "limit")
    t.finish(container)


@test
def pids_limit(t):
    container = limited(t, pids={"limit": 17})
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "17")
    t.ok("update", "--pids-limit", "23", container)
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "23")
    t.ok("update", "--pids-limit", "-1", container)
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "max")
    t.finish(container)


@test
def pids_limit_one(t):
    t.need(layout.controller("pids")[0], "no pids controller")
    t.need(t.runtime.kind == "husk", "runc needs more for itself")
    t.eq(t.inside(t.config().args("echo", "ran").resources(pids={"limit": 1})).strip(), "ran")


@test
def pids_limit_zero(t):
    """A limit as any other: no process more; the container's own is there already."""
    t.need(layout.controller("pids")[0], "no pids controller")
    t.need(t.runtime.kind == "husk", "others read it otherwise")
    container = t.sleeper(t.config().args("sleep", "1000").resources(pids={"limit": 0}), None)
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "0")
    t.finish(container)


@test
def cpu_shares(t):
    container = limited(t, cpu={"shares": 512})
    text, version = read(t, "cpu", "cpu.shares", "cpu.weight")
    t.check(text == "512" if version == 1 else int(text) < 100, text)
    t.ok("update", "--cpu-share", "256", container)
    text, version = read(t, "cpu", "cpu.shares", "cpu.weight")
    t.check(text == "256" if version == 1 else int(text) < 100, text)
    t.finish(container)


@test
def cpu_quota(t):
    container = limited(t, cpu={"quota": 50000, "period": 100000})
    point, version = layout.controller("cpu")
    t.need(point and version == 1, "v1 cpu controller")
    t.eq(read(t, "cpu", "cpu.cfs_quota_us")[0], "50000")
    t.ok("update", "--cpu-quota", "20000", "--cpu-period", "50000", container)
    t.eq((read(t, "cpu", "cpu.cfs_quota_us")[0], read(t, "cpu", "cpu.cfs_period_us")[0]), ("20000", "50000"))
    t.finish(container)


@test
def cpuset(t):
    container = limited(t, cpu={"cpus": "0"})
    t.eq(read(t, "cpuset", "cpuset.cpus", "cpuset.cpus")[0], "0")
    t.need(os.cpu_count() > 1, "one processor")
    t.ok("update", "--cpuset-cpus", "0-1", container)
    t.eq(read(t, "cpuset", "cpuset.cpus", "cpuset.cpus")[0], "0-1")
    t.finish(container)


@test
def resources_from_stdin(t):
    container = limited(t, pids={"limit": 17})
    t.need(layout.controller("pids")[0], "no pids controller")
    for args in (("--resources", "-"), ("--resources=-",), ("-r", "-")):
        t.ok("update", *args, container, stdin_text=json.dumps({"pids": {"limit": 31}}))
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "31")
    t.finish(container)


@test
def resources_from_file(t):
    container = limited(t, memory={"limit": 64 << 20})
    path = t.write("resources.json", json.dumps({"memory": {"limit": 40 << 20}}))
    t.need(layout.controller("memory")[0], "no memory controller")
    t.ok("update", "--resources", path, container)
    t.eq(read(t, "memory", "memory.limit_in_bytes", "memory.max")[0], str(40 << 20))
    t.finish(container)


@test
def bad_resources_change_nothing(t):
    container = limited(t, pids={"limit": 17})
    t.need(layout.controller("pids")[0], "no pids controller")
    result = t.cmd("update", "--resources", "-", container, stdin_text='{"pids": {"limit": "x"}}')
    t.check(result.rc != 0, str(result))
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "17")
    result = t.cmd("update", "--memory", "nonsense", "--pids-limit", "5", container)
    t.check(result.rc != 0, str(result))
    t.eq(read(t, "pids", "pids.max", "pids.max")[0], "17")
    t.finish(container)


@test
def wrong_values_say_what_is_expected(t):
    t.husk_only("husk's wording")
    container = t.sleeper()
    for flag, value, expected in (("--memory", "foo", "bytes, with K, M or G behind them or not, or -1 for no limit"),
                                  ("--cpu-quota", "x", "a whole number"), ("--cpu-share", "-1", "a whole number, not below 0"),
                                  ("--blkio-weight", "70000", "a whole number from 0 to 65535")):
        t.fails("update", flag, value, container, says=f'update: invalid value "{value}" for flag {flag}: expected {expected}')
    t.finish(container)


@test
def kernel_memory_is_ignored(t):
    container = t.sleeper()
    t.ok("update", "--kernel-memory", "10M", "--kernel-memory-tcp", "10M", container)
    t.finish(container)


@test
def zeroes_mean_not_set(t):
    config = t.config("echo ran").resources(memory={"limit": 0, "reservation": 0, "swap": 0, "kernel": 0},
                                            cpu={"shares": 0, "quota": 0, "period": 0, "cpus": "", "mems": ""},
                                            blockIO={"weight": 0, "leafWeight": 0}, pids={"limit": 0})
    t.need(t.runtime.kind == "husk" or t.layout != "v2", "")
    t.eq(t.inside(config).strip(), "ran")


@test
def missing_controller_named(t):
    t.husk_only()
    t.need(t.layout == "v2" and not layout.controller("memory")[0], "the memory controller is here")
    t.refused(t.config("true").resources(memory={"limit": 1 << 26}), "memory", "/linux/resources/memory")


@test
def unified(t):
    t.husk_only()
    t.need(layout.v2_mount(), "no v2 tree")
    config = t.config("true").resources(unified={"cgroup.max.depth": "7"})
    container = t.sleeper(config)
    with open(f"{layout.v2_mount()}{t.cgroup}/c/cgroup.max.depth") as text:
        t.eq(text.read().strip(), "7")
    t.finish(container)


@test
def unified_traversal_refused(t):
    t.husk_only()
    t.need(layout.v2_mount(), "no v2 tree")
    t.refused(t.config("true").resources(unified={"../cgroup.procs": "0"}))
    t.refused(t.config("true").resources(unified={"a/b": "0"}))


@test
def hugepage_limit(t):
    t.need(layout.controller("hugetlb")[1] == 2 and t.layout == "v2", "no hugetlb in view")
    config = t.config().resources(hugepageLimits=[{"pageSize": "2MB", "limit": 4 << 20}])
    container = t.sleeper(config)
    # config-linux.md: reservations where the kernel can limit them, else usage
    directory = f"{layout.v2_mount()}{t.cgroup}/c/"
    name = "hugetlb.2MB.rsvd.max" if t.runtime.kind == "husk" and os.path.exists(directory + "hugetlb.2MB.rsvd.max") else "hugetlb.2MB.max"
    with open(directory + name) as text:
        t.eq(text.read().strip(), str(4 << 20))
    t.finish(container)


@test
def hugepage_limit_updated(t):
    """With what the v2 tree of a hybrid machine has; a refused document changes nothing."""
    t.need(t.runtime.kind == "husk" and layout.controller("hugetlb")[1] == 2 and t.layout == "v2", "no hugetlb in view")
    container = t.sleeper(t.config().resources(hugepageLimits=[{"pageSize": "2MB", "limit": 4 << 20}]))
    directory = f"{layout.v2_mount()}{t.cgroup}/c/"
    name = "hugetlb.2MB.rsvd.max" if os.path.exists(directory + "hugetlb.2MB.rsvd.max") else "hugetlb.2MB.max"

    def limit():
        with open(directory + name) as text:
            return int(text.read())

    t.ok("update", "-r", "-", container, stdin_text=json.dumps({"hugepageLimits": [{"pageSize": "2MB", "limit": 8 << 20}]}))
    t.eq(limit(), 8 << 20)
    bad = {"hugepageLimits": [{"pageSize": "2MB", "limit": 2 << 20}, {"pageSize": "3MB", "limit": 2 << 20}]}
    t.fails("update", "-r", "-", container, stdin_text=json.dumps(bad), says="/hugepageLimits/1")
    t.eq(limit(), 8 << 20, "after a refused update")
    t.finish(container)


@test
def populated_cgroup_refused(t):
    """Two containers on one cgroupsPath would kill each other."""
    t.husk_only("peers share it")
    container = t.sleeper()
    other = t.new_id()
    result = t.fails("create", "--bundle", t.bundle(t.config("true")), other)
    t.has(result.err, t.cgroup + "/c", "container's cgroup is not empty")
    t.no_record(other)
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def frozen_cgroup_refused(t):
    t.husk_only()
    if t.layout == "v2":
        directory, name, word = layout.v2_mount() + t.cgroup + "/c", "cgroup.freeze", "1"
    else:
        directory, name, word = layout.controller("freezer")[0] + t.cgroup + "/c", "freezer.state", "FROZEN"
    os.makedirs(directory)
    with open(os.path.join(directory, name), "w") as file:
        file.write(word)
    t.refused(t.config("true"), "container's cgroup unexpectedly frozen", timeout=15)
    layout.destroy(t.cgroup)


@test
def existing_empty_cgroup_is_taken(t):
    for top in layout.hierarchies():
        os.makedirs(f"{top}{t.cgroup}/c")
    t.inside(t.config("true"))


@test
def default_cgroup(t):
    """Without cgroupsPath the container still has a cgroup of its own."""
    config = t.config("sleep 1000")
    del config.linux["cgroupsPath"]
    container = t.sleeper(config, None)
    with open(f"/proc/{t.pid(container)}/cgroup") as text:
        lines = text.read()
    t.has(lines, container)
    t.finish(container)
