# SPDX-License-Identifier: Apache-2.0
"""Mounts: types, order, mount points made, propagation, sources."""
import os

import syscalls
from case import test


def mountinfo(text):
    """{mount point: (options, optional fields, type, source, super options)}, the last mount wins."""
    table = {}
    for line in text.splitlines():
        if " - " not in line:
            continue
        left, right = line.split(" - ", 1)
        fields, tail = left.split(" "), right.split(" ")
        table[fields[4]] = (set(fields[5].split(",")), fields[6:], tail[0], tail[1], set(tail[2].split(",")))
    return table


def seen(t, config, **kwargs):
    return mountinfo(t.inside(config.sh("cat /proc/self/mountinfo"), **kwargs))


@test
def default_set(t):
    table = seen(t, t.config())
    t.eq(table["/proc"][2], "proc")
    t.eq(table["/dev"][2], "tmpfs")
    t.eq(table["/dev/pts"][2], "devpts")
    t.eq(table["/sys"][2], "sysfs")
    t.check("ro" in table["/sys"][0], table["/sys"])
    t.check({"nosuid", "nodev", "noexec"} <= table["/proc"][0], table["/proc"])


@test
def root_propagation_is_private_or_slave(t):
    table = seen(t, t.config())
    t.check(not any(f.startswith("shared") for f in table["/"][1]), table["/"])


@test
def order_is_kept(t):
    config = t.config("cat /mnt/x/name; ls /mnt")
    config.mount("/mnt", "tmpfs").bind(_dir(t, "one"), "/mnt/x")
    t.eq(t.inside(config).split(), ["one", "x"])


@test
def later_mount_hides(t):
    config = t.config("ls /mnt")
    config.bind(_dir(t, "one"), "/mnt").mount("/mnt", "tmpfs")
    t.eq(t.inside(config).strip(), "")


def _dir(t, name):
    """A directory with a file `name` that says its name."""
    t.write(f"{name}/name", name + "\n")
    return t.path(name)


@test
def bind_directory(t):
    t.eq(t.inside(t.config("cat /data/name").bind(_dir(t, "one"), "/data")).strip(), "one")


@test
def bind_file_made(t):
    config = t.config("cat /etc/thing; stat -c %F /etc/thing").bind(t.write("thing", "hello\n"), "/etc/thing")
    t.eq(t.inside(config), "hello\nregular file\n")


@test
def bind_deep_target_made(t):
    t.eq(t.inside(t.config("cat /a/b/c/d/name").bind(_dir(t, "one"), "/a/b/c/d")).strip(), "one")


@test
def bind_relative_source(t):
    config = t.config("cat /data/name").bind("data", "/data")
    path = t.bundle(config)
    os.mkdir(path + "/data")
    t.write(os.path.basename(path) + "/data/name", "relative\n")
    t.eq(t.inside(config, bundle_path=path).strip(), "relative")


@test
def bind_type_none(t):
    config = t.config("cat /data/name").mount("/data", "none", _dir(t, "one"), ["bind"])
    t.eq(t.inside(config).strip(), "one")


@test
def bind_with_tmpfs_options(t):
    config = t.config("cat /data/name").bind(_dir(t, "one"), "/data", "bind", "size=64k", "mode=755")
    t.need(t.runtime.kind == "husk", "runc passes the data to the kernel")
    t.eq(t.inside(config).strip(), "one")


@test
def bind_source_missing(t):
    result = t.refused(t.config().bind(t.path("missing"), "/data"), "no such file or directory")
    if t.runtime.kind == "husk":
        t.has(result.err, "/mounts/5", t.path("missing"), "bind source")


@test
def bind_ro(t):
    result = t.run(t.config("touch /data/x").bind(_dir(t, "one"), "/data", "bind", "ro"))
    t.check(result.rc != 0, "wrote to a read-only bind")
    t.has(result.err.lower(), "read-only file system")


@test
def bind_is_not_recursive_rbind_is(t):
    inner = t.path("one", "inner")
    _dir(t, "one")
    t.mount("tmpfs", inner, "tmpfs")
    open(inner + "/deep", "w").close()
    t.eq(t.inside(t.config("ls /data/inner").bind(t.path("one"), "/data", "bind")).strip(), "")
    t.eq(t.inside(t.config("ls /data/inner").bind(t.path("one"), "/data", "rbind")).strip(), "deep")
    syscalls.umount(inner)


