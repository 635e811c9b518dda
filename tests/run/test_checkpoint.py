# SPDX-License-Identifier: Apache-2.0
"""checkpoint and restore: what CRIU is asked for (a stand-in speaks its RPC), and a real round trip where CRIU works."""
import json
import os
import shutil
import socket
import subprocess
import sys

import case
import layout
from case import test

_FAKE = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib/fake_criu.py")


def fake(t, **more):
    """An environment in which criu is the stand-in."""
    t.husk_only("looks at husk's requests to CRIU")
    t.write("bin/criu", f"#!/bin/sh\nexec {sys.executable} {_FAKE} \"$@\"\n", 0o755)
    return {"PATH": t.path("bin") + ":/usr/bin:/bin", "FAKE_CRIU_OUT": t.path("requests"), **more}


def notes(t, key):
    with open(t.path("requests")) as lines:
        return [n for n in map(json.loads, lines) if key in n]


def request(t):
    return notes(t, "type")[-1]


def saved(t, config, *flags, container=None):
    """Checkpoint a new container into ./img."""
    env = fake(t)
    container = t.sleeper(config, script=None, container=container)
    t.ok("checkpoint", "--image-path", t.path("img"), *flags, container, env=env)
    return container


@test
def request_of_checkpoint(t):
    config = t.config("sleep 100").bind(t.write("src/file", "x"), "/mnt/file", "bind")
    container = t.sleeper(config, script=None)
    pid = t.pid(container)
    t.ok("checkpoint", "--image-path", t.path("img"), "--work-path", t.path("work"), "--tcp-established", "--shell-job",
         "--file-locks", "--ext-unix-sk", "--link-remap", "--tcp-skip-in-flight", "--auto-dedup", "--empty-ns", "network",
         "--manage-cgroups-mode", "full", "--network-lock", "nftables", "--page-server", "10.0.0.1:27", container, env=fake(t))
    opts = request(t)["opts"]
    t.eq(request(t)["type"], 1)
    for flag in ("tcp_established", "shell_job", "file_locks", "ext_unix_sk", "link_remap", "tcp_skip_in_flight",
                 "auto_dedup", "orphan_pts_master", "evasive_devices", "notify_scripts"):
        t.eq(opts.get(flag), 1, flag)
    t.eq([opts.get(k) for k in ("pid", "empty_ns", "manage_cgroups_mode", "network_lock", "ps", "log_file", "leave_running")],
         [pid, 0x40000000, 4, 2, ["10.0.0.1", 27], "dump.log", None])
    t.check(["/mnt/file", "/mnt/file"] in opts["ext_mnt"], opts["ext_mnt"])
    t.check(not any(k == "/sys/firmware" for k, _ in opts["ext_mnt"]), "a masked directory is CRIU's")
    t.has(opts["freeze_cgroup"], t.cgroup)
    with open(t.path("img/descriptors.json")) as text:
        t.eq(len(json.load(text)), 3)
    t.no_record(container)


@test
def leave_running(t):
    container = saved(t, t.config("sleep 100"), "--leave-running")
    t.eq(t.status(container), "running")
    t.eq(request(t)["opts"].get("leave_running"), 1)
    t.finish(container)


@test
def pre_dump(t):
    container = saved(t, t.config("sleep 100"), "--pre-dump")
    t.eq([request(t)["type"], request(t)["opts"].get("track_mem")], [4, 1])
    t.check(not os.path.exists(t.path("img/descriptors.json")), "nothing but memory")
    t.ok("checkpoint", "--image-path", t.path("img2"), "--parent-path", "../img", container, env=fake(t))
    t.eq([request(t)["opts"].get(k) for k in ("parent_img", "track_mem")], ["../img", 1])


