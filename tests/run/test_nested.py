# SPDX-License-Identifier: Apache-2.0
"""husk in a container of husk: privileged, and in a user namespace."""
import json
import os
import shutil

import bundle
from case import test

ALL_CAPS = [line for line in """CAP_CHOWN CAP_DAC_OVERRIDE CAP_DAC_READ_SEARCH CAP_FOWNER CAP_FSETID CAP_KILL CAP_SETGID CAP_SETUID
CAP_SETPCAP CAP_NET_BIND_SERVICE CAP_NET_ADMIN CAP_NET_RAW CAP_IPC_LOCK CAP_SYS_CHROOT CAP_SYS_PTRACE CAP_SYS_ADMIN CAP_SYS_NICE
CAP_MKNOD CAP_AUDIT_WRITE CAP_SETFCAP CAP_SYS_RESOURCE""".split()]


def _outer(t, script):
    """A container with this machine's programs, this husk, and a bundle inside; everything is permitted."""
    config = t.config(script).caps(ALL_CAPS)
    config["mounts"] = [m for m in config.mounts if m["destination"] != "/sys"]
    config.mount("/sys", "sysfs", options=["nosuid", "noexec", "nodev"])
    config.namespace("cgroup").mount("/sys/fs/cgroup", "cgroup", options=["rw"])
    for name in ("/usr", "/lib", "/lib64"):
        if os.path.isdir(name):
            config.bind(name, name, "rbind", "ro")
    config.mount("/run", "tmpfs", options=["mode=755"])
    config.linux["maskedPaths"], config.linux["readonlyPaths"] = [], []
    config.linux["resources"] = {"devices": [{"allow": True, "access": "rwm"}]}
    return config


def _bundle(t, config, inner, owner=None):
    path = t.bundle(config, owner=owner)
    place = os.path.join(path, "rootfs/inner")
    bundle.make_rootfs(os.path.join(place, "rootfs"), owner)
    with open(os.path.join(place, "config.json"), "w") as text:
        json.dump(inner, text)
    shutil.copy(t.runtime.path, os.path.join(path, "rootfs/bin/husk"))
    return path


def _inner(*script):
    config = bundle.base_config()
    config.sh(script[0])
    return config


RUN = "husk --root /run/h run --bundle /inner one; echo code $?; husk --root /run/h list -q"


@test
def privileged(t):
    t.husk_only("its own binary is inside")
    config = _outer(t, RUN)
    t.eq(t.inside(config, bundle_path=_bundle(t, config, _inner("echo inside; exit 3"))).split(), ["inside", "code", "3"])


@test
def privileged_lifecycle(t):
    t.husk_only("its own binary is inside")
    config = _outer(t, "cd /inner && H='husk --root /run/h'; $H create a && $H start a && $H exec a echo in && "
                       "$H pause a && $H resume a && $H kill --all a KILL; sleep 0.2; $H delete a; echo code $?")
    have = t.inside(config, bundle_path=_bundle(t, config, _inner("sleep 1000")))
    t.eq(have.split(), ["in", "code", "0"])


@test
def in_user_namespace(t):
    t.husk_only("its own binary is inside")
    config = _outer(t, RUN).user_namespace(host=100000)
    inner = _inner("echo inside; id -u; exit 3")
    path = _bundle(t, config, inner, owner=100000)
    os.chmod(os.path.join(path, "rootfs/bin/husk"), 0o755)
    t.eq(t.inside(config, bundle_path=path).split(), ["inside", "0", "code", "3"])
