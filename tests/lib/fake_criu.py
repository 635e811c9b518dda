# SPDX-License-Identifier: Apache-2.0
"""Stands in for the program criu where the kernel has none that works: speaks its RPC, and writes down what it was asked.

FAKE_CRIU_OUT  file that gets a line of JSON for each request and notification
FAKE_CRIU_FAIL a line for the log, and failure
"""
import ctypes
import json
import os
import socket
import sys
import time

CLONE_PARENT, SIGCHLD, SYS_CLONE = 0x8000, 17, 56

OPTS = {1: "images_dir_fd", 2: "pid", 3: "leave_running", 4: "ext_unix_sk", 5: "tcp_established", 6: "evasive_devices",
        7: "shell_job", 8: "file_locks", 9: "log_level", 10: "log_file", 11: "ps", 12: "notify_scripts", 13: "root",
        14: "parent_img", 15: "track_mem", 16: "auto_dedup", 17: "work_dir_fd", 18: "link_remap", 23: "ext_mnt",
        25: "cg_root", 26: "rst_sibling", 27: "inherit_fd", 34: "manage_cgroups_mode", 37: "external", 38: "empty_ns",
        39: "join_ns", 44: "freeze_cgroup", 46: "tcp_skip_in_flight", 48: "lazy_pages", 49: "status_fd",
        50: "orphan_pts_master", 51: "config_file", 52: "tcp_close", 53: "lsm_profile", 63: "lsm_mount_context",
        64: "network_lock"}
NESTED = {"ps", "ext_mnt", "cg_root", "inherit_fd", "join_ns"}
LISTS = {"ext_mnt", "cg_root", "inherit_fd", "join_ns", "external"}
DUMP, RESTORE, PRE_DUMP, NOTIFY, FEATURE_CHECK = 1, 2, 4, 6, 9


def varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        shift += 7
        if not byte & 128:
            return value, at


def fields(data):
    at = 0
    while at < len(data):
        tag, at = varint(data, at)
        if tag & 7 == 0:
            value, at = varint(data, at)
        else:
            assert tag & 7 == 2, tag
            size, at = varint(data, at)
            value, at = data[at:at + size], at + size
            assert len(value) == size
        yield tag >> 3, value


def number(value):
    out = b""
    while True:
        byte, value = value & 127, value >> 7
        out += bytes([byte | (128 if value else 0)])
        if not value:
            return out


def put(field, value):
    if isinstance(value, int):
        return number(field << 3) + number(value)
    return number(field << 3 | 2) + number(len(value)) + value


def options(data):
    found = {}
    for field, value in fields(data):
        name = OPTS[field]
        if name in NESTED:
            value = [v if isinstance(v, int) else v.decode() for _, v in fields(value)]
        elif isinstance(value, bytes):
            value = value.decode()
        if name in LISTS:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


class Fake:
    def __init__(self, fd):
        self.socket = socket.socket(fileno=fd)
        self.husk = os.getppid()

    def note(self, **what):
        with open(os.environ["FAKE_CRIU_OUT"], "a") as out:
            out.write(json.dumps(what) + "\n")

    def directory(self, fd):
        return os.readlink(f"/proc/{self.husk}/fd/{fd}")

    def notify(self, name, pid=0, fd=None):
        notice = put(1, name.encode()) + (put(2, pid) if pid else b"")
        message = put(1, NOTIFY) + put(2, 1) + put(5, notice)
        if fd is None:
            self.socket.send(message)
        else:
            socket.send_fds(self.socket, [message], [fd])
        answer = dict(fields(self.socket.recv(65536)))
        self.note(notify=name, success=answer.get(3))
        return answer.get(3)

    def fail(self, opts, kind):
        with open(os.path.join(self.directory(opts["work_dir_fd"]), opts["log_file"]), "w") as log:
            log.write(f"(00.001) Running\n(00.002) {os.environ['FAKE_CRIU_FAIL']}\n")
        self.socket.send(put(1, kind) + put(2, 0) + put(7, 22))

    def sibling(self, program):
        """A child of husk, as rst_sibling asks, which does not go on before the notifications are over."""
        pid = ctypes.CDLL(None).syscall(SYS_CLONE, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0)
        if pid == 0:
            os.closerange(3, 256)
            os.execv("/bin/busybox", ["busybox"] + program)
        return pid

    def mounts_in(self, opts):
        """CRIU mounts what it needs below its working directory: 0, or the errno."""
        os.chdir(f"/proc/{self.husk}/fd/{opts['work_dir_fd']}")
        os.mkdir("yard")
        code = ctypes.CDLL(None, use_errno=True).mount(b"none", b"yard", b"tmpfs", 0, None)
        return code and ctypes.get_errno()

    def restore(self, opts):
        streams = {key: os.readlink(f"/proc/self/fd/{fd}") for key, fd in opts.get("inherit_fd", [])}
        self.note(streams=streams, cgroup=open("/proc/self/cgroup").read(), mount=self.mounts_in(opts),
                  is_mount=any(line.split()[4] == opts["root"] for line in open("/proc/self/mountinfo")))
        pid = self.sibling(["sleep", "100"])
        if not self.notify("setup-namespaces", pid):
            os.kill(pid, 9)
            self.socket.send(put(1, RESTORE) + put(2, 0))
            return
        if os.environ.get("FAKE_CRIU_PTY"):
            self.notify("orphan-pts-master", fd=os.open("/dev/ptmx", os.O_RDWR | os.O_NOCTTY))
        self.notify("post-restore", pid)
        self.socket.send(put(1, RESTORE) + put(2, 1) + put(4, put(1, pid)))

    def dump(self, opts, kind):
        with open(os.path.join(self.directory(opts["images_dir_fd"]), "inventory.img"), "w") as image:
            image.write("image")
        if kind == DUMP and not opts.get("leave_running"):
            os.kill(opts["pid"], 9)
            time.sleep(0.05)
        self.socket.send(put(1, kind) + put(2, 1))

    def serve(self):
        request = dict(fields(self.socket.recv(1 << 20)))
        kind = request[1]
        if kind == FEATURE_CHECK:
            self.socket.send(put(1, kind) + put(2, 1) + put(8, put(1, 1) + put(2, 0)))
            return
        opts = options(request[2])
        self.note(type=kind, opts=opts)
        if os.environ.get("FAKE_CRIU_FAIL"):
            self.fail(opts, kind)
        elif kind == RESTORE:
            self.restore(opts)
        else:
            self.dump(opts, kind)


assert sys.argv[1] == "swrk", sys.argv
Fake(int(sys.argv[2])).serve()
