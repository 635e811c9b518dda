# SPDX-License-Identifier: Apache-2.0
"""Docker: the life of containers."""
import json
import os
import re
import signal
import subprocess
import time

import docker
import story
from docker import running, sh, state
from suite import test
from terminal import Terminal

WEIGHT = 9


def start(place):
    return docker.Docker(place)


@test
def run_attached(t):
    r = t.cmd("run", "--rm", "bb", "echo", "hello")
    t.eq((r.out, r.err), ("hello\n", ""), "output")


@test
def run_stdin(t):
    r = t.cmd("run", "--rm", "-i", "bb", "wc", "-c", stdin=b"x" * 300000)
    t.eq(r.out.strip(), "300000")


@test
def run_both_streams(t):
    r = sh(t, "echo out; echo err >&2; exit 3", rc=3)
    t.eq((r.out, r.err), ("out\n", "err\n"), "streams")


@test
def run_terminal(t):
    term = Terminal([docker.DOCKER, "run", "--rm", "-it", "bb", "sh"], t.engine.env(), 33, 99)
    t.check(term.read_until("# "), f"no prompt: {term.text!r}")
    time.sleep(0.4)                      # the client sets the size once the program runs
    term.type("stty size; tty\n")
    t.check(term.read_until("33 99\r\n"), f"size of the window: {term.text!r}")
    t.check(term.read_until("/dev/pts/0"), f"no terminal: {term.text!r}")
    term.resize(44, 111)
    time.sleep(0.4)
    term.type("stty size\n")
    t.check(term.read_until("44 111"), f"size after the resize: {term.text!r}")
    term.type("exit 7\n")
    t.eq(term.end(), 7, "exit status")


@test
def exec_terminal(t):
    running(t, "--name", "aa")
    term = Terminal([docker.DOCKER, "exec", "-it", "aa", "sh"], t.engine.env(), 30, 90)
    time.sleep(0.4)
    term.type("stty size\n")
    t.check(term.read_until("30 90"), f"size of the window: {term.text!r}")
    term.resize(40, 100)
    time.sleep(0.4)
    term.type("stty size; trap 'echo got' INT; sleep 20\n")
    t.check(term.read_until("40 100"), f"size after the resize: {term.text!r}")
    time.sleep(0.3)
    term.type("\x03")
    t.check(term.read_until("got", 3), f"no SIGINT from ^C: {term.text!r}")
    term.type("exit 5\n")
    t.eq(term.end(), 5, "exit status")


@test
def exec_basic(t):
    running(t, "--name", "aa", "-e", "FROM=run")
    t.eq(t.out("exec", "aa", "echo", "hi"), "hi")
    t.eq(t.out("exec", "-u", "1000:2000", "aa", "id"), "uid=1000(user) gid=2000(extra) groups=2000(extra)")
    t.eq(t.out("exec", "-w", "/etc", "-e", "X=y", "aa", "sh", "-c", "pwd; echo $X $FROM"), "/etc\ny run")
    t.eq(t.cmd("exec", "-i", "aa", "cat", stdin=b"in").out, "in")
    t.cmd("exec", "aa", "sh", "-c", "exit 9", rc=9)
    t.cmd("exec", "aa", "sh", "-c", "kill -9 $$", rc=137)
    t.cmd("exec", "-d", "aa", "touch", "/made")
    t.until(lambda: t.engine.call("exec", "aa", "test", "-e", "/made").rc == 0, "detached exec")
    t.has(t.out("exec", "--privileged", "aa", "grep", "CapEff", "/proc/self/status"), "CapEff:\t0000")


@test
def exec_exit_codes(t):
    running(t, "--name", "aa")
    t.has(t.cmd("exec", "aa", "nosuch", rc=None).err + t.cmd("exec", "aa", "nosuch", rc=None).out, "executable file not found in $PATH")
    r = t.cmd("exec", "aa", "nosuch", rc=None)
    t.check(r.rc in (126, 127), f"exit status of a program that is not there: {r}")
    r = t.cmd("exec", "aa", "/etc/plain", rc=126)
    t.has(r.out + r.err, "permission denied")


