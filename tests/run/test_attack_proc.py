# SPDX-License-Identifier: Apache-2.0
"""Tricks with /proc and masks, leaked descriptors, the runtime's own program, injected groups and environment."""
import hashlib
import os
import stat

from case import test, wait_until
from test_process import values

# Only read here, and told apart from any other file: where an attack would work, the machine stays as it is.
SECRET = "/proc/sys/kernel/random/boot_id"
CANARY = "/proc/sys/kernel/core_pattern"


def canary():
    with open(CANARY) as text:
        return text.read()


def _dev_volume(t, config):
    """A bind over /dev whose contents the test decides."""
    os.makedirs(t.path("dev"), exist_ok=True)
    config["mounts"] = [m for m in config.mounts if not m["destination"].startswith("/dev")]
    config.bind(t.path("dev"), "/dev", "rbind")
    return config


@test
def mask_with_null_that_is_a_link(t):
    """CVE-2025-31133: /dev/null leads to a file of procfs; masking with it would hand that out."""
    config = _dev_volume(t, t.config("cat /etc/secret"))
    os.symlink(SECRET, t.path("dev", "null"))
    config.linux["maskedPaths"] = ["/etc/secret"]
    config.linux["readonlyPaths"] = []
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/etc/secret", "secret-content")
    with open(SECRET) as text:
        t.lacks(t.run(config, bundle_path=path).out, text.read().strip(), "secret-content")


@test
def mask_with_null_missing(t):
    config = _dev_volume(t, t.config("cat /etc/secret"))
    config.linux["maskedPaths"] = ["/etc/secret"]
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/etc/secret", "secret-content")
    result = t.run(config, bundle_path=path)
    t.lacks(result.out, "secret-content")


@test
def mask_with_null_that_is_another_device(t):
    config = _dev_volume(t, t.config("head -c 4 /etc/secret | od -An -tx1"))
    os.mknod(t.path("dev", "null"), 0o666 | stat.S_IFCHR, os.makedev(1, 5))
    config.linux["maskedPaths"] = ["/etc/secret"]
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/etc/secret", "secret-content")
    result = t.run(config, bundle_path=path)
    t.lacks(result.out, "73 65 63 72", "00 00 00 00")


@test
def volume_over_proc_refused(t):
    t.write("fake/self/attr/exec", "")
    t.not_run(t.config("true").bind(t.path("fake"), "/proc"))


def _below_proc(path):
    def check(t):
        before = canary()
        t.write("fake/file", "")
        t.not_run(t.config("true").bind(t.path("fake"), path))
        t.eq(canary(), before)
    check.__name__ = "volume_over" + path.replace("/", "_")
    check.__module__ = __name__
    test(check)


for _path in ("/proc/self/attr", "/proc/sys", "/proc/1", "/proc/self", "/proc/thread-self"):
    _below_proc(_path)


@test
def volume_over_proc_through_link(t):
    t.write("fake/file", "")
    config = t.config("true").bind(t.path("fake"), "/sneaky/sys")
    path = t.bundle(config)
    os.symlink("/proc", path + "/rootfs/sneaky")
    t.not_run(config, bundle_path=path)


@test
def known_mounts_below_proc_allowed(t):
    t.write("uptime", "1 1\n")
    t.eq(t.inside(t.config("cat /proc/uptime").bind(t.write("uptime", "1 1\n"), "/proc/uptime")), "1 1\n")


@test
def sysctl_through_fake_proc(t):
    """A sysctl goes to the kernel or fails; a volume cannot divert it."""
    t.write("fake/net/ipv4/ip_forward", "0")
    os.makedirs(t.path("fake/kernel"), exist_ok=True)
    config = t.config("true").bind(t.path("fake"), "/proc/sys")
    config.linux["sysctl"] = {"net.ipv4.ip_forward": "1"}
    t.run(config)
    with open(t.path("fake/net/ipv4/ip_forward")) as text:
        t.eq(text.read(), "0", "the diverted file")


def _leaked_cwd(number, through_link, by_exec):
    """CVE-2024-21626: the working directory is a descriptor of the host's that somebody leaked."""
    def check(t):
        fds = [os.open("/", os.O_RDONLY | os.O_DIRECTORY) for _ in range(8)]
        config = t.config("pwd; ls; cat ../../../../../etc/shadow")
        wanted = f"/proc/self/fd/{number}"
        path = t.bundle(config)
        if through_link:
            os.symlink(wanted, path + "/rootfs/link")
            wanted = "/link"
        marker = os.path.basename(t.dir)
        if by_exec:
            container = t.sleeper(config, "sleep 1000", bundle_path=path)
            result = t.cmd("exec", "--cwd", wanted, container, "sh", "-c", "pwd; ls; ls tmp; cat ../../../../../etc/shadow", pass_fds=fds)
            t.ok("delete", "--force", container)
        else:
            config.process["cwd"] = wanted
            result = t.run(config, bundle_path=path, pass_fds=fds)
        t.lacks(result.out, "root:", "boot", "husk-test.", marker)
    check.__name__ = f"leaked_cwd_{number}{'_link' if through_link else ''}{'_exec' if by_exec else ''}"
    check.__module__ = __name__
    test(check)


for _number in (3, 4, 5, 6, 7, 8, 9, 10):
    _leaked_cwd(_number, False, False)
for _number in (4, 7):
    _leaked_cwd(_number, True, False)
    _leaked_cwd(_number, False, True)
    _leaked_cwd(_number, True, True)


