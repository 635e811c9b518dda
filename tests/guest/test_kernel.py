# SPDX-License-Identifier: Apache-2.0
"""What of the kernel is used where it is there, and what takes its place where it is not."""
import os
import platform

import v2
from case import test


def version():
    return tuple(int(x) for x in platform.release().split("-")[0].split("+")[0].split(".")[:2])


@test
def container_of_every_feature(t):
    """One container with all that has a fallback somewhere."""
    config = t.config("cat /proc/self/mountinfo; id -u; hostname")
    config.mount("/ro", "tmpfs", options=["rro" if version() >= (5, 12) else "ro", "nosuid", "size=64k"])
    t.has(t.inside(config), "husk-test", " /ro ro,")


@test
def small_mount_namespace(t):
    """A mount namespace that is no copy of the host's, where mount_setattr is (5.12); a copy below; what is in it is the same."""
    t.husk_only("looks at the plan")
    for number in range(20):
        t.mount("tmpfs", t.path(f"host{number}"), "tmpfs")
    config = t.config("cat /proc/self/mountinfo")
    path = t.bundle(config)
    small = "mount_ns" in t.cmd("explain", path).out
    t.notes.append("not the host's" if small else "a copy of the host's")
    t.eq(small, version() >= (5, 12), "a small mount namespace")
    t.lacks(t.inside(config, bundle_path=path), "host19")


@test
def recursive_read_only(t):
    """mount_setattr is in every kernel from 5.12 on."""
    t.need(version() >= (5, 12), "kernel below 5.12")
    source = t.path("tree")
    t.mount("tmpfs", source, "tmpfs")
    t.mount("tmpfs", source + "/below", "tmpfs")
    config = t.config("touch /x/a 2>/dev/null || echo first; touch /x/below/a 2>/dev/null || echo second")
    config.bind(source, "/x", "rbind", "rro")
    t.eq(t.inside(config), "first\nsecond\n")


@test
def idmapped_mount(t):
    t.need(version() >= (5, 12), "kernel below 5.12")
    source = t.path("source")
    os.makedirs(source)
    os.chown(source, 0, 0)
    config = t.config("stat -c %u:%g /x").user_namespace()
    config.mounts.append({"destination": "/x", "type": "bind", "source": source, "options": ["bind"],
                          "uidMappings": config.linux["uidMappings"], "gidMappings": config.linux["gidMappings"]})
    result = t.run(config, bundle_path=t.bundle(config, owner=100000))
    if result.rc != 0 and "not supported" in result.err:
        t.skip("the file system of the tests' directory has no idmapped mounts: " + result.err.strip())
    t.eq(result.out, "0:0\n", f"owner ({result.err})")


@test
def kill_where_there_is_no_cgroup_kill(t):
    """cgroup.kill is from 5.14: everyone dies either way."""
    config = t.config("sleep 1000 & sleep 1000 & sleep 1000").namespace("pid", drop=True)
    container = t.sleeper(config, None)
    t.notes.append("cgroup.kill" if os.path.exists(v2.path(config.linux["cgroupsPath"], "cgroup.kill")) else "freeze and signal")
    t.ok("kill", container, "KILL")
    t.wait_status(container, "stopped")
    t.gone(container)
