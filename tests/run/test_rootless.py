# SPDX-License-Identifier: Apache-2.0
"""husk as an ordinary user: id maps, cgroups delegated and not, every command; user namespaces made by others."""
import json
import os
import signal

import layout
import syscalls
from case import Skip, alive, test, wait_until
from ordinary import RANGE, SUBIDS, UID, User, delegate, leave
from test_process import values
from test_terminal import terminal_output


def config(t, *script):
    """No cgroupsPath: who asks for a certain cgroup must get it."""
    c = t.config(*script)
    del c.linux["cgroupsPath"]
    return c


@test
def spec_runs(t):
    user = User(t)
    path = user.bundle(None)
    t.ok("spec", "--rootless", cwd=path)
    with open(path + "/config.json") as text:
        c = json.load(text)
    c["process"].update(terminal=False, args=["/bin/sh", "-c", "echo ran as $(/bin/id -u)"])
    t.rewrite(path, c)
    t.eq(t.run(None, bundle_path=path).out.strip(), "ran as 0")


@test
def single_id(t):
    user = User(t, subids=False)
    c = user.single(config(t, "cat /proc/self/uid_map /proc/self/gid_map; id -u; id -g"))
    t.eq(t.inside(c, bundle_path=user.bundle(c)).split(), ["0", str(UID), "1"] * 2 + ["0", "0"])


@test
def single_id_needs_no_root_inside(t):
    user = User(t, subids=False)
    c = user.single(config(t, "probe", "ids"))
    for kind in ("uidMappings", "gidMappings"):
        c.linux[kind][0]["containerID"] = 1000
    c.process["user"] = {"uid": 1000, "gid": 1000}
    have = values(t.inside(c, bundle_path=user.bundle(c)))
    t.eq((have["uid"], have["gid"]), ("1000,1000,1000", "1000,1000,1000"))


@test
def subordinate_ids(t):
    user = User(t)
    c = user.mapped(config(t, "probe", "ids"))
    c.process["user"] = {"uid": 5, "gid": 6, "additionalGids": [7]}
    have = values(t.inside(c, bundle_path=user.bundle(c)))
    t.eq((have["uid"], have["gid"], have["groups"]), ("5,5,5", "6,6,6", "7"))


@test
def subordinate_ids_of_others_refused(t):
    user = User(t)
    c = user.mapped(config(t, "true"))
    c.linux["uidMappings"][1]["hostID"] = SUBIDS + RANGE
    t.refused(c, "newuidmap", "/etc/subuid", bundle_path=user.bundle(c))


@test
def no_subordinate_ids_refused(t):
    user = User(t, subids=False)
    c = user.mapped(config(t, "true"))
    t.refused(c, "/etc/subuid", bundle_path=user.bundle(c))


@test
def additional_groups_with_single_id_refused(t):
    user = User(t, subids=False)
    c = user.single(config(t, "true"))
    c.process["user"]["additionalGids"] = [0]
    t.refused(c, "additional groups", "/etc/subgid", bundle_path=user.bundle(c))


@test
def no_user_namespace_refused(t):
    user = User(t)
    c = config(t, "true")
    t.refused(c, "user namespace", "spec --rootless", bundle_path=user.bundle(c))


@test
def devices_and_mounts(t):
    user = User(t)
    c = user.mapped(config(t, "echo x > /dev/null && head -c 2 /dev/zero | wc -c; mount | grep -c ' /proc '; ls /sys | wc -l"))
    have = t.inside(c, bundle_path=user.bundle(c)).split()
    t.eq(have[:2], ["2", "1"])
    t.check(int(have[2]) > 3, have)


@test
def sysfs_of_host_network(t):
    user = User(t)
    c = user.mapped(config(t, "ls /sys/class | wc -l; touch /sys/x 2>&1"))
    c.namespace("network", drop=True)
    c.process["args"][2] += "; true"
    have = t.inside(c, bundle_path=user.bundle(c))
    t.check(int(have.split()[0]) > 3, have)
    t.has(have, "Read-only file system")


