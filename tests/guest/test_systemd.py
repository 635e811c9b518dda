# SPDX-License-Identifier: Apache-2.0
"""The systemd driver end to end: scope, properties, slice, delegation, update, stop, leftovers, a manager that is silent."""
import os
import signal
import socket
import subprocess
import sys
import time

import v2
from case import alive, test, wait_until

sys.path.insert(1, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "fault"))
import fault  # noqa: E402

MIB = 1 << 20
FLAG = ["--systemd-cgroup"]


def systemctl(t, *words):
    return t.host("systemctl", "--no-pager", *words)


def show(t, unit, *names):
    """Properties of a unit, as a dictionary."""
    lines = systemctl(t, "show", unit, *[f"--property={n}" for n in names]).stdout.splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


class Scope:
    """A container with a scope of its own."""

    def __init__(self, t, script="sleep 1000", slice_name="husktest.slice", start=True, **resources):
        t.need(os.path.isdir("/run/systemd/system"), "systemd is not the first process")
        self.t, self.slice = t, slice_name
        self.name = f"{os.getpid()}-{len(t.ids)}"
        self.unit = f"husk-{self.name}.scope"
        self.config = t.config(script).resources(**resources)
        self.config.linux["cgroupsPath"] = f"{slice_name}:husk:{self.name}"
        self.bundle = t.bundle(self.config)
        self.cgroup = f"/{slice_name}/{self.unit}"
        self.id = None
        if start is not None:
            self.create()
            if start:
                t.start(self.id)

    def create(self):
        self.id = self.t.create(self.config, bundle_path=self.bundle, global_args=FLAG)
        return self

    def show(self, *names):
        return show(self.t, self.unit, *names)

    def gone(self):
        """Neither unit nor cgroup is left."""
        t = self.t
        t.check(wait_until(lambda: self.show("LoadState")["LoadState"] == "not-found", 3, 0.1), f"unit {self.show('ActiveState', 'SubState')}")
        t.check(not os.path.exists(v2.path(self.cgroup)), f"cgroup {self.cgroup} is left")

    def end(self):
        self.t.ok("delete", "--force", self.id)
        self.gone()


@test
def scope_has_the_container(t):
    scope = Scope(t)
    found = scope.show("ActiveState", "Slice", "Delegate", "CollectMode", "ControlGroup", "Transient", "Description")
    t.eq({k: found[k] for k in ("ActiveState", "Slice", "Delegate", "CollectMode", "ControlGroup", "Transient")},
         {"ActiveState": "active", "Slice": scope.slice, "Delegate": "yes", "CollectMode": "inactive-or-failed",
          "ControlGroup": scope.cgroup, "Transient": "yes"}, "properties")
    with open(f"/proc/{t.pid(scope.id)}/cgroup") as text:
        t.eq(text.read().strip(), "0::" + scope.cgroup, "cgroup of init")
    t.eq(t.exec(scope.id, "/bin/true").rc, 0, "exec")
    t.finish(scope.id)
    scope.gone()


@test
def default_and_nested_slices(t):
    for path, cgroup in (("", "/system.slice/husk-{}.scope"), ("husktest-a-b.slice:pre:{}", "/husktest.slice/husktest-a.slice/husktest-a-b.slice/pre-{}.scope"),
                         (":pre:{}", "/system.slice/pre-{}.scope")):
        t.need(os.path.isdir("/run/systemd/system"), "systemd is not the first process")
        container = t.new_id()
        config = t.config("sleep 1000")
        config.linux["cgroupsPath"] = path.format(container)
        t.create(config, container=container, global_args=FLAG)
        with open(f"/proc/{t.pid(container)}/cgroup") as text:
            t.eq(text.read().strip(), "0::" + cgroup.format(container), f"cgroupsPath {path!r}")
        t.ok("delete", "--force", container)


