# SPDX-License-Identifier: Apache-2.0
"""Annotations by which callers of other runtimes ask for something."""
import array
import os
import socket

from case import test
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
def unknown_ones_are_ignored(t):
    t.eq(t.inside(_config(t, "org.example.any", "thing", "echo ran")).strip(), "ran")
