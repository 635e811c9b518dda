# SPDX-License-Identifier: Apache-2.0
"""mounts add and remove: the mounts of a container that runs."""
import json
import os

from case import test


def mounts(t, *entries):
    return t.write("mounts.json", json.dumps(list(entries)))


def bind(t, destination, *options):
    t.write("src/file", "hello")
    return {"source": t.path("src"), "destination": destination, "type": "bind", "options": ["bind", *options]}


def read(t, container, path):
    return t.exec(container, "cat", path).out


@test
def bind_and_tmpfs(t):
    t.husk_only("crun's command")
    container = t.sleeper()
    path = mounts(t, bind(t, "/new/dir", "ro"), {"destination": "/new/tmp", "type": "tmpfs", "source": "tmpfs",
                                                 "options": ["size=1m", "nosuid"]})
    t.ok("mounts", "add", container, path)
    t.eq(read(t, container, "/new/dir/file"), "hello")
    t.check(t.exec(container, "touch", "/new/dir/x").rc != 0, "not read-only")
    t.has(read(t, container, "/proc/mounts"), " /new/tmp tmpfs rw,nosuid", "size=1024k")
    t.ok("mounts", "remove", container, path)
    t.lacks(read(t, container, "/proc/mounts"), "/new/")
    t.finish(container)


@test
def links_stay_inside(t):
    t.husk_only("crun's command")
    config = t.config("ln -s /tmp /link; ln -s ../../../../.. /up; sleep 1000")
    container = t.sleeper(config, script=None)
    t.check(t.exec(container, "sh", "-c", "until test -L /up; do usleep 10000; done").rc == 0, "no links")
    t.ok("mounts", "add", container, mounts(t, bind(t, "/link/a"), bind(t, "/up/b")))
    t.eq(read(t, container, "/tmp/a/file") + read(t, container, "/b/file"), "hellohello")
    t.check(not os.path.exists("/tmp/a") and not os.path.exists("/b"), "outside")
    t.finish(container)


@test
def in_user_namespace(t):
    t.husk_only("crun's command")
    config = t.config("sleep 1000").user_namespace()
    bundle = t.bundle(config, owner=100000)
    container = t.start(t.create(None, bundle_path=bundle))
    path = mounts(t, bind(t, "/mnt"), {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs"})
    t.ok("mounts", "add", container, path)
    t.eq(read(t, container, "/mnt/file"), "hello")
    t.ok("mounts", "remove", container, path)
    t.finish(container)


@test
def paused(t):
    """The process that makes the mounts is not in the container's cgroup."""
    t.husk_only("crun's command")
    container = t.sleeper()
    t.ok("pause", container)
    t.ok("mounts", "add", container, mounts(t, bind(t, "/mnt")))
    t.ok("resume", container)
    t.eq(read(t, container, "/mnt/file"), "hello")
    t.finish(container)


@test
def failures(t):
    t.husk_only("crun's command")
    container = t.sleeper()
    missing = dict(bind(t, "/mnt"), source="/no/such")
    cgroup = {"destination": "/mnt", "type": "cgroup", "source": "cgroup"}
    for entry, says in ((missing, "/no/such"), (dict(missing, destination="/proc/self"), "inside /proc"), (cgroup, "cgroup")):
        t.fails("mounts", "add", container, mounts(t, entry), says=says)
    t.fails("mounts", "remove", container, mounts(t, bind(t, "/tmp")), says="invalid argument")
    t.fails("mounts", "add", container, mounts(t), says="no mounts")
    t.fails("mounts", "add", container, t.write("bad.json", "{}"), says="bad.json")
    t.fails("mounts", "add", container, t.path("none.json"), says="no such file")
    t.fails("mounts", "change", container, mounts(t, missing), says="mounts add")
    t.fails("mounts", "add", "nobody", mounts(t, missing), says="does not exist")
    t.finish(container)
