# SPDX-License-Identifier: Apache-2.0
"""Hostile root file systems: links in the way of everything that the runtime makes; nothing outside changes."""
import os
import stat

import syscalls
from case import test, wait_until


class Outside:
    """A directory outside of the rootfs that must stay as it is."""

    def __init__(self, t):
        self.t = t
        self.path = t.path("outside")
        os.makedirs(self.path + "/sub", exist_ok=True)
        t.write("outside/file", "precious\n")
        self.before = self.look()

    def look(self):
        found = []
        for here, directories, files in os.walk(self.path):
            for name in sorted(directories + files):
                info = os.lstat(os.path.join(here, name))
                found.append((os.path.join(here, name), info.st_mode, info.st_uid, info.st_size, info.st_mtime_ns))
        return sorted(found)

    def unchanged(self):
        self.t.eq(self.look(), self.before, "the outside")


def _rootfs(t, config):
    path = t.bundle(config)
    return path, path + "/rootfs"


def _replace(rootfs, name, target):
    path = os.path.join(rootfs, name)
    if os.path.isdir(path) and not os.path.islink(path):
        os.rmdir(path)
    elif os.path.lexists(path):
        os.unlink(path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(target, path)


def _without_dev(config):
    config["mounts"] = [m for m in config.mounts if not m["destination"].startswith("/dev")]
    return config


def _planted(name, as_directory_link):
    """rootfs/NAME is a link to the outside, and there is no /dev mount above it."""
    def check(t):
        outside = Outside(t)
        config = _without_dev(t.config("true"))
        path, rootfs = _rootfs(t, config)
        _replace(rootfs, name, outside.path if as_directory_link else outside.path + "/file")
        result = t.run(config, bundle_path=path)
        t.check(result.rc is not None, str(result))
        outside.unchanged()
    check.__name__ = "link_at_" + name.replace("/", "_")
    check.__module__ = __name__
    test(check)


for _name, _directory in (("dev", True), ("dev/pts", True), ("dev/shm", True), ("dev/console", False), ("dev/null", False), ("dev/fd", True),
                          ("dev/stdin", False), ("dev/ptmx", False), ("dev/tty", False), ("dev/core", False)):
    _planted(_name, _directory)



def _not_a_directory(name):
    """CVE-2019-19921 and later: /proc or /sys is a link: refused, or mounted inside; the program never sees another procfs."""
    def check(t):
        outside = Outside(t)
        config = t.config("test -e /proc/self/status && echo real; ls /sys/kernel > /dev/null && echo realsys")
        path, rootfs = _rootfs(t, config)
        os.mkdir(rootfs + "/elsewhere")
        _replace(rootfs, name, "/elsewhere" if name != "sys" else outside.path)
        result = t.run(config, bundle_path=path)
        if result.rc == 0:
            t.has(result.out, "real")
        outside.unchanged()
        t.eq(os.listdir(rootfs + "/elsewhere"), [], "what the link leads to")
    check.__name__ = f"{name}_is_a_link"
    check.__module__ = __name__
    test(check)


_not_a_directory("proc")
_not_a_directory("sys")


@test
def proc_is_a_link_refused(t):
    config = t.config("true")
    path, rootfs = _rootfs(t, config)
    os.mkdir(rootfs + "/elsewhere")
    _replace(rootfs, "proc", "elsewhere")
    t.not_run(config, bundle_path=path)


TARGETS = {"absolute": "{outside}", "relative": "../../../../../../../../../..{outside}", "dangling": "{outside}/new/deep", "through_dotdot": "/../{outside}",
           "self_loop": "target", "long": "./" * 2000 + "x", "old_root": "/proc/1/root/{outside}", "own_root": "/proc/self/root/{outside}",
           "cwd": "/proc/self/cwd/../outside", "descriptor": "/proc/self/fd/3", "dot": "/.", "slashes": "////{outside}////"}


def _target(kind, link):
    """A bind's target is a link: resolved inside the rootfs, whatever it says."""
    def check(t):
        outside = Outside(t)
        t.write("source/name", "bound\n")
        config = t.config("true").bind(t.path("source"), "/target/below")
        path, rootfs = _rootfs(t, config)
        os.symlink(link.format(outside=outside.path), rootfs + "/target")
        t.run(config, bundle_path=path)
        outside.unchanged()
        config = t.config("true").bind(t.path("source", "name"), "/target")
        t.run(config, bundle_path=path)
        outside.unchanged()
    check.__name__ = f"target_{kind}"
    check.__module__ = __name__
    test(check)


for _kind, _link in TARGETS.items():
    _target(_kind, _link)


@test
def link_inside_is_followed_inside(t):
    outside = Outside(t)
    t.write("source/name", "bound\n")
    config = t.config(f"cat {outside.path}/name").bind(t.path("source"), "/target")
    path, rootfs = _rootfs(t, config)
    os.symlink(outside.path, rootfs + "/target")
    os.makedirs(rootfs + outside.path)
    t.eq(t.inside(config, bundle_path=path), "bound\n")
    outside.unchanged()


def _kind_of_mount(kind, options):
    def check(t):
        outside = Outside(t)
        config = t.config("true").mount("/target/dir", kind, options=options)
        path, rootfs = _rootfs(t, config)
        os.symlink(outside.path, rootfs + "/target")
        t.run(config, bundle_path=path)
        outside.unchanged()
        with open("/proc/self/mountinfo") as text:
            t.lacks(text.read(), outside.path)
    check.__name__ = f"{kind}_below_link"
    check.__module__ = __name__
    test(check)


for _kind, _options in (("tmpfs", ["tmpcopyup"]), ("tmpfs", []), ("mqueue", []), ("devpts", ["newinstance"]), ("cgroup", ["ro"])):
    if _kind != "tmpfs" or _options:
        _kind_of_mount(_kind, _options)


def _config_path(name, change):
    """A path of the configuration goes through a link to the outside."""
    def check(t):
        outside = Outside(t)
        config = t.config("true")
        change(config)
        path, rootfs = _rootfs(t, config)
        os.symlink(outside.path, rootfs + "/target")
        t.run(config, bundle_path=path)
        outside.unchanged()
        with open("/proc/self/mountinfo") as text:
            t.lacks(text.read(), outside.path)
    check.__name__ = f"{name}_through_link"
    check.__module__ = __name__
    test(check)


_config_path("masked", lambda c: c.linux["maskedPaths"].extend(["/target/file", "/target/sub"]))
_config_path("readonly", lambda c: c.linux["readonlyPaths"].extend(["/target/file", "/target/sub"]))
_config_path("device", lambda c: c.linux.setdefault("devices", []).append({"path": "/target/node", "type": "c", "major": 1, "minor": 3}))
_config_path("cwd", lambda c: c.process.update(cwd="/target/made"))


@test
def restart_of_a_replaced_bundle(t):
    """CVE-2015-1335: the container replaces its mount points by links, and is started again."""
    outside = Outside(t)
    t.write("source/name", "bound\n")
    config = t.config(f"rm -rf /data2; ln -s {outside.path} /data2; rm -rf /mnt; ln -s {outside.path} /mnt").bind(t.path("source"), "/data")
    path, rootfs = _rootfs(t, config)
    t.inside(config, bundle_path=path)
    again = t.config("true").bind(t.path("source"), "/data2/x").mount("/mnt", "tmpfs")
    t.run(again, bundle_path=path)
    outside.unchanged()


@test
def console_target_is_a_link(t):
    """CVE-2025-52565: /dev/console in a volume leads elsewhere."""
    from test_terminal import ConsoleSocket, read_until_end
    outside = Outside(t)
    os.mkdir(t.path("dev"))
    os.symlink(outside.path + "/file", t.path("dev", "console"))
    config = _without_dev(t.config("echo to-console")).bind(t.path("dev"), "/dev", "rbind")
    config.mount("/dev/pts", "devpts", options=["newinstance", "ptmxmode=0666"])
    config.process["terminal"] = True
    config.linux["maskedPaths"] = []
    os.mkdir(t.path("dev", "pts"))
    console = ConsoleSocket(t)
    container = t.new_id()
    result = t.cmd("create", "--bundle", t.bundle(config), "--console-socket", console.path, container)
    if result.rc == 0:
        fd = console.receive()
        t.start(container)
        read_until_end(fd, 3)
        t.cmd("delete", "--force", container)
    else:
        os.unlink(console.path)
    outside.unchanged()


def _race(kind):
    """A volume is shared with a container that swaps a directory and a link while others start with mounts below it."""
    def check(t):
        t.need(t.runtime.kind == "husk" or t.runtime.kind == "runc", "")
        rounds = int(os.environ.get("HUSK_RACE_ROUNDS", "60"))
        outside = Outside(t)
        volume = t.path("volume")
        os.makedirs(volume + "/dir/inner")
        t.write("volume/dir/inner/file", "")
        os.symlink("/" + "../" * 12 + outside.path[1:], volume + "/link")
        t.write("source/name", "bound\n")
        racer_config = t.config("probe", "exchange", "50", "/v/dir", "/v/link").bind(volume, "/v")
        t.cgroup_of(racer_config, "racer")
        racer = t.new_id()
        created = t.ok("create", "--bundle", t.bundle(racer_config), racer)
        t.start(racer)
        t.check(wait_until(lambda: "ready" in created.out), "the racer does not start")
        config = t.config("cat /v/dir/inner/name /proc/self/mountinfo; true").bind(volume, "/v")
        if kind == "onto":
            config.bind(t.path("source"), "/v/dir/inner")
        elif kind == "make":
            config.bind(t.path("source"), "/v/dir/new/deep").bind(t.path("source", "name"), "/v/dir/newfile")
        elif kind == "proc":
            config.mount("/v/dir/inner", "tmpfs").mount("/v/dir/inner/x", "tmpfs")
        else:
            config.linux["maskedPaths"].append("/v/dir/sub")
            config.linux["readonlyPaths"].append("/v/dir/inner")
        path = t.bundle(config)
        for _ in range(rounds):
            t.cmd("run", "--bundle", path, t.new_id("victim"))
        t.ok("delete", "--force", racer)
        outside.unchanged()
        with open("/proc/self/mountinfo") as text:
            t.lacks(text.read(), outside.path)
    check.__name__ = f"race_{kind}"
    check.__module__ = __name__
    test(check, timeout=120)


for _kind in ("onto", "make", "proc", "mask"):
    _race(_kind)


@test
def bind_source_race_is_opened_once(t):
    """The source is what it was when opened, a directory; the target is made to fit."""
    t.write("source/name", "bound\n")
    os.symlink(t.path("source"), t.path("link"))
    t.eq(t.inside(t.config("cat /data/name").bind(t.path("link"), "/data")), "bound\n")
