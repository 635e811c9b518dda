# SPDX-License-Identifier: Apache-2.0
"""Two containers that are given one cgroupsPath: at most one gets it, and the other never touches it."""
import os
import subprocess

import fault
from case import alive, test


@test(timeout=900)
def loser_killed_before_it_lost(t):
    """B is killed at each of its calls; A takes the path; delete --force of B leaves A alone."""
    t.husk_only("the mark is husk's")
    config = t.config().args("/bin/true")
    cgroup = config.linux["cgroupsPath"]
    loser, winner = t.bundle(config), t.bundle(t.config("sleep 1000"))
    for path in (loser, winner):
        _same_cgroup(path, cgroup)
    count = fault.step(t, ["create", "--bundle", loser, t.new_id("count")]).calls
    for name in os.listdir(t.root):
        t.cmd("delete", "--force", name)
    bad, met = [], 0
    for n in fault.points(count, 40):
        b, a = t.new_id(f"b{n}"), t.new_id(f"a{n}")
        fault.step(t, ["create", "--bundle", loser, b], n, "kill")
        created = t.cmd("create", "--bundle", winner, a)
        if created.rc == 0:
            met += 1
            pid = t.pid(a)
            t.cmd("delete", "--force", b)
            if not alive(pid):
                bad.append(f"point {n}: delete --force of the loser killed the winner")
            t.cmd("delete", "--force", a)
        else:
            t.cmd("delete", "--force", b)
        left = fault.remains(t, b, cgroup) + fault.remains(t, a, cgroup)
        if left:
            bad.append(f"point {n}: {', '.join(left)}")
            fault.wipe(t, b, cgroup)
            fault.wipe(t, a, cgroup)
    t.notes.append(f"{met} points at which the path was still free")
    t.check(met > 0 and not bad, "; ".join(bad[:10]) or "no point was met")


def _same_cgroup(path, cgroup):
    import json
    file = os.path.join(path, "config.json")
    with open(file) as text:
        config = json.load(text)
    config["linux"]["cgroupsPath"] = cgroup
    with open(file, "w") as text:
        json.dump(config, text)


@test(timeout=300)
def both_at_once(t):
    config = t.config("sleep 1000")
    cgroup = config.linux["cgroupsPath"]
    path = t.bundle(config)
    os.makedirs(t.root, exist_ok=True)
    bad = []
    for n in range(15):
        names = [t.new_id(f"x{n}"), t.new_id(f"y{n}")]
        runs = [subprocess.Popen(t.runtime.argv(t.root, ["create", "--bundle", path, name]), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for name in names]
        codes = [run.wait(30) for run in runs]
        if codes.count(0) > 1:
            bad.append(f"round {n}: both were created")
        if 0 in codes and 1 in codes:
            winner, loser = names[codes.index(0)], names[codes.index(1)]
            pid = t.pid(winner)
            t.cmd("delete", "--force", loser)
            if not alive(pid):
                bad.append(f"round {n}: the winner is dead")
        for name in names:
            result = t.cmd("delete", "--force", name)
            if result.rc != 0:
                bad.append(f"round {n}: {result}")
        for name in names:
            bad += [f"round {n}: {w}" for w in fault.remains(t, name, cgroup)]
    t.check(not bad, "; ".join(bad[:10]))
