# SPDX-License-Identifier: Apache-2.0
"""B shares A's PID namespace and has children: when B's init goes, everyone of B goes, and A stays."""
import json
import os
import signal
import time

import layout
import seed
from case import alive, test, wait_until


def _seed(arrangement, way):
    def check(t):
        outcome = seed.verdict(t, arrangement, way)
        if t.runtime.kind != "husk":
            t.skip(f"comparison: {outcome}")
        t.check(outcome.startswith("good"), outcome)
    check.__name__ = f"{arrangement}_{way}"
    check.__module__ = __name__
    test(check)


for _arrangement in ("joined", "host", "own"):
    for _way in seed.WAYS:
        # the first process of a PID namespace of its own ignores a TERM that it has no handler for
        if not (_arrangement == "own" and _way in ("kill_term", "outside_term", "kill_all_term")):
            _seed(_arrangement, _way)


@test
def keeper_is_outside_the_cgroup(t):
    t.husk_only()
    s = seed.Seed(t)
    with open(f"/proc/{s.b_pid}/cgroup") as text:
        own = text.read()
    from case import children
    others = [p for p in children() if p not in (s.a_pid, s.b_pid)]
    t.eq(len(others), 1, f"processes beside the two inits: {others}")
    t.check(others[0] not in t.processes(), "the keeper is in the container's cgroup")
    fds = {os.readlink(f"/proc/{others[0]}/fd/{n}") for n in os.listdir(f"/proc/{others[0]}/fd")}
    t.check(not any(f.startswith("pipe:") for f in fds), f"the keeper holds {fds}")
    with open(f"/proc/{others[0]}/status") as text:
        rss = next(int(l.split()[1]) for l in text if l.startswith("VmRSS"))
    t.check(rss < 400, f"the keeper costs {rss} KiB")
    s.end("kill_kill")
    t.check(wait_until(lambda: t.reap() or not os.path.exists(f"/proc/{others[0]}"), 3), "the keeper lives on")
    t.gone(s.b)
    s.clean()


@test
def keeper_turned_off(t):
    t.husk_only()
    config = t.config("sleep 1000; true").namespace("pid", drop=True)
    config["annotations"] = {"husk.keeper": "false"}
    container = t.sleeper(config, None)
    t.check(wait_until(lambda: len(t.processes()) == 2), "no child")
    os.kill(t.pid(container), signal.SIGKILL)
    t.wait_status(container, "stopped")
    time.sleep(0.5)
    t.eq(len([p for p in t.processes() if alive(p)]), 1, "what is left")
    t.gone(container)


@test
def no_keeper_for_own_namespace(t):
    t.husk_only()
    from case import children
    container = t.sleeper()
    t.eq(children(), [t.pid(container)], "children of the caller")
    t.finish(container)


@test
def keeper_dies_with_created_container(t):
    t.husk_only()
    from case import children
    container = t.create(t.config("sleep 1000").namespace("pid", drop=True))
    t.ok("delete", "--force", container)
    t.check(wait_until(lambda: t.reap() or not children(), 3), "something lives on")


@test
def keeper_survives_stop_signals_to_group(t):
    """A TERM to the caller's process group does not take the keeper away before its work is done."""
    t.husk_only()
    s = seed.Seed(t)
    outcome = s.end("outside_kill")
    t.check(outcome is not None and outcome < 1.5, outcome)
    t.gone(s.b)
    s.clean()


@test
def keeper_kills_what_is_hidden_below(t):
    """Nested cgroups with a name like a hidden file's, and frozen by the container."""
    t.husk_only()
    s = seed.Seed(t, "host")
    child = max(t.processes(s.b_cgroup) - {s.b_pid})
    for top in layout.hierarchies():
        nested = f"{top}{s.b_cgroup}/.one/two"
        try:
            os.makedirs(nested)
            with open(nested + "/cgroup.procs", "w") as file:
                file.write(str(child))
        except OSError:
            continue                        # a cpuset without cpus takes nobody
        for name, word in (("freezer.state", "FROZEN"), ("cgroup.freeze", "1")):
            if os.path.exists(f"{nested}/{name}"):
                with open(f"{nested}/{name}", "w") as file:
                    file.write(word)
    outcome = s.end("outside_kill")
    t.gone(s.b)
    s.clean()
    t.check(outcome is not None, "the keeper left somebody")


@test
def delete_ends_a_stopped_keeper(t):
    """Its own keeper, also a stopped one; never another container's to which the pid in the record belongs."""
    t.husk_only()
    from case import children
    first = t.create(t.config("sleep 1000").namespace("pid", drop=True))
    keeper = (set(children()) - {t.pid(first)}).pop()
    config = t.config("sleep 1000").namespace("pid", drop=True)
    t.cgroup_of(config, "seed-other")
    other = t.create(config)
    file = os.path.join(t.root, other, "state.json")
    with open(file) as text:
        record = json.load(text)
    own, record["keeperPid"] = record["keeperPid"], keeper
    with open(file, "w") as text:
        json.dump(record, text)
    t.ok("delete", "--force", other)
    t.check(alive(keeper), "another container's keeper was killed")
    t.check(wait_until(lambda: t.reap() or not alive(own), 3), "its own keeper lives on")
    os.kill(keeper, signal.SIGSTOP)
    t.ok("delete", "--force", first)
    if not wait_until(lambda: t.reap() or not alive(keeper), 3):
        os.kill(keeper, signal.SIGKILL)
        t.check(False, "the stopped keeper was left behind")