@test
def exit_codes(t):
    t.eq(t.cmd("run", "--rm", "bb", "nosuch", rc=127).out, "")
    t.has(t.cmd("run", "--rm", "bb", "nosuch", rc=127).err, "executable file not found in $PATH")
    t.has(t.cmd("run", "--rm", "bb", "/no/such", rc=127).err, "no such file or directory")
    t.has(t.cmd("run", "--rm", "bb", "/etc/plain", rc=126).err, "permission denied")
    t.cmd("run", "--rm", "bb", "/etc", rc=126)
    t.cmd("run", "--no-such-flag", "bb", "true", rc=125)
    t.has(t.cmd("run", "--rm", "--device", "/no/device", "bb", "true", rc=127).err, "/no/device")
    sh(t, "exit 42", rc=42)
    sh(t, "sh -c 'kill -9 $$'; exit $?", rc=137)
    sh(t, "sh -c 'kill -TERM $$'; exit $?", rc=143)


@test
def stop_by_term(t):
    running(t, "--name", "aa", command=("sh", "-c", "trap 'exit 4' TERM; while :; do sleep 0.1; done"))
    r = t.cmd("stop", "-t", "10", "aa")
    t.check(r.seconds < 2 + story.slack(), f"took {r.seconds:.1f} s")
    t.eq(state(t, "aa")["ExitCode"], 4, "exit code")


@test
def stop_by_kill(t):
    running(t, "--name", "aa")
    r = t.cmd("stop", "-t", "1", "aa")
    t.check(r.seconds < 1.5 + story.slack(), f"took {r.seconds:.1f} s")
    t.eq((state(t, "aa")["ExitCode"], state(t, "aa")["Status"]), (137, "exited"), "state")


@test
def kill_signals(t):
    running(t, "--name", "aa", command=("sh", "-c", "trap 'echo usr1' USR1; trap 'exit 6' TERM; echo up; while :; do sleep 0.1; done"))
    t.until(lambda: "up" in t.out("logs", "aa"), "trap is set")
    t.cmd("kill", "-s", "USR1", "aa")
    t.until(lambda: "usr1" in t.out("logs", "aa"), "USR1 arrives")
    t.cmd("kill", "-s", "SIGTERM", "aa")
    t.eq(t.out("wait", "aa"), "6")
    running(t, "--name", "ab")
    t.cmd("kill", "ab")
    t.eq(t.out("wait", "ab"), "137")
    t.has(t.cmd("kill", "ab", rc=1).err, "is not running")


@test
def restart(t):
    running(t, "--name", "aa")
    first = state(t, "aa")["Pid"]
    t.cmd("restart", "-t", "0", "aa")
    t.check(state(t, "aa")["Running"] and state(t, "aa")["Pid"] != first, "a new process runs")
    t.eq(t.out("exec", "aa", "echo", "hi"), "hi")


@test
def start_again(t):
    t.cmd("run", "--name", "aa", "bb", "sh", "-c", "echo x >> /count; wc -l < /count")
    t.eq(t.out("start", "-a", "aa").strip(), "2")
    t.eq(t.out("start", "-a", "aa").strip(), "3")


@test
def pause(t):
    running(t, "--name", "aa", command=("sh", "-c", "while :; do date +%s%N > /now; sleep 0.05; done"))
    t.cmd("pause", "aa")
    t.eq(state(t, "aa")["Status"], "paused", "status")
    one = t.out("cp", "aa:/now", "-", rc=None)
    time.sleep(0.3)
    t.eq(t.out("cp", "aa:/now", "-", rc=None), one, "a paused container stands still")
    t.has(t.cmd("exec", "aa", "true", rc=1).err, "paused")
    t.cmd("unpause", "aa")
    t.eq(state(t, "aa")["Status"], "running", "status")
    t.cmd("exec", "aa", "true")


@test
def paused_container_is_stopped(t):
    running(t, "--name", "aa")
    t.cmd("pause", "aa")
    r = t.cmd("stop", "-t", "1", "aa", rc=None)
    if r.rc == 0:
        t.eq(state(t, "aa")["Running"], False, "running")
    r = t.cmd("rm", "-f", "aa")
    t.check(r.seconds < 11 + story.slack(), f"took {r.seconds:.1f} s")