@test
def bad_names_are_refused(t):
    for path in ("/absolute/path", "a:b:c:d", "no-slice:husk:x", "husktest.slice:husk:" + "x" * 300):
        config = t.config("true")
        config.linux["cgroupsPath"] = path
        t.refused(config, global_args=FLAG)


LIMITS = {"memory": {"limit": 64 * MIB, "swap": 96 * MIB, "reservation": 16 * MIB}, "pids": {"limit": 33},
          "cpu": {"shares": 1024, "quota": 25000, "period": 50000}, "unified": {"memory.high": str(48 * MIB), "memory.min": "4M"}}
FILES = {"memory.max": str(64 * MIB), "memory.swap.max": str(32 * MIB), "memory.low": str(16 * MIB), "pids.max": "33",
         "cpu.weight": "100", "cpu.max": "25000 50000", "memory.high": str(48 * MIB), "memory.min": str(4 * MIB)}


@test
def limits_hold_after_daemon_reload(t):
    """systemd knows them, so it does not undo them."""
    scope = Scope(t, start=None, **LIMITS)
    t.rewrite(scope.bundle, v2.may_read_kmsg(scope.config))
    t.start(scope.create().id)
    for moment in ("created", "daemon-reload"):
        t.eq({n: v2.read(scope.cgroup, n) for n in FILES}, FILES, moment)
        t.check(t.exec(scope.id, "sh", "-c", "rm -f /tmp/kmsg; " + v2.KMSG).rc != 0, f"devices are open after {moment}")
        t.check(t.exec(scope.id, "sh", "-c", ": >/dev/null </dev/zero").rc == 0, f"default devices are shut after {moment}")
        t.eq(systemctl(t, "daemon-reload").returncode, 0, "daemon-reload")
        # a new unit in the slice makes systemd write all limits there again
        systemctl(t, "set-property", "--runtime", scope.slice, "CPUWeight=200")
    found = scope.show("MemoryMax", "MemorySwapMax", "MemoryLow", "CPUWeight", "CPUQuotaPerSecUSec")
    t.eq(found, {"MemoryMax": str(64 * MIB), "MemorySwapMax": str(32 * MIB), "MemoryLow": str(16 * MIB), "CPUWeight": "100",
                 "CPUQuotaPerSecUSec": "500ms"}, "properties")
    scope.end()


@test
def update_tells_systemd(t):
    scope = Scope(t, **LIMITS)
    t.ok("update", "--memory", "32M", "--memory-swap", "48M", "--pids-limit", "22", "--cpu-share", "2048", "--cpu-quota", "10000",
         scope.id)
    for moment in ("updated", "daemon-reload"):
        t.eq([v2.read(scope.cgroup, n) for n in ("memory.max", "memory.swap.max", "pids.max", "cpu.max")],
             [str(32 * MIB), str(16 * MIB), "22", "10000 50000"], moment)
        systemctl(t, "daemon-reload")
        systemctl(t, "set-property", "--runtime", scope.slice, "CPUWeight=300")
    found = scope.show("MemoryMax", "TasksMax", "CPUQuotaPerSecUSec")
    t.eq(found, {"MemoryMax": str(32 * MIB), "TasksMax": "22", "CPUQuotaPerSecUSec": "200ms"}, "properties")
    scope.end()


@test
def smallest_pids_limit(t):
    """The executor has room beside the container; then the limit is the container's alone, and systemd knows it."""
    scope = Scope(t, pids={"limit": 1})
    t.eq((v2.read(scope.cgroup, "pids.max"), scope.show("TasksMax")["TasksMax"]), ("1", "1"))
    systemctl(t, "daemon-reload")
    systemctl(t, "set-property", "--runtime", scope.slice, "CPUWeight=250")
    t.eq(v2.read(scope.cgroup, "pids.max"), "1", "after daemon-reload")
    scope.end()


