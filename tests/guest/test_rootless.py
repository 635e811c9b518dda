# SPDX-License-Identifier: Apache-2.0
"""An ordinary user with a manager of his own: scopes, limits and their delegation without privileges."""
import os

import v2
from case import alive, test, wait_until
from ordinary import UID, User

MIB = 1 << 20
FLAG = ["--systemd-cgroup"]
MANAGER = ("chown -R {uid}:{uid} /sys/fs/cgroup/$(cut -d/ -f2- /proc/self/cgroup) && "
           "exec setpriv --reuid {uid} --regid {uid} --clear-groups /lib/systemd/systemd --user --unit=basic.target")

UNIT = """[Unit]
DefaultDependencies=no
[Service]
Slice=user-{uid}.slice
Delegate=yes
Environment=XDG_RUNTIME_DIR={directory} HOME={home}
ExecStart=/bin/sh {script}
"""


class Session:
    """The user, and his manager in user@UID.service, as logind would start it."""

    def __init__(self, t):
        t.need(os.path.isdir("/run/systemd/system"), "systemd is not the first process")
        self.t, self.unit = t, f"/run/systemd/system/user@{UID}.service"
        self.directory = f"/run/user/{UID}"
        os.makedirs(self.directory, 0o700, exist_ok=True)
        os.chown(self.directory, UID, UID)
        self.user = User(t)
        os.environ["XDG_RUNTIME_DIR"] = self.directory
        os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
        self.cgroup = f"/user.slice/user-{UID}.slice/user@{UID}.service"
        script = t.write("manager", MANAGER.format(uid=UID))
        with open(self.unit, "w") as file:
            file.write(UNIT.format(uid=UID, directory=self.directory, home=t.dir, script=script))
        t.host("systemctl", "daemon-reload")
        result = t.host("systemctl", "start", f"user@{UID}.service")
        t.check(result.returncode == 0, result.stderr)
        t.check(wait_until(lambda: os.path.exists(self.directory + "/systemd/private"), 20, 0.1), "no user manager")
        self._move_in()

    def _move_in(self):
        """A user's manager can take over what is in its own tree, as all that a user's session starts is."""
        with open("/proc/self/cgroup") as text:
            self.before = text.read().strip().split("::")[1]
        caller = v2.path(self.cgroup, "caller")
        os.makedirs(caller, exist_ok=True)
        os.chown(caller, UID, UID)
        v2.write(self.cgroup, "caller/cgroup.procs", str(os.getpid()))

    def config(self, script, name):
        config = self.user.mapped(self.t.config(script))
        config.linux["cgroupsPath"] = f"user.slice:husk:{name}"
        return config, f"{self.cgroup}/user.slice/husk-{name}.scope"

    def end(self):
        v2.write(self.before, "cgroup.procs", str(os.getpid()))
        self.t.host("systemctl", "stop", f"user@{UID}.service")
        self.t.host("systemctl", "reset-failed")
        os.unlink(self.unit)
        self.t.host("systemctl", "daemon-reload")


@test(timeout=200)
def whole_life(t):
    """Limits of every controller, update, pause, exec, kill and delete in a scope of the user's manager."""
    session = Session(t)
    try:
        config, cgroup = session.config("sleep 1000", "life")
        config.resources(memory={"limit": 32 * MIB}, pids={"limit": 20}, cpu={"quota": 50000})
        container = t.create(config, bundle_path=session.user.bundle(config), global_args=FLAG)
        with open(f"/proc/{t.pid(container)}/cgroup") as text:
            t.eq(text.read().strip(), "0::" + cgroup, "cgroup")
        t.eq([v2.read(cgroup, n) for n in ("memory.max", "pids.max", "cpu.max")], [str(32 * MIB), "20", "50000 100000"])
        t.eq(os.stat(v2.path(cgroup)).st_uid, UID, "owner of the cgroup")
        t.start(container)
        t.ok("update", "--memory", "24M", "--pids-limit", "15", container)
        t.eq([v2.read(cgroup, n) for n in ("memory.max", "pids.max")], [str(24 * MIB), "15"])
        t.ok("exec", container, "/bin/true")
        t.ok("pause", container)
        t.eq(t.status(container), "paused")
        pid = t.pid(container)
        t.ok("delete", "--force", container)
        t.check(not alive(pid), "alive")
        t.check(wait_until(lambda: not os.path.exists(v2.path(cgroup)), 3), "the cgroup is left")
        t.no_record(container)
        config, _ = session.config("exec dd if=/dev/zero of=/dev/null bs=48M count=1", "felt")
        config.resources(memory={"limit": 16 * MIB, "swap": 16 * MIB})
        t.eq(t.run(config, bundle_path=session.user.bundle(config), global_args=FLAG).rc, 137, "exit code over memory.max")
    finally:
        session.end()


@test
def without_manager_it_says_so(t):
    """No manager: an error that names it and the other driver, no hang, and nothing left."""
    t.need(os.path.isdir("/run/systemd/system"), "systemd is not the first process")
    user = User(t)
    os.environ["XDG_RUNTIME_DIR"] = t.path("none")
    config = user.mapped(t.config("true"))
    config.linux["cgroupsPath"] = "user.slice:husk:none"
    t.refused(config, "user manager", "cgroupfs", bundle_path=user.bundle(config), global_args=FLAG)
