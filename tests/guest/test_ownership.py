# SPDX-License-Identifier: Apache-2.0
"""A delegated cgroup belongs to the container's root, who can divide it further with every controller."""
import os

import v2
from case import test


def delegating(t, *script):
    config = t.config(*script).user_namespace().namespace("cgroup")
    config.mount("/sys/fs/cgroup", "cgroup", options=["rw", "nosuid", "noexec", "nodev"])
    return config


@test
def files_belong_to_root_inside(t):
    config = delegating(t, "sleep 1000").resources(memory={"limit": 64 << 20})
    container = t.start(t.create(config, bundle_path=t.bundle(config, owner=100000)))
    cgroup = config.linux["cgroupsPath"]
    for name, owner in (("", 100000), ("cgroup.procs", 100000), ("cgroup.subtree_control", 100000), ("cgroup.threads", 100000),
                        ("memory.max", 0), ("pids.max", 0)):
        if os.path.exists(v2.path(cgroup, name)):
            t.eq(os.stat(v2.path(cgroup, name)).st_uid, owner, f"owner of {name or 'the directory'}")
    t.finish(container)


@test
def can_be_divided(t):
    v2.need(t, "memory", "pids")
    script = ("cd /sys/fs/cgroup && mkdir init sub && echo 1 >init/cgroup.procs && echo $$ >init/cgroup.procs && "
              "echo '+memory +pids' >cgroup.subtree_control && echo 10 >sub/pids.max && cat sub/pids.max && "
              "! echo max >memory.max 2>/dev/null && echo kept")
    config = delegating(t, script).resources(memory={"limit": 64 << 20}, pids={"limit": 50})
    out = t.inside(config, bundle_path=t.bundle(config, owner=100000))
    t.eq(out, "10\nkept\n")


@test
def divided_is_deleted(t):
    config = delegating(t, "cd /sys/fs/cgroup && mkdir -p a/b/c && sleep 1000 & sleep 0.2; sleep 1000")
    container = t.start(t.create(config, bundle_path=t.bundle(config, owner=100000)))
    t.finish(container)
