# SPDX-License-Identifier: Apache-2.0
"""The rows of the table.  Each is run in a process of its own that has entered the world (world.py), and returns plain
data: {"cells": {runtime: value}, "unit": …}.  What cannot be measured here is {"skip": why}."""
import glob
import json
import os
import shutil
import subprocess
import time

from layout import reap
from measure import Sample, interleave, once, spawn

ROOT = "/run/bench"                     # a tmpfs, as /run is


class Runtimes:
    def __init__(self, paths):
        self.paths = paths              # {"husk": "/tmp/…/husk", "crun": …}

    def argv(self, name, *args):
        return [self.paths[name], "--root", f"{ROOT}/{name}", *args]

    def __iter__(self):
        return iter(self.paths)

    def works(self, name, bundle):
        """Why a run of this bundle fails, or None."""
        done = subprocess.run(self.argv(name, "run", f"try-{name}"), cwd=bundle, capture_output=True, text=True)
        if done.returncode == 0:
            return None
        subprocess.run(self.argv(name, "delete", "--force", f"try-{name}"), capture_output=True)
        return (done.stderr.strip().splitlines() or ["it fails"])[-1][:160]


def cells(samples, notes=()):
    out = {"unit": "ms", "cells": {}, "cpu": {}, "spread": {}}
    for name, s in samples.items():
        out["cells"][name] = s.median() * 1e3
        out["cpu"][name] = s.median_cpu() * 1e3 if s.cpu else None
        out["spread"][name] = [x * 1e3 for x in s.spread()]
        out["runs"] = len(s.wall)
    if notes:
        out["notes"] = list(notes)
    return out


def runner(rt, name, bundle):
    def thing(sample, i):
        once(rt.argv(name, "run", f"r{i}-{name}"), sample, bundle)
    return thing


def floor_runner(w):
    def thing(sample, i):
        once([w.floor, f"/sys/fs/cgroup/bench-floor-{os.getpid()}", f"{w.bundle}/rootfs"], sample, "/")
    return thing


def run_default(w, with_floor=True, bundle=None):
    bundle = bundle or w.bundle
    things, notes = {}, []
    if with_floor:
        things["floor"] = floor_runner(w)
    for name in w.rt:
        why = w.rt.works(name, bundle)
        if why:
            notes.append(f"{name}: {why}")
        else:
            things[name] = runner(w.rt, name, bundle)
    return cells(interleave(things, w.runs), notes)


def run_hybrid(w):
    return run_default(w, False)


def run_docker(w):
    return run_default(w, False, w.docker)


# Below a runtime's root; runc compiles its filter each time.
FILTER_CACHES = {"husk": ".seccomp", "crun": ".cache/seccomp"}


def run_docker_cold(w):
    """The filter is compiled anew each time."""
    def cold(name):
        def thing(sample, i):
            if name in FILTER_CACHES:
                shutil.rmtree(f"{ROOT}/{name}/{FILTER_CACHES[name]}", ignore_errors=True)
            once(w.rt.argv(name, "run", f"c{i}-{name}"), sample, w.docker)
        return thing
    return cells(interleave({name: cold(name) for name in w.rt if not w.rt.works(name, w.docker)}, w.runs))


def commands(w):
    """One life after the other, each command timed; the empty program is the least that a command can cost."""
    steps = ("create", "start", "state", "exec", "kill", "delete")
    table = {name: {s: Sample() for s in steps} for name in w.rt}
    empty = Sample()
    for i in range(w.runs + 2):
        once([w.true_dynamic], empty)
        for name in w.rt:
            life(w, name, f"l{i}-{name}", table[name] if i > 1 else {s: Sample() for s in steps})
    out = {"unit": "ms", "columns": steps, "table": {"empty program": {s: empty.median() * 1e3 for s in steps}},
           "runs": w.runs}
    for name, samples in table.items():
        out["table"][name] = {s: samples[s].median() * 1e3 for s in steps}
    return out


def life(w, name, cid, samples):
    rt = w.rt
    once(rt.argv(name, "create", cid), samples["create"], w.sleeper)
    once(rt.argv(name, "start", cid), samples["start"])
    once(rt.argv(name, "state", cid), samples["state"])
    once(rt.argv(name, "exec", cid, "/true"), samples["exec"])
    once(rt.argv(name, "kill", cid, "KILL"), samples["kill"])
    wait_stopped(rt, name, cid)
    once(rt.argv(name, "delete", cid), samples["delete"])


def wait_stopped(rt, name, cid):
    for _ in range(1000):
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass
        done = subprocess.run(rt.argv(name, "state", cid), capture_output=True, text=True)
        if '"stopped"' in done.stdout.replace(": ", ":").replace("status:", ""):
            return
        time.sleep(0.002)
    raise RuntimeError(f"{name}: {cid} does not stop")


