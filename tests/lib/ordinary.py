# SPDX-License-Identifier: Apache-2.0
"""An ordinary user, made for one test: in /etc/passwd, /etc/subuid and /etc/subgid of a mount namespace of its own."""
import os
import shutil

import layout
import syscalls

UID = 54321
SUBIDS = 200000
RANGE = 65536


class User:
    """Commands of husk as this user.  `subids`: he has subordinate ids."""

    def __init__(self, t, subids=True):
        t.husk_only("peers need their own set-up")
        self.t = t
        t.root = t.path("state")
        os.makedirs(t.root)
        os.chown(t.dir, UID, UID)
        os.chown(t.root, UID, UID)
        shutil.copy(t.runtime.path, t.path("husk"))
        t.runtime.path = t.path("husk")
        line = f"husktest:{SUBIDS}:{RANGE}\n" if subids else ""
        syscalls.unshare(syscalls.CLONE_NEWNS)
        syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
        self._add("/etc/passwd", f"husktest:x:{UID}:{UID}::{t.dir}:/bin/sh\n")
        self._add("/etc/group", f"husktest:x:{UID}:\n")
        self._add("/etc/subuid", line)
        self._add("/etc/subgid", line)
        t.call_as(self.become)

    def _add(self, path, line):
        if not os.path.exists(path):
            self.t.skip(f"this machine has no {path}")
        with open(path) as text:
            old = [x for x in text if not x.startswith("husktest:")]
        copy = self.t.write("etc" + path, "".join(old) + line)
        syscalls.mount(copy, path, None, syscalls.MS_BIND)

    @staticmethod
    def become():
        os.setgroups([])
        os.setresgid(UID, UID, UID)
        os.setresuid(UID, UID, UID)

    @staticmethod
    def single(config):
        """Only his own ids, as root of the container: needs no help of newuidmap."""
        config.namespace("user")
        config.linux["uidMappings"] = [{"containerID": 0, "hostID": UID, "size": 1}]
        config.linux["gidMappings"] = [{"containerID": 0, "hostID": UID, "size": 1}]
        return _fit(config)

    @staticmethod
    def mapped(config):
        """His own id is root, then his subordinate ids."""
        config.namespace("user")
        for kind in ("uidMappings", "gidMappings"):
            config.linux[kind] = [{"containerID": 0, "hostID": UID, "size": 1},
                                  {"containerID": 1, "hostID": SUBIDS, "size": RANGE}]
        return config

    def bundle(self, config):
        path = self.t.bundle(config, owner=UID)
        os.chown(path, UID, UID)
        return path


def _fit(config):
    """No group 5 in a single map."""
    for mount in config.mounts:
        mount["options"] = [o for o in mount.get("options", []) if o != "gid=5"]
    return config


# ---- all tests as this user --------------------------------------------------------------------------------

def delegate(t):
    """A cgroup that is the user's; the test's own process in a cgroup of it."""
    top = layout.v2_mount() + t.cgroup
    os.makedirs(top + "/own")
    for path in (top, top + "/own"):
        for name in ("", "/cgroup.procs", "/cgroup.subtree_control", "/cgroup.threads"):
            os.chown(path + name, UID, UID)
    with open(top + "/own/cgroup.procs", "w") as text:
        text.write(str(os.getpid()))
    return top


def leave(t):
    with open(layout.v2_mount() + "/cgroup.procs", "w") as text:
        text.write(str(os.getpid()))
    os.rmdir(layout.v2_mount() + t.cgroup + "/own")


class Pass:
    """A test that knows nothing of users, as this one: his commands, his bundles, his id maps in every configuration, and
    either a cgroup that is delegated to him, or none at all."""

    uid = UID

    def __init__(self, t, delegated):
        self.t, self.delegated = t, delegated
        User(t)
        t.call_as(self._become)
        os.umask(0)                                  # what the test makes, the user can write to
        if delegated:
            delegate(t)

    @staticmethod
    def _become():
        os.umask(0o022)
        User.become()

    def fit(self, config):
        User.mapped(config)
        if not self.delegated:
            config.linux.pop("cgroupsPath", None)
        config.linux["resources"].pop("devices")     # needs privileges over the host, which is a warning

    def end(self):
        if self.delegated:
            leave(self.t)
