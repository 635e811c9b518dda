# SPDX-License-Identifier: Apache-2.0
"""User namespaces: id maps, devices by bind, mounts, owners; joined by path."""
import os

from case import test
from test_process import values

HOST = 100000


def config(t, *script):
    return t.config(*script).user_namespace(host=HOST)


@test
def maps_written(t):
    text = t.inside(config(t, "cat /proc/self/uid_map /proc/self/gid_map"), bundle_path=t.bundle(config(t), owner=HOST))
    rows = [line.split() for line in text.splitlines()]
    t.eq(rows, [["0", str(HOST), "65536"]] * 2)


def _inside(t, c):
    return t.inside(c, bundle_path=t.bundle(c, owner=HOST))


@test
def ids_inside(t):
    have = values(_inside(t, config(t, "probe", "ids")))
    t.eq((have["uid"], have["gid"], have["groups"]), ("0,0,0", "0,0,0", ""))


@test
def many_extents(t):
    c = config(t, "wc -l < /proc/self/uid_map")
    c.linux["uidMappings"] = [{"containerID": i, "hostID": HOST + i, "size": 1} for i in range(200)]
    t.eq(_inside(t, c).strip(), "200")


@test
def files_owned_by_mapped_root(t):
    t.eq(_inside(t, config(t, "stat -c %u:%g /etc")).strip(), "0:0")


@test
def init_runs_as_mapped_user(t):
    c = config(t, "sleep 1000")
    container = t.sleeper(c, None, bundle_path=t.bundle(c, owner=HOST))
    with open(f"/proc/{t.pid(container)}/status") as text:
        t.has(text.read(), f"Uid:\t{HOST}\t")
    t.finish(container)


@test
def devices_are_bound(t):
    text = _inside(t, config(t, "echo x > /dev/null && stat -c %t:%T /dev/null && head -c 2 /dev/zero | wc -c"))
    t.eq(text.split(), ["1:3", "2"])


@test
def additional_groups(t):
    c = config(t, "probe", "ids")
    c.process["user"] = {"uid": 5, "gid": 6, "additionalGids": [7]}
    have = values(_inside(t, c))
    t.eq((have["uid"], have["groups"]), ("5,5,5", "7"))


@test
def capabilities_inside(t):
    have = values(_inside(t, config(t, "probe", "caps").caps(["CAP_CHOWN", "CAP_KILL"])))
    t.eq(int(have["CapBnd"], 16), 0b100001)


@test
def map_missing_refused(t):
    c = config(t, "true")
    del c.linux["uidMappings"]
    result = t.refused(c)
    if t.runtime.kind == "husk":
        t.has(result.err, "uidMappings")


@test
def map_without_namespace_refused(t):
    t.need(t.runtime.kind == "husk", "runc does not ask")
    c = config(t, "true").namespace("user", drop=True)
    t.refused(c)


@test
def bind_source_unreachable_by_mapped_user(t):
    t.write("closed/dir/file", "hello")
    os.chmod(t.path("closed"), 0o700)
    c = config(t, "cat /data/file").bind(t.path("closed", "dir"), "/data")
    t.eq(_inside(t, c), "hello")


@test
def rootfs_unreachable_by_mapped_user(t):
    t.need(t.runtime.kind == "husk", "runc needs a path")
    c = config(t, "echo ran")
    path = t.bundle(c, owner=HOST)
    os.chmod(t.dir, 0o700)
    t.eq(t.inside(c, bundle_path=path).strip(), "ran")


@test
def joined(t):
    t.need(t.runtime.kind == "husk", "runc 1.1 wants maps too")
    c = config(t, "sleep 1000")
    t.cgroup_of(c, "a")
    holder = t.sleeper(c, None, bundle_path=t.bundle(c, owner=HOST))
    pid = t.pid(holder)
    second = t.config("readlink /proc/self/ns/user; echo x > /dev/null; id -u").namespace("user", f"/proc/{pid}/ns/user")
    t.cgroup_of(second, "b")
    text = _inside(t, second)
    t.eq(text.split(), [os.readlink(f"/proc/{pid}/ns/user"), "0"])
    t.finish(holder)


@test
def joined_with_all_the_others(t):
    t.need(t.runtime.kind == "husk", "runc 1.1 wants maps too")
    c = config(t, "sleep 1000")
    t.cgroup_of(c, "a")
    holder = t.sleeper(c, None, bundle_path=t.bundle(c, owner=HOST))
    pid = t.pid(holder)
    second = t.config("for n in user net ipc uts pid; do readlink /proc/self/ns/$n; done")
    del second["hostname"]
    t.cgroup_of(second, "b")
    for kind, name in (("user", "user"), ("network", "net"), ("ipc", "ipc"), ("uts", "uts"), ("pid", "pid")):
        second.namespace(kind, f"/proc/{pid}/ns/{name}")
    text = _inside(t, second)
    t.eq(text.split(), [os.readlink(f"/proc/{pid}/ns/{n}") for n in ("user", "net", "ipc", "uts", "pid")])
    t.finish(holder)


