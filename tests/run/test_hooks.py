# SPDX-License-Identifier: Apache-2.0
"""The six hooks: order, state, environment, namespaces, time limits, failures."""
import json
import os
import time

from case import test, wait_until

ALL = ("prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop")
HOST = ("prestart", "createRuntime", "poststart", "poststop")


def recorder(t, name, extra=""):
    """A host-side hook that appends its name, and keeps the state it was given."""
    script = f"echo {name} >> {t.path('order')}; cat > {t.path('state.' + name)}; {extra}"
    return {"path": "/bin/sh", "args": ["sh", "-c", script], "env": ["PATH=/bin:/usr/bin"]}


def all_hooks(t, config):
    # the order file is seen inside by a bind mount
    config.bind(t.dir, t.dir, "bind", "rw")
    config["hooks"] = {name: [recorder(t, name)] for name in ALL}
    return config


def order(t):
    try:
        with open(t.path("order")) as text:
            return text.read().split()
    except FileNotFoundError:
        return []


@test
def order_of_all(t):
    t.need(t.runtime.kind == "husk", "runc runs poststart at create")
    config = all_hooks(t, t.config(f"echo program >> {t.path('order')}"))
    container = t.create(config)
    t.eq(order(t), ["prestart", "createRuntime", "createContainer"], "after create")
    t.start(container)
    t.wait_status(container, "stopped")
    wait_until(lambda: "poststart" in order(t))
    t.gone(container)
    have = order(t)
    t.eq(have[:4], ["prestart", "createRuntime", "createContainer", "startContainer"])
    t.eq(set(have[4:6]), {"program", "poststart"})
    t.eq(have[6:], ["poststop"])


@test
def states(t):
    config = all_hooks(t, t.config("sleep 0.3"))
    config["annotations"] = {"some.key": "some value"}
    path = t.bundle(config)
    container = t.create(config, bundle_path=path)
    t.start(container)
    t.wait_status(container, "stopped")
    t.gone(container)
    want = {"prestart": "creating", "createRuntime": "creating", "createContainer": "creating", "startContainer": "created",
            "poststart": "running", "poststop": "stopped"}
    for name in ALL:
        with open(t.path("state." + name)) as text:
            state = json.load(text)
        t.eq(state["id"], container, name)
        t.eq(state["bundle"], path, name)
        t.eq(state["annotations"].get("some.key"), "some value", name)
        if t.runtime.kind == "husk":
            t.eq(state["status"], want[name], name)
        if name in ("createContainer", "startContainer"):
            t.check(state["pid"] > 0, f"{name}: pid {state.get('pid')}")
        if name == "poststop":
            t.check(state.get("pid", 0) == 0, "poststop: pid")


@test
def several_in_order(t):
    config = t.config("true")
    config["hooks"] = {"createRuntime": [recorder(t, "one"), recorder(t, "two"), recorder(t, "three")]}
    t.inside(config)
    t.eq(order(t), ["one", "two", "three"])


@test
def environment_is_hooks_own(t):
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", f"env > {t.path('env')}"], "env": ["A=1"]}]}
    config.process["env"].append("SECRET=process")
    t.inside(config, env=dict(os.environ, CALLER="x"))
    with open(t.path("env")) as text:
        lines = text.read()
    t.has(lines, "A=1")
    t.lacks(lines, "SECRET")
    if t.runtime.kind == "husk":
        t.lacks(lines, "CALLER")


@test
def environment_absent_is_callers(t):
    """In the runtime namespace; nothing of the process'."""
    config = t.config("true")
    config.process["env"].append("SECRET=process")
    hook = lambda where: [{"path": "/bin/sh", "args": ["sh", "-c", f"env > {where}"]}]
    config["hooks"] = {"prestart": hook(t.path("host")), "poststop": hook(t.path("poststop")),
                       "createRuntime": [{**hook(t.path("empty"))[0], "env": []}]}
    t.inside(config, env=dict(os.environ, CALLER="x"))
    for name in ("host", "poststop"):
        with open(t.path(name)) as text:
            lines = text.read()
        t.has(lines, "CALLER=x", what=name)
        t.lacks(lines, "SECRET")
    with open(t.path("empty")) as text:
        t.lacks(text.read(), "CALLER", "SECRET")


