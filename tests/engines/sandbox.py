# SPDX-License-Identifier: Apache-2.0
"""A place for engines: own mount, network, PID, IPC, UTS and cgroup namespaces, own /run and /sys/fs/cgroup.

Whatever an engine does to /run, iptables, bridges or cgroups ends with it; its processes die with the first one.
"""
import os
import shutil
import signal
import subprocess
import tempfile
import time

import layout
import syscalls

CLONE_NEWCGROUP = 0x02000000
ASIDE = "engines"
_PRIVATE_DIRECTORIES = ("/etc/cni", "/var/lib/cni", "/etc/containers", "/var/lib/containers", "/var/lib/containerd", "/var/lib/docker",
                        "/etc/docker", "/etc/containerd")


def _fill_cpuset(path):
    """A new cpuset has no processor and no memory, and lets nobody in."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        try:
            with open(os.path.join(os.path.dirname(path), name)) as text:
                value = text.read()
            with open(os.path.join(path, name), "w") as text:
                text.write(value)
        except OSError:
            pass


def _give_controllers(path):
    """All that a v2 cgroup has, to those below it."""
    with open(os.path.join(path, "cgroup.controllers")) as text:
        names = text.read().split()
    for name in names:
        try:
            with open(os.path.join(path, "cgroup.subtree_control"), "w") as text:
                text.write("+" + name)
        except OSError:
            pass


def _step_aside(name):
    """Into /NAME/engines of v2, where /NAME has controllers: a cgroup with processes of its own can give none to others."""
    top = layout.v2_mount()
    if not top:
        return
    with open(os.path.join(top, name, "cgroup.controllers")) as text:
        if not text.read().strip():
            return
    aside = os.path.join(top, name, ASIDE)
    os.makedirs(aside, exist_ok=True)
    with open(os.path.join(aside, "cgroup.procs"), "w") as text:
        text.write("0")
    _give_controllers(os.path.join(top, name))


def enter_cgroup(name):
    """Make cgroup /NAME in every hierarchy and move this process there."""
    if layout.machine_layout() == "v2":
        _give_controllers(layout.ROOT)
    for top in layout.hierarchies():
        path = os.path.join(top, name)
        os.makedirs(path, exist_ok=True)
        _fill_cpuset(path)
        with open(os.path.join(path, "cgroup.procs"), "w") as text:
            text.write("0")


def remove_cgroup(name):
    """Kill and remove /NAME in every hierarchy; what remains."""
    return layout.destroy("/" + name)


def _mount_cgroups(before):
    """The same hierarchies as before, seen from the cgroup namespace."""
    if len(before) > 1:
        syscalls.mount("tmpfs", layout.ROOT, "tmpfs", 0, "mode=755")
    for point, kind, options in before:
        os.makedirs(point, exist_ok=True)
        if kind == "cgroup2":
            syscalls.mount("cgroup2", point, "cgroup2")
            continue
        words = [w for w in options.split(",") if w not in ("rw", "ro", "xattr", "clone_children")]
        if words and words[0].startswith("name="):
            words.insert(0, "none")
        syscalls.mount("cgroup", point, "cgroup", 0, ",".join(words))


def _private_directories(directory):
    for path in _PRIVATE_DIRECTORIES:
        if os.path.isdir(path):
            own = os.path.join(directory, "private", path.strip("/").replace("/", "-"))
            os.makedirs(own)
            syscalls.mount(own, path, None, syscalls.MS_BIND)
    # Engines that find no file of their own there look nowhere else.
    if os.path.isdir("/etc/containers"):
        with open("/etc/containers/policy.json", "w") as text:
            text.write('{"default": [{"type": "insecureAcceptAnything"}]}')
        with open("/etc/containers/registries.conf", "w") as text:
            text.write("unqualified-search-registries = []\n")


def add_user(directory, name, uid):
    """A user with subordinate ids, in copies of /etc/passwd and the like that only this mount namespace sees."""
    lines = {"passwd": f"{name}:x:{uid}:{uid}::{directory}/home:/bin/sh\n", "group": f"{name}:x:{uid}:\n",
             "subuid": f"{name}:300000:65536\n", "subgid": f"{name}:300000:65536\n"}
    for file, line in lines.items():
        path, own = f"/etc/{file}", os.path.join(directory, file)
        text = open(path).read() if os.path.exists(path) else ""
        with open(own, "w") as out:
            out.write(text + line)
        os.chmod(own, 0o644)
        if os.path.exists(path):
            syscalls.mount(own, path, None, syscalls.MS_BIND)
    os.makedirs(os.path.join(directory, "home"), exist_ok=True)
    os.chown(os.path.join(directory, "home"), uid, uid)


def remove_user():
    for path in ("/etc/passwd", "/etc/group", "/etc/subuid", "/etc/subgid", "/dev/net/tun"):
        try:
            syscalls.umount(path)
        except OSError:
            pass


def open_device(directory, path):
    """Every user may open this device, as distributions have it."""
    if not os.path.exists(path):
        return
    node = os.path.join(directory, os.path.basename(path))
    os.mknod(node, 0o20666, os.stat(path).st_rdev)
    os.chmod(node, 0o666)
    syscalls.mount(node, path, None, syscalls.MS_BIND)


def _set_up(directory):
    before = [m for m in layout._cgroup_mounts() if m[1] in ("cgroup", "cgroup2")]
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    for point, _, _ in reversed(layout._cgroup_mounts()):       # readers of mountinfo must not find the old ones
        syscalls.umount(point)
    syscalls.mount("proc", "/proc", "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    syscalls.mount("sysfs", "/sys", "sysfs", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    _mount_cgroups(before)
    syscalls.mount("tmpfs", "/run", "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, "mode=755")
    for name in ("lock", "docker", "containerd", "user"):
        os.mkdir(f"/run/{name}")
    # An image's /dev/shm, /tmp of engines and their sockets stay below the directory of the test.
    _private_directories(directory)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def run(name, directory, function):
    """Call function() in a sandbox, in a process of its own, and wait for it; True when it returned."""
    pid = os.fork()
    if pid == 0:
        _first(name, directory, function)
    _, status = os.waitpid(pid, 0)
    return status == 0


def _first(name, directory, function):
    """In the cgroup and namespaces, but for the PID namespace, which only children enter.  Never returns."""
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        enter_cgroup(name)
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWNET | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC |
                         syscalls.CLONE_NEWUTS | CLONE_NEWCGROUP)
        _step_aside(name)
        pid = os.fork()
        if pid == 0:
            _init(directory, function)
        _, status = os.waitpid(pid, 0)
        os._exit(0 if status == 0 else 1)
    except BaseException as error:
        print(f"sandbox {name}: {type(error).__name__}: {error}", flush=True)
        os._exit(1)


def _init(directory, function):
    """Process 1: sets the place up, has the tests run in a child, reaps.  Never returns."""
    try:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        _set_up(directory)
        pid = os.fork()
        if pid == 0:
            os.setsid()
            function()
            os._exit(0)
        while True:
            ended, status = os.waitpid(-1, 0)
            if ended == pid:
                os._exit(0 if status == 0 else 1)
    except BaseException as error:
        import traceback
        traceback.print_exc()
        print(f"sandbox: {type(error).__name__}: {error}", flush=True)
        os._exit(1)


def processes():
    """{pid: command line} of all that run in this PID namespace, but for process 1 and our own ones."""
    found = {}
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) in (1, os.getpid()):
            continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as text:
                command = text.read().replace(b"\0", b" ").decode(errors="replace").strip()
            with open(f"/proc/{name}/stat") as text:
                state = text.read().rsplit(") ", 1)[1][0]
        except OSError:
            continue
        if state != "Z":
            found[int(name)] = command
    return found


def mounts():
    with open("/proc/self/mountinfo") as text:
        return sorted(line.split(" ", 2)[2] for line in text)


def cgroups():
    """Every cgroup below ours, without the mount point: "/docker/abc"."""
    found = set()
    for top in layout.hierarchies():
        for here, _, _ in os.walk(top):
            if here not in (top, f"{top}/{ASIDE}"):
                found.add(here[len(top):])
    return found


def temporary():
    directory = tempfile.mkdtemp(prefix="husk-engines.")
    os.chmod(directory, 0o755)
    return directory


def remove_directory(directory):
    """Snapshots may hold what rmtree cannot follow at once."""
    for _ in range(3):
        shutil.rmtree(directory, ignore_errors=True)
        if not os.path.exists(directory):
            return
        time.sleep(0.2)
