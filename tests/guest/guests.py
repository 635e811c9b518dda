# SPDX-License-Identifier: Apache-2.0
"""The guests: where each kernel comes from, how it is booted, and which tests run in it."""
import dataclasses
import hashlib
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
BOOT = os.path.join(HERE, "boot")

LSM = "seccomp=on lsm=landlock,yama,apparmor"

# Tests of tests/run that say most about kernels and cgroups; the rest has nothing that a guest would show differently.
RUN = ["lifecycle.*", "kill.*", "pause.*", "update.*", "devices.*", "seed.*", "userns.*", "mounts.cgroup*", "exec.*", "matrix.joined_*"]
MATRIX = ["matrix"]
# The container that joins another one's PID namespace has the most ways to go wrong.
JOINED = ["matrix.joined_*", "matrix.own_running_*"]
# What has another way on an old kernel: killing without cgroup.kill, mounts without mount_setattr, ids that are not mapped.
FALLBACKS = ["lifecycle.*", "kill.*", "pause.*", "userns.*", "mounts.cgroup*", "seed.*", "exec.*", "matrix.joined_leftovers_*",
             "matrix.joined_frozen_*", "matrix.joined_nested_*", "matrix.joined_zombie_*"]
# What a new kernel may break.
NEW = ["lifecycle.*", "userns.*", "mounts.cgroup*"]
PLAIN = ["resources", "update_v2", "events_v2", "memory", "apparmor", "kernel", "ownership"]
SYSTEMD = ["systemd", "rootless"]


class Unavailable(Exception):
    """The guest cannot be had here; the text says why."""


@dataclasses.dataclass
class Stage:
    """One call of tests/KIND/run (or of the tests of this directory) in a guest."""
    kind: str                           # run, fault, guest
    names: list
    env: dict = dataclasses.field(default_factory=dict)
    jobs: int = 2


@dataclasses.dataclass
class Guest:
    name: str
    kernel: object                      # a function that returns the words before the command
    stages: list
    systemd: bool = False
    limit: int = 840                    # seconds; a quiet machine takes less than half of it
    default: bool = False
    layout: str = "v2"
    patience: int = 2                   # times the usual limits of a test


# ---- the kernels ----------------------------------------------------------------------------------

def cache():
    path = os.path.join(os.environ.get("XDG_CACHE_HOME") or "/var/cache", "husk-tests", "guest")
    os.makedirs(path, exist_ok=True)
    return path


def _call(*words, timeout=600):
    result = subprocess.run([os.path.join(BOOT, words[0]), *words[1:]], capture_output=True, text=True, timeout=timeout,
                            env={**os.environ, "HUSK_GUEST_CACHE": cache()})
    if result.returncode != 0:
        raise Unavailable(f"{words[0]}: {result.stderr.strip()[-400:] or result.returncode}")
    return result.stdout.strip()


def _version(suite, package):
    """The version that there is now, or None when nobody can be asked."""
    try:
        return _call("fetch-debs", "-v", suite, package, timeout=120) or None
    except (Unavailable, subprocess.TimeoutExpired):
        return None


def _cached(kind, version, make):
    """The directory of this version, made by `make` if it is new.  No version: the newest that was ever made."""
    prefix = f"{kind}-"
    done = sorted((d for d in os.listdir(cache()) if d.startswith(prefix) and os.path.exists(os.path.join(cache(), d, "complete"))),
                  key=lambda d: os.path.getmtime(os.path.join(cache(), d, "complete")))
    if version is None:
        if not done:
            raise Unavailable(f"no Debian mirror can be reached, and no {kind} is in {cache()}")
        return os.path.join(cache(), done[-1])
    path = os.path.join(cache(), prefix + version.replace("/", "_").replace(":", "_"))
    if not os.path.exists(os.path.join(path, "complete")):
        subprocess.run(["rm", "-rf", path], check=True)
        make(path)
        open(os.path.join(path, "complete"), "w").close()
    return path


