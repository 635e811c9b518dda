# SPDX-License-Identifier: Apache-2.0
"""state, list, ps: fields, formats, records that are bad."""
import json
import os
import re

from case import test, wait_until


@test
def fields(t):
    config = t.config("sleep 1000")
    config["annotations"] = {"a.b": "c d"}
    path = t.bundle(config)
    container = t.sleeper(config, None, bundle_path=path)
    state = t.state(container)
    t.eq(state["id"], container)
    t.eq(state["status"], "running")
    t.eq(state["bundle"], path)
    t.eq(state["rootfs"], path + "/rootfs")
    t.eq(state["annotations"].get("a.b"), "c d")
    t.check(re.match(r"\d\.\d\.\d", state["ociVersion"]), state["ociVersion"])
    t.check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z$", state["created"]), state["created"])
    t.check("owner" in state, state)
    t.check(os.path.exists(f"/proc/{state['pid']}"), state["pid"])
    t.finish(container)


@test
def stopped_is_stable(t):
    container = t.sleeper(t.config("true"), None)
    t.wait_status(container, "stopped")
    first, second = t.ok("state", container).out, t.ok("state", container).out
    t.eq(first, second)
    t.eq(json.loads(first)["pid"], 0)
    t.gone(container)


@test
def zombie_init_is_stopped(t):
    container = t.sleeper()
    pid = t.pid(container)
    t.ok("kill", container, "KILL")
    wait_until(lambda: open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1][0] == "Z")
    t.eq(t.status(container), "stopped")
    t.eq(t.pid(container), 0)
    t.gone(container)


@test
def list_json(t):
    names = []
    for name in ("b", "a", "c"):
        config = t.config("sleep 1000")
        t.cgroup_of(config, name)
        names.append(t.create(config, container=f"list-{name}"))
    text = t.ok("list", "-f", "json").out
    t.eq(text.strip().count("\n"), 0, "one compact line")
    have = json.loads(text)
    t.eq([c["id"] for c in have], ["list-a", "list-b", "list-c"])
    t.check(set(have[0]) >= {"ociVersion", "id", "pid", "status", "bundle", "rootfs", "created", "owner"}, have[0])
    t.eq(have[0]["owner"], "root")
    t.eq(t.ok("list", "-q").out.split(), ["list-a", "list-b", "list-c"])
    t.eq(t.ok("list", "--quiet").out.split(), ["list-a", "list-b", "list-c"])
    for name in names:
        t.ok("delete", "--force", name)


@test
def list_table(t):
    container = t.create(t.config("sleep 1000"))
    lines = t.ok("list").out.splitlines()
    t.eq(lines[0].split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
    t.eq(lines[1].split()[0:3], [container, str(t.pid(container)), "created"])
    t.eq(lines[1].split()[-1], "root")
    t.ok("delete", "--force", container)


@test
def list_empty(t):
    os.makedirs(t.root, exist_ok=True)
    t.eq(t.ok("list").out.split(), ["ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"])
    t.check(json.loads(t.ok("list", "-f", "json").out or "null") in (None, []), "json")
    t.eq(t.ok("list", "-q").out, "")


@test
def list_root_missing(t):
    t.need(t.runtime.kind == "husk", "newer runc")
    t.fails("list")


@test
def list_bad_format(t):
    os.makedirs(t.root, exist_ok=True)
    t.check(t.cmd("list", "-f", "nonsense").rc != 0, "accepted")


@test
def list_with_bad_records(t):
    container = t.create(t.config("sleep 1000"))
    for name, data in (("empty", None), ("cut", '{"id": "cut"'), ("noise", "\x00\x01\x02"), ("array", "[]")):
        os.makedirs(os.path.join(t.root, name))
        if data is not None:
            with open(os.path.join(t.root, name, "state.json"), "w") as file:
                file.write(data)
    have = t.ok("list", "-q").out.split()
    t.check(container in have, have)
    t.ok("list")
    t.ok("list", "-f", "json")
    t.ok("delete", "--force", container)
    if t.runtime.kind == "husk":
        for name in ("empty", "cut", "noise", "array"):
            t.ok("delete", "--force", name)
            t.no_record(name)
    t.leak_check = t.runtime.kind == "husk"


@test
def list_beside_storm(t):
    """list never fails while containers come and go."""
    path = t.bundle(t.config("true"))
    stop = []
    import threading

    def churn():
        while not stop:
            t.runtime.call(t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id("churn")]), t.dir)
    thread = threading.Thread(target=churn)
    os.makedirs(t.root, exist_ok=True)
    thread.start()
    try:
        for _ in range(40):
            result = t.cmd("list", "-f", "json")
            t.check(result.rc == 0 or t.runtime.kind != "husk", str(result))
    finally:
        stop.append(1)
        thread.join()


@test
def ps_table(t):
    container = t.sleeper(t.config("sleep 777 & sleep 778"), None)
    wait_until(lambda: len(t.processes()) == 3)
    text = t.ok("ps", container).out
    t.has(text, "PID", "sleep 777", "sleep 778")
    t.finish(container)


@test
def ps_json(t):
    container = t.sleeper(t.config("sleep 777 & sleep 778"), None)
    wait_until(lambda: len(t.processes()) == 3)
    for flag in ("--format", "-f"):
        pids = json.loads(t.ok("ps", flag, "json", container).out)
        t.eq(set(pids), t.processes())
        t.check(all(isinstance(p, int) for p in pids), pids)
    t.finish(container)


@test
def ps_arguments(t):
    container = t.sleeper()
    t.has(t.ok("ps", container, "-e", "-o", "pid,comm").out, "COMMAND", "sleep")
    t.finish(container)


@test
def ps_bad_arguments(t):
    container = t.sleeper()
    t.check(t.cmd("ps", container, "--no-such-option").rc != 0, "accepted")
    t.finish(container)


@test
def ps_nested_cgroups(t):
    import layout
    t.husk_only("runc lists the same")
    container = t.sleeper(t.config("sleep 777 & sleep 778"), None)
    wait_until(lambda: len(t.processes()) == 3)
    config_path = t.cgroup + "/c"
    victim = max(t.processes())
    for top in layout.hierarchies():
        try:
            os.mkdir(f"{top}{config_path}/inner")
            with open(f"{top}{config_path}/inner/cgroup.procs", "w") as file:
                file.write(str(victim))
        except OSError:
            pass
    t.check(victim in json.loads(t.ok("ps", "-f", "json", container).out), "not listed")
    t.finish(container)


@test
def root_by_relative_path(t):
    t.husk_only()
    path = t.bundle(t.config("true"))
    result = t.runtime.call([t.runtime.path, "--root", "state-here", "run", "--bundle", path, "rel"], t.dir, cwd=t.dir)
    t.eq(result.rc, 0, str(result))
