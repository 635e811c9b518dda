# SPDX-License-Identifier: Apache-2.0
"""Default devices and links, `devices`, device rules, masked and read-only paths."""
import os
import stat

from case import test
import layout

DEFAULT = {"null": "1:3", "zero": "1:5", "full": "1:7", "random": "1:8", "urandom": "1:9", "tty": "5:0"}


@test
def default_devices(t):
    text = t.inside(t.config("for d in null zero full random urandom tty; do stat -c '%n %t:%T %a %F' /dev/$d; done"))
    for line in text.splitlines():
        name, number, mode, kind = line.split(" ", 3)
        major, minor = (int(n, 16) for n in number.split(":"))
        t.eq((f"{major}:{minor}", mode, kind), (DEFAULT[name[5:]], "666", "character special file"), name)


@test
def default_links(t):
    text = t.inside(t.config("for l in fd stdin stdout stderr ptmx; do readlink /dev/$l; done"))
    t.eq(text.split(), ["/proc/self/fd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/self/fd/2", "pts/ptmx"])


@test
def core_link_when_kcore(t):
    t.need(os.path.exists("/proc/kcore"), "no /proc/kcore here")
    t.eq(t.inside(t.config("readlink /dev/core")).strip(), "/proc/kcore")


@test
def devices_work(t):
    text = t.inside(t.config("echo x > /dev/null && head -c 4 /dev/zero | od -An -tx1 && head -c 1 /dev/urandom > /dev/null && "
                             "{ echo x > /dev/full; } 2>&1 | sed 's/.*://'; echo end"))
    t.has(text, "00 00 00 00", "end")


def _device(config, **values):
    config.linux.setdefault("devices", []).append(values)
    return config


@test
def extra_char_device(t):
    config = _device(t.config("stat -c '%t:%T %a %u:%g' /dev/extra"), path="/dev/extra", type="c", major=10, minor=300, fileMode=0o640, uid=5, gid=6)
    t.eq(t.inside(config).strip(), "a:12c 640 5:6")


@test
def extra_block_device(t):
    config = _device(t.config("stat -c '%F %t:%T' /dev/blk"), path="/dev/blk", type="b", major=7, minor=9)
    t.eq(t.inside(config).strip(), "block special file 7:9")


@test
def fifo(t):
    config = _device(t.config("stat -c '%F %a' /dev/pipe"), path="/dev/pipe", type="p", major=0, minor=0, fileMode=0o622)
    t.eq(t.inside(config).strip(), "fifo 622")


@test
def mode_whatever_umask(t):
    config = _device(t.config("stat -c %a /dev/extra"), path="/dev/extra", type="c", major=1, minor=3, fileMode=0o666)
    config.process["user"]["umask"] = 0o077
    t.eq(t.inside(config).strip(), "666")


@test
def mode_whatever_callers_umask(t):
    config = _device(t.config("stat -c %a /dev/extra /dev/null"), path="/dev/extra", type="c", major=1, minor=3, fileMode=0o666)
    t.eq(t.inside(config, preexec=lambda: os.umask(0o077)).split(), ["666", "666"])


@test
def deep_path_made(t):
    config = _device(t.config("stat -c %F /dev/a/b/c"), path="/dev/a/b/c", type="c", major=1, minor=3)
    t.eq(t.inside(config).strip(), "character special file")


@test
def default_device_listed_again(t):
    t.need(t.runtime.kind == "husk", "runc 1.1 forbids it to itself")
    config = _device(t.config("stat -c %t:%T /dev/null"), path="/dev/null", type="c", major=1, minor=3, fileMode=0o666)
    t.eq(t.inside(config).strip(), "1:3")


@test
def bind_dev_of_host(t):
    """With a bind over /dev nothing is made in it, and nothing of it is needed."""
    t.husk_only("runc 1.1 wants /dev/null in it")
    config = t.config("ls /dev")
    os.mkdir(t.path("dev"))
    t.write("dev/marker", "")
    config["mounts"] = [m for m in config.mounts if not m["destination"].startswith("/dev")]
    config.bind(t.path("dev"), "/dev", "rbind")
    config.linux["maskedPaths"] = []
    t.inside(config)
    t.check("marker" in os.listdir(t.path("dev")), "marker")


@test
def rule_denies_by_default(t):
    point, version = layout.controller("devices")
    t.need(point or t.layout == "v2", "no devices controller")
    config = t.config("mknod /tmp/ram b 1 0 && cat /tmp/ram > /dev/null && echo opened").caps(["CAP_MKNOD"])
    config.resources(devices=[{"allow": False, "access": "rwm"}])
    result = t.run(config)
    t.lacks(result.out, "opened")
    t.has(result.err.lower(), "operation not permitted")


@test
def rule_allows(t):
    config = t.config("mknod /tmp/kmsg c 1 11 && head -c 0 /tmp/kmsg && { : < /tmp/kmsg; } && echo opened; { : > /tmp/kmsg; } && echo written")
    config.caps(["CAP_MKNOD", "CAP_SYSLOG", "CAP_DAC_OVERRIDE"])
    config.resources(devices=[{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "minor": 11, "access": "rm"}])
    result = t.run(config)
    t.has(result.out, "opened")
    t.lacks(result.out, "written")


