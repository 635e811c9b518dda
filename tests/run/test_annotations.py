# SPDX-License-Identifier: Apache-2.0
"""Annotations by which callers of other runtimes ask for something."""
import array
import json
import os
import socket

import layout
from case import test, wait_until
from test_process import values
from test_seccomp import profile, rule


def _config(t, key, value, *script):
    config = t.config(*script)
    config["annotations"] = {key: value}
    return config


@test
def keep_original_groups(t):
    t.need(t.runtime.kind != "runc", "crun's annotation")
    groups = lambda: os.setgroups([4242, 4243])         # noqa: E731
    kept = t.run(_config(t, "run.oci.keep_original_groups", "1", "probe", "ids"), preexec=groups)
    t.eq(values(kept.out)["groups"], "4242,4243")
    t.eq(values(t.run(t.config("probe", "ids"), preexec=groups).out)["groups"], "")


@test
def podmans_unit_properties_are_no_news(t):
    """Podman 5 gives them with every driver, and shows its user what a command says."""
    config = _config(t, "org.systemd.property.TimeoutStopUSec", "uint64 20000000", "true")
    config["annotations"]["org.systemd.property.KillSignal"] = "15"
    container = t.create(config)
    t.eq(t.ok("start", container).err, "")
    t.eq(t.run(config).err, "")


@test
def pidfd_receiver(t):
    t.need(t.runtime.kind != "runc", "crun's annotation")
    path = f"/tmp/husk-pidfd-{os.getpid()}.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.settimeout(10)
    container = t.create(_config(t, "run.oci.pidfd_receiver", path, "sleep 100"))
    connection, _ = server.accept()
    _, ancillary, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
    os.unlink(path)
    fd = array.array("i", ancillary[0][2][:4])[0]
    with open(f"/proc/self/fdinfo/{fd}") as text:
        t.has(text.read(), f"Pid:\t{t.pid(container)}")
    os.close(fd)
    connection.close()
    t.ok("delete", "--force", container)


@test
def seccomp_fail_unknown_syscall(t):
    t.husk_only("crun's words differ")
    config = _config(t, "run.oci.seccomp_fail_unknown_syscall", "1", "true")
    profile(config, rule("SCMP_ACT_ERRNO", "mkdir", "no_such_call"))
    t.refused(config, "/linux/seccomp/syscalls/0/names/1", "no_such_call")


@test
def hooks_output(t):
    t.husk_only("runc has no such annotation")
    config = t.config("true")
    config["annotations"] = {"run.oci.hooks.stdout": t.path("out"), "run.oci.hooks.stderr": t.path("err")}
    config["hooks"] = {"createRuntime": [{"path": "/bin/sh", "args": ["sh", "-c", "echo one; echo two >&2"]}],
                       "createContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo in; echo in2 >&2"]}],
                       "startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo start; echo start2 >&2"]}],
                       "poststart": [{"path": "/bin/sh", "args": ["sh", "-c", "echo three"]}],
                       "poststop": [{"path": "/bin/sh", "args": ["sh", "-c", "echo end"]}]}
    t.eq(t.inside(config), "")
    with open(t.path("out")) as out, open(t.path("err")) as err:
        t.eq((out.read(), err.read()), ("one\nin\nstart\nthree\nend\n", "two\nin2\nstart2\n"))


@test
def hooks_output_at_delete(t):
    """poststop hooks that delete runs, and not run or a failed create, print there too."""
    t.husk_only("runc has no such annotation")
    config = t.config("true")
    config["annotations"] = {"run.oci.hooks.stdout": t.path("out")}
    config["hooks"] = {"poststop": [{"path": "/bin/sh", "args": ["sh", "-c", "echo end"]}]}
    container = t.sleeper(config, None)
    t.wait_status(container, "stopped")
    t.gone(container)
    with open(t.path("out")) as out:
        t.eq(out.read(), "end\n")


@test
def hooks_output_to_one_file_alone(t):
    t.husk_only("runc has no such annotation")
    config = t.config("echo program")
    config["annotations"] = {"run.oci.hooks.stdout": t.path("out")}
    config["hooks"] = {"startContainer": [{"path": "/bin/sh", "args": ["sh", "-c", "echo start; echo why >&2; exit 3"]}]}
    container = t.create(config)
    t.fails("start", container, says="exit status 3: why")
    with open(t.path("out")) as out:
        t.eq(out.read(), "start\n")


@test
def hooks_output_relative_to_the_bundle(t):
    """Of every hook, wherever husk was called: create, start and delete here have three directories."""
    t.husk_only("runc has no such annotation")
    config = t.config("true")
    config["annotations"] = {"run.oci.hooks.stdout": "out"}
    config["hooks"] = {stage: [{"path": "/bin/sh", "args": ["sh", "-c", "echo " + stage]}] for stage in (
        "createRuntime", "createContainer", "startContainer", "poststart", "poststop")}
    bundle, container = t.bundle(config), t.new_id()
    t.ok("create", "--bundle", bundle, container, cwd="/")
    t.ok("start", container, cwd="/tmp")
    t.wait_status(container, "stopped")
    t.ok("delete", container, cwd=t.dir)
    with open(bundle + "/out") as out:
        t.eq(out.read().split(), ["createRuntime", "createContainer", "startContainer", "poststart", "poststop"])