@test
def memory_limit_is_felt(t):
    scope = Scope(t, "exec dd if=/dev/zero of=/dev/null bs=48M count=1", start=None, memory={"limit": 16 * MIB, "swap": 16 * MIB})
    t.eq(t.cmd("run", "--bundle", scope.bundle, t.new_id(), global_args=FLAG).rc, 137, "exit code")
    scope.gone()


@test
def container_divides_its_scope(t):
    v2.need(t, "pids")
    scope = Scope(t, start=None)
    config = scope.config.user_namespace().namespace("cgroup")
    config.mount("/sys/fs/cgroup", "cgroup", options=["rw"])
    config.sh("cd /sys/fs/cgroup && mkdir init sub && echo $$ >init/cgroup.procs && echo +pids >cgroup.subtree_control && "
              "echo 9 >sub/pids.max && cat sub/pids.max; sleep 1000")
    scope.bundle = t.bundle(config, owner=100000)
    scope.create()
    t.start(scope.id)
    t.check(wait_until(lambda: os.path.exists(v2.path(scope.cgroup, "sub/pids.max")), 5), "not divided")
    t.eq(os.stat(v2.path(scope.cgroup)).st_uid, 100000, "owner")
    systemctl(t, "daemon-reload")
    t.check(os.path.exists(v2.path(scope.cgroup, "sub")), "systemd took its part away")
    t.ok("exec", scope.id, "/bin/true")
    scope.end()


# ---- annotations -------------------------------------------------------------------------------------------

PREFIX = "org.systemd.property."


@test
def properties_of_annotations(t):
    """Each type that there is; linux.resources has the last word."""
    scope = Scope(t, start=None, memory={"limit": 64 * MIB})
    scope.config["annotations"] = {PREFIX + k: v for k, v in {
        "TimeoutStopSec": "2", "RuntimeMaxUSec": "uint64 3600000000", "SendSIGHUP": "true", "KillSignal": "int32 10",
        "After": "['husktest-a.service', \"husktest-b.service\"]", "Before": "@as []", "Description": "'a \"box\"'",
        "MemoryHigh": str(48 * MIB), "MemoryMax": str(32 * MIB), "AllowedCPUs": "[byte 0x01]",
        "ManagedOOMMemoryPressureLimit": "uint32 429496729"}.items()}
    t.rewrite(scope.bundle, scope.config)
    scope.create()
    t.start(scope.id)
    found = scope.show("TimeoutStopUSec", "RuntimeMaxUSec", "SendSIGHUP", "KillSignal", "After", "Description", "MemoryHigh", "MemoryMax",
                       "AllowedCPUs", "ManagedOOMMemoryPressureLimit")
    t.has(found.pop("After"), "husktest-a.service", "husktest-b.service", what="After")
    cpus = found.pop("AllowedCPUs")
    t.check(cpus in ("0", ""), cpus)                   # "": no cpuset controller here
    t.eq(found, {"TimeoutStopUSec": "2s", "RuntimeMaxUSec": "1h", "SendSIGHUP": "yes", "KillSignal": "10",
                 "ManagedOOMMemoryPressureLimit": "429496729", "Description": 'a "box"', "MemoryHigh": str(48 * MIB), "MemoryMax": str(64 * MIB)}, "properties")
    t.eq(v2.read(scope.cgroup, "memory.high"), str(48 * MIB), "memory.high")
    scope.end()


@test
def runtime_limit_of_annotation_ends_it(t):
    scope = Scope(t, start=None)
    scope.config["annotations"] = {PREFIX + "RuntimeMaxSec": "1", PREFIX + "TimeoutStopSec": "1"}
    t.rewrite(scope.bundle, scope.config)
    scope.create()
    t.start(scope.id)
    t.wait_status(scope.id, "stopped", 15)
    t.gone(scope.id)
    scope.gone()