def packaged_uml():
    path = _cached("uml", _version("sid", "user-mode-linux"), lambda d: _call("get-uml", "sid", d))
    return ["uml", "-M", f"{path}/usr/lib/uml/modules", "-a", LSM], [f"{path}/linux"]


def own_uml():
    suite, package = "trixie-backports", "linux-source-7.3"
    version = _version(suite, package)
    with open(os.path.join(BOOT, "uml.config"), "rb") as file:
        config = hashlib.sha256(file.read()).hexdigest()[:8]
    path = _cached("own-uml", version and f"{version}-{config}", lambda d: _call("build-uml", suite, package, d, timeout=1800))
    return ["uml", "-a", LSM], [f"{path}/linux"]


def qemu(suite):
    def prepare():
        program = _cached("qemu", _version("trixie", "qemu-system-x86"), lambda d: _call("get-qemu", "trixie", d))
        kernel = _cached(f"kernel-{suite}", _version(suite, "linux-image-cloud-amd64"), lambda d: _call("get-kernel", suite, d))
        return ["qemu", "-a", "lsm=landlock,yama,apparmor,bpf"], [program, kernel]
    return prepare


# ---- what runs in them --------------------------------------------------------------------------------

# Processes of the state "many" of the matrix, where 200 take half a minute.
FEWER = {"HUSK_TEST_MANY": "80"}
# Docker with its default profile: with controllers on v2, and confined by AppArmor.
DOCKER = Stage("engines", ["docker_apparmor"], jobs=1)
# Other layouts than v2.
LAYOUTS = [Stage("guest", ["layouts"]), Stage("run", ["lifecycle.*", "kill.*", "pause.*", "update.*", "devices.*"] + JOINED, FEWER)]
CRIU = Stage("run", ["checkpoint.round_trip*"], jobs=1)

SWEEP = Stage("fault", ["sweep.kill_create", "sweep.killtree_create"], {"HUSK_FAULT_POINTS": "25"})
DRIVER = {"HUSK_TEST_DRIVER": "systemd"}

# The packaged user-mode Linux has what most tests need, and is there at once.  The own one adds cpuset, pressure and the v1
# controllers: there is the whole kill matrix, by both drivers.  QEMU adds huge pages, CRIU, and the kernels that people have.
GUESTS = [
    Guest("uml", packaged_uml, default=True, stages=[Stage("guest", PLAIN), Stage("run", RUN), SWEEP]),
    Guest("uml-systemd", packaged_uml, systemd=True, default=True, stages=[Stage("guest", SYSTEMD), Stage("run", JOINED, DRIVER)]),
    Guest("own-uml", own_uml, stages=[Stage("guest", PLAIN), Stage("run", ["update.*", "pause.*"] + MATRIX, FEWER), SWEEP, DOCKER]),
    Guest("own-uml-systemd", own_uml, systemd=True, stages=[Stage("guest", SYSTEMD), Stage("run", MATRIX, {**DRIVER, **FEWER})]),
    Guest("own-uml-v1", own_uml, layout="v1", stages=LAYOUTS),
    Guest("own-uml-hybrid", own_uml, layout="hybrid", stages=LAYOUTS),
    Guest("qemu-5.10", qemu("bullseye"), patience=4, stages=[Stage("guest", PLAIN), Stage("run", FALLBACKS)]),
    Guest("qemu-6.1", qemu("bookworm"), patience=4, stages=[Stage("guest", PLAIN), CRIU, Stage("run", FALLBACKS)]),
    Guest("qemu-6.12", qemu("trixie"), systemd=True, patience=4, stages=[Stage("guest", PLAIN + SYSTEMD), Stage("run", NEW)]),
    Guest("qemu-7", qemu("trixie-backports"), patience=4, stages=[Stage("guest", PLAIN), Stage("run", NEW)]),
]
