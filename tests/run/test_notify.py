# SPDX-License-Identifier: Apache-2.0
"""NOTIFY_SOCKET: what the program says to its service manager gets there, by way of husk."""
import os
import socket

from case import test, wait_until

# busybox cannot send to a unix socket of datagrams; the probe can.
READY = "probe notify READY=1"


class Manager:
    def __init__(self):
        self.path = f"/tmp/husk-notify-{os.getpid()}.sock"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def env(self):
        return {**os.environ, "NOTIFY_SOCKET": self.path}

    def receive(self, seconds=10):
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096).decode()
        except TimeoutError:
            return None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()
        os.unlink(self.path)


def check_ready(t, manager, container):
    text = manager.receive()
    t.check(text is not None, "nothing came")
    t.eq(sorted(text.split("\n")), [f"MAINPID={t.pid(container)}", "READY=1"])


@test
def run_detached_waits_until_ready(t):
    with Manager() as manager:
        container, bundle = t.new_id(), t.bundle(t.config(f"sleep 0.3; : > /waited; {READY}; sleep 100"))
        t.ok("run", "--detach", "--bundle", bundle, container, env=manager.env())
        t.check(os.path.exists(bundle + "/rootfs/waited"), "returned before the program was ready")
        check_ready(t, manager, container)
        t.finish(container)


@test
def start_waits_until_ready(t):
    with Manager() as manager:
        container = t.create(t.config(f"{READY}; sleep 100"), env=manager.env())
        t.ok("start", container, env=manager.env())
        check_ready(t, manager, container)
        t.finish(container)


@test
def in_foreground(t):
    with Manager() as manager:
        container, bundle = t.new_id(), t.bundle(t.config(f"{READY}; sleep 100"))
        process, *_ = t.runtime.spawn(t.runtime.argv(t.root, ["run", "--bundle", bundle, container]), t.dir, env=manager.env())
        t.check("READY=1" in (manager.receive() or ""), "nothing came")
        t.ok("kill", container, "KILL")
        t.eq(process.wait(10), 137)


@test
def nothing_but_ready_is_passed_on(t):
    with Manager() as manager:
        container, bundle = t.new_id(), t.bundle(t.config(f"probe notify MAINPID=1; probe notify STOPPING=1; {READY}; sleep 100"))
        t.ok("run", "--detach", "--bundle", bundle, container, env=manager.env())
        check_ready(t, manager, container)
        t.check(manager.receive(0.2) is None, "more came")
        t.finish(container)


@test
def program_that_ends_without_a_word(t):
    with Manager() as manager:
        container, bundle = t.new_id(), t.bundle(t.config("exit 0"))
        t.ok("run", "--detach", "--bundle", bundle, container, env=manager.env(), timeout=20)
        t.wait_status(container, "stopped")
        t.gone(container)


@test
def as_another_user(t):
    with Manager() as manager:
        config = t.config(f"{READY}; sleep 100")
        config.process["user"] = {"uid": 1000, "gid": 1000}
        container, bundle = t.new_id(), t.bundle(config)
        t.ok("run", "--detach", "--bundle", bundle, container, env=manager.env())
        check_ready(t, manager, container)
        t.finish(container)