@test
def environment_absent_is_programs(t):
    """Of startContainer, which runs where the program will; as with runc 1.3. createContainer sees nothing of it."""
    t.husk_only("runc 1.1 gives it none")
    config = t.config("true")
    config["process"]["env"] = ["PATH=/bin", "ONE=two"]
    hook = lambda where, **more: [{"path": "/bin/sh", "args": ["sh", "-c", f"env > {where}"], **more}]   # noqa: E731
    config.bind(t.dir, "/seen", "bind", "rw")
    config["hooks"] = {"createContainer": hook(t.path("create")),
                       "startContainer": hook("/seen/start") + hook("/seen/own", env=["MINE=1"])}
    t.inside(config)
    with open(t.path("start")) as text:
        t.has(text.read(), "ONE=two\n", "HOME=/", "PATH=/bin\n")
    for name in ("create", "own"):
        with open(t.path(name)) as text:
            t.lacks(text.read(), "ONE=two")


@test
def args_first_is_name(t):
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["my-name", "-c", f"echo $0 > {t.path('name')}"]}]}
    t.inside(config)
    with open(t.path("name")) as text:
        t.eq(text.read().strip(), "my-name")


@test
def host_hooks_in_runtime_namespace(t):
    config = t.config("sleep 0.2")
    config["hooks"] = {name: [recorder(t, name, f"readlink /proc/self/ns/mnt > {t.path('ns.' + name)}")] for name in HOST}
    container = t.sleeper(config, None)
    t.wait_status(container, "stopped")
    t.gone(container)
    for name in HOST:
        with open(t.path("ns." + name)) as text:
            t.eq(text.read().strip(), os.readlink("/proc/self/ns/mnt"), name)


@test
def container_hooks_in_containers_namespace(t):
    config = t.config("sleep 0.2")
    config.bind(t.dir, "/out", "bind", "rw")
    config["hooks"] = {
        "createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", f"readlink /proc/self/ns/uts > {t.path('cc')}; cat ./etc/marker > {t.path('cwd')}"]}],
        "startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "readlink /proc/self/ns/uts > /out/sc; ls / > /out/ls"], "env": ["PATH=/bin"]}]}
    config.mount("/only-inside", "tmpfs")
    path = t.bundle(config)
    t.write(os.path.basename(path) + "/rootfs/etc/marker", "of-rootfs\n")
    container = t.create(config, bundle_path=path)
    t.start(container)
    uts = os.readlink("/proc/self/ns/uts")
    wait_until(lambda: os.path.exists(t.path("ls")))
    for name in ("cc", "sc"):
        with open(t.path(name)) as text:
            have = text.read().strip()
        t.check(have and have != uts, f"{name}: uts namespace {have}")
    with open(t.path("ls")) as text:
        t.has(text.read(), "only-inside")
    if t.runtime.kind == "husk":
        with open(t.path("cwd")) as text:
            t.eq(text.read().strip(), "of-rootfs", "createContainer runs in the rootfs")
    t.wait_status(container, "stopped")
    t.gone(container)


def _failing(name):
    def check(t):
        t.need(t.runtime.kind == "husk" or name in ALL[:3], "runc: other moment or other consequence")
        config = t.config("sleep 1000")
        path = "/bin/sh"
        config["hooks"] = {name: [{"path": path, "args": ["sh", "-c", "echo the-reason >&2; exit 9"], "env": ["PATH=/bin"]}],
                           "poststop": [recorder(t, "poststop")]}
        container = t.new_id()
        bundle = t.bundle(config)
        if name in ("prestart", "createRuntime", "createContainer"):
            result = t.fails("create", "--bundle", bundle, container)
            t.no_record(container)
            if t.runtime.kind == "husk":
                t.has(result.err, "the-reason", f"/hooks/{name}/0: error running {name} hook #0: /bin/sh: exit status 9")
                t.eq(order(t), ["poststop"], "poststop hooks run")
        else:
            t.ok("create", "--bundle", bundle, container)
            result = t.fails("start", container)
            if t.runtime.kind == "husk":
                t.has(result.err, "the-reason", f"/hooks/{name}/0: error running {name} hook #0: /bin/sh: exit status 9")
            wait_until(lambda: t.reap() or not t.processes(), 3)
            t.eq(t.processes(), set(), "processes")
            t.cmd("delete", "--force", container)
    check.__name__ = f"failing_{name}"
    check.__module__ = __name__
    test(check)


