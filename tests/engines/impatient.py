# SPDX-License-Identifier: Apache-2.0
"""An engine that calls nothing between the end of init and the end of its pipes, as containerd did from 1.2.0 to 1.2.6:
a subreaper that holds the read ends, waits for init, waits for end of file without limit, and only then deletes.

    impatient.py RUNTIME ROOT BUNDLE ID SECONDS

starts container ID, kills its init after a moment, and prints the seconds until the end of file; "hangs" after SECONDS (the
engine itself would wait for ever).
"""
import os
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "lib"))
import syscalls  # noqa: E402


def wait_for(pid, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return True
        time.sleep(0.01)
    return False


def end_of_file(fd, seconds):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if select.select([fd], [], [], 0.05)[0] and not os.read(fd, 4096):
            return True
    return False


def main(runtime, root, bundle, ident, limit):
    syscalls.become_subreaper()
    read_end, write_end = os.pipe()
    pid_file = os.path.join(bundle, "pid")
    subprocess.run([runtime, "--root", root, "create", "--bundle", bundle, "--pid-file", pid_file, ident], stdin=subprocess.DEVNULL,
                   stdout=write_end, stderr=write_end, check=True)
    os.close(write_end)
    subprocess.run([runtime, "--root", root, "start", ident], check=True)
    with open(pid_file) as text:
        init = int(text.read())
    time.sleep(0.5)
    os.kill(init, signal.SIGKILL)
    started = time.monotonic()
    if not wait_for(init, 5):
        print("init does not end")
        return 1
    came = end_of_file(read_end, limit)
    print(f"{time.monotonic() - started:.2f}" if came else "hangs")
    if came:
        return subprocess.run([runtime, "--root", root, "delete", ident]).returncode
    subprocess.run([runtime, "--root", root, "delete", "--force", ident])
    return 3


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:5], float(sys.argv[5])))