@test
def rules_in_order(t):
    config = t.config("mknod /tmp/k c 1 11 && { : < /tmp/k; } && echo opened").caps(["CAP_MKNOD", "CAP_SYSLOG"])
    config.resources(devices=[{"allow": False, "access": "rwm"}, {"allow": True, "type": "c", "major": 1, "access": "rwm"},
                              {"allow": False, "type": "c", "major": 1, "minor": 11, "access": "r"}])
    t.lacks(t.run(config).out, "opened")


@test
def allow_all(t):
    config = t.config("mknod /tmp/k c 1 11 && { : < /tmp/k; } && echo opened").caps(["CAP_MKNOD", "CAP_SYSLOG"])
    config.resources(devices=[{"allow": True, "access": "rwm"}])
    t.has(t.inside(config), "opened")


@test
def masked_paths(t):
    config = t.config("wc -c < /etc/secret; ls -A /var/secret; stat -c '%t:%T' /etc/secret; touch /var/secret/x && echo wrote")
    config.linux["maskedPaths"] += ["/etc/secret", "/var/secret", "/etc/secret", "/no/such/path"]
    path = t.bundle(config)
    name = os.path.basename(path)
    t.write(name + "/rootfs/etc/secret", "secret")
    t.write(name + "/rootfs/var/secret/inner", "secret")
    config.linux["maskedPaths"].append("/var/secret/inner")
    result = t.run(config, bundle_path=path)
    t.has(result.out, "0\n")
    t.lacks(result.out, "inner", "wrote")
    t.has(result.out, "1:3")


@test
def masked_fifo_not_opened(t):
    config = t.config("echo done")
    config.linux["maskedPaths"] += ["/etc/fifo"]
    config.linux["readonlyPaths"] += ["/etc/fifo2"]
    path = t.bundle(config)
    os.mkfifo(path + "/rootfs/etc/fifo")
    os.mkfifo(path + "/rootfs/etc/fifo2")
    t.eq(t.inside(config, bundle_path=path).strip(), "done")


@test
def masked_kcore(t):
    t.need(os.path.exists("/proc/kcore"), "no /proc/kcore here")
    text = t.inside(t.config("stat -c %t:%T /proc/kcore; ls -A /sys/firmware; mount | grep -c /proc/kcore; true"))
    t.has(text, "1:3")


@test
def readonly_paths(t):
    config = t.config("touch /var/ro/x; echo x > /proc/sys/kernel/domainname; echo x > /etc/rofile; echo end")
    config.linux["readonlyPaths"] += ["/var/ro", "/etc/rofile", "/no/such"]
    path = t.bundle(config)
    os.mkdir(path + "/rootfs/var/ro")
    t.write(os.path.basename(path) + "/rootfs/etc/rofile", "kept")
    result = t.run(config, bundle_path=path)
    t.eq(result.err.lower().count("read-only file system"), 3, f"read-only errors in {result.err}")


@test
def readonly_submounts_keep_flags(t):
    t.husk_only()
    from test_mounts import seen
    config = t.config().mount("/var/x", "tmpfs", options=["noexec", "nosuid"])
    config.linux["readonlyPaths"].append("/var/x")
    options = seen(t, config)["/var/x"][0]
    t.check({"ro", "noexec", "nosuid"} <= options, options)


@test
def existing_node_of_other_type_refused(t):
    t.husk_only()
    config = _device(t.config("true"), path="/etc/node", type="c", major=1, minor=3)
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/etc/node", "file")
    t.not_run(config, "/linux/devices/0", bundle_path=path)


@test
def no_dev_mount_devices_in_rootfs(t):
    config = t.config("echo x > /dev/null; stat -c %t:%T /dev/null")
    config["mounts"] = [m for m in config.mounts if not m["destination"].startswith("/dev")]
    path = t.bundle(config)
    t.eq(t.inside(config, bundle_path=path).strip(), "1:3")
    t.check(stat.S_ISCHR(os.lstat(path + "/rootfs/dev/null").st_mode), "node")


@test
def null_as_a_stream_is_the_containers(t):
    """A standard stream that is /dev/null is on a mount of the container, which CRIU can save; also without pivot_root."""
    where = "id=$(sed -n 's/^mnt_id:[^0-9]*//p' /proc/self/fdinfo/0); grep -c \"^$id \" /proc/self/mountinfo; cat"
    t.eq(t.inside(t.config(where)), "1\n")
    t.husk_only("runc leaves the host's in that case")
    t.eq(t.inside(t.config(where), "--no-pivot"), "1\n")


@test
def null_as_a_stream_stays_without_a_device(t):
    """What is no /dev/null in the rootfs takes no stream's place: a file, a FIFO, a link to one."""
    t.write("dev/secret", "secret")
    os.mkfifo(t.path("dev/fifo"))
    for target in ("secret", "fifo"):
        link = t.path("dev/null")
        if os.path.lexists(link):
            os.unlink(link)
        os.symlink(target, link)
        config = t.config("cat; echo end").bind(t.path("dev"), "/dev", "rbind")
        config.mounts[:] = [m for m in config.mounts if not m["destination"].startswith("/dev") or m["destination"] == "/dev" and m["type"] != "tmpfs"]
        config.linux["maskedPaths"] = []
        t.eq(t.inside(config), "end\n")
