# SPDX-License-Identifier: Apache-2.0
"""The engines come from Debian's packages; no package may start a daemon of its own."""
import os
import shutil
import subprocess

NAMES = ("docker.io containerd runc podman conmon catatonit tini containernetworking-plugins iptables uidmap slirp4netns "
         "fuse-overlayfs criu python3-grpcio python3-protobuf busybox-static gcc libc6-dev iproute2").split()
_POLICY = "/usr/sbin/policy-rc.d"


def _missing():
    shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Status}\n"] + NAMES, capture_output=True, text=True).stdout
    there = {line.split()[0] for line in shown.splitlines() if line.endswith("ok installed")}
    return [n for n in NAMES if n not in there]


def install():
    """Install what is missing.  Without apt-get, or without a network, the tests say what they lack."""
    if not shutil.which("dpkg-query") or not shutil.which("apt-get"):
        return
    missing = _missing()
    if not missing:
        return
    print(f"# installing {' '.join(missing)}", flush=True)
    own_policy = not os.path.exists(_POLICY)
    if own_policy:
        with open(_POLICY, "w") as text:
            text.write("#!/bin/sh\nexit 101\n")
        os.chmod(_POLICY, 0o755)
    try:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        command = ["apt-get", "-qq", "-o", "Dpkg::Use-Pty=0", "install", "--no-install-recommends", "-y"] + missing
        for attempt in (command, ["apt-get", "-qq", "update"], command):
            result = subprocess.run(attempt, capture_output=True, text=True, env=env, stdin=subprocess.DEVNULL)
            if attempt is command and result.returncode == 0:
                return
        print("# not installed: " + result.stderr.strip()[-500:].replace("\n", "; "), flush=True)
    finally:
        if own_policy:
            os.unlink(_POLICY)
