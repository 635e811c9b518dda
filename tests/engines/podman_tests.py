# SPDX-License-Identifier: Apache-2.0
"""What Podman must do as root and as an ordinary user alike."""
import os
import subprocess
import time

import sandbox
import story
import suite
from terminal import Terminal

IMAGE = "localhost/bb:1"
_NO_NET = ("--network", "none")


def register(module):
    """Register these tests as those of a module."""
    for function in _ALL:
        def bound(t, function=function):
            function(t)
        bound.__name__, bound.__module__ = function.__name__, module["__name__"]
        module[function.__name__] = suite.test(bound)


def state(t, name):
    return t.engine.inspect(name)["State"]


def background(t, *args, command=("sleep", "1000")):
    return t.out("run", "-d", *_NO_NET, *args, IMAGE, *command)


def run_attached(t):
    r = t.cmd("run", "--rm", *_NO_NET, IMAGE, "sh", "-c", "echo out; echo err >&2; exit 3", rc=3)
    t.eq((r.out, r.err), ("out\n", "err\n"), "streams")


def run_terminal(t):
    term = Terminal(t.engine.argv("run", "--rm", "-it", *_NO_NET, IMAGE, "sh"), t.engine.env(), 33, 99, t.engine._become_user)
    t.check(term.read_until("# ", 15), f"no prompt: {term.text!r}")
    time.sleep(0.3)
    term.type("stty size\n")
    t.check(term.read_until("33 99\r\n"), f"size: {term.text!r}")
    term.type("exit 4\n")
    t.eq(term.end(), 4, "exit status")


def exit_codes(t):
    t.has(t.cmd("run", "--rm", *_NO_NET, IMAGE, "nosuch", rc=127).err, "executable file")
    t.cmd("run", "--rm", *_NO_NET, IMAGE, "/etc/plain", rc=126)
    t.cmd("run", "--rm", *_NO_NET, IMAGE, "/etc", rc=126)
    t.cmd("run", "--rm", *_NO_NET, IMAGE, "sh", "-c", "sh -c 'kill -9 $$'; exit $?", rc=137)


def execute(t):
    background(t, "--name", "aa")
    t.eq(t.out("exec", "aa", "echo", "hi"), "hi")
    t.eq(t.out("exec", "-u", "1000", "-w", "/etc", "-e", "X=y", "aa", "sh", "-c", "id -u; pwd; echo $X"), "1000\n/etc\ny")
    t.eq(t.cmd("exec", "-i", "aa", "cat", stdin=b"in").out, "in")
    t.cmd("exec", "aa", "sh", "-c", "exit 9", rc=9)
    t.cmd("exec", "aa", "nosuch", rc=127)
    t.cmd("exec", "aa", "/etc/plain", rc=126)


def stop_and_restart(t):
    background(t, "--name", "aa")
    r = t.cmd("stop", "-t", "1", "aa")
    t.check(r.seconds < 3 + story.slack(), f"stop took {r.seconds:.1f} s")
    t.eq(state(t, "aa")["ExitCode"], 137)
    t.cmd("start", "aa")
    first = state(t, "aa")["Pid"]
    t.cmd("restart", "-t", "0", "aa")
    t.check(state(t, "aa")["Running"] and state(t, "aa")["Pid"] != first, "a new process runs")


def kill(t):
    background(t, "--name", "aa", command=("sh", "-c", "trap 'exit 6' TERM; echo up; while :; do sleep 0.1; done"))
    t.until(lambda: "up" in t.out("logs", "aa"), "trap is set")
    t.cmd("kill", "-s", "TERM", "aa")
    t.eq(t.out("wait", "aa"), "6")


def logs_and_top(t):
    background(t, "--name", "aa", command=("sh", "-c", "echo words; sleep 1001; true"))
    t.until(lambda: t.out("logs", "aa") == "words", "logs")
    t.until(lambda: "sleep 1001" in t.out("top", "aa"), "top")


def pod_shares_pids(t):
    t.out("pod", "create", "--name", "pp", "--share", "pid,uts", *_NO_NET)
    background(t, "--pod", "pp", "--name", "one")
    t.out("run", "-d", *_NO_NET, "--pod", "pp", "--name", "two", IMAGE, "sh", "-c", "touch /tmp/healthy && sleep 1001")
    t.until(lambda: "sleep 1001" in t.out("exec", "one", "ps"), "one sees two")
    r = t.cmd("stop", "-t", "1", "two")
    t.check(r.seconds < 3 + story.slack(), f"stop took {r.seconds:.1f} s")
    t.lacks(t.out("exec", "one", "ps"), "sleep 1001")
    t.cmd("pod", "stop", "-t", "0", "pp")
    t.cmd("pod", "start", "pp")
    t.cmd("pod", "rm", "-f", "-t", "0", "pp")


def health_check(t):
    background(t, "--name", "aa", "--health-cmd", "test -e /tmp/healthy", "--health-interval", "disable")
    t.cmd("healthcheck", "run", "aa", rc=1)
    t.cmd("exec", "aa", "touch", "/tmp/healthy")
    t.cmd("healthcheck", "run", "aa")