@test
def sysfs_and_proc(t):
    text = _inside(t, config(t, "cat /proc/self/status | head -1; ls /sys | wc -l"))
    t.check(int(text.split()[-1]) > 3, text)


@test
def sysctl_of_the_domain_name(t):
    """Docker gives the domain name so; its file belongs to the host's root."""
    c = config(t, "cat /proc/sys/kernel/domainname")
    c.linux["sysctl"] = {"kernel.domainname": "test.example"}
    t.need(t.runtime.kind == "husk", "runc 1.1 writes the file, which it may not")
    t.eq(t.inside(c).strip(), "test.example")


@test
def hostile_map_values_refused(t):
    for bad in ({"containerID": 0, "hostID": HOST, "size": 0}, {"containerID": 0, "hostID": HOST, "size": 4294967296}):
        c = config(t, "true")
        c.linux["uidMappings"] = [bad]
        container = t.new_id()
        t.fails("create", "--bundle", t.bundle(c, owner=HOST), container)
        t.no_record(container)


@test
def exec_inside(t):
    c = config(t, "sleep 1000")
    container = t.sleeper(c, None, bundle_path=t.bundle(c, owner=HOST))
    have = t.exec(container, "sh", "-c", "cat /proc/self/uid_map; id -u")
    t.eq(have.out.split(), ["0", str(HOST), "65536", "0"])
    t.finish(container)


@test
def all_namespaces_of_another_joined(t):
    """What shows a namespace is mounted anew: nothing of the host's is needed, or stands in for it."""
    c = config(t, "sleep 1000").namespace("ipc").namespace("network").namespace("pid").namespace("uts")
    other = t.sleeper(c, None, bundle_path=t.bundle(c, owner=HOST))
    c = config(t, "ls /dev/mqueue; stat -f -c %t /dev/mqueue; ls -d /proc/[0-9]* | wc -l; cat /proc/1/comm; ls /sys/class/net")
    t.cgroup_of(c, "second")
    for kind, name in (("user", "user"), ("ipc", "ipc"), ("network", "net"), ("pid", "pid"), ("uts", "uts")):
        c.namespace(kind, path=f"/proc/{t.pid(other)}/ns/{name}")
    c["mounts"] = [m for m in c.mounts if m["destination"] not in ("/dev/mqueue", "/sys")]
    c.mount("/dev/mqueue", "mqueue", "mqueue").mount("/sys", "sysfs", "sysfs", ["ro"])
    for kind in ("uidMappings", "gidMappings"):
        c.linux[kind] = []
    lines = _inside(t, c).split()
    t.eq(lines[0], "19800202", "type of /dev/mqueue")
    t.check(int(lines[1]) < 10, f"{lines[1]} processes: not the container's")
    t.eq(lines[2:], ["sleep", "lo"])
    t.finish(other)


@test
def proc_of_a_joined_pid_namespace_of_others_refused(t):
    """The host's /proc must not stand in for that of another PID namespace."""
    t.husk_only("words differ")
    other = t.sleeper(t.config("sleep 1000"), None)
    c = config(t, "ls /proc").namespace("pid", path=f"/proc/{t.pid(other)}/ns/pid")
    t.cgroup_of(c, "second")
    t.refused(c, "/mounts/0", "operation not permitted", bundle_path=t.bundle(c, owner=HOST))
    t.finish(other)


@test
def listed_devices_are_made(t):
    """Number, mode and owner as asked for, of devices that the host's /dev has not; they can be opened, and not more than
    the rules allow."""
    t.husk_only("others bind the host's node")
    c = config(t, "stat -c '%n %F %t:%T %a %u:%g' /dev/mine /dev/blk /dev/a/b; head -c 3 /dev/mine | wc -c; echo x >/dev/a/b; "
                  "cat /dev/none 2>&1; mknod /dev/more c 1 5 2>&1; true")
    c.linux["devices"] = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "fileMode": 0o604, "uid": 5, "gid": 6},
                          {"path": "/dev/blk", "type": "b", "major": 7, "minor": 300, "fileMode": 0o640},
                          {"path": "/dev/a/b", "type": "u", "major": 1, "minor": 3},
                          {"path": "/dev/none", "type": "c", "major": 1, "minor": 2}]
    lines = _inside(t, c).splitlines()
    t.eq(lines[:3], ["/dev/mine character special file 1:5 604 5:6", "/dev/blk block special file 7:12c 640 0:0",
                     "/dev/a/b character special file 1:3 666 0:0"])
    t.eq(lines[3].strip(), "3", "bytes of /dev/mine")
    t.has(lines[4], "not permitted", what="a device that no rule allows")
    t.has(lines[5], "not permitted", what="mknod in the container")


@test
def owner_of_a_device_must_be_mapped(t):
    t.husk_only("others bind the host's node")
    c = config(t, "true")
    c.linux["devices"] = [{"path": "/dev/mine", "type": "c", "major": 1, "minor": 5, "uid": 70000}]
    t.refused(c, "/linux/devices/0", "70000", "not mapped", bundle_path=t.bundle(c, owner=HOST))