for _name in ("prestart", "createRuntime", "createContainer", "startContainer", "poststart"):
    _failing(_name)


@test
def failing_poststop_is_a_warning(t):
    t.need(t.runtime.kind == "husk", "runc stops at the first")
    config = t.config("true")
    config["hooks"] = {"poststop": [recorder(t, "first"), {"path": "/bin/false"}, recorder(t, "second")]}
    container = t.sleeper(config, None)
    t.wait_status(container, "stopped")
    result = t.ok("delete", container)
    t.no_record(container)
    t.eq(order(t), ["first", "second"], "the next hook runs")
    if t.runtime.kind == "husk":
        t.has(result.err, "/hooks/poststop/1: error running poststop hook #1: /bin/false: exit status 1")


@test
def missing_program(t):
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "/no/such/hook"}]}
    result = t.refused(config, "no such file or directory")
    if t.runtime.kind == "husk":
        t.has(result.err, "/hooks/createRuntime/0")


@test
def relative_path_refused(t):
    t.need(t.runtime.kind == "husk", "runc does not check")
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "true"}]}
    t.refused(config, "/hooks/createRuntime/0/path")


@test
def time_limit(t):
    t.husk_only("runc waits for the hook's child")
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "sleep 100"], "timeout": 1}]}
    t.refused(config, timeout=20)


@test
def time_limit_in_container(t):
    t.husk_only()
    config = t.config("true")
    config["hooks"] = {"createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "sleep 100"], "timeout": 1}]}
    t.refused(config, "/hooks/createContainer/0", timeout=20)


@test
def bad_time_limit_refused(t):
    t.husk_only()
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "/bin/true", "timeout": 0}]}
    t.refused(config, "/hooks/createRuntime/0/timeout")


@test
def config_rewritten_after_create(t):
    """The saved copy counts, also at delete."""
    config = t.config("true")
    config["hooks"] = {"poststop": [recorder(t, "first-version")]}
    path = t.bundle(config)
    container = t.create(config, bundle_path=path)
    os.unlink(path + "/config.json")
    t.start(container)
    t.wait_status(container, "stopped")
    t.gone(container)
    t.eq(order(t), ["first-version"])


def _unread(t, *stages):
    """A hook that ends without reading a state that no pipe holds as a whole."""
    config = t.config("echo ran")
    config["annotations"] = {"big": "x" * 200000}
    config["hooks"] = {stage: [{"path": "/bin/true"}] for stage in stages}
    t.need(t.runtime.kind == "husk", "runc fails with EPIPE")
    return config


@test
def hook_does_not_read_state(t):
    t.inside(_unread(t, *ALL))


@test
def created_lives_on_after_a_hook_that_does_not_read_state(t):
    container = t.create(_unread(t, "createContainer"))
    time.sleep(0.2)
    t.eq(t.state(container)["status"], "created")
    t.start(container)
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def program_lives_on_after_a_hook_that_does_not_read_state(t):
    config = _unread(t, "createContainer", "startContainer")
    t.eq(t.inside(config.namespace("pid", drop=True)), "ran\n")


@test
def poststop_runs_after_foreground_run(t):
    config = t.config("true")
    config["hooks"] = {"poststop": [recorder(t, "poststop")]}
    t.inside(config)
    t.eq(order(t), ["poststop"])


@test
def hook_leaves_daemon(t):
    """A hook's background child that keeps the streams open does not hold up the runtime."""
    t.husk_only("runc waits for the pipe")
    config = t.config("true")
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "sleep 3 & exit 0"]}]}
    import time
    started = time.monotonic()
    t.inside(config)
    t.check(time.monotonic() - started < 2.5, "waited for the hook's child")
    wait_until(lambda: t.reap() or False, 3)