@test
def device_of_host_is_bound(t):
    user = User(t)
    c = user.mapped(config(t, "stat -c %t:%T /dev/mynull"))
    c.linux["devices"] = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3}]
    c.process["args"][2] = "stat -c %t:%T /dev/null"
    t.eq(t.inside(c, bundle_path=user.bundle(c)).strip(), "1:3")


@test
def bind_of_locked_flags(t):
    """What the host has nosuid stays so, and is no error."""
    user = User(t)
    t.mount("tmpfs", t.path("source"), "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV)
    c = user.mapped(config(t, "grep ' /data ' /proc/self/mounts")).bind(t.path("source"), "/data", "rbind", "ro")
    t.has(t.inside(c, bundle_path=user.bundle(c)), "nosuid", "nodev", "ro,")


@test
def lifecycle(t):
    user = User(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.create(c, bundle_path=user.bundle(c))
    t.eq(t.status(container), "created")
    t.start(container)
    state = t.state(container)
    t.eq((state["status"], state["owner"]), ("running", "husktest"))
    listed = json.loads(t.ok("list", "-f", "json").out)
    t.eq([(x["id"], x["status"]) for x in listed], [(container, "running")])
    t.check(state["pid"] in json.loads(t.ok("ps", "-f", "json", container).out), "ps names init")
    t.fails("delete", container, says="not stopped")
    t.ok("kill", container, "TERM")
    t.ok("kill", container, "KILL")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def exec_and_its_code(t):
    user = User(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.sleeper(c, None, bundle_path=user.bundle(c))
    have = t.exec(container, "sh", "-c", "readlink /proc/self/ns/user; id -u; exit 7")
    t.eq((have.rc, have.out.split()[1]), (7, "0"))
    t.eq(have.out.split()[0], os.readlink(f"/proc/{t.pid(container)}/ns/user"))
    t.eq(t.cmd("exec", "--user", "5:6", container, "id", "-u").out.strip(), "5")
    t.finish(container)


@test
def exec_with_single_id(t):
    user = User(t, subids=False)
    c = user.single(config(t, "sleep 1000"))
    container = t.sleeper(c, None, bundle_path=user.bundle(c))
    t.eq(t.exec(container, "id", "-u").out.strip(), "0")
    t.finish(container)


@test
def terminal(t):
    user = User(t)
    c = user.mapped(config(t, "tty; stty size"))
    c.process.update(terminal=True, consoleSize={"height": 33, "width": 77})
    t.has(terminal_output(t, c, bundle_path=user.bundle(c)), "/dev/", "33 77")


@test
def mounts_add(t):
    """File systems of its own; a bind of the host's files is refused, since it would be one of the container's own."""
    user = User(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.sleeper(c, None, bundle_path=user.bundle(c))
    os.makedirs(t.path("src"))
    entries = [{"destination": "/new", "type": "tmpfs", "source": "tmpfs"}]
    listed = t.write("mounts.json", json.dumps(entries))
    t.ok("mounts", "add", container, listed)
    t.has(t.exec(container, "cat", "/proc/self/mounts").out, " /new tmpfs")
    listed = t.write("mounts.json", json.dumps([{"destination": "/b", "source": "/etc", "options": ["bind"]}]))
    t.fails("mounts", "add", container, listed, says=("/mounts/0", "unprivileged"))
    t.finish(container)


@test
def run_detached(t):
    user = User(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.new_id()
    t.ok("run", "--detach", "--pid-file", t.path("pid"), "--bundle", user.bundle(c), container)
    with open(t.path("pid")) as text:
        t.eq(int(text.read()), t.pid(container))
    t.finish(container)


@test
def delete_force(t):
    user = User(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.sleeper(c, None, bundle_path=user.bundle(c))
    pid = t.pid(container)
    t.ok("delete", "--force", container)
    t.no_record(container)
    t.check(wait_until(lambda: not alive(pid), 2), "init is dead")


@test(layouts=["v2", "v1"])
def pause_without_cgroup_refused(t):
    user = User(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.sleeper(c, None, bundle_path=user.bundle(c))
    t.fails("pause", container, says="no cgroup")
    t.eq(t.status(container), "running")
    t.finish(container)


def _in_callers_pids(t, user, script):
    """A container in the caller's PID namespace, in which it can have no procfs of its own."""
    c = user.mapped(config(t, script)).namespace("pid", drop=True)
    c["mounts"] = [m for m in c.mounts if m["destination"] != "/proc"]
    return t.sleeper(c, None, bundle_path=user.bundle(c))


def _orphans(t, user):
    """A container in the caller's PID namespace whose init has left two processes behind; (id, pids)."""
    container = _in_callers_pids(t, user, "sleep 1001 & sleep 1002 & sleep 1000")
    first = t.pid(container)
    found = lambda: [p for p in _sharing_mounts(first) if p != first]   # noqa: E731
    t.check(wait_until(lambda: len(found()) >= 2, 5), "the program's children")
    return container, first, found()


def _mounts_inode(pid):
    return os.stat(f"/proc/{pid}/ns/mnt").st_ino


def _sharing_mounts(pid):
    have = []
    mine = _mounts_inode(pid)
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and _mounts_inode(name) == mine:
                have.append(int(name))
        except OSError:
            pass
    return have


@test
def kill_spares_who_has_the_inode_now(t):
    """The kernel gives the number of a mount namespace that has ended to another one: here to another container's."""
    t.need(tuple(int(n) for n in os.uname().release.split("-")[0].split(".")[:2]) >= (6, 11), "no id of a mount namespace before Linux 6.11")
    user = User(t)
    container, first, rest = _orphans(t, user)
    inode = _mounts_inode(first)
    for pid in (first, *rest):
        os.kill(pid, signal.SIGKILL)
    t.check(wait_until(lambda: t.reap() or not any(alive(p) for p in rest), 5), "all are dead")
    for _ in range(60):
        other = _in_callers_pids(t, user, "sleep 1000")
        if _mounts_inode(t.pid(other)) == inode:
            break
        t.ok("delete", "--force", other)
    else:
        raise Skip("the kernel did not give the number again")
    t.ok("kill", "--all", container, "KILL")
    t.ok("delete", "--force", container)
    t.eq(t.status(other), "running")
    t.ok("delete", "--force", other)


@test
def kill_all_without_cgroup(t):
    user = User(t)
    container, first, rest = _orphans(t, user)
    os.kill(first, signal.SIGKILL)
    t.wait_status(container, "stopped")
    t.check(all(alive(p) for p in rest), "they live on")
    t.ok("kill", "--all", container, "TERM")
    t.ok("kill", "--all", container, "9")
    t.check(wait_until(lambda: t.reap() or not any(alive(p) for p in rest), 5), "all are dead")
    t.ok("kill", "--all", container, "9")
    t.gone(container)


@test
def delete_without_cgroup_leaves_nobody(t):
    user = User(t)
    container, first, rest = _orphans(t, user)
    os.kill(first, signal.SIGKILL)
    t.wait_status(container, "stopped")
    t.gone(container)
    t.check(not any(alive(p) for p in rest), "all are dead")


@test(layouts=["v2", "v1"])
def limits_without_cgroup_refused(t):
    user = User(t)
    t.need(layout.controller("pids")[0], "no pids controller in this layout")
    c = user.mapped(config(t, "true")).resources(pids={"limit": 10})
    t.refused(c, "/linux/resources/pids", "delegate", bundle_path=user.bundle(c))


@test
def limits_disabled_are_ignored(t):
    user = User(t)
    c = user.mapped(config(t, "echo ran")).resources(pids={"limit": 10})
    path = user.bundle(c)
    have = t.ok("run", "--bundle", path, t.new_id(), global_args=["--cgroup-manager", "disabled"])
    t.eq(have.out.strip(), "ran")


@test
def cgroup_of_another_refused(t):
    user = User(t)
    c = user.mapped(t.config("true"))
    t.refused(c, "permission denied", "delegated", bundle_path=user.bundle(c))


@test(layouts=["v2"])
def delegated_cgroup(t):
    user = User(t)
    top = delegate(t)
    c = user.mapped(config(t, "sleep 1000"))
    container = t.sleeper(c, None, bundle_path=user.bundle(c))
    with open(f"{top}/{container}/cgroup.procs") as text:
        t.check(t.pid(container) in [int(x) for x in text], "init is in the delegated cgroup")
    t.ok("pause", container)
    t.eq(t.status(container), "paused")
    t.ok("resume", container)
    t.eq(t.exec(container, "id", "-u").out.strip(), "0")
    t.ok("kill", "--all", container, "9")
    t.wait_status(container, "stopped")
    t.gone(container)
    t.check(not os.path.exists(f"{top}/{container}"), "its cgroup is gone")
    leave(t)


@test(layouts=["v2"])
def delegated_cgroup_by_path(t):
    user = User(t)
    top = delegate(t)
    c = user.mapped(config(t, "cat /proc/self/cgroup"))
    c.linux["cgroupsPath"] = t.cgroup + "/deep/c"
    t.has(t.inside(c, bundle_path=user.bundle(c)), t.cgroup + "/deep/c")
    t.check(not os.path.exists(top + "/deep"), "made and removed")
    leave(t)


# -- user namespaces that somebody else has made

def _made_by_another(range_too):
    """Run by the child before husk: into a new user namespace, whose maps a privileged process writes."""
    def enter():
        to_parent, from_child = os.pipe()
        done_r, done_w = os.pipe()
        child = os.getpid()
        helper = os.fork()
        if helper == 0:
            os.read(to_parent, 1)
            for kind in ("uid", "gid"):
                with open(f"/proc/{child}/{kind}_map", "w") as text:
                    text.write(f"0 {UID} 1\n" + (f"1 {SUBIDS} {RANGE}\n" if range_too else ""))
            os.write(done_w, b"x")
            os._exit(0)
        syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
        os.write(from_child, b"x")
        os.read(done_r, 1)
        os.waitpid(helper, 0)
        for fd in (to_parent, from_child, done_r, done_w):
            os.close(fd)
        os.setgroups([])
        os.setresgid(0, 0, 0)
        os.setresuid(0, 0, 0)
    return enter


@test
def nested_without_own_user_namespace(t):
    user = User(t)
    t.call_as(_made_by_another(True))
    c = config(t, "id -u; cat /proc/self/uid_map | head -1; echo x > /dev/null")
    t.eq(t.inside(c, bundle_path=user.bundle(c)).split(), ["0", "0", str(UID), "1"])


@test
def nested_with_own_user_namespace(t):
    user = User(t)
    t.call_as(_made_by_another(True))
    c = config(t, "probe", "ids").namespace("user")
    for kind in ("uidMappings", "gidMappings"):
        c.linux[kind] = [{"containerID": 0, "hostID": 0, "size": 1}, {"containerID": 1, "hostID": 1, "size": 1000}]
    c.process["user"] = {"uid": 5, "gid": 6}
    t.eq(values(t.inside(c, bundle_path=user.bundle(c)))["uid"], "5,5,5")


@test
def nested_with_single_id(t):
    user = User(t, subids=False)
    t.call_as(_made_by_another(False))
    c = user.single(config(t, "id -u"))
    for kind in ("uidMappings", "gidMappings"):
        c.linux[kind] = [{"containerID": 0, "hostID": 0, "size": 1}]
    t.eq(t.inside(c, bundle_path=user.bundle(c)).strip(), "0")


@test
def nested_of_host_network(t):
    user = User(t)
    t.call_as(_made_by_another(True))
    c = config(t, "ls /sys/class | wc -l").namespace("network", drop=True)
    t.check(int(t.inside(c, bundle_path=user.bundle(c))) > 3, "the host's sysfs is bound")


@test
def default_root_is_xdg(t):
    user = User(t)
    run = t.path("run")
    os.makedirs(run)
    os.chown(run, UID, UID)
    c = user.mapped(config(t, "sleep 1000"))
    path = user.bundle(c)
    env = {"PATH": os.environ["PATH"], "XDG_RUNTIME_DIR": run}
    have = t.runtime.call([t.runtime.path, "run", "-d", "--bundle", path, "x1"], t.dir, env=env, preexec=user.become)
    t.eq(have.rc, 0, have)
    t.check(os.path.isdir(run + "/husk/x1"), "record in XDG_RUNTIME_DIR")
    have = t.runtime.call([t.runtime.path, "delete", "-f", "x1"], t.dir, env={"XDG_RUNTIME_DIR": run}, preexec=user.become)
    t.eq(have.rc, 0, have)