@test
def property_that_systemd_refuses(t):
    """systemd's own word is in the error, and nothing is left."""
    scope = Scope(t, start=None)
    scope.config["annotations"] = {PREFIX + "CollectMode": "'no such mode'"}
    t.rewrite(scope.bundle, scope.config)
    t.refused(scope.config, "CollectMode", bundle_path=scope.bundle, global_args=FLAG)
    scope.gone()


@test
def dangerous_properties_are_refused(t):
    scope = Scope(t, start=None)
    for name, value in (("SuccessAction", "'poweroff-force'"), ("OnFailure", "['poweroff.target']"), ("BindsTo", "['x.service']"),
                        ("Slice", "'system.slice'"), ("DeviceAllow", "[('/dev/sda', 'rwm')]"), ("ExecStart", "'/bin/sh'"),
                        ("User", "'root'"), ("Delegate", "false"), ("RefuseManualStop", "true")):
        scope.config["annotations"] = {PREFIX + name: value}
        t.rewrite(scope.bundle, scope.config)
        t.refused(scope.config, PREFIX + name, bundle_path=scope.bundle, global_args=FLAG)
    scope.gone()


@test
def subgroup_of_annotation(t):
    """The container is below its scope, limits hold there, update reaches them, and all of it goes."""
    scope = Scope(t, start=None, **LIMITS)
    scope.config.namespace("cgroup")["annotations"] = {"run.oci.systemd.subgroup": "payload/one"}
    t.rewrite(scope.bundle, scope.config)
    scope.create()
    t.start(scope.id)
    place = scope.cgroup + "/payload/one"
    with open(f"/proc/{t.pid(scope.id)}/cgroup") as text:
        t.eq(text.read().strip(), "0::" + place, "cgroup of init")
    t.eq(t.exec(scope.id, "cat", "/proc/self/cgroup").out.strip(), "0::/", "seen by exec")
    for moment in ("created", "daemon-reload"):
        t.eq({n: v2.read(place, n) for n in FILES}, FILES, moment)
        t.eq(systemctl(t, "daemon-reload").returncode, 0, "daemon-reload")
    t.ok("update", "--pids-limit", "22", scope.id)
    t.eq((v2.read(place, "pids.max"), scope.show("TasksMax")["TasksMax"]), ("22", "22"), "updated")
    t.ok("pause", scope.id)
    t.eq(t.status(scope.id), "paused")
    scope.end()


@test
def subgroup_with_one_process(t):
    scope = Scope(t, start=None, pids={"limit": 1})
    scope.config["annotations"] = {"run.oci.systemd.subgroup": "payload"}
    t.rewrite(scope.bundle, scope.config)
    scope.create()
    t.start(scope.id)
    t.eq(v2.read(scope.cgroup + "/payload", "pids.max"), "1")
    t.finish(scope.id)
    scope.gone()


@test
def delegated_below_subgroup(t):
    """Limits at the subgroup; the container divides what is below it."""
    v2.need(t, "pids")
    scope = Scope(t, start=None, pids={"limit": 40})
    config = scope.config.user_namespace().namespace("cgroup")
    config["annotations"] = {"run.oci.systemd.subgroup": "payload", "run.oci.delegate-cgroup": "own"}
    config.mount("/sys/fs/cgroup", "cgroup", options=["rw"])
    config.sh("cd /sys/fs/cgroup/own && mkdir init sub && echo $$ >init/cgroup.procs && echo +pids >cgroup.subtree_control && "
              "echo 9 >sub/pids.max && cat sub/pids.max; echo 99 >/sys/fs/cgroup/pids.max; sleep 1000")
    scope.bundle = t.bundle(config, owner=100000)
    scope.create()
    t.start(scope.id)
    t.check(wait_until(lambda: os.path.exists(v2.path(scope.cgroup, "payload/own/sub/pids.max")), 5), "not divided")
    t.eq((os.stat(v2.path(scope.cgroup, "payload/own")).st_uid, os.stat(v2.path(scope.cgroup, "payload")).st_uid), (100000, 0), "owners")
    t.eq(v2.read(scope.cgroup + "/payload", "pids.max"), "40", "the limit above")
    t.has(t.exec(scope.id, "cat", "/proc/self/cgroup").out, "/own/init")
    scope.end()


