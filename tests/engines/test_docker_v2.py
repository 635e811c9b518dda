# SPDX-License-Identifier: Apache-2.0
"""Docker where cgroups are unified (v2), with whatever controllers that hierarchy has here."""
import os

import docker
import layout
import nested
import story
import syscalls
from docker import running, sh, state
from suite import Skip, test


def start(place):
    if layout.machine_layout() == "v1":
        raise Skip("no cgroup v2 here")
    for point, _, _ in reversed(layout._cgroup_mounts()):
        syscalls.umount(point)
    syscalls.mount("cgroup2", layout.ROOT, "cgroup2")
    engine = docker.Docker(place)
    engine.kept_mounts += f"| {layout.ROOT} "
    return engine


@test
def life(t):
    t.eq(t.out("info", "--format", "{{.CgroupVersion}}"), "2")
    ident = running(t, "--name", "aa", command=("sh", "-c", "sleep 1000; true"))
    t.check(os.path.isdir(f"{layout.ROOT}/docker/{ident}"), "no cgroup")
    t.eq(t.out("exec", "aa", "echo", "hi"), "hi")
    t.cmd("pause", "aa")
    t.eq(state(t, "aa")["Status"], "paused")
    t.cmd("unpause", "aa")
    t.has(t.out("stats", "--no-stream", "aa"), "aa")
    r = t.cmd("restart", "-t", "1", "aa")
    t.check(r.seconds < 3 + story.slack(), f"restart took {r.seconds:.1f} s")
    t.cmd("stop", "-t", "1", "aa")
    t.eq(state(t, "aa")["ExitCode"], 137)


@test
def cgroup_namespace(t):
    t.eq(sh(t, "cat /proc/self/cgroup | grep ^0:").out, "0::/\n")
    t.has(sh(t, "cat /sys/fs/cgroup/cgroup.procs").out, "1\n")
    t.has(sh(t, "mkdir /sys/fs/cgroup/x", rc=1).err, "Read-only file system")


@test
def devices(t):
    path = next((p for p in ("/dev/loop-control", "/dev/net/tun", "/dev/fuse", "/dev/hpet") if os.path.exists(p)), None)
    t.need(path, "no device to try")
    number = os.stat(path).st_rdev
    node = f"mknod /tmp/node c {os.major(number)} {os.minor(number)} && : < /tmp/node && echo open"
    t.has(sh(t, node, rc=1).err, "not permitted")
    t.eq(sh(t, node, "--device-cgroup-rule", f"c {os.major(number)}:{os.minor(number)} rm").out, "open\n")
    t.eq(sh(t, "head -c 3 /dev/zero | wc -c", "--privileged").out, "3\n")


@test
def shared_pid_namespace(t):
    running(t, "--name", "aa")
    running(t, "--name", "bb", "--pid", "container:aa", command=("sh", "-c", "sleep 1001; true"))
    r = t.cmd("restart", "-t", "1", "bb")
    t.check(r.seconds < 3 + story.slack(), f"restart took {r.seconds:.1f} s")
    t.cmd("rm", "-f", "bb")
    t.lacks(t.out("exec", "aa", "ps"), "sleep 1001")


@test(timeout=180)
def in_docker(t):
    nested.life(t)
