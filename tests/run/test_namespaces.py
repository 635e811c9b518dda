# SPDX-License-Identifier: Apache-2.0
"""Namespaces: new, joined by path, none; wrong types refused; time offsets."""
import os
import subprocess

from case import test, wait_until

KINDS = {"pid": "pid", "network": "net", "ipc": "ipc", "uts": "uts", "mount": "mnt", "cgroup": "cgroup"}


def _inside_links(t, config):
    text = t.inside(config.sh("for n in pid net ipc uts mnt cgroup user time; do echo $n=$(readlink /proc/self/ns/$n); done"))
    return dict(line.split("=", 1) for line in text.split())


def _new_namespace(kind):
    def check(t):
        links = _inside_links(t, t.config().namespace(kind))
        t.check(links[KINDS[kind]] != os.readlink(f"/proc/self/ns/{KINDS[kind]}"), f"{kind} namespace is the host's")
    check.__name__ = f"new_{kind}"
    check.__module__ = __name__
    return test(check)


def _host_namespace(kind):
    def check(t):
        config = t.config().namespace(kind, drop=True)
        if kind == "uts":
            del config["hostname"]
        if kind == "network":
            config["mounts"] = [m for m in config.mounts if m["type"] != "sysfs"]
        if kind == "ipc":
            config["mounts"] = [m for m in config.mounts if m["type"] != "mqueue"]
        links = _inside_links(t, config)
        t.eq(links[KINDS[kind]], os.readlink(f"/proc/self/ns/{KINDS[kind]}"), f"{kind} namespace")
    check.__name__ = f"host_{kind}"
    check.__module__ = __name__
    return test(check)


def _joined_namespace(kind):
    def check(t):
        first = t.config()
        t.cgroup_of(first, "a")
        if kind == "cgroup":
            first.namespace("cgroup")
        holder = t.sleeper(first)
        path = f"/proc/{t.pid(holder)}/ns/{KINDS[kind]}"
        second = t.config().namespace(kind, path)
        t.cgroup_of(second, "b")
        if kind == "uts":
            del second["hostname"]
        links = _inside_links(t, second)
        t.eq(links[KINDS[kind]], os.readlink(path), f"{kind} namespace")
        t.finish(holder)
    check.__name__ = f"joined_{kind}"
    check.__module__ = __name__
    return test(check)


for _kind in KINDS:
    _new_namespace(_kind)
for _kind in ("pid", "network", "ipc", "uts", "cgroup"):
    _host_namespace(_kind)
for _kind in ("pid", "network", "ipc", "uts", "cgroup"):
    _joined_namespace(_kind)


@test
def pid_is_one(t):
    t.eq(t.inside(t.config("echo $$")).strip(), "1")


@test
def hostname_set(t):
    t.eq(t.inside(t.config("hostname")).strip(), "husk-test")


@test
def domainname_set(t):
    config = t.config("cat /proc/sys/kernel/domainname")
    config["domainname"] = "test.example"
    t.need(t.runtime.kind == "husk" or t.runtime.kind == "crun", "runc 1.1 has no domainname")
    t.eq(t.inside(config).strip(), "test.example")


@test
def hostname_without_uts_refused(t):
    config = t.config().namespace("uts", drop=True)
    t.not_run(config)
    if t.runtime.kind == "husk":
        t.not_run(config, "/hostname")


@test
def wrong_type_refused(t):
    t.refused(t.config().namespace("network", "/proc/self/ns/uts"))


@test
def path_missing_refused(t):
    t.refused(t.config().namespace("network", t.path("nothing")), "no such file or directory")


@test
def path_regular_file_refused(t):
    t.refused(t.config().namespace("network", t.write("plain", "")))


@test
def duplicate_refused(t):
    config = t.config()
    config.linux["namespaces"].append({"type": "uts"})
    t.refused(config)


@test
def bound_path_joined(t):
    """A namespace kept by a bind mount, as `ip netns` makes it."""
    path = t.write("netns", "")
    holder = subprocess.Popen(["unshare", "-n", "sleep", "1000"])
    own = os.readlink("/proc/self/ns/net")
    wait_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != own)
    t.host("mount", "--bind", f"/proc/{holder.pid}/ns/net", path)
    t._mounts.append(path)
    want = os.readlink(f"/proc/{holder.pid}/ns/net")
    t.eq(_inside_links(t, t.config().namespace("network", path))["net"], want)
    holder.kill()
    holder.wait()
    t.host("umount", path)


@test
def loopback_is_up(t):
    text = t.inside(t.config("cat /sys/class/net/lo/flags"))
    t.eq(int(text, 16) & 1, 1, "IFF_UP of lo")


@test
def time_offsets(t):
    t.husk_only("runc 1.1 has no time namespace")
    config = t.config("probe", "clock").namespace("time")
    config.linux["timeOffsets"] = {"monotonic": {"secs": 100000, "nanosecs": 0}, "boottime": {"secs": 200000}}
    values = dict(line.split("=") for line in t.inside(config).split())
    import time
    t.check(99990 < int(values["monotonic"]) - time.clock_gettime(time.CLOCK_MONOTONIC) < 100010, values)
    t.check(199990 < int(values["boottime"]) - time.clock_gettime(time.CLOCK_BOOTTIME) < 200010, values)


@test
def time_offsets_without_namespace_refused(t):
    t.husk_only()
    config = t.config()
    config.linux["timeOffsets"] = {"monotonic": {"secs": 1}}
    t.refused(config, "timeOffsets")


@test
def cgroup_namespace_rooted_in_container(t):
    text = t.inside(t.config("cat /proc/self/cgroup").namespace("cgroup"))
    for line in text.split():
        t.check(line.endswith(":/"), f"cgroup namespace has not the container's cgroup as root: {line}")


@test
def cgroup_is_cgroupspath(t):
    config = t.config("cat /proc/self/cgroup")
    path = config.linux["cgroupsPath"]
    lines = t.inside(config).split()
    import layout
    if layout.v2_mount() and t.runtime.kind == "husk":
        t.check(f"0::{path}" in lines, f"v2 cgroup: {lines}")
    if t.layout != "v2":
        for line in lines:
            if not line.startswith("0:"):
                t.check(line.endswith(path), f"cgroup: {line}")


@test
def mount_namespace_missing_refused_or_works(t):
    """Without a mount namespace there is no pivot_root; mounts in the host are never made."""
    config = t.config().namespace("mount", drop=True)
    result = t.run(config)
    t.check(result.rc in (0, 1), result)
    with open("/proc/self/mountinfo") as text:
        t.lacks(text.read(), t.dir, what="the host's mounts")