@test
def feature_that_is_missing(t):
    container = t.sleeper(t.config("sleep 100"), script=None)
    t.fails("checkpoint", "--image-path", t.path("img"), "--lazy-pages", "--page-server", "::1:27", container,
            says="lazy-pages", env=fake(t))
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def failure_has_the_log(t):
    env = fake(t, FAKE_CRIU_FAIL="Error (criu/mount.c:1): mnt: 7 has no root")
    container = t.sleeper(t.config("sleep 100"), script=None)
    t.fails("checkpoint", "--image-path", t.path("img"), container, says=["criu", "mnt: 7 has no root", "img/dump.log"], env=env)
    t.eq(t.status(container), "running")
    t.finish(container)
    bundle = t.bundle(t.config("sleep 100"))
    again = t.new_id()
    t.fails("restore", "--image-path", t.path("img"), "--bundle", bundle, again, says=["mnt: 7 has no root", "img/restore.log"], env=env)
    t.no_record(again)


@test
def no_criu(t):
    t.husk_only()
    t.need(not os.path.exists("/usr/sbin/criu"), "the program criu is installed, and found without PATH")
    container = t.sleeper()
    t.fails("checkpoint", container, says="needs the program criu", env={"PATH": "/nowhere"})
    t.finish(container)


@test
def wrong_options(t):
    container = t.sleeper()
    env = fake(t)
    for flags, says in ((["--page-server", "x"], "ADDRESS:PORT"), (["--empty-ns", "user"], "empty-ns user"),
                        (["--manage-cgroups-mode", "x"], "manage-cgroups-mode x"), (["--parent-path", "/x"], "relative"),
                        (["--status-fd", "99"], "not open")):
        t.fails("checkpoint", "--image-path", t.path("img"), *flags, container, says=says, env=env)
    t.finish(container)
    t.fails("checkpoint", container, says="does not exist", env=env)


@test
def created_is_not_checkpointed(t):
    container = t.create(t.config("sleep 100"))
    t.fails("checkpoint", container, says="created", env=fake(t))
    t.ok("delete", "--force", container)


@test
def config_file(t):
    config = t.config("sleep 100")
    config["annotations"] = {"org.criu.config": "/some/criu.conf"}
    saved(t, config)
    t.eq(request(t)["opts"].get("config_file"), "/some/criu.conf")


@test
def restore_detached(t):
    config = t.config("sleep 100").bind(t.write("src/file", "x"), "/new/place/file", "bind")
    bundle, env, pid_file = t.bundle(config), fake(t), t.path("pid")
    os.mkdir(t.path("img"))
    container = t.new_id()
    t.ok("restore", "--image-path", t.path("img"), "--work-path", t.path("work"), "--detach", "--pid-file", pid_file,
         "-no-subreaper", "--tcp-close", "--lsm-profile", "apparmor:x", "--lsm-mount-context", "y", "--bundle", bundle, container,
         env=env)
    opts = request(t)["opts"]
    t.eq([opts.get(k) for k in ("tcp_close", "rst_sibling", "lsm_profile", "lsm_mount_context", "root", "log_file")],
         [1, 1, "apparmor:x", "y", bundle + "/rootfs", "restore.log"])
    t.check(["/new/place/file", t.path("src/file")] in opts["ext_mnt"], opts["ext_mnt"])
    t.check(["/proc/kcore", "/dev/null"] in opts["ext_mnt"], opts["ext_mnt"])
    t.check(os.path.isfile(bundle + "/rootfs/new/place/file"), "the mount point is made")
    t.check(any(path.endswith(t.cgroup + "/c") for _, path in opts["cg_root"]), opts["cg_root"])
    seen = notes(t, "is_mount")[-1]
    t.check(seen["is_mount"], "the rootfs is a mount point for CRIU")
    t.eq(seen["mount"], 0, "errno of a mount below CRIU's working directory")
    t.has(seen["cgroup"], t.cgroup)
    with open("/proc/self/mountinfo") as text:
        t.lacks(text.read(), bundle)
    state = t.state(container)
    with open(pid_file) as text:
        t.eq([state["status"], state["pid"]], ["running", int(text.read())])
    t.check(state["pid"] in t.processes(), "the restored process is in the container's cgroup")
    t.finish(container)


@test
def restore_in_foreground(t):
    os.mkdir(t.path("img"))
    container, bundle = t.new_id(), t.bundle(t.config("sleep 100"))
    process, *_ = t.runtime.spawn(t.runtime.argv(t.root, ["restore", "--image-path", t.path("img"), "--bundle", bundle, container]),
                                  t.dir, env=fake(t))
    t.check(_until(lambda: os.path.isdir(os.path.join(t.root, container)) and t.status(container) == "running"), "never restored")
    t.ok("kill", container, "KILL")
    t.eq(process.wait(10), 137)
    t.no_record(container)