@test
def update(t):
    ident = running(t, "--name", "aa", "--memory", "64m", "--memory-swap", "64m")
    t.cmd("update", "--memory", "100m", "--memory-swap", "100m", "--cpus", "0.5", "--pids-limit", "33", "--cpu-shares", "512", "aa")
    top = f"/docker/{ident}"
    for controller, file, want in (("memory", "memory.limit_in_bytes", str(100 << 20)), ("cpu", "cpu.cfs_quota_us", "50000"),
                                   ("pids", "pids.max", "33"), ("cpu", "cpu.shares", "512")):
        path = f"/sys/fs/cgroup/{controller}{top}/{file}"
        t.need(os.path.exists(path), f"no {path}")
        with open(path) as text:
            t.eq(text.read().strip(), want, path)


@test
def stats(t):
    running(t, "--name", "aa", "--memory", "64m", command=("sh", "-c", "while :; do :; done"))
    line = json.loads(t.out("stats", "--no-stream", "--format", "{{json .}}", "aa"))
    t.has(line["MemUsage"], "/ 64MiB")
    t.check(float(line["CPUPerc"].rstrip("%")) > 5, f"no processor time: {line}")
    t.check(int(line["PIDs"]) >= 1, f"no processes: {line}")


@test
def top(t):
    running(t, "--name", "aa", command=("sh", "-c", "sleep 1001; true"))
    t.until(lambda: "sleep 1001" in t.out("top", "aa"), "sleep in top")
    lines = t.out("top", "aa", "-o", "pid,args").splitlines()
    t.check(len(lines) == 3 and "sh -c" in lines[1], f"top -o: {lines}")


@test
def logs(t):
    running(t, "--name", "aa", command=("sh", "-c", "for i in $(seq 1 1000); do echo line $i; done; echo bad >&2"))
    t.eq(t.out("wait", "aa"), "0")
    r = t.cmd("logs", "aa")
    t.eq((len(r.out.splitlines()), r.err), (1000, "bad\n"), "logs")
    t.eq(t.out("logs", "--tail", "1", "aa").strip() in ("line 1000", ""), True, "tail")


@test
def events(t):
    since = str(time.time() - 1)
    running(t, "--name", "aa")
    t.cmd("exec", "aa", "true")
    t.cmd("kill", "aa")
    t.cmd("wait", "aa")
    t.cmd("rm", "aa")
    wanted = ["create", "start", "exec_create", "exec_die", "kill", "die", "destroy"]
    def seen():
        out = t.out("events", "--since", since, "--until", str(time.time()), "--format", "{{.Action}}")
        return all(re.search(rf"^{w}\b", out, re.M) for w in wanted)
    t.until(seen, "all events")


@test
def oom_event(t):
    r = t.cmd("run", "--name", "aa", "--memory", "16m", "--memory-swap", "16m", "bb", "sh", "-c", "tail /dev/zero; exit 1", rc=None)
    t.check(r.rc in (1, 137), str(r))
    t.until(lambda: state(t, "aa")["OOMKilled"], "OOMKilled in inspect", 3)


@test
def remove_forced(t):
    running(t, "--name", "aa", command=("sh", "-c", "trap '' TERM; sleep 1000 & sleep 1001"))
    r = t.cmd("rm", "-f", "aa")
    t.check(r.seconds < 4 + story.slack(), f"took {r.seconds:.1f} s")


@test
def attach_and_detach(t):
    running(t, "--name", "aa", "-it", command=("sh",))
    term = Terminal([docker.DOCKER, "attach", "aa"], t.engine.env())
    time.sleep(0.5)
    term.type("echo $((40+2))\n")
    t.check(term.read_until("\n42"), f"attached: {term.text!r}")
    term.type("\x10\x11")
    t.check(term.end() is not None, "attach ends with ^P^Q")
    t.check(state(t, "aa")["Running"], "the container goes on")


