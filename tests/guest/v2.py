# SPDX-License-Identifier: Apache-2.0
"""The cgroup of a test's container in the v2 hierarchy: its files, and what they say."""
import os

import layout


def controllers():
    with open(layout.ROOT + "/cgroup.controllers") as text:
        return text.read().split()


def need(t, *names):
    """Skip unless all these controllers are on v2 here."""
    missing = [n for n in names if n not in controllers()]
    t.need(not missing, f"this kernel has no {', '.join(missing)} controller on v2")


def path(cgroup, name=""):
    return os.path.join(layout.ROOT + cgroup, name)


def read(cgroup, name):
    with open(path(cgroup, name)) as text:
        return text.read().strip()


def write(cgroup, name, value):
    with open(path(cgroup, name), "w") as text:
        text.write(value)


def keys(cgroup, name):
    """A file of "key number" lines."""
    return {k: int(v) for k, v in (line.split()[:2] for line in read(cgroup, name).splitlines())}


def pressure():
    """Does this kernel tell of pressure (PSI)?"""
    return os.path.exists("/proc/pressure/cpu")


def disk():
    """major:minor of the disk that the tests' directory is on, or None when it is none."""
    number = os.stat(os.environ.get("TMPDIR", "/tmp")).st_dev
    name = f"{os.major(number)}:{os.minor(number)}"
    return name if os.path.exists(f"/sys/dev/block/{name}") else None


# A device that is no default one. Its driver asks for CAP_SYSLOG where dmesg is restricted, so that without it nothing would be shown.
KMSG = "mknod /tmp/kmsg c 1 11 && : </tmp/kmsg && echo opened"


def may_read_kmsg(config):
    """All that it takes to open KMSG but the rule of devices."""
    return config.caps(["CAP_MKNOD", "CAP_SYSLOG", "CAP_DAC_OVERRIDE"])