def _until(condition):
    from case import wait_until
    return wait_until(condition, 10, 0.1)


@test
def restore_gives_pipes_anew(t):
    os.mkdir(t.path("img"))
    t.write("img/descriptors.json", '["/dev/null", "pipe:[11]", "pipe:[12]"]')
    container, bundle = t.new_id(), t.bundle(t.config("sleep 100"))
    result = t.ok("restore", "-d", "--image-path", t.path("img"), "--bundle", bundle, container, env=fake(t))
    t.eq([k for k, _ in request(t)["opts"]["inherit_fd"]], ["pipe:[11]", "pipe:[12]"])
    streams = notes(t, "streams")[-1]["streams"]
    t.eq([streams["pipe:[11]"], streams["pipe:[12]"]], [result.out_path, result.err_path])
    t.finish(container)


@test
def restore_hands_the_terminal(t):
    os.mkdir(t.path("img"))
    config = t.config("sleep 100")
    config.process["terminal"] = True
    server = socket.socket(socket.AF_UNIX)
    path = f"/tmp/husk-criu-{os.getpid()}.sock"
    server.bind(path)
    server.listen(1)
    server.settimeout(10)
    container, bundle = t.new_id(), t.bundle(config)
    t.ok("restore", "-d", "--console-socket", path, "--image-path", t.path("img"), "--bundle", bundle, container,
         env=fake(t, FAKE_CRIU_PTY="1"))
    os.unlink(path)
    connection, _ = server.accept()
    _, fds, _, _ = socket.recv_fds(connection, 100, 1)
    t.has(os.readlink(f"/proc/self/fd/{fds[0]}"), "ptmx")
    os.close(fds[0])
    t.finish(container)


@test
def joined_namespaces(t):
    holder = subprocess.Popen(["unshare", "-n", "-i", "-u", "sleep", "100"])
    try:
        t.check(_until(lambda: os.readlink(f"/proc/{holder.pid}/ns/net") != os.readlink("/proc/self/ns/net")), "no namespace")
        _joined(t, holder.pid)
    finally:
        holder.kill()
        holder.wait()


def _joined(t, pid):
    config = t.config("sleep 100").namespace("network", f"/proc/{pid}/ns/net").namespace("ipc", f"/proc/{pid}/ns/ipc")
    saved(t, config)
    inode = os.stat(f"/proc/{pid}/ns/net").st_ino
    t.eq(request(t)["opts"]["external"], [f"net[{inode}]:extRootNetNS"])
    container, bundle = t.new_id(), t.bundle(config)
    t.ok("restore", "-d", "--image-path", t.path("img"), "--bundle", bundle, container, env=fake(t))
    t.eq(request(t)["opts"]["join_ns"], [["ipc", f"/proc/{pid}/ns/ipc"]])
    streams = notes(t, "streams")[-1]["streams"]
    t.eq(streams["extRootNetNS"], f"net:[{inode}]")
    t.finish(container)


@test
def restore_runs_hooks(t):
    os.mkdir(t.path("img"))
    config = t.config("sleep 100")
    out = t.path("hook-state")
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", f"cat > {out}"]}]}
    container, bundle = t.new_id(), t.bundle(config)
    t.ok("restore", "-d", "--image-path", t.path("img"), "--bundle", bundle, container, env=fake(t))
    with open(out) as text:
        t.eq(json.load(text)["pid"], t.pid(container))
    t.finish(container)


@test
def restore_fails_with_its_hook(t):
    os.mkdir(t.path("img"))
    config = t.config("sleep 100")
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "echo no network >&2; exit 3"]}]}
    container, bundle = t.new_id(), t.bundle(config)
    t.fails("restore", "-d", "--image-path", t.path("img"), "--bundle", bundle, container, says="no network", env=fake(t))
    t.eq(notes(t, "notify")[0], {"notify": "setup-namespaces", "success": 0})
    t.no_record(container)


