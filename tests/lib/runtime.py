# SPDX-License-Identifier: Apache-2.0
"""Which runtime is tested, and one call of it: never without a time limit, never through pipes.

Output goes to files, since a container inherits it and would hold a pipe open.
"""
import os
import shutil
import signal
import subprocess
import tempfile

_TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Result:
    def __init__(self, argv, rc, out_path, err_path, timed_out):
        self.argv, self.rc, self.timed_out = argv, rc, timed_out
        self.out_path, self.err_path = out_path, err_path

    @property
    def out(self):
        with open(self.out_path, errors="replace") as text:
            return text.read()

    @property
    def err(self):
        with open(self.err_path, errors="replace") as text:
            return text.read()

    def __str__(self):
        what = "timed out" if self.timed_out else f"exit {self.rc}"
        return f"`{' '.join(self.argv)}` {what}; stdout {self.out[-600:]!r}; stderr {self.err[-600:]!r}"


def find_husk():
    """$HUSK, else the newest build in or beside the source tree, else one in PATH."""
    if os.environ.get("HUSK"):
        return os.path.abspath(os.environ["HUSK"])
    places = [os.getcwd(), os.path.join(os.getcwd(), "src"), _TOP, os.path.join(_TOP, "src"), os.path.join(_TOP, "build")]
    for place in places:
        path = os.path.join(place, "husk")
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return shutil.which("husk")


def systemd_driver():
    """HUSK_TEST_DRIVER=systemd: every container is a scope of systemd."""
    return os.environ.get("HUSK_TEST_DRIVER") == "systemd"


class Runtime:
    """A program with the command line of an OCI runtime."""

    def __init__(self, path, prefix=()):
        self.path = path
        self.prefix = list(prefix)       # words in front, a stepper for example
        base = os.path.basename(path)
        self.kind = next((k for k in ("husk", "runc", "crun", "youki") if k in base), "husk")

    def argv(self, root, args, cgroup_manager=None):
        words = self.prefix + [self.path, "--root", root]
        if cgroup_manager and self.kind in ("husk", "crun"):
            words.append(f"--cgroup-manager={cgroup_manager}")
        elif systemd_driver():
            words.append("--systemd-cgroup")
        return words + [str(a) for a in args]

    def spawn(self, argv, directory, env=None, cwd=None, stdin=subprocess.DEVNULL, stdout=None, pass_fds=(), session=True,
              preexec=None):
        """Start it; (Popen, out path, err path)."""
        if stdout is None:
            fd, out_path = tempfile.mkstemp(prefix="out.", dir=directory)
        else:
            fd, out_path = os.dup(stdout), os.devnull
        err_fd, err_path = tempfile.mkstemp(prefix="err.", dir=directory)
        try:
            process = subprocess.Popen(argv, stdin=stdin, stdout=fd, stderr=err_fd, env=env, cwd=cwd, pass_fds=pass_fds,
                                       start_new_session=session, preexec_fn=preexec)
        finally:
            os.close(fd)
            os.close(err_fd)
        return process, out_path, err_path

    def call(self, argv, directory, timeout=30, stdin_text=None, **kwargs):
        if stdin_text is not None:
            file = tempfile.TemporaryFile(dir=directory)
            file.write(stdin_text.encode())
            file.seek(0)
            kwargs["stdin"] = file
        process, out_path, err_path = self.spawn(argv, directory, **kwargs)
        try:
            rc = process.wait(timeout)
        except subprocess.TimeoutExpired:
            _kill_session(process.pid)
            process.wait()
            return Result(argv, None, out_path, err_path, True)
        return Result(argv, rc, out_path, err_path, False)


def _kill_session(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
