# SPDX-License-Identifier: Apache-2.0
"""Docker in Docker, in the cgroup layout of the machine."""
import docker
import nested
from suite import test


def start(place):
    return docker.Docker(place)


@test(timeout=180)
def life(t):
    nested.life(t)


@test(timeout=180)
def ended_from_outside(t):
    nested.ended_from_outside(t, "--cgroupns", "private")
