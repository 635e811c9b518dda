# SPDX-License-Identifier: Apache-2.0
"""Docker: the options of `docker run`, as the container sees them."""
import json
import os

import docker
from docker import running, sh
from suite import test

import layout

WEIGHT = 8


def start(place):
    return docker.Docker(place)


def value(controller, ident, file, parent="/docker"):
    top, _ = layout.controller(controller)
    if not top:
        return None
    path = f"{top}{parent}/{ident}/{file}"
    if not os.path.exists(path):
        return None
    with open(path) as text:
        return text.read().strip()


@test
def init(t):
    out = sh(t, "ps -o pid,args", "--init").out
    t.has(out, "1 /sbin/docker-init -- sh -c")
    sh(t, "exit 5", "--init", rc=5)


@test
def read_only(t):
    r = sh(t, "echo x > /tmp/y; touch /z; echo a > /rw/b && cat /rw/b", "--read-only", "--tmpfs", "/rw:size=1m,mode=1777")
    t.has(r.err, "Read-only file system")
    t.eq(r.out, "a\n")


@test
def tmpfs(t):
    out = sh(t, "grep ' /x ' /proc/mounts; stat -c %a /x", "--tmpfs", "/x:rw,noexec,size=2m,mode=1770").out
    t.has(out, "tmpfs", "noexec", "size=2048k", "1770")


@test
def volumes(t):
    directory = t.place.file("volume")
    os.makedirs(directory)
    with open(os.path.join(directory, "file"), "w") as text:
        text.write("host")
    t.eq(sh(t, "cat /v/file; echo new > /v/out", "-v", f"{directory}:/v").out, "host")
    with open(os.path.join(directory, "out")) as text:
        t.eq(text.read(), "new\n")
    t.has(sh(t, "echo x > /v/file", "-v", f"{directory}:/v:ro", rc=1).err, "Read-only file system")
    t.eq(sh(t, "cat /v/one", "-v", f"{directory}/file:/v/one:ro").out, "host")
    t.has(sh(t, "grep ' /v ' /proc/self/mountinfo", "--mount", f"type=bind,src={directory},dst=/v,bind-propagation=rprivate").out, "/v")


@test
def shared_volume(t):
    directory = t.place.file("shared")
    os.makedirs(directory + "/sub")
    from syscalls import MS_BIND, MS_SHARED, mount, umount
    mount(directory, directory, None, MS_BIND)
    mount("none", directory, None, MS_SHARED)
    try:
        running(t, "--name", "aa", "-v", f"{directory}:/v:rshared", "--privileged")
        t.has(t.out("exec", "aa", "grep", " /v ", "/proc/self/mountinfo"), "shared:")
        t.cmd("exec", "--privileged", "aa", "mount", "-t", "tmpfs", "inside", "/v/sub")
        t.check(any("inside" in line for line in open("/proc/self/mounts")), "the mount is seen outside")
        umount(directory + "/sub")
        t.cmd("rm", "-f", "aa")
    finally:
        umount(directory)


@test
def named_volume(t):
    t.cmd("volume", "create", "vol")
    sh(t, "echo kept > /v/f; chown 1000 /v/f", "-v", "vol:/v")
    t.eq(sh(t, "cat /v/f; stat -c %u /v/f", "-v", "vol:/v", "--user", "1000").out, "kept\n1000\n")
    t.eq(sh(t, "ls /etc2", "-v", "anon:/etc2").out, "")
    t.cmd("volume", "rm", "vol", "anon")


@test
def users(t):
    t.eq(sh(t, "id", "--user", "user").out, "uid=1000(user) gid=1000(user) groups=1000(user),2000(extra)\n")
    t.eq(sh(t, "id", "--user", "7:8").out, "uid=7 gid=8 groups=8\n")
    t.has(sh(t, "id", "--user", "user", "--group-add", "44", "--group-add", "extra").out, "44", "2000(extra)")
    t.eq(sh(t, "echo $HOME", "--user", "user").out, "/home\n")
    t.has(sh(t, "id", "--user", "nobody-of-this-name", rc=None).err, "unable to find user")