# ---- the end ---------------------------------------------------------------------------------------------

@test
def exits_by_itself(t):
    """systemd collects the scope when it is empty; kill, state and delete know what to make of it."""
    scope = Scope(t, "true")
    t.wait_status(scope.id, "stopped")
    time.sleep(0.3)
    t.ok("kill", "--all", scope.id, "TERM")
    t.fails("kill", scope.id, "KILL", says="not running")
    t.gone(scope.id)
    scope.gone()


@test
def stopped_by_systemctl(t):
    scope = Scope(t, "trap 'exit 0' TERM; sleep 1000 & wait")
    t.eq(systemctl(t, "stop", scope.unit).returncode, 0, "systemctl stop")
    t.wait_status(scope.id, "stopped")
    t.gone(scope.id)
    scope.gone()


@test
def paused_is_deleted(t):
    scope = Scope(t)
    t.ok("pause", scope.id)
    t.eq(t.status(scope.id), "paused")
    scope.end()


@test
def every_process_dies(t):
    scope = Scope(t, start=None)
    scope.config.namespace("pid", drop=True).sh("sleep 1000 & sleep 1000 & sleep 1000")
    t.rewrite(scope.bundle, scope.config)
    scope.create()
    t.start(scope.id)
    wait_until(lambda: len(t.processes(scope.cgroup)) > 2)
    os.kill(t.pid(scope.id), signal.SIGKILL)
    t.wait_status(scope.id, "stopped")
    members = t.processes(scope.cgroup)
    t.ok("delete", scope.id)
    t.check(not any(alive(p) for p in members), "alive")
    scope.gone()


@test
def failed_unit_is_forgotten(t):
    """A unit of the same name that failed is no obstacle."""
    scope = Scope(t, start=None)
    run = ["systemd-run", "--scope", "--quiet", "--property=DefaultDependencies=no", "--unit", scope.unit, "--property=RuntimeMaxSec=1",
           "sleep", "100"]
    subprocess.run(run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=20)
    t.notes.append("state before: " + scope.show("ActiveState")["ActiveState"])
    scope.create()
    scope.end()
    systemctl(t, "reset-failed")


