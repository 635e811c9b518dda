# SPDX-License-Identifier: Apache-2.0
"""The restart that does not hang, with an engine that waits for its pipes before it calls the runtime (impatient.py)."""
import json
import os
import shutil
import subprocess
import sys

import engine
import sandbox
import story
from suite import call, test

import bundle
import probe
import syscalls


class NoEngine(engine.Engine):
    """The runtime alone; each test removes what it made."""
    kept_cgroups = r"^/story$"

    def call(self, *args, timeout=30, **kwargs):
        return call(args, timeout)

    def clean(self):
        for command in (self.place.runtime, *filter(None, map(shutil.which, ("runc", "crun")))):
            root = self.place.file("root-" + os.path.basename(command))
            for ident in os.listdir(root) if os.path.isdir(root) else ():
                if ident.startswith("."):           # the runtime's own, no container
                    continue
                call([command, "--root", root, "delete", "--force", ident])
        sandbox.layout.destroy("/story", 3)


def start(place):
    probe.build(place.dir)
    return NoEngine(place)


def make(t, name, config):
    path = t.place.file(name)
    os.makedirs(path, exist_ok=True)
    bundle.make_rootfs(os.path.join(path, "rootfs"))
    config["linux"]["cgroupsPath"] = f"/story/{name}"
    bundle.write_config(path, config)
    return path


def _without_hybrid():
    """The packaged crun refuses a hybrid layout: show it the hierarchies of v1 alone."""
    syscalls.unshare(syscalls.CLONE_NEWNS)
    if sandbox.layout.machine_layout() == "hybrid":
        syscalls.umount(sandbox.layout.v2_mount())


def play(t, runtime, arrangement, limit):
    """What the engine prints: seconds, or "hangs"."""
    name = os.path.basename(runtime)
    prepare = _without_hybrid if name == "crun" else None
    root = t.place.file("root-" + name)
    a = make(t, f"{name}-{arrangement}-a", bundle.base_config().args("sleep", "1000"))
    with open(t.place.file("run.log"), "w+b") as log:
        if subprocess.run([runtime, "--root", root, "run", "-d", "--bundle", a, "a"], stdin=log, stdout=log, stderr=log,
                          preexec_fn=prepare).returncode:
            with open(t.place.file("run.log")) as text:
                return "cannot run here: " + text.read().strip()[-150:]
    state = json.loads(subprocess.run([runtime, "--root", root, "state", "a"], check=True, capture_output=True,
                                      preexec_fn=prepare).stdout)
    config = bundle.base_config().args(*story.PROGRAM)
    config.namespace("pid", path=f"/proc/{state['pid']}/ns/pid" if arrangement == "joined" else None, drop=arrangement == "host")
    b = make(t, f"{name}-{arrangement}-b", config)
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "impatient.py")
    result = call([sys.executable, program, runtime, root, b, "b", str(limit)], timeout=limit + 20, preexec=prepare)
    call([runtime, "--root", root, "delete", "--force", "a"], preexec=prepare)
    return result.out.strip() or str(result)


def _check(t, arrangement):
    have = play(t, t.place.runtime, arrangement, 4)
    others = {}
    if t.kind == "husk":
        for peer in filter(None, (shutil.which("runc"), shutil.which("crun"))):
            others[os.path.basename(peer)] = play(t, peer, arrangement, 2)
            t.engine.clean()
        t.note(f"end of the pipes after {have} s; " + ", ".join(f"{k}: {v}" for k, v in others.items()))
    t.check(have.replace(".", "").isdigit() and float(have) < 1 + story.slack(), f"{arrangement} PID namespace: {have}")


@test
def joined_namespace(t):
    _check(t, "joined")


@test
def host_namespace(t):
    _check(t, "host")


@test
def own_namespace(t):
    _check(t, "own")
