# SPDX-License-Identifier: Apache-2.0
"""A seccomp agent: takes listeners and states from its socket, and answers notifications, in a process of its own."""
import array
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct

_RECV, _SEND = 0xC0502100, 0xC0182101          # SECCOMP_IOCTL_NOTIF_RECV, SECCOMP_IOCTL_NOTIF_SEND
CONTINUE = "continue"


class Agent:
    """answer(number of the system call): CONTINUE, or an errno, or a negative number: -1 - value."""

    def __init__(self, t, answer):
        self.path = f"/tmp/husk-agent-{os.getpid()}.sock"
        self.log = t.path("agent.log")
        server = socket.socket(socket.AF_UNIX)
        server.bind(self.path)
        os.chmod(self.path, 0o666)
        server.listen(8)
        self.pid = os.fork()
        if self.pid == 0:
            try:
                _serve(server, self.log, answer)
            finally:
                os._exit(1)
        server.close()

    def states(self):
        """The states that have come, each with the number of descriptors beside it."""
        try:
            with open(self.log) as text:
                return [json.loads(line) for line in text]
        except FileNotFoundError:
            return []

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.unlink(self.path)


def _serve(server, log, answer):
    listeners = []
    while True:
        for ready in select.select([server] + listeners, [], [])[0]:
            if ready is server:
                listeners.append(_take(server, log))
            elif not _answer(ready, answer):
                listeners.remove(ready)
                os.close(ready)


def _take(server, log):
    connection, _ = server.accept()
    data, ancillary, _, _ = connection.recvmsg(1 << 20, socket.CMSG_SPACE(64))
    fds = array.array("i")
    for _, _, piece in ancillary:
        fds.frombytes(piece[:len(piece) // 4 * 4])
    names = [os.readlink(f"/proc/self/fd/{fd}") for fd in fds]
    with open(log, "a") as text:
        text.write(json.dumps({"document": json.loads(data), "descriptors": names}) + "\n")
    connection.close()
    return fds[0]


def _answer(fd, answer):
    """False when the listener has nobody any more."""
    notification = bytearray(80)
    try:
        fcntl.ioctl(fd, _RECV, notification)
        unique, _, _, number = struct.unpack_from("QIIi", notification)
        what = answer(number)
        if what == CONTINUE:
            response = struct.pack("QqiI", unique, 0, 0, 1)
        elif what < 0:
            response = struct.pack("QqiI", unique, -1 - what, 0, 0)
        else:
            response = struct.pack("QqiI", unique, 0, -what, 0)
        fcntl.ioctl(fd, _SEND, bytearray(response))
    except OSError as error:
        return error.errno in (errno.EINTR, errno.EINPROGRESS) or error.errno == errno.ENOENT and not _hung_up(fd)
    return True


def _hung_up(fd):
    poll = select.poll()
    poll.register(fd, 0)
    return any(events & select.POLLHUP for _, events in poll.poll(0))