@test
def unit_of_someone_else(t):
    """An active scope of this name is not ours: create is refused, and its process lives."""
    scope = Scope(t, start=None)
    # without its default dependencies: they would start the machine's services
    other = subprocess.Popen(["systemd-run", "--scope", "--quiet", "--property=DefaultDependencies=no", "--slice", scope.slice,
                              "--unit", scope.unit, "sleep", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        t.check(wait_until(lambda: scope.show("ActiveState")["ActiveState"] == "active", 5, 0.1), "no other scope")
        t.refused(scope.config, scope.unit.removesuffix(".scope"), bundle_path=scope.bundle, global_args=FLAG)
        t.eq(scope.show("ActiveState")["ActiveState"], "active", "the other scope")
        t.check(other.poll() is None, "the other process died")
    finally:
        other.kill()
        other.wait()


# ---- crashes --------------------------------------------------------------------------------------------------

def crash(t, mode):
    scope = Scope(t, start=None)
    scope.config.args("/bin/true")
    t.rewrite(scope.bundle, scope.config)

    def words():
        scope.id = t.new_id()
        return FLAG + ["create", "--bundle", scope.bundle, scope.id]
    count = fault.step(t, words()).calls
    t.ok("delete", "--force", scope.id)
    bad, visited = [], 0
    for n in fault.points(count, 40):
        outcome = fault.step(t, words(), n, mode)
        visited += 1
        # as an engine does it: without the flag
        result = t.runtime.call(t.runtime.argv(t.root, ["delete", "--force", scope.id]), t.dir, timeout=25)
        found = fault.remains(t, scope.id, scope.cgroup)
        state = scope.show("LoadState", "ActiveState")
        if state["LoadState"] != "not-found" and not wait_until(lambda: scope.show("LoadState")["LoadState"] == "not-found", 2, 0.1):
            found.append(f"unit is {state['ActiveState']}")
            systemctl(t, "kill", "--signal=KILL", scope.unit)
            systemctl(t, "stop", scope.unit)
        if result.timed_out or result.rc:
            found.append(str(result))
        if found:
            bad.append(f"point {n} ({outcome.where()}): {', '.join(found)[:300]}")
            fault.wipe(t, scope.id, scope.cgroup)
    t.notes.append(f"{visited} of {count} points")
    t.check(not bad, f"{len(bad)} of {visited} points: " + "; ".join(bad[:8]))


@test(timeout=300)
def create_killed_at_its_system_calls(t):
    crash(t, "kill")


@test(timeout=300)
def create_killed_with_all_its_children(t):
    crash(t, "killtree")


# ---- a manager that does not answer ------------------------------------------------------------------------------

class Silence:
    """Sockets of systemd and of D-Bus that take every call, and answer none."""

    def __init__(self, t):
        import syscalls
        self.sockets = []
        for number, path in enumerate(("/run/systemd/private", "/run/dbus/system_bus_socket")):
            if not os.path.exists(path):
                continue
            own = t.path(f"silent{number}")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(own)
            listener.listen(50)
            self.sockets.append(listener)
            syscalls.mount(own, path, None, syscalls.MS_BIND)
            t._mounts.append(path)

    def end(self, t):
        t.unmount()
        t._mounts.clear()
        for one in self.sockets:
            one.close()


@test(timeout=120)
def silent_manager_at_create(t):
    """create fails in time, and says of whom.  Whether systemd made a unit nobody knows: the record stays until delete --force."""
    scope = Scope(t, start=None)
    silence = Silence(t)
    started, scope.id = time.monotonic(), t.new_id()
    t.fails("create", "--bundle", scope.bundle, scope.id, says="systemd", global_args=FLAG, timeout=60)
    t.notes.append(f"create gives up after {time.monotonic() - started:.0f} s")
    silence.end(t)
    scope.end()


@test(timeout=120)
def silent_manager_at_delete(t):
    """delete --force kills everyone, and ends in time; when systemd is back, nothing is left."""
    scope = Scope(t)
    pid = t.pid(scope.id)
    silence = Silence(t)
    started = time.monotonic()
    result = t.cmd("delete", "--force", scope.id, timeout=60)
    t.notes.append(f"delete --force ends after {time.monotonic() - started:.0f} s with {result.rc}")
    t.check(not alive(pid), "init is alive")
    silence.end(t)
    t.ok("delete", "--force", scope.id)
    scope.gone()


@test(timeout=120)
def silent_manager_at_update(t):
    scope = Scope(t, pids={"limit": 50})
    silence = Silence(t)
    t.fails("update", "--pids-limit", "20", scope.id, says="systemd", timeout=60)
    t.eq(v2.read(scope.cgroup, "pids.max"), "50", "pids.max after the refused update")
    silence.end(t)
    scope.end()


@test
def failed_create_leaves_no_record(t):
    """The scope is gone when its process is; that there is nothing to stop is no failure of the clean-up."""
    scope = Scope(t, start=None)
    container = t.new_id()
    t.fails("create", "--bundle", scope.bundle, "--pid-file", "/no/such/directory/pid", container, global_args=FLAG)
    t.no_record(container)
    t.rewrite(scope.bundle, scope.config.sh("true"))
    t.ok("run", "--bundle", scope.bundle, container, global_args=FLAG)
    t.no_record(container)
    scope.gone()