def kube(t):
    t.need(not t.engine.uid or os.path.isdir("/dev/mqueue"), "this machine has no /dev/mqueue, which pods of ordinary users bind")
    t.out("pod", "create", "--name", "pp", "--share", "net,uts", *_NO_NET)
    t.out("run", "-d", "--pod", "pp", "--name", "one", IMAGE, "sleep", "1000")
    text = t.out("generate", "kube", "pp")
    t.cmd("pod", "rm", "-f", "-t", "0", "pp")
    path = os.path.join(t.engine.home, "pod.yaml")
    with open(path, "w") as out:
        out.write(text.replace("  hostname: pp\n", ""))
    os.chmod(path, 0o644)
    t.cmd("play", "kube", "--network", "none", path, timeout=60)
    t.has(t.out("ps", "--format", "{{.Names}} {{.Status}}"), "pp-one Up")
    t.cmd("play", "kube", "--down", path, timeout=60)


def no_cgroups(t):
    """All of a container without a cgroup is found by its namespaces."""
    t.need(t.kind != "runc", "runc has no such mode")
    t.out("run", "-d", *_NO_NET, "--cgroups=disabled", "--name", "aa", IMAGE, "sh", "-c", "sleep 1000 & sleep 1001")
    t.eq(t.out("exec", "aa", "echo", "hi"), "hi")
    t.cmd("rm", "-f", "-t", "0", "aa")
    t.eq([c for c in sandbox.processes().values() if "sleep 100" in c], [], "processes left")


def options(t):
    r = t.cmd("run", "--rm", *_NO_NET, "--read-only", "--tmpfs", "/x", "--user", "1000", "--init", "--hostname", "named", "--env", "A=b",
              "--security-opt", "no-new-privileges", "--cap-drop", "all", IMAGE, "sh", "-c",
              "id -u; hostname; echo $A; grep -E 'NoNewPrivs|CapEff|Seccomp:' /proc/self/status; touch /y; ls /run/podman-init")
    t.has(r.out, "1000\nnamed\nb\n", "CapEff:\t0000000000000000", "NoNewPrivs:\t1")
    t.has(r.err, "Read-only file system")


def limits(t):
    with open("/proc/self/status") as text:
        caps = int(next(line for line in text if line.startswith("CapEff")).split()[1], 16)
    t.need(t.engine.uid or caps & 1 << 24, "Podman asks for a hard limit that only CAP_SYS_RESOURCE may raise")
    r = t.cmd("run", "--rm", *_NO_NET, "--ulimit", "nofile=100:200", IMAGE, "sh", "-c", "ulimit -n; ulimit -Hn")
    t.eq(r.out, "100\n200\n")


def volumes(t):
    directory = os.path.join(t.engine.home, "volume")
    os.makedirs(directory, exist_ok=True)
    os.chown(directory, t.engine.uid, t.engine.uid)
    t.cmd("run", "--rm", *_NO_NET, "-v", f"{directory}:/v", IMAGE, "sh", "-c", "echo x > /v/f")
    with open(directory + "/f") as text:
        t.eq(text.read(), "x\n")
    t.has(t.cmd("run", "--rm", *_NO_NET, "-v", f"{directory}:/v:ro", IMAGE, "sh", "-c", "echo x > /v/f", rc=1).err, "Read-only")


def privileged(t):
    r = t.cmd("run", "--rm", *_NO_NET, "--privileged", IMAGE, "sh", "-c", "mount -t tmpfs x /mnt && echo mounted")
    t.eq((r.out, r.err), ("mounted\n", ""), "streams")


def build(t):
    directory = os.path.join(t.engine.home, "context")
    os.makedirs(directory, exist_ok=True)
    with open(directory + "/Dockerfile", "w") as out:
        out.write(f"FROM {IMAGE}\nRUN echo built > /made && id -u >> /made\nCMD cat /made\n")
    t.cmd("build", "--network", "none", "-t", "localhost/made", directory, timeout=60)
    t.eq(t.out("run", "--rm", *_NO_NET, "localhost/made"), "built\n0")
    t.cmd("rmi", "localhost/made")


def commit_and_copy(t):
    background(t, "--name", "aa")
    t.cmd("cp", t.place.assets.rootfs + "/etc/plain", "aa:/copied", rc=0)
    t.eq(t.out("exec", "aa", "cat", "/copied"), "not a program")
    t.has(t.out("diff", "aa"), "A /copied")


def preserved_descriptors(t):
    read_end, write_end = os.pipe()
    os.write(write_end, b"from descriptor 3")
    os.close(write_end)

    def prepare():
        t.engine._become_user()
        os.dup2(read_end, 3)
        os.set_inheritable(3, True)
    p = subprocess.run(t.engine.argv("run", "--rm", *_NO_NET, "--preserve-fds", "1", IMAGE, "sh", "-c", "cat <&3"), env=t.engine.env(),
                       capture_output=True, preexec_fn=prepare, close_fds=False, timeout=30)
    os.close(read_end)
    t.eq(p.stdout, b"from descriptor 3", f"output ({p.stderr})")


_ALL = [run_attached, run_terminal, exit_codes, execute, stop_and_restart, kill, logs_and_top, pod_shares_pids, health_check, kube,
        no_cgroups, options, limits, volumes, privileged, build, commit_and_copy, preserved_descriptors]
