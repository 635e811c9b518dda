# SPDX-License-Identifier: Apache-2.0
"""What the engines have in common: a daemon that is started, followed and stopped by its pid."""
import os
import re
import signal
import subprocess

import suite


class Engine:
    """keeps(): cgroups that are the engine's own; owns(): processes that are."""
    kept_cgroups = r"^$"
    own_processes = r"^$"
    kept_mounts = r"^$"

    def __init__(self, place):
        self.place = place
        self.daemon = None

    def keeps(self, cgroup):
        return bool(re.match(self.kept_cgroups, cgroup))

    def owns(self, pid, command):
        return bool(self.daemon and pid == self.daemon.pid) or bool(re.search(self.own_processes, command))

    def keeps_mount(self, mount):
        return bool(re.search(self.kept_mounts, mount))

    def clean(self):
        pass

    def stop(self):
        self.stop_daemon()

    def call(self, *args, **kwargs):
        raise NotImplementedError

    def spawn(self, argv, log, env=None):
        with open(self.place.file(log), "ab") as out:
            self.daemon = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                           env=env or self.place.env(), start_new_session=True)

    def log_tail(self, log, size=1500):
        with open(self.place.file(log), errors="replace") as text:
            return text.read()[-size:]

    def wait_ready(self, ready, log, seconds=20):
        """ready() until it is true; the daemon's last words when it is not, or died."""
        def done():
            return self.daemon.poll() is not None or ready()
        if not suite.wait_until(done, seconds * suite.PATIENCE, 0.1) or self.daemon.poll() is not None:
            raise suite.Failure("the engine does not start: " + self.log_tail(log))

    def stop_daemon(self, number=signal.SIGTERM, seconds=20):
        if not self.daemon or self.daemon.poll() is not None:
            return
        os.kill(self.daemon.pid, number)
        try:
            self.daemon.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(self.daemon.pid, signal.SIGKILL)
            self.daemon.wait()
