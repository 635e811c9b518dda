# SPDX-License-Identifier: Apache-2.0
"""The rootfs is shared with a container that changes it while others start from it."""
import os

from case import test, wait_until


def _racer(t, rootfs, a, b):
    """A container that exchanges two names of the rootfs, over and over."""
    config = t.config("probe", "exchange", "50", "/v/" + a, "/v/" + b).bind(rootfs, "/v", "rbind")
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
