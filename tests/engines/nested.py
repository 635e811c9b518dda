# SPDX-License-Identifier: Apache-2.0
"""Docker in Docker: a dockerd in a privileged container, with the runtime under test for its containers too."""
import os
import shutil

import docker
import layout
import sandbox
import story
import suite

# What the inner containers are to the outer one: cgroups, mounts, records (not the runtime's caches beside them) and processes.
_TRACES = r"""
find /sys/fs/cgroup -type d -path '*/docker/*' -name '????????????????????????*'
grep /data/ /proc/self/mountinfo | grep -e merged -e vfs
find /run/docker -path '*/moby/[!.]*' -prune
cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -e '[c]ontainerd-shim' -e 'sleep [1]00'
true
"""


def _mounts(place):
    """This machine's programs; the runtime, its call log and an image, where they are outside too; a volume for the inner dockerd."""
    args = ["-v", "/data", "--tmpfs", "/run"]
    for path in ("/usr", "/lib", "/lib64"):
        if os.path.isdir(path):
            args += ["-v", f"{os.path.realpath(path)}:{path}:ro"]
    for path in (place.bin, place.calls, os.path.realpath(place.real), place.assets.tar):
        args += ["-v", f"{path}:{path}"]
    return args


def start(t, *flags):
    """The outer container, with a dockerd that answers and has an image; its id."""
    t.need(shutil.which("docker-init"), "no docker-init")
    daemon = ["dockerd", "--data-root", "/data", "--exec-root", "/run/docker", "--group", "0", "--bridge", "none", "--iptables=false",
              "--ip6tables=false", "--add-runtime", f"under-test={t.place.runtime}", "--default-runtime", "under-test"]
    ident = docker.running(t, "--name", "outer", "--privileged", "--init", "--network", "none", "-e", f"PATH={t.place.path}",
                           *_mounts(t.place), *flags, command=daemon)

    def ready():
        if not docker.state(t, "outer")["Running"]:
            r = t.cmd("logs", "outer")
            raise suite.Failure("the inner dockerd does not start: " + (r.out + r.err)[-1500:])
        return t.engine.call("exec", "outer", "docker", "version").rc == 0
    t.until(ready, "the inner dockerd answers", 10 * story.slack())
    inner(t, "import", "--change", "ENV PATH=/bin", t.place.assets.tar, "bb")
    return ident


def inner(t, *args, rc=0, **kwargs):
    """The client, in the outer container."""
    return t.cmd("exec", "-i", "outer", "docker", *args, rc=rc, **kwargs)


def run_inner(t, *args, rc=0):
    return inner(t, "run", "--network", "none", *args, rc=rc)


def traces(t):
    return t.out("exec", "outer", "sh", "-c", _TRACES)


def _limit(t, cgroup):
    """Its memory limit, where memory is of v1."""
    path = f"{layout.ROOT}/memory{cgroup}/memory.limit_in_bytes"
    if os.path.exists(path):
        with open(path) as text:
            t.eq(text.read(), f"{64 << 20}\n", "memory limit of the inner container")


def life(t, *flags):
    """Containers run, are looked into, stop and are removed in a container, and nothing is left of them in it."""
    outer = start(t, *flags)
    r = run_inner(t, "--rm", "bb", "sh", "-c", "echo out; echo err >&2; exit 3", rc=3)
    t.eq((r.out, r.err), ("out\n", "err\n"), "streams")
    ident = run_inner(t, "-d", "--name", "inner", "--memory", "64m", "bb", "sh", "-c",
                      "trap 'exit 7' TERM; while :; do sleep 0.1; done").out.strip()
    cgroup = f"/docker/{outer}/docker/{ident}"
    t.check(cgroup in sandbox.cgroups(), "the inner container's cgroup is not below the outer one's")
    _limit(t, cgroup)
    t.has(traces(t), ident, "containerd-shim", f"runtime-runc/moby/{ident}", "/data/")
    t.eq(inner(t, "exec", "-i", "inner", "cat", stdin=b"in").out, "in")
    inner(t, "exec", "inner", "sh", "-c", "exit 9", rc=9)
    inner(t, "stop", "-t", str(int(5 * story.slack())), "inner")
    t.eq(inner(t, "inspect", "-f", "{{.State.ExitCode}}", "inner").out, "7\n", "exit status of what was stopped")
    inner(t, "start", "inner")
    inner(t, "rm", "-f", "inner")
    t.eq(inner(t, "ps", "-aq").out, "", "inner containers")
    suite.wait_until(lambda: not traces(t), 3 * story.slack())
    t.eq(traces(t), "", "what is left in the outer container")
    t.cmd("stop", "-t", str(int(10 * story.slack())), "outer", timeout=120)
    t.eq(docker.state(t, "outer")["ExitCode"], 0, "exit status of the inner dockerd")


def ended_from_outside(t, *flags):
    """The outer container is removed while one runs in it: that is gone too, and so is its cgroup."""
    outer = start(t, *flags)
    ident = run_inner(t, "-d", "bb", "sleep", "1001").out.strip()
    t.check(f"/docker/{outer}/docker/{ident}" in sandbox.cgroups(), "the inner container's cgroup is not below the outer one's")
    t.cmd("rm", "-f", "-v", "outer")
