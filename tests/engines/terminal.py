# SPDX-License-Identifier: Apache-2.0
"""A client on a pty: type, read until a word comes, change the window's size."""
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time


class Terminal:
    def __init__(self, argv, env, rows=24, columns=80, preexec=None):
        self.master, slave = pty.openpty()
        self.text = ""
        self._size(rows, columns)
        self.process = subprocess.Popen(argv, stdin=slave, stdout=slave, stderr=slave, env=env, start_new_session=True,
                                        preexec_fn=lambda: (fcntl.ioctl(0, termios.TIOCSCTTY, 0), preexec and preexec()))
        os.close(slave)

    def _size(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, rows, columns):
        self._size(rows, columns)
        os.kill(self.process.pid, signal.SIGWINCH)

    def type(self, text):
        os.write(self.master, text.encode())

    def read_until(self, word, seconds=10):
        """True when `word` came after what was read before."""
        deadline = time.monotonic() + seconds
        while word not in self.text:
            ready, _, _ = select.select([self.master], [], [], max(0, deadline - time.monotonic()))
            try:
                piece = os.read(self.master, 65536) if ready else b""
            except OSError:
                piece = b""
            if not piece:
                return False
            self.text += piece.decode(errors="replace")
        self.text = self.text.split(word, 1)[1]
        return True

    def end(self, seconds=10):
        """The exit status; None when it goes on."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None and time.monotonic() < deadline:
            ready, _, _ = select.select([self.master], [], [], 0.05)
            try:
                self.text += os.read(self.master, 65536).decode(errors="replace") if ready else ""
            except OSError:
                time.sleep(0.02)
        rc = self.process.poll()
        if rc is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        os.close(self.master)
        return rc
