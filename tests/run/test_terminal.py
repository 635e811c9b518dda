# SPDX-License-Identifier: Apache-2.0
"""Terminals: console socket, size, owner, flags, foreground copying; injection into the caller's terminal."""
import array
import fcntl
import os
import pty
import select
import socket
import struct
import subprocess
import termios
import time

from case import test


class ConsoleSocket:
    def __init__(self, t):
        self.path = os.path.join("/tmp", f"husk-console-{os.getpid()}.sock")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.listen(1)

    def receive(self, seconds=10):
        self.socket.settimeout(seconds)
        connection, _ = self.socket.accept()
        connection.settimeout(seconds)
        data, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_SPACE(4))
        connection.close()
        self.socket.close()
        os.unlink(self.path)
        fds = array.array("i")
        for _, _, piece in ancillary:
            fds.frombytes(piece[:4])
        self.data = data
        return fds[0]


def read_until_end(fd, seconds=10):
    """What the pty says until the other side is closed."""
    text, deadline = b"", time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not select.select([fd], [], [], 0.2)[0]:
            continue
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        text += piece
    return text.decode(errors="replace")


def terminal_output(t, config, **kwargs):
    config.process["terminal"] = True
    console = ConsoleSocket(t)
    container = t.create(config, "--console-socket", console.path, **kwargs)
    fd = console.receive()
    t.start(container)
    text = read_until_end(fd)
    os.close(fd)
    t.wait_status(container, "stopped")
    t.gone(container)
    return text


@test
def console_socket(t):
    text = terminal_output(t, t.config("test -t 0 && test -t 1 && test -t 2 && echo three; tty; cat < /dev/tty & sleep 0.1; kill $!"))
    t.has(text, "three", "/dev/pts/0")


@test
def lines_end_with_cr_lf(t):
    """Docker's client puts its terminal in raw mode and counts on it."""
    t.eq(terminal_output(t, t.config("echo one; echo two")), "one\r\ntwo\r\n", "what the engine reads")


@test
def console_size(t):
    config = t.config("stty size")
    config.process["consoleSize"] = {"height": 31, "width": 97}
    t.has(terminal_output(t, config), "31 97")


@test
def dev_console_is_the_terminal(t):
    config = t.config("echo to-console > /dev/console; stat -c '%F' /dev/console")
    t.has(terminal_output(t, config), "to-console", "character special file")


@test
def owner_is_user(t):
    config = t.config("stat -c '%u' $(tty)")
    config.process["user"] = {"uid": 1000, "gid": 1000}
    t.has(terminal_output(t, config), "1000")


@test
def controlling_terminal(t):
    t.has(terminal_output(t, t.config("ls -l /proc/self/fd/0; echo x > /dev/tty && echo controlled")), "controlled")


@test
def terminal_without_socket_refused(t):
    config = t.config("true")
    config.process["terminal"] = True
    t.refused(config, "console")


@test
def socket_without_terminal_refused(t):
    result = t.cmd("create", "--bundle", t.bundle(t.config("true")), "--console-socket", t.path("sock"), t.new_id())
    t.eq(result.rc, 1, str(result))


@test
def socket_missing_refused(t):
    config = t.config("true")
    config.process["terminal"] = True
    container = t.new_id()
    t.fails("create", "--bundle", t.bundle(config), "--console-socket", t.path("missing.sock"), container)
    t.no_record(container)


@test
def foreground_with_terminal(t):
    """`run` on a pty of the caller's: output copied, size taken over, input passed on."""
    config = t.config("test -t 0 && echo is-tty; stty size; read line; echo got $line; exit 7")
    config.process["terminal"] = True
    path = t.bundle(config)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
    before = termios.tcgetattr(slave)
    argv = t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()])

    def control():
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=control)
    time.sleep(0.3)
    os.write(master, b"hello\n")
    t.eq(process.wait(15), 7, "exit code")
    after = termios.tcgetattr(slave)
    os.close(slave)
    text = read_until_end(master, 3)
    t.has(text, "is-tty", "33 99", "got hello")
    t.eq(after[:4], before[:4], "terminal settings restored")


@test
def foreground_resize(t):
    config = t.config("trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.1; done")
    config.process["terminal"] = True
    path = t.bundle(config)
    master, slave = pty.openpty()
    argv = t.runtime.argv(t.root, ["run", "--bundle", path, t.new_id()])
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(slave)
    text = ""
    deadline = time.monotonic() + 10
    while "ready" not in text and time.monotonic() < deadline:
        if select.select([master], [], [], 0.2)[0]:
            text += os.read(master, 4096).decode()
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 111, 0, 0))
    text += read_until_end(master, 10)
    t.eq(process.wait(10), 0, "exit code")
    t.has(text, "44 111")


@test
def run_detached_with_terminal(t):
    config = t.config("tty; sleep 0.2")
    config.process["terminal"] = True
    console = ConsoleSocket(t)
    container = t.new_id()
    t.ok("run", "--detach", "--bundle", t.bundle(config), "--console-socket", console.path, container)
    fd = console.receive()
    t.has(read_until_end(fd), "/dev/pts/0")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def exec_with_terminal(t):
    container = t.sleeper()
    console = ConsoleSocket(t)
    t.ok("exec", "--tty", "--console-socket", console.path, "--detach", container, "sh", "-c", "test -t 0 && tty")
    fd = console.receive()
    t.has(read_until_end(fd), "/dev/pts/")
    t.finish(container)


@test
def no_injection_into_callers_terminal(t):
    """CVE-2017-5226: TIOCSTI and TIOCLINUX on the caller's terminal, as a plain standard input, fail."""
    master, slave = pty.openpty()
    result = t.run(t.config("probe", "tty"), stdin=slave)
    t.eq(result.rc, 0, str(result))
    for line in result.out.split():
        name, outcome = line.split("=")
        t.check(outcome != "ok" or name == "tiocsctty", line)
    t.lacks(result.out, "tiocsti=ok", "tiocsti-high=ok", "tioclinux=ok")
    os.close(slave)
    os.close(master)


@test
def blocked_reader_does_not_spin(t):
    """Nobody reads the pty: the container blocks, and the foreground `run` uses no CPU."""
    config = t.config("yes | head -c 2000000; echo end")
    config.process["terminal"] = True
    path = t.bundle(config)
    master, slave = pty.openpty()
    container = t.new_id()
    argv = t.runtime.argv(t.root, ["run", "--bundle", path, container])
    process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    time.sleep(1.0)
    def ticks():
        with open(f"/proc/{process.pid}/stat") as text:
            fields = text.read().rsplit(") ", 1)[1].split()
        return int(fields[11]) + int(fields[12])
    before = ticks()
    time.sleep(1.0)
    used = ticks() - before
    t.check(used < 20, f"{used} ticks of CPU in a second while blocked")
    os.close(master)
    t.ok("kill", container, "KILL")
    process.wait(10)
