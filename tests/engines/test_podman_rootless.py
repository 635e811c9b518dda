# SPDX-License-Identifier: Apache-2.0
"""Podman as an ordinary user."""
import podman
import podman_tests
from suite import test

WEIGHT = 5


def start(place):
    return podman.Podman(place, "husk-tests")


podman_tests.register(globals())


@test
def ids(t):
    t.has(t.out("run", "--rm", "--network", "none", podman_tests.IMAGE, "id"), "uid=0(root) gid=0(root)")
    t.has(t.out("run", "--rm", "--network", "none", podman_tests.IMAGE, "cat", "/proc/self/uid_map"), "4321", "300000")
    t.has(t.out("run", "--rm", "--network", "none", "--userns", "keep-id", podman_tests.IMAGE, "id"), "uid=4321")


@test
def network_of_the_user(t):
    t.has(t.out("run", "--rm", podman_tests.IMAGE, "ls", "/sys/class/net"), "tap0")