@test
def attach_signals(t):
    argv = [docker.DOCKER, "run", "--rm", "--name", "aa", "bb", "sh", "-c", "trap 'echo bye; exit 8' TERM; echo up; while :; do sleep 0.1; done"]
    client = subprocess.Popen(argv, env=t.engine.env(), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    t.eq(client.stdout.readline(), b"up\n")
    client.send_signal(signal.SIGTERM)
    out, _ = client.communicate(timeout=10)
    t.eq((client.returncode, out), (8, b"bye\n"), "exit status and output")


@test
def commit(t):
    t.cmd("run", "--name", "aa", "bb", "sh", "-c", "echo new > /file")
    t.cmd("commit", "--change", 'CMD ["cat", "/file"]', "aa", "bb2")
    t.eq(t.out("run", "--rm", "bb2"), "new")
    t.cmd("rmi", "bb2")


@test
def copy_and_diff(t):
    running(t, "--name", "aa")
    path = t.place.file("copied")
    with open(path, "w") as text:
        text.write("from the host")
    t.cmd("cp", path, "aa:/tmp/in")
    t.eq(t.out("exec", "aa", "cat", "/tmp/in"), "from the host")
    t.cmd("exec", "aa", "sh", "-c", "echo back > /tmp/out; rm /etc/plain")
    t.cmd("cp", "aa:/tmp/out", path)
    with open(path) as text:
        t.eq(text.read(), "back\n")
    t.eq(sorted(t.out("diff", "aa").splitlines()), ["A /tmp/in", "A /tmp/out", "C /etc", "C /tmp", "D /etc/plain"], "diff")


@test
def health_check(t):
    running(t, "--name", "aa", "--health-cmd", "test -e /tmp/healthy", "--health-interval", "500ms", "--health-retries", "2")
    t.until(lambda: state(t, "aa")["Health"]["Status"] == "unhealthy", "unhealthy", 10)
    t.cmd("exec", "aa", "touch", "/tmp/healthy")
    t.until(lambda: state(t, "aa")["Health"]["Status"] == "healthy", "healthy", 10)


@test
def restart_policy(t):
    running(t, "--name", "aa", "--restart", "on-failure:3", command=("sh", "-c", "echo x; exit 1"))
    t.until(lambda: t.engine.inspect("aa")["RestartCount"] == 3 and not state(t, "aa")["Running"], "3 restarts", 20)
    t.eq(t.out("logs", "aa"), "x\nx\nx\nx", "logs")
    running(t, "--name", "ab", "--restart", "always")
    first = state(t, "ab")["Pid"]
    os.kill(first, signal.SIGKILL)
    t.until(lambda: state(t, "ab")["Pid"] not in (0, first), "always restarts", 10)


@test
def create_then_start(t):
    t.cmd("create", "--name", "aa", "bb", "echo", "later")
    t.eq(state(t, "aa")["Status"], "created")
    t.eq(t.out("start", "-a", "aa"), "later")
    t.cmd("rm", "aa")


@test
def rename_and_prune(t):
    t.cmd("run", "--name", "aa", "bb", "true")
    t.cmd("rename", "aa", "ab")
    t.has(t.cmd("container", "prune", "-f").out, "Deleted Containers")


@test
def many_execs(t):
    running(t, "--name", "aa")
    env = t.engine.env()
    clients = [subprocess.Popen([docker.DOCKER, "exec", "aa", "echo", str(i)], env=env, stdout=subprocess.PIPE) for i in range(20)]
    t.eq([c.communicate(timeout=40)[0].decode().strip() for c in clients], [str(i) for i in range(20)], "outputs")


@test
def exec_while_it_ends(t):
    for _ in range(5):
        running(t, "--name", "aa", command=("sleep", "0.3"))
        while t.cmd("exec", "aa", "true", rc=None).rc == 0:
            pass
        t.eq(t.out("wait", "aa"), "0")
        t.cmd("rm", "aa")


@test(timeout=150)
def fifty_at_once(t):
    env = t.engine.env()
    clients = [subprocess.Popen([docker.DOCKER, "run", "-d", "--network", "none", "--name", f"many{i}", "bb", "sleep", "1000"], env=env,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT) for i in range(50)]
    for client in clients:
        out = client.communicate(timeout=120)[0]
        t.eq(client.returncode, 0, f"docker run: {out}")
    t.eq(len(t.out("ps", "-q").split()), 50, "containers that run")
    t.cmd("kill", *[f"many{i}" for i in range(50)], timeout=60)
    t.cmd("rm", "-f", *[f"many{i}" for i in range(50)], timeout=60)