@test
def ro_bind_of_tree_leaves_submounts_rro_does_not(t):
    t.husk_only("rro needs runc 1.1 with kernel support; compared elsewhere")
    _dir(t, "one")
    inner = t.path("one", "inner")
    t.mount("tmpfs", inner, "tmpfs")
    t.eq(t.inside(t.config("touch /data/inner/x && echo wrote").bind(t.path("one"), "/data", "rbind", "ro")).strip(), "wrote")
    result = t.run(t.config("touch /data/inner/y && echo wrote").bind(t.path("one"), "/data", "rbind", "rro"))
    t.lacks(result.out, "wrote")
    t.has(result.err.lower(), "read-only")
    syscalls.umount(inner)


@test
def bind_keeps_locked_flags_of_source(t):
    _dir(t, "one")
    source = t.path("nodev")
    t.mount("tmpfs", source, "tmpfs", syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    table = seen(t, t.config().bind(source, "/data", "bind"))
    t.check({"nodev", "noexec"} <= table["/data"][0], table["/data"])
    syscalls.umount(source)


@test
def propagation_options(t):
    for word, want in (("rshared", "shared"), ("rslave", "master"), ("rprivate", "")):
        source = t.path("src-" + word)
        t.mount("tmpfs", source, "tmpfs")
        syscalls.mount("none", source, None, syscalls.MS_SHARED)
        fields = seen(t, t.config().bind(source, "/data", "rbind", word))["/data"][1]
        t.check(any(f.startswith(want) for f in fields) if want else not fields, f"{word}: {fields}")
        syscalls.umount(source)


@test
def slave_mount_receives(t):
    source = t.path("src")
    t.mount("tmpfs", source, "tmpfs")
    syscalls.mount("none", source, None, syscalls.MS_SHARED)
    os.mkdir(source + "/late")
    config = t.config().bind(source, "/data", "rbind", "rslave")
    container = t.sleeper(config, "while ! [ -e /data/late/here ]; do usleep 20000; done")
    syscalls.mount("tmpfs", source + "/late", "tmpfs")
    open(source + "/late/here", "w").close()
    t.wait_status(container, "stopped")
    t.gone(container)
    syscalls.umount(source + "/late")
    syscalls.umount(source)


@test
def tmpfs_options(t):
    table = seen(t, t.config().mount("/scratch", "tmpfs", options=["size=64k", "mode=1770", "noexec", "nr_inodes=50"]))
    t.check({"size=64k", "mode=1770", "nr_inodes=50"} <= table["/scratch"][4], table["/scratch"])
    t.check("noexec" in table["/scratch"][0], table["/scratch"])


@test
def tmpfs_keeps_mode_of_mount_point(t):
    config = t.config("stat -c %a /scratch").mount("/scratch", "tmpfs")
    path = t.bundle(config)
    os.mkdir(path + "/rootfs/scratch")
    os.chmod(path + "/rootfs/scratch", 0o1777)
    t.eq(t.inside(config, bundle_path=path).strip(), "1777")


@test
def tmpcopyup(t):
    config = t.config("cat /var/kept/name; stat -c %a /var/kept/name; echo more > /var/kept/new; ls /var/kept; readlink /var/kept/link")
    config.mount("/var/kept", "tmpfs", options=["tmpcopyup", "size=1m"])
    path = t.bundle(config)
    os.makedirs(path + "/rootfs/var/kept/sub")
    name = os.path.basename(path)
    t.write(name + "/rootfs/var/kept/name", "copied\n", 0o640)
    os.symlink("name", path + "/rootfs/var/kept/link")
    t.eq(t.inside(config, bundle_path=path).split(), ["copied", "640", "link", "name", "new", "sub", "name"])
    t.check(not os.path.exists(path + "/rootfs/var/kept/new"), "tmpcopyup wrote to the rootfs")


@test
def mqueue(t):
    t.eq(seen(t, t.config().mount("/dev/mqueue", "mqueue", options=["nosuid", "noexec", "nodev"]))["/dev/mqueue"][2], "mqueue")


@test
def cgroup_mount(t):
    config = t.config("ls /sys/fs/cgroup; cat /proc/self/mountinfo").namespace("cgroup")
    config.mount("/sys/fs/cgroup", "cgroup", options=["ro", "nosuid", "noexec", "nodev"])
    text = t.inside(config)
    if t.layout == "v2":
        t.has(text, "cgroup.procs")
    else:
        t.has(text, "memory", "pids", "freezer")
    points = [p for p in mountinfo(text) if p.startswith("/sys/fs/cgroup")]
    for point in points if t.runtime.kind == "husk" else []:
        t.check("ro" in mountinfo(text)[point][0] | mountinfo(text)[point][4], f"{point} is not read-only")


@test
def cgroup_mount_without_namespace(t):
    config = t.config("cat /sys/fs/cgroup/cgroup.procs /sys/fs/cgroup/pids/cgroup.procs 2>/dev/null; cat /proc/self/mountinfo")
    config.mount("/sys/fs/cgroup", "cgroup", options=["ro", "nosuid", "noexec", "nodev"])
    text = t.inside(config)
    # on v2 it is the whole tree, as the view of the host's cgroup namespace
    if t.layout != "v2":
        t.has(text, "1\n")


@test
def cgroup_read_only_by_default_in_sys(t):
    """CVE-2023-25809: the host's cgroups must not be writable through /sys."""
    config = t.config("mkdir /sys/fs/cgroup/husk-escape /sys/fs/cgroup/pids/husk-escape && echo made")
    config.mount("/sys/fs/cgroup", "cgroup", options=["nosuid", "noexec", "nodev", "relatime", "ro"])
    t.lacks(t.run(config).out, "made")


@test
def proc_over_populated_directory(t):
    config = t.config("cat /proc/1/comm")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/proc/secret", "x")
    t.check(t.inside(config, bundle_path=path).strip() in ("sh", "cat"), "proc")


@test
def destination_relative(t):
    """An old habit: taken as absolute (config.md 1.0 to 1.2), with a warning."""
    t.eq(t.inside(t.config("cat /data/name").bind(_dir(t, "one"), "data")).strip(), "one")


@test
def destination_dotdot_stays_inside(t):
    config = t.config("ls /").bind(_dir(t, "one"), "/../../../escape")
    t.has(t.inside(config), "escape")
    t.check(not os.path.exists("/escape"), "a mount point outside the rootfs was made")


@test
def unknown_type_refused(t):
    result = t.not_run(t.config().mount("/data", "no-such-fs"), "no such device")
    if t.runtime.kind == "husk":
        t.has(result.err, "/mounts/5", "/data")


@test
def unknown_option_refused(t):
    t.not_run(t.config().mount("/data", "tmpfs", options=["no-such-option=1"]))


@test
def made_directory_modes(t):
    t.eq(t.inside(t.config("stat -c %a /made /made/dir").bind(_dir(t, "one"), "/made/dir/target")).split(), ["755", "755"])


@test
def host_mounts_unchanged_by_failure(t):
    with open("/proc/self/mountinfo") as text:
        before = text.read()
    t.not_run(t.config().bind(_dir(t, "one"), "/data").mount("/data2", "no-such-fs"))
    with open("/proc/self/mountinfo") as text:
        t.eq(text.read(), before, "mountinfo")


@test
def many_mounts(t):
    config = t.config("grep -c ' /many/' /proc/self/mountinfo")
    source = _dir(t, "one")
    for i in range(200):
        config.bind(source, f"/many/{i}", "bind", "ro")
    t.eq(t.inside(config).strip(), "200")


@test
def cannot_see_old_root(t):
    text = t.inside(t.config("cat /proc/self/mountinfo; ls -a /"))
    t.lacks(text, ".pivot", "oldroot", ".old")
    t.check("/" in mountinfo(text) and len([l for l in text.splitlines() if " - " in l]) <= 20, text)


@test
def overlay_of_many_layers(t):
    """Options that fsconfig(2) takes in no piece: Podman's images as mounts, with the storage in somebody's home."""
    with open("/proc/filesystems") as text:
        t.need("\toverlay\n" in text.read(), "no overlay in this kernel")
    long = "x" * 100
    layers = [_dir(t, f"layer{i}-{long}") for i in range(6)]
    t.write(f"layer5-{long}/lowest", "lowest\n")
    config = t.config("cat /mnt/name /mnt/lowest; grep -c ^overlay /proc/mounts; touch /mnt/new 2>/dev/null || echo ro")
    config.mount("/mnt", "overlay", "overlay", ["lowerdir=" + ":".join(layers), "nosuid", "ro"])
    t.eq(t.inside(config).split(), [f"layer0-{long}", "lowest", "1", "ro"])
    table = seen(t, config)
    t.check({"ro", "nosuid"} <= table["/mnt"][0], table["/mnt"])
