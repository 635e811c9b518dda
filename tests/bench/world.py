# SPDX-License-Identifier: Apache-2.0
"""Where the measurements happen: a mount namespace of their own, with few mounts, whose / is the peers' tree.

Everything that is measured runs there, husk and the floor too, so that all see the same host.
"""
import ctypes
import json
import os
import platform
import subprocess

import layout
import syscalls as sc

BINDS = ("proc", "sys", "dev", "tmp")


def pivot_root():
    number = 155 if platform.machine() == "x86_64" else 41
    if ctypes.CDLL(None, use_errno=True).syscall(number, b".", b".") < 0:
        raise OSError(ctypes.get_errno(), "pivot_root")


def compile_tools(source, top):
    """floor, true, flood, peak: static; true.dynamic; calls is peak."""
    flags = ["-D_GNU_SOURCE", "-O2"]
    for name, extra in (("floor", ["-static"]), ("true", ["-static"]), ("flood", ["-static"]), ("peak", ["-static"]),
                        ("true.dynamic", [])):
        subprocess.run(["cc", *flags, *extra, "-o", f"{top}/{name}", f"{source}/{name.split('.')[0]}.c"], check=True)
    os.link(f"{top}/peak", f"{top}/calls")


def bundle(top, name, husk, change):
    """A bundle of spec's default, with a static true; change(config) edits it."""
    path = f"{top}/{name}"
    for name in ("proc", "dev", "sys"):         # the floor makes none
        os.makedirs(f"{path}/rootfs/{name}")
    for tool in ("true", "flood"):
        os.link(f"{top}/{tool}", f"{path}/rootfs/{tool}")
    subprocess.run([husk, "spec"], cwd=path, check=True)
    with open(f"{path}/config.json") as f:
        config = json.load(f)
    config["ociVersion"] = "1.0.2"              # older releases refuse newer ones
    config["process"].update(terminal=False, args=["/true"])
    change(config)
    with open(f"{path}/config.json", "w") as f:
        json.dump(config, f)
    return path


def enter(tree, top, view, mounts=0):
    """The calling process enters the world. view: the cgroup layout."""
    layout.enter(view)
    sc.mount("bench", "/mnt", "tmpfs")
    if tree:
        root = "/mnt"
        sc.mount(tree, root, None, sc.MS_BIND)
        for name in BINDS:
            sc.mount("/" + name, f"{root}/{name}", None, sc.MS_BIND | sc.MS_REC)
        sc.mount("run", f"{root}/run", "tmpfs")
        os.chdir(root)
        pivot_root()
        sc.umount(".")
        os.chdir("/")
    else:
        sc.umount("/mnt")
        sc.mount("run", "/run", "tmpfs")
    for i in range(mounts):
        if i == 0:
            os.makedirs("/run/many", exist_ok=True)
            sc.mount("many", "/run/many", "tmpfs")
        os.mkdir(f"/run/many/{i}")
        sc.mount("/run/many", f"/run/many/{i}", None, sc.MS_BIND)
    with open("/proc/self/mountinfo") as f:
        return sum(1 for _ in f)


def prctl_subreaper():
    sc.become_subreaper()
