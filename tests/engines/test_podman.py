# SPDX-License-Identifier: Apache-2.0
"""Podman as root."""
import os

import podman
import podman_tests
from suite import test

WEIGHT = 5


def start(place):
    return podman.Podman(place)


podman_tests.register(globals())


@test
def cgroups_and_limits(t):
    t.out("run", "-d", "--name", "aa", "--memory", "64m", "--pids-limit", "22", "--cpus", "0.5", podman_tests.IMAGE, "sleep", "1000")
    ident = t.engine.inspect("aa")["Id"]
    path = f"/sys/fs/cgroup/memory/libpod_parent/libpod-{ident}/memory.limit_in_bytes"
    t.need(os.path.exists(path), "no cgroup v1 memory controller")
    with open(path) as text:
        t.eq(text.read().strip(), str(64 << 20))
    t.cmd("update", "--memory", "80m", "aa", rc=None)


@test
def pause(t):
    t.out("run", "-d", "--name", "aa", podman_tests.IMAGE, "sleep", "1000")
    t.cmd("pause", "aa")
    t.eq(t.engine.inspect("aa")["State"]["Status"], "paused")
    t.cmd("unpause", "aa")
    t.eq(t.engine.inspect("aa")["State"]["Status"], "running")
    t.cmd("pause", "aa")
    t.cmd("rm", "-f", "-t", "0", "aa")


@test
def stats(t):
    t.out("run", "-d", "--name", "aa", podman_tests.IMAGE, "sleep", "1000")
    t.has(t.out("stats", "--no-stream", "aa"), "aa")


@test
def network(t):
    t.has(t.out("run", "--rm", podman_tests.IMAGE, "ls", "/sys/class/net"), "eth0")


@test
def user_namespace(t):
    out = t.out("run", "--rm", "--network", "none", "--uidmap", "0:200000:65536", "--gidmap", "0:200000:65536", podman_tests.IMAGE,
                "cat", "/proc/self/uid_map")
    t.has(out, "200000")


@test
def checkpoint(t):
    t.need_criu()
    t.out("run", "-d", "--network", "none", "--name", "aa", podman_tests.IMAGE, "sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.1; done")
    t.cmd("container", "checkpoint", "aa")
    t.cmd("container", "restore", "aa")
    t.eq(t.engine.inspect("aa")["State"]["Status"], "running")