def _digest(path):
    with open(path, "rb") as data:
        return hashlib.sha256(data.read()).hexdigest()


@test
def own_program_as_args(t):
    """CVE-2019-5736: args /proc/self/exe must not lead to the host's program."""
    before = _digest(t.runtime.path)
    t.run(t.config().args("/proc/self/exe", "--version"))
    container = t.sleeper()
    t.exec(container, "/proc/self/exe", "--version")
    t.ok("delete", "--force", container)
    t.eq(_digest(t.runtime.path), before, "the runtime's program")


@test
def own_program_by_script(t):
    before = _digest(t.runtime.path)
    config = t.config().args("/bin/trap")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/bin/trap", "#!/proc/self/exe\n", 0o755)
    t.run(config, bundle_path=path)
    config.sh("sleep 1000")
    container = t.sleeper(config, None, bundle_path=path)
    t.exec(container, "/bin/trap")
    t.ok("delete", "--force", container)
    t.eq(_digest(t.runtime.path), before)


@test(timeout=60)
def own_program_overwritten_while_exec(t):
    """A loop inside opens every program that comes by for writing."""
    before = _digest(t.runtime.path)
    all_caps = ["CAP_SYS_PTRACE", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_KILL"]
    config = t.config("probe", "overwrite", "6").caps(all_caps)
    container = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(config), container)
    t.start(container)
    wait_until(lambda: "ready" in created.out)
    for _ in range(40):
        t.exec(container, "true")
    t.ok("delete", "--force", container)
    t.lacks(created.out, "OVERWRITTEN")
    t.eq(_digest(t.runtime.path), before)


@test
def memory_of_waiting_init_is_not_readable(t):
    """Container root that joins a created container's PID namespace with CAP_SYS_PTRACE finds no host descriptors."""
    config = t.config("sleep 1000")
    t.cgroup_of(config, "a")
    container = t.create(config)
    pid = t.pid(container)
    up = "/.." * 12
    spy = t.config(f"for f in /proc/1/fd/* /proc/1/root /proc/1/cwd; do ls -d $f{up}{t.dir} 2> /dev/null; done; true").caps(["CAP_SYS_PTRACE"])
    t.cgroup_of(spy, "b")
    spy.namespace("pid", f"/proc/{pid}/ns/pid")
    result = t.run(spy)
    t.eq(result.out, "", "a way to the host's files")
    t.ok("delete", "--force", container)


@test
def no_host_descriptor_in_waiting_init(t):
    """Beside the standard streams, nothing of the waiting init lies in a mount of the host's."""
    t.husk_only("runc keeps some")
    container = t.create(t.config("sleep 1000"))
    pid = t.pid(container)
    with open("/proc/self/mountinfo") as text:
        host = {line.split()[0] for line in text}
    for name in set(os.listdir(f"/proc/{pid}/fd")) - {"0", "1", "2"}:
        with open(f"/proc/{pid}/fdinfo/{name}") as text:
            mount = dict(line.split(":", 1) for line in text.read().splitlines() if ":" in line).get("mnt_id", "").strip()
        t.check(mount not in host, f"descriptor {name} of init: {os.readlink(f'/proc/{pid}/fd/{name}')}")
    t.ok("delete", "--force", container)


@test
def hook_environment_is_not_the_process(t):
    """CVE-2025-23266: LD_PRELOAD of the image must not reach hooks."""
    config = t.config("true")
    config.process["env"].append("LD_PRELOAD=/evil.so")
    config["hooks"] = {name: [{"path": "/bin/sh", "args": ["sh", "-c", f"env > {t.path('env.' + name)}"]}] for name in ("createRuntime", "createContainer")}
    t.inside(config)
    for name in ("createRuntime", "createContainer"):
        with open(t.path("env." + name)) as text:
            t.lacks(text.read(), "LD_PRELOAD")


@test
def passwd_entry_named_like_a_number(t):
    """CVE-2016-3697: the rootfs has a user *named* 1000 with uid 0."""
    container = t.sleeper()
    result = t.cmd("exec", "--user", "1000", container, "id", "-u")
    t.eq(result.out.strip(), "1000")
    t.ok("delete", "--force", container)


@test
def kernel_files_are_not_writable(t):
    text = t.inside(t.config("for f in sys/kernel/core_pattern sys/vm/drop_caches sysrq-trigger; do { true >> /proc/$f; } 2> /dev/null && echo writable $f; done; true"))
    t.eq(text, "")


@test
def long_id_maps(t):
    """CVE-2021-43784: maps of any total length are written whole or refused."""
    config = t.config("wc -l < /proc/self/uid_map").user_namespace(host=100000)
    config.linux["uidMappings"] = [{"containerID": i * 10, "hostID": 100000 + i * 10, "size": 1} for i in range(340)]
    config.linux["gidMappings"] = [{"containerID": i * 10, "hostID": 100000 + i * 10, "size": 1} for i in range(341)]
    result = t.run(config, bundle_path=t.bundle(config, owner=100000))
    t.check(result.rc != 0 or result.out.strip() == "340", str(result))


@test
def no_abstract_sockets(t):
    t.husk_only("runc has none either")
    with open("/proc/net/unix") as text:
        before = {line.split()[-1] for line in text if "@" in line}
    container = t.create(t.config("sleep 100"))
    with open("/proc/net/unix") as text:
        after = {line.split()[-1] for line in text if "@" in line}
    t.check(not {n for n in after - before if "husk" in n}, after - before)
    t.ok("delete", "--force", container)
