# SPDX-License-Identifier: Apache-2.0
"""Docker: the daemon dies, restarts, keeps containers alive, maps users, makes checkpoints."""
import os
import signal
import subprocess
import time

import docker
import sandbox
import story
from docker import running, sh, state
from suite import test

WEIGHT = 7


def start(place):
    return docker.Docker(place, "--live-restore", "--experimental")


@test
def live_restore(t):
    running(t, "--name", "aa", command=("sh", "-c", "while :; do date +%s%N > /now; sleep 0.1; done"))
    pid = state(t, "aa")["Pid"]
    t.engine.restart()
    t.eq((state(t, "aa")["Running"], state(t, "aa")["Pid"]), (True, pid), "state after the restart of dockerd")
    t.eq(t.out("exec", "aa", "echo", "hi"), "hi")
    t.cmd("stop", "-t", "1", "aa")
    t.eq(state(t, "aa")["ExitCode"], 137)


@test
def daemon_killed(t):
    running(t, "--name", "aa")
    running(t, "--name", "ab", command=("sh", "-c", "sleep 2; exit 3"))
    pid = state(t, "aa")["Pid"]
    t.engine.kill()
    time.sleep(2.5)
    t.engine.start()
    t.eq((state(t, "aa")["Running"], state(t, "aa")["Pid"]), (True, pid), "state after dockerd was killed")
    t.until(lambda: not state(t, "ab")["Running"], "the container that ended meanwhile", 5)
    t.cmd("exec", "aa", "true")
    r = t.cmd("restart", "-t", "1", "aa")
    t.check(r.seconds < 3 + story.slack(), f"restart took {r.seconds:.1f} s")
    t.cmd("rm", "-f", "aa", "ab")


@test
def killed_in_the_middle(t):
    """dockerd dies while containers are being started."""
    env = t.engine.env()
    clients = [subprocess.Popen([docker.DOCKER, "run", "-d", "--network", "none", "--name", f"m{i}", "bb", "sleep", "1000"], env=env,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for i in range(10)]
    time.sleep(0.8)
    t.engine.kill()
    for client in clients:
        client.wait()
    t.engine.start()
    names = t.out("ps", "-aq").split()
    if names:
        t.cmd("rm", "-f", *names, timeout=60)
    t.eq(t.out("ps", "-aq"), "", "containers left")
    t.engine.remove_lost()
    t.eq(sh(t, "echo works").out, "works\n")


@test
def shim_killed(t):
    running(t, "--name", "aa", command=("sh", "-c", "sleep 1000; true"))
    ident = t.engine.inspect("aa")["Id"]
    shims = [p for p, c in sandbox.processes().items() if "containerd-shim" in c and ident in c]
    t.eq(len(shims), 1, "shims")
    os.kill(shims[0], signal.SIGKILL)
    t.until(lambda: not state(t, "aa")["Running"], "the container counts as ended", 10)
    t.until(lambda: not any("sleep 1000" in c for c in sandbox.processes().values()), "its processes are gone", 5)
    t.cmd("start", "aa")
    t.eq(t.out("exec", "aa", "echo", "again"), "again")


@test
def user_remap(t):
    try:
        sandbox.add_user(t.place.dir, "remapped", 4444)
    except OSError as why:
        t.skip(f"no subordinate ids: {why}")
    t.engine.clean()
    t.engine.restart("--userns-remap", "remapped")
    try:
        t.cmd("import", "--change", "ENV PATH=/bin", t.place.assets.tar, "bb", timeout=60)
        t.has(sh(t, "cat /proc/self/uid_map").out, "300000")
        t.eq(sh(t, "id -u; touch /file && stat -c %u /file").out, "0\n0\n")
        running(t, "--name", "aa")
        t.eq(os.stat(f"/proc/{state(t, 'aa')['Pid']}").st_uid, 300000, "uid outside")
        t.eq(t.out("exec", "-u", "1000", "aa", "id", "-u"), "1000")
        t.has(sh(t, "cat /proc/self/uid_map", "--userns", "host").out, "4294967295")
        t.eq(sh(t, "mount | grep -c ' on /sys '").out, "1\n")
        t.cmd("rm", "-f", "aa")
        t.engine.clean()
    finally:
        t.engine.restart()
        sandbox.remove_user()


@test
def checkpoint(t):
    t.need_criu()
    running(t, "--name", "aa", "--network", "none", "--security-opt", "seccomp=unconfined",
            command=("sh", "-c", "i=0; while :; do i=$((i+1)); echo $i > /count; sleep 0.1; done"))
    time.sleep(1)
    t.cmd("checkpoint", "create", "aa", "one")
    t.until(lambda: not state(t, "aa")["Running"], "it ended with the checkpoint")
    t.cmd("start", "--checkpoint", "one", "aa")
    t.check(state(t, "aa")["Running"], "it runs again")
    t.check(int(t.out("exec", "aa", "cat", "/count")) >= 5, "it went on from where it was")


@test
def after_all_of_this(t):
    t.eq(sh(t, "echo fine").out, "fine\n")
