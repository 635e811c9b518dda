# SPDX-License-Identifier: Apache-2.0
"""Bundles: a root file system from the machine's static busybox, and a base configuration."""
import copy
import json
import os
import shutil

import probe

APPLETS = ("sh cat ls sleep id true false echo env grep ps kill mount umount mkdir rm ln stat readlink touch "
           "head tail wc cut sort tr sed awk test chmod chown hostname dd od nohup setsid ttyname tty stty "
           "mknod cp mv find seq yes usleep date pwd printf printenv rmdir mkfifo xargs timeout kill sync basename").split()

_BUSYBOX = "/bin/busybox"

_CAPS = ["CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FSETID", "CAP_FOWNER", "CAP_MKNOD", "CAP_NET_RAW", "CAP_SETGID", "CAP_SETUID",
         "CAP_SETFCAP", "CAP_SETPCAP", "CAP_NET_BIND_SERVICE", "CAP_SYS_CHROOT", "CAP_KILL", "CAP_AUDIT_WRITE"]

_BASE = {
    "ociVersion": "1.0.2",
    "process": {
        "user": {"uid": 0, "gid": 0},
        "args": ["sh", "-c", "true"],
        "env": ["PATH=/bin", "HOME=/root"],
        "cwd": "/",
        "capabilities": {"bounding": _CAPS, "effective": _CAPS, "permitted": _CAPS},
    },
    "root": {"path": "rootfs"},
    "hostname": "husk-test",
    "mounts": [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "strictatime", "mode=755", "size=65536k"]},
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]},
        {"destination": "/dev/shm", "type": "tmpfs", "source": "shm", "options": ["nosuid", "noexec", "nodev", "mode=1777", "size=8m"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
    ],
    "linux": {
        "namespaces": [{"type": name} for name in ("pid", "network", "ipc", "uts", "mount")],
        "maskedPaths": ["/proc/kcore", "/proc/keys", "/proc/timer_list", "/sys/firmware"],
        "readonlyPaths": ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
        "resources": {"devices": [{"allow": False, "access": "rwm"}]},
    },
}


class Config(dict):
    """config.json as a dictionary with shorthands for the tests."""

    @property
    def process(self):
        return self["process"]

    @property
    def linux(self):
        return self["linux"]

    @property
    def mounts(self):
        return self["mounts"]

    def args(self, *args):
        self["process"]["args"] = list(args)
        return self

    def sh(self, script):
        return self.args("sh", "-c", script)

    def mount(self, destination, kind, source=None, options=()):
        entry = {"destination": destination, "type": kind, "source": source or kind, "options": list(options)}
        self["mounts"].append(entry)
        return self

    def bind(self, source, destination, *options):
        return self.mount(destination, "bind", source, list(options) or ["rbind", "rw"])

    def namespace(self, kind, path=None, drop=False):
        """Replace, add or drop the namespace of this type."""
        spaces = [n for n in self["linux"]["namespaces"] if n["type"] != kind]
        if not drop:
            spaces.append({"type": kind, "path": path} if path else {"type": kind})
        self["linux"]["namespaces"] = spaces
        return self

    def caps(self, names, sets=("bounding", "effective", "permitted")):
        self["process"]["capabilities"] = {s: list(names) for s in sets}
        return self

    def user_namespace(self, size=65536, host=100000):
        self.namespace("user")
        for kind in ("uidMappings", "gidMappings"):
            self["linux"][kind] = [{"containerID": 0, "hostID": host, "size": size}]
        return self

    def resources(self, **values):
        self["linux"]["resources"].update(values)
        return self


def base_config():
    return Config(copy.deepcopy(_BASE))


def make_rootfs(rootfs, owner=None):
    """A busybox root with passwd and group, and the probe as /bin/probe."""
    for name in ("bin", "etc", "proc", "dev", "sys", "tmp", "root", "home", "var", "mnt"):
        os.makedirs(os.path.join(rootfs, name), exist_ok=True)
    os.chmod(os.path.join(rootfs, "tmp"), 0o1777)
    _link_or_copy(_template_busybox(), os.path.join(rootfs, "bin/busybox"))
    for name in APPLETS:
        path = os.path.join(rootfs, "bin", name)
        if not os.path.lexists(path):
            os.symlink("busybox", path)
    _link_or_copy(probe.binary(), os.path.join(rootfs, "bin/probe"))
    with open(os.path.join(rootfs, "etc/passwd"), "w") as text:
        text.write("root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n1000:x:0:0:trap:/trap:/bin/sh\n")
    with open(os.path.join(rootfs, "etc/group"), "w") as text:
        text.write("root:x:0:\nuser:x:1000:\nextra:x:2000:user\n")
    if owner is not None:
        for here, directories, files in os.walk(rootfs):
            for path in [here] + [os.path.join(here, n) for n in directories + files]:
                if not path.endswith(("bin/busybox", "bin/probe")):
                    os.lchown(path, owner, owner)


def _template_busybox():
    """A copy of busybox beside the probe, so that bundles can be made of hard links."""
    path = os.path.join(os.path.dirname(probe.binary()), "busybox")
    if not os.path.exists(path):
        temporary = f"{path}.{os.getpid()}"
        shutil.copy(_BUSYBOX, temporary)
        os.rename(temporary, path)
    return path


def _link_or_copy(source, target):
    if os.path.lexists(target):
        return
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def write_config(bundle, config):
    with open(os.path.join(bundle, "config.json"), "w") as text:
        json.dump(config, text, indent=1)