def make_records(w, name, n):
    """n stopped containers: one real, and copies of its record under other names."""
    rt, cid = w.rt, "record-0000"
    once(rt.argv(name, "create", cid), None, w.sleeper)
    once(rt.argv(name, "kill", cid, "KILL"))
    wait_stopped(rt, name, cid)
    place = f"{ROOT}/{name}/{cid}"
    for i in range(1, n):
        copy = f"{ROOT}/{name}/record-{i:04}"
        os.mkdir(copy)
        for file in os.listdir(place):
            path = f"{place}/{file}"
            if not os.path.isfile(path):
                continue
            with open(path, "rb") as f:
                text = f.read()
            with open(f"{copy}/{file}", "wb") as f:
                f.write(text.replace(cid.encode(), f"record-{i:04}".encode()))


def drop_records(w, name):
    for path in glob.glob(f"{ROOT}/{name}/record-*")[1:]:
        if not path.endswith("-0000"):
            shutil.rmtree(path)
    once(w.rt.argv(name, "delete", "--force", "record-0000"), ok=False)


def many_records(w):
    """`list`, and `create`, beside many containers."""
    table = {name: {} for name in w.rt}
    for name in w.rt:
        def create(sample, i, name=name):
            once(w.rt.argv(name, "create", f"m{i}"), sample, w.sleeper)
            once(w.rt.argv(name, "delete", "--force", f"m{i}"))

        def listing(sample, i, name=name):
            once(w.rt.argv(name, "list"), sample)
        few = interleave({"create": create}, max(w.runs // 2, 5))["create"].median()
        make_records(w, name, w.records)
        many = interleave({"create": create, "list": listing}, max(w.runs // 2, 5))
        drop_records(w, name)
        table[name] = {"create, none there": few * 1e3, f"create, {w.records} there": many["create"].median() * 1e3,
                       f"list of {w.records}": many["list"].median() * 1e3}
    return {"unit": "ms", "columns": list(table["husk"]), "table": table, "runs": max(w.runs // 2, 5)}


def number_from(argv, directory):
    """What peak or calls (peak.c) has written of a command."""
    out = f"{ROOT}/number"
    once([argv[0], out, *argv[1:]], None, directory)
    with open(out) as f:
        return int(f.read())


def system_calls(w):
    out = {}
    floor = [w.floor, f"/sys/fs/cgroup/bench-floor-{os.getpid()}", f"{w.bundle}/rootfs"]
    once(floor)
    out["floor"] = number_from([w.calls, *floor], "/")
    for name in w.rt:
        for _ in range(3):              # caches of the first runs
            once(w.rt.argv(name, "run", f"s-{name}"), None, w.bundle)
        out[name] = number_from([w.calls, *w.rt.argv(name, "run", f"s-{name}")], w.bundle)
    out["empty program"] = number_from([w.calls, w.true_dynamic], "/")
    return {"unit": "", "cells": out}


def memory(w):
    table = {}
    for name in w.rt:
        row = {}
        for command in (("create",), ("state",), ("delete", "--force")):
            row["peak of " + command[0]] = number_from([w.peak, *w.rt.argv(name, *command, f"p-{name}")], w.sleeper)
            if command[0] == "create":
                row["waiting container"] = waiting_memory(w, name)
        table[name] = row
    return {"unit": "KiB", "columns": list(next(iter(table.values()))), "table": table}


def waiting_memory(w, name):
    done = subprocess.run(w.rt.argv(name, "state", f"p-{name}"), capture_output=True, text=True)
    pid = json.loads(done.stdout)["pid"]
    with open(f"/proc/{pid}/smaps_rollup") as f:
        for line in f:
            if line.startswith("Rss:"):
                return int(line.split()[1])
    return None


def smallest_limit(w):
    """By halving: the smallest memory limit, in KiB, under which /true runs."""
    with open("/sys/fs/cgroup/cgroup.controllers") as f:
        if "memory" not in f.read().split():
            return {"skip": "the v2 hierarchy here has no memory controller (it belongs to v1)"}
    out = {}
    for name in w.rt:
        low, high = 0, 32768
        while high - low > 32:
            middle = (low + high) // 2
            if all(runs_under(w, name, middle * 1024) for _ in range(5)):
                high = middle
            else:
                low = middle
        out[name] = high
    return {"unit": "KiB", "cells": out}


def runs_under(w, name, limit):
    path = f"{w.bundle}/config.json"
    with open(path) as f:
        text = f.read()
    config = json.loads(text)
    config["linux"]["resources"]["memory"] = {"limit": limit}
    with open(path, "w") as f:
        json.dump(config, f)
    try:
        return once(w.rt.argv(name, "run", "limit"), ok=False, directory=w.bundle) == 0
    finally:
        once(w.rt.argv(name, "delete", "--force", "limit"), ok=False)
        with open(path, "w") as f:
            f.write(text)


# The kernel goes on freeing what the flood before has left.
FLOOD_PAUSE = 2


def flood(w):
    """KILL of a container of many processes, until its cgroup is empty.  The floor is a bare write to cgroup.kill."""
    names = ["floor", *w.rt]
    table = {name: {} for name in names}
    for kind, bundle in (("own PID namespace", w.flood), ("shared PID namespace", w.flood_shared)):
        samples = {name: [] for name in names}
        for i in range(w.floods):
            for name in names[i % len(names):] + names[:i % len(names)]:
                samples[name].append(flood_once(w, name, bundle, f"f{i}-{name}"))
        for name, values in samples.items():
            table[name][f"kill of {w.processes}, {kind}"] = sorted(values)[len(values) // 2]
    return {"unit": "s", "columns": list(table["husk"]), "table": table, "runs": w.floods}


def cgroup_of(pid):
    with open(f"/proc/{pid}/cgroup") as f:
        for line in f:
            if line.startswith("0::"):
                return "/sys/fs/cgroup" + line[3:].strip()
    raise RuntimeError("no v2 cgroup")


def kill_all(w, name, cid, cgroup):
    if name == "floor":
        with open(f"{cgroup}/cgroup.kill", "w") as f:
            f.write("1")
    elif name == "husk":
        once(w.rt.argv(name, "kill", cid, "KILL"), ok=False)
    else:
        once(w.rt.argv(name, "kill", "--all", cid, "KILL"), ok=False)


def is_populated(cgroup):
    with open(f"{cgroup}/cgroup.events") as f:
        return "populated 0" not in f.read()


def flood_once(w, name, bundle, cid):
    maker = "husk" if name == "floor" else name
    ready = f"{bundle}/rootfs/ready"
    if os.path.exists(ready):
        os.unlink(ready)
    once(w.rt.argv(maker, "create", cid), None, bundle)
    done = subprocess.run(w.rt.argv(maker, "state", cid), capture_output=True, text=True)
    cgroup = cgroup_of(json.loads(done.stdout)["pid"])
    once(w.rt.argv(maker, "start", cid))
    deadline = time.monotonic() + 60
    while not os.path.exists(ready) and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(FLOOD_PAUSE)
    start = time.perf_counter()
    kill_all(w, name, cid, cgroup)
    while is_populated(cgroup) and time.perf_counter() - start < 60:
        reap()
    taken = time.perf_counter() - start
    once(w.rt.argv(maker, "delete", "--force", cid), ok=False)
    return taken


def crowd(w):
    """Many containers, 32 at a time: create, start, delete."""
    n, at_once = w.crowd, 32
    samples = {name: [] for name in w.rt}
    for i in range(2):
        for name in w.rt:
            start = time.perf_counter()
            running, number = {}, 0
            while number < n or running:
                while number < n and len(running) < at_once:
                    cid = f"w{i}-{number}"
                    running[spawn(w.rt.argv(name, "create", cid), w.bundle)] = (cid, "create")
                    number += 1
                pid, status = os.wait()
                if pid not in running:
                    continue
                cid, step = running.pop(pid)
                if step == "create":
                    running[spawn(w.rt.argv(name, "start", cid))] = (cid, "start")
                elif step == "start":
                    running[spawn(w.rt.argv(name, "delete", "--force", cid))] = (cid, "delete")
                elif status:
                    raise RuntimeError(f"{name} delete: status {status}")
            samples[name].append(time.perf_counter() - start)
    return {"unit": "s", "cells": {name: min(v) for name, v in samples.items()}, "runs": 2}


def size(w):
    """husk is stripped before it is measured; the peers' packages are."""
    return {"unit": "MB", "cells": {name: os.path.getsize(path) / 1e6 for name, path in w.rt.paths.items()}}


# (name, title, function, layout, mounts of the host)
ROWS = (
    ("run", "`run` of a static `true`, `spec`'s default, v2", run_default, "v2", 0),
    ("hybrid", "the same on the hybrid layout", run_hybrid, "hybrid", 0),
    ("docker", "Docker's default config, v2", run_docker, "v2", 0),
    ("docker-cold", "the same, the filter in no cache", run_docker_cold, "v2", 0),
    ("commands", "commands, v2", commands, "v2", 0),
    ("calls", "system calls of `run`, all processes", system_calls, "v2", 0),
    ("memory", "resident memory", memory, "v2", 0),
    ("limit", "smallest memory limit under which `true` runs", smallest_limit, "v2", 0),
    ("mounts-0", "`run`, the host has few mounts", run_default, "v2", 0),
    ("mounts-1000", "`run`, the host has 1,000 mounts", run_default, "v2", 1000),
    ("mounts-5000", "`run`, the host has 5,000 mounts", run_default, "v2", 5000),
    ("records", "beside many containers", many_records, "v2", 0),
    ("flood", "kill of a container of many processes until its cgroup is empty", flood, "v2", 0),
    ("crowd", "many containers, create + start + delete, 32 at a time", crowd, "v2", 0),
    ("size", "installed size, stripped", size, "v2", 0),
)