@test
def capabilities(t):
    show = "grep Cap /proc/self/status"
    out = sh(t, show, "--cap-drop", "ALL", "--cap-add", "CHOWN").out
    t.eq([line.split()[1].lstrip("0") or "0" for line in out.splitlines()], ["0", "1", "1", "1", "0"], "sets")
    t.eq(sh(t, "chown 5 /tmp 2>&1 && echo done", "--cap-drop", "CHOWN", rc=1).out.count("done"), 0)
    t.has(sh(t, show, "--user", "1000").out, "CapEff:\t0000000000000000")
    out = sh(t, show, "--cap-add", "ALL").out
    t.check(int(out.splitlines()[2].split()[1], 16).bit_count() > 30, f"--cap-add ALL: {out}")


@test
def privileged(t):
    r = sh(t, "grep CapEff /proc/self/status; ls /dev | wc -l; mount -t tmpfs x /mnt && echo mounted", "--privileged")
    t.eq(r.err, "", "standard error of the container")
    t.check(int(r.out.splitlines()[0].split()[1], 16).bit_count() > 30, r.out)
    t.has(r.out, "mounted")
    t.eq(sh(t, "grep -c Seccomp:.0 /proc/self/status", "--privileged").out, "1\n")


@test
def seccomp(t):
    t.has(sh(t, "grep Seccomp: /proc/self/status").out, "2")
    t.has(sh(t, "grep Seccomp: /proc/self/status", "--security-opt", "seccomp=unconfined").out, "0")
    profile = t.place.file("profile.json")
    with open(profile, "w") as text:
        json.dump({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"],
                   "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 95}]}, text)
    t.has(sh(t, "mkdir /x", "--security-opt", f"seccomp={profile}", rc=1).err, "not supported")
    t.has(sh(t, "unshare -m true", rc=1).err, "not permitted")


@test
def no_new_privileges(t):
    t.has(sh(t, "grep NoNewPrivs /proc/self/status", "--security-opt", "no-new-privileges").out, "1")
    t.has(sh(t, "grep NoNewPrivs /proc/self/status").out, "0")


@test
def namespaces_of_the_host(t):
    for flag, name in (("--pid", "pid"), ("--ipc", "ipc"), ("--uts", "uts"), ("--network", "net")):
        t.eq(sh(t, f"readlink /proc/self/ns/{name}", flag, "host").out.strip(), os.readlink(f"/proc/self/ns/{name}"), name)
        t.check(sh(t, f"readlink /proc/self/ns/{name}").out.strip() != os.readlink(f"/proc/self/ns/{name}"), f"own {name}")
    t.eq(sh(t, "readlink /proc/self/ns/user", "--userns", "host").out.strip(), os.readlink("/proc/self/ns/user"))


@test
def namespaces_of_a_container(t):
    running(t, "--name", "aa", "--ipc", "shareable")
    for flag, name in (("--pid", "pid"), ("--ipc", "ipc"), ("--network", "net")):
        theirs = t.out("exec", "aa", "readlink", f"/proc/self/ns/{name}")
        t.eq(sh(t, f"readlink /proc/self/ns/{name}", flag, "container:aa").out.strip(), theirs, name)
    t.has(sh(t, "ps", "--pid", "container:aa").out, "sleep 1000")


@test
def networks(t):
    t.eq(sh(t, "ls /sys/class/net", "--network", "none").out, "lo\n")
    t.has(sh(t, "ls /sys/class/net").out, "eth0")
    running(t, "--name", "aa", command=("sh", "-c", "while :; do echo from-aa | nc -l -p 99; done"))
    address = t.engine.inspect("aa")["NetworkSettings"]["IPAddress"]
    t.until(lambda: "from-aa" in sh(t, f"nc -w 2 {address} 99 </dev/null", rc=None).out, "a connection over the bridge")
    t.cmd("network", "create", "own")
    t.has(sh(t, "cat /etc/hosts; hostname", "--network", "own", "--hostname", "named", "--add-host", "h:1.2.3.4").out, "1.2.3.4", "named")
    t.cmd("network", "rm", "own")


@test
def ports(t):
    running(t, "--name", "aa", "-p", "127.0.0.1:8099:99", command=("sh", "-c", "while :; do echo from-aa | nc -l -p 99; done"))
    import socket

    def talk():
        with socket.create_connection(("127.0.0.1", 8099), 2) as s:
            return s.recv(100)
    t.until(lambda: b"from-aa" in talk(), "a published port", 5)


@test
def cgroup_parent(t):
    ident = running(t, "--name", "aa", "--cgroup-parent", "/docker/own-parent")
    t.check(value("pids", ident, "pids.max", "/docker/own-parent") or value("memory", ident, "cgroup.procs", "/docker/own-parent"),
            "no cgroup there")
    t.cmd("rm", "-f", "aa")
    for top in layout.hierarchies():
        try:
            os.rmdir(f"{top}/docker/own-parent")
        except FileNotFoundError:
            pass


@test
def cgroup_namespace(t):
    t.eq({line.split(":", 2)[2] for line in sh(t, "cat /proc/self/cgroup", "--cgroupns", "private").out.splitlines()}, {"/"})
    t.has(sh(t, "cat /proc/self/cgroup", "--cgroupns", "host").out, "/docker/")
    t.has(sh(t, "ls /sys/fs/cgroup; cat /sys/fs/cgroup/pids/cgroup.procs", "--cgroupns", "private", rc=None).out, "1\n")


@test
def devices(t):
    t.eq(sh(t, "stat -c %t:%T /dev/zero0", "--device", "/dev/zero:/dev/zero0").out, "1:5\n")
    t.has(sh(t, "head -c 1 /dev/zero0 | wc -c; echo x > /dev/zero0", "--device", "/dev/zero:/dev/zero0:r", rc=None).out, "1")
    path = next((p for p in ("/dev/loop-control", "/dev/net/tun", "/dev/fuse", "/dev/hpet") if os.path.exists(p)), None)
    t.need(path, "no device to try")
    number = os.stat(path).st_rdev
    node = f"mknod /tmp/node c {os.major(number)} {os.minor(number)} && : < /tmp/node && echo open"
    t.has(sh(t, node, rc=1).err, "not permitted")
    t.eq(sh(t, node, "--device-cgroup-rule", f"c {os.major(number)}:{os.minor(number)} rm").out, "open\n")


@test
def limits(t):
    t.eq(sh(t, "ulimit -n; ulimit -Hn", "--ulimit", "nofile=100:200").out, "100\n200\n")
    t.eq(sh(t, "cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax", "--sysctl", "net.ipv4.ip_forward=0",
            "--sysctl", "kernel.msgmax=9000").out, "0\n9000\n")
    t.eq(sh(t, "cat /proc/self/oom_score_adj", "--oom-score-adj", "500").out, "500\n")
    t.has(sh(t, "df -k /dev/shm", "--shm-size", "5m").out, "5120")


@test
def resources(t):
    ident = running(t, "--memory", "64m", "--memory-swap", "64m", "--memory-reservation", "32m", "--cpus", "0.5", "--cpu-shares", "512",
                    "--pids-limit", "20", "--cpuset-cpus", "0", "--blkio-weight", "300", "--memory-swappiness", "0")
    wants = {("memory", "memory.limit_in_bytes"): str(64 << 20), ("memory", "memory.soft_limit_in_bytes"): str(32 << 20),
             ("cpu", "cpu.cfs_quota_us"): "50000", ("cpu", "cpu.shares"): "512", ("pids", "pids.max"): "20", ("cpuset", "cpuset.cpus"): "0"}
    seen = 0
    for (controller, file), want in wants.items():
        have = value(controller, ident, file)
        if have is not None:
            t.eq(have, want, file)
            seen += 1
    t.need(seen, "no controller of cgroup v1 here")


@test
def pids_limit_holds(t):
    r = sh(t, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done; echo all", "--pids-limit", "5", rc=None)
    t.lacks(r.out, "all")


@test
def work_dir_and_environment(t):
    t.eq(sh(t, "pwd; echo $A; echo $B", "-w", "/made/by/docker", "-e", "A=1", "--env", "B=two words").out, "/made/by/docker\n1\ntwo words\n")
    t.eq(t.out("run", "--rm", "--entrypoint", "echo", "bb", "entry"), "entry")


@test
def masked_paths(t):
    t.eq(sh(t, "cat /proc/kcore | wc -c; ls /proc/acpi 2>/dev/null | wc -l").out, "0\n0\n")
    t.has(sh(t, "echo 1 > /proc/sys/kernel/panic", rc=1).err, "Read-only file system")


@test
def labels_and_log_driver(t):
    running(t, "--name", "aa", "--label", "x=y", "--log-driver", "local", command=("echo", "text"))
    t.until(lambda: t.out("logs", "aa") == "text", "logs of the local driver")
    t.eq(t.out("ps", "-aq", "--filter", "label=x=y", "--format", "{{.Names}}"), "aa")


@test
def runc_by_name(t):
    """The runtime that Docker calls runc is whatever has this name in PATH."""
    t.eq(t.out("run", "--rm", "--runtime", "runc", "bb", "echo", "default"), "default")
