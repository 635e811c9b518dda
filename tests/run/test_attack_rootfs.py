# SPDX-License-Identifier: Apache-2.0
"""The rootfs is shared with a container that changes it while others start from it."""
import os
import re
import shutil

from case import test, wait_until


def _racer(t, rootfs, a, b):
    """A container that exchanges two names of the rootfs, over and over."""
    config = t.config("probe", "exchange", "400", "/v/" + a, "/v/" + b).bind(rootfs, "/v", "rbind")
    t.cgroup_of(config, "racer")
    racer = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(config), racer)
    t.start(racer)
    t.check(wait_until(lambda: "ready" in created.out), "the racer does not start")
    return racer


def _swapped_proc(other):
    """/proc is renamed while it is mounted: wherever it ends up, it is masked and read-only as the config says."""
    def check(t):
        rounds = int(os.environ.get("HUSK_RACE_ROUNDS", "100"))
        config = t.config("for p in /proc /other; do test -e $p/1/status || continue; echo found; "
                          "{ true >> $p/sys/kernel/core_pattern; } 2> /dev/null && echo WRITABLE $p; "
                          "test -s $p/timer_list && head -c 1 $p/timer_list > /dev/null && test -n \"$(head -n 1 $p/timer_list)\" "
                          "&& echo UNMASKED $p; done; true")
        config.linux["maskedPaths"] = ["/proc/timer_list"]
        config.linux["readonlyPaths"] = ["/proc/sys"]
        path = t.bundle(config)
        rootfs = path + "/rootfs"
        if other == "directory":
            os.mkdir(rootfs + "/other")
        else:
            os.symlink("/elsewhere", rootfs + "/other")
            os.mkdir(rootfs + "/elsewhere")
        racer = _racer(t, rootfs, "proc", "other")
        found = 0
        for _ in range(rounds):
            result = t.cmd("run", "--bundle", path, t.new_id("victim"))
            t.lacks(result.out, "WRITABLE", "UNMASKED")
            found += "found" in result.out
        t.notes.append(f"{found} of {rounds} started")
        t.ok("delete", "--force", racer)
    check.__name__ = f"swapped_proc_{other}"
    check.__module__ = __name__
    test(check, timeout=120)


for _other in ("directory", "link"):
    _swapped_proc(_other)


@test
def null_becomes_a_fifo(t):
    """A standard input that is /dev/null becomes the container's own: looked at, then opened, and a FIFO in between."""
    t.husk_only("runc opens no /dev/null of the rootfs's")
    t.need(shutil.which("strace"), "needs strace, to be between two calls")
    config = t.config("true")
    config["mounts"] = [mount for mount in config.mounts if mount["destination"] == "/proc"]
    path = t.bundle(config)
    dev, trace = path + "/rootfs/dev", t.path("trace")
    os.makedirs(dev, exist_ok=True)
    os.mknod(dev + "/null", 0o020666, os.makedev(1, 3))
    os.mkfifo(dev + "/fifo")
    argv = ["strace", "-f", "-o", trace, "-e", "trace=openat2,statx", "-e", "inject=statx:delay_exit=200000"]
    with open("/dev/null", "rb") as null:
        process, _, err = t.runtime.spawn(argv + t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()]), t.dir, stdin=null)

    def has_looked():
        return os.path.exists(trace) and re.search(r'openat2\(.*"dev/null".*O_PATH', open(trace).read())

    t.check(wait_until(lambda: has_looked() or process.poll() is not None, 20), "it is never looked at")
    os.rename(dev + "/fifo", dev + "/null")
    t.check(wait_until(lambda: process.poll() is not None, 20), "hangs at the FIFO")
    t.eq(process.returncode, 0, open(err).read())