@test
def unknown_ones_are_ignored(t):
    t.eq(t.inside(_config(t, "org.example.any", "thing", "echo ran")).strip(), "ran")


# ---- run.oci.delegate-cgroup; properties of systemd and the subgroup are in tests/guest/test_systemd.py

def _own_cgroup(pid):
    with open(f"/proc/{pid}/cgroup") as text:
        return next(line.strip()[3:] for line in text if line.startswith("0::"))


@test(layouts=["v2"])
def delegated_cgroup(t):
    """Init and exec are in a cgroup below the limited one, which is the root of the cgroup namespace."""
    t.husk_only("runc has no such annotation")
    config = _config(t, "run.oci.delegate-cgroup", "own/part", "sleep 1000").namespace("cgroup")
    container = t.sleeper(config, None)
    place = _own_cgroup(t.pid(container))
    t.eq(place, t.cgroup + "/c/own/part")
    t.eq(t.exec(container, "grep", "0::", "/proc/self/cgroup").out.strip(), "0::/own/part")
    with open(layout.v2_mount() + t.cgroup + "/c/cgroup.procs") as text:
        t.eq(text.read(), "", "processes of the cgroup that has the limits")
    t.ok("pause", container)
    t.eq(t.status(container), "paused")
    t.ok("resume", container)
    t.check(t.pid(container) in json.loads(t.ok("ps", "-f", "json", container).out), "ps finds init")
    t.eq(t.exec(container, "sh", "-c", "kill -9 -1; exit 3").rc, 3, "exec")
    t.finish(container)
    t.check(not os.path.exists(layout.v2_mount() + t.cgroup + "/c"), "the cgroups are left")


@test(layouts=["v2"])
def delegated_cgroup_is_the_containers(t):
    """Root of a user namespace divides it; the limits above it are out of its reach, and exec still finds a place."""
    t.husk_only("runc has no such annotation")
    config = _config(t, "run.oci.delegate-cgroup", "own").user_namespace().namespace("cgroup")
    config.mount("/sys/fs/cgroup", "cgroup", options=["rw"])
    config.sh("cd /sys/fs/cgroup/own && mkdir init && echo $$ >init/cgroup.procs && echo made; "
              "echo 1 >../cgroup.freeze || echo refused; sleep 1000")
    bundle = t.bundle(config, owner=100000)
    container = t.create(config, bundle_path=bundle)
    top = layout.v2_mount() + t.cgroup + "/c"
    t.start(container)
    t.check(wait_until(lambda: _own_cgroup(t.pid(container)).endswith("/c/own/init"), 5), "not divided")
    t.eq((os.stat(top + "/own").st_uid, os.stat(top + "/own/cgroup.procs").st_uid, os.stat(top + "/cgroup.procs").st_uid),
         (100000, 100000, 0), "owners")
    t.check(t.exec(container, "sh", "-c", "echo 1 >/sys/fs/cgroup/cgroup.freeze").rc != 0, "the cgroup above is the container's too")
    t.has(t.exec(container, "cat", "/proc/self/cgroup").out, "/own")
    t.ok("delete", "--force", container)
    t.check(not os.path.exists(top), "the cgroups are left")


@test(layouts=["hybrid", "v1"])
def delegated_cgroup_of_v1_refused(t):
    t.husk_only("runc has no such annotation")
    t.refused(_config(t, "run.oci.delegate-cgroup", "own", "true"), "/annotations/run.oci.delegate-cgroup", "v1")


@test(layouts=["v2"])
def delegated_cgroup_with_a_files_name_refused(t):
    t.husk_only("runc has no such annotation")
    t.refused(_config(t, "run.oci.delegate-cgroup", "cgroup.procs", "true"), "/annotations/run.oci.delegate-cgroup", "cgroup.procs")
    t.check(not os.path.exists(layout.v2_mount() + t.cgroup + "/c"), "the cgroup is left")


@test
def unit_property_that_is_not_allowed_refused(t):
    t.husk_only("runc lets all of them through")
    for name in ("ExecStart", "SuccessAction", "Slice", "DeviceAllow"):
        t.refused(_config(t, "org.systemd.property." + name, "'x'", "true"), "/annotations/org.systemd.property." + name)


@test
def unit_property_without_systemd_is_a_warning(t):
    t.husk_only("runc says nothing")
    result = t.run(_config(t, "org.systemd.property.MemoryHigh", "uint64 5", "echo ran"))
    t.eq((result.rc, result.out.strip()), (0, "ran"))
    t.has(result.err, "org.systemd.property.MemoryHigh", "no effect")