@test
def no_images(t):
    container = t.new_id()
    t.fails("restore", "--image-path", t.path("none"), "--bundle", t.bundle(t.config("true")), container, says="no such file or directory")
    t.no_record(container)


# ---- with the machine's CRIU ------------------------------------------------------------------------------

def need_criu(t, container):
    """CRIU knows this kernel; or checkpoint says in its words why not, and nothing has happened."""
    check = t.host("criu", "check", cwd=t.dir, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
    if check.returncode == 0:
        return
    result = t.cmd("checkpoint", "--image-path", t.path("img"), container, timeout=60)
    t.check(result.rc != 0, "CRIU says that it cannot, and then does")
    t.eq(t.status(container), "running")
    t.finish(container)
    t.has(result.err, "criu failed", "Error (criu/")
    t.skip("criu check: " + ((check.stdout + check.stderr).strip().splitlines() or [f"exit code {check.returncode}"])[-1])


def with_pipes(t, container, *words):
    """A command whose standard input is /dev/null and whose output goes to a pipe, as engines have it; the pipe to read."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    try:
        result = subprocess.run(t.runtime.argv(t.root, [*words, container]), stdin=subprocess.DEVNULL, stdout=write_end, stderr=write_end,
                                timeout=60 * case.PATIENCE)
    finally:
        os.close(write_end)
    t.eq(result.returncode, 0, f"exit code of {words[0]}: {_said(read_end)}")
    return read_end


def keep_options(t):
    """CRIU mounts cgroup2 without options, and the kernel takes that for the host's mount too; the function that undoes it."""
    with open("/proc/self/mountinfo") as lines:
        options = next((line.split()[-1] for line in lines if line.split()[4] == layout.ROOT and " - cgroup2 " in line), None)
    return lambda: options and t.host("mount", "-o", "remount," + options, layout.ROOT)


def _said(read_end):
    try:
        return os.read(read_end, 65536).decode()
    except BlockingIOError:
        return ""


def _numbers(text):
    return [int(line) for line in text.split() if line.isdigit()]


@test(timeout=120)
def round_trip(t):
    """A program that counts goes on where it was, in a cgroup with the same limits, with the new caller's streams."""
    t.need(shutil.which("criu", path="/usr/sbin:/usr/bin:/usr/local/sbin"), "no criu here")
    put_back = keep_options(t)
    try:
        _round_trip(t)
    finally:
        put_back()


def _round_trip(t):
    config = t.config("i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done").resources(pids={"limit": 20} if layout.controller("pids")[0] else {})
    bundle, container = t.bundle(config), t.new_id()
    before = with_pipes(t, container, "create", "--bundle", bundle)
    t.start(container)
    need_criu(t, container)
    counted = []
    t.check(_until(lambda: counted.extend(_numbers(_said(before))) or counted), "it does not count")
    t.ok("checkpoint", "--leave-running", "--image-path", t.path("first"), container, timeout=60)
    t.eq(t.status(container), "running")
    t.ok("checkpoint", "--image-path", t.path("img"), container, timeout=60)
    t.no_record(container)
    counted += _numbers(_said(before))
    t.eq(_said(before), "", "what is printed once it is gone")
    again = t.new_id()
    after = with_pipes(t, again, "restore", "-d", "--bundle", bundle, "--image-path", t.path("img"))
    t.eq(t.status(again), "running")
    more = []
    t.check(_until(lambda: more.extend(_numbers(_said(after))) or len(more) > 2), f"it does not go on after {counted}")
    t.check(counted[-1] <= more[0] <= counted[-1] + 2, f"it goes on with {more[0]} after {counted[-1]}")
    t.notes.append(f"at {counted[-1]}, goes on with {more[0]}")
    t.check(t.pid(again) in t.processes(), "the restored process is in the container's cgroup")
    t.eq(t.exec(again, "cat", "/proc/1/comm").out, "sh\n")
    if t.layout == "v2" and layout.controller("pids")[0]:
        with open(f"{layout.ROOT}{config.linux['cgroupsPath']}/pids.max") as text:
            t.eq(text.read(), "20\n", "pids.max")
    t.finish(again)
