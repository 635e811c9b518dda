# SPDX-License-Identifier: Apache-2.0
"""Docker with its default AppArmor profile, where the kernel has AppArmor (tests/guest): really applied, and to exec too."""
import os
import subprocess

import docker
import layout
import syscalls
from docker import running, sh
from suite import PATIENCE, Failure, Skip, test, wait_until

SECURITY = "/sys/kernel/security"
SOCKET = "/run/docker/containerd.sock"


class Docker(docker.Docker):
    """With a containerd of its own beside it: dockerd gives one that it starts itself 15 s, which is short for an emulated machine."""

    def start(self, *more):
        config = self.place.file("containerd.toml")
        with open(config, "w") as text:
            text.write(f'version = 2\nroot = "{self.place.file("containerd")}"\nstate = "/run/docker/containerd"\n'
                       f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  address = "{SOCKET}"\n')
        with open(self.place.file("containerd.log"), "ab") as out:
            self.containerd = subprocess.Popen(["/usr/bin/containerd", "--config", config], stdin=subprocess.DEVNULL, stdout=out,
                                               stderr=out, env=self.place.env(), start_new_session=True)
        ready = ["/usr/bin/ctr", "-a", SOCKET, "version"]
        if not wait_until(lambda: subprocess.run(ready, capture_output=True).returncode == 0, 60 * PATIENCE, 0.5):
            raise Failure("containerd does not start: " + self.log_tail("containerd.log"))
        super().start("--containerd", SOCKET, *more)

    def stop(self):
        super().stop()
        self.containerd.terminate()
        self.containerd.wait(20)


def start(place):
    if not os.path.isdir("/sys/module/apparmor"):
        raise Skip("no AppArmor in this kernel; the guests have it")
    if not os.access("/sbin/apparmor_parser", os.X_OK):
        raise Skip("no apparmor_parser here")
    syscalls.mount("security", SECURITY, "securityfs")
    if not os.path.isdir(SECURITY + "/apparmor"):
        raise Skip("AppArmor is not on in this kernel")
    # Without a bridge: user-mode Linux of Debian has no NAT.
    engine = Docker(place, "--iptables=false", "--ip6tables=false", "--bridge=none")
    engine.kept_mounts += f"| {SECURITY} "
    return engine


@test
def profile_is_applied(t):
    t.has(t.out("info", "--format", "{{.SecurityOptions}}"), "apparmor")
    t.eq(sh(t, "cat /proc/1/attr/current").out, "docker-default (enforce)\n")
    # The profile alone forbids it: the capability is there, and no seccomp filter.
    mount = sh(t, "mount -t tmpfs none /mnt", "--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined", rc=None)
    t.check(mount.rc != 0, "a mount in docker-default")
    sh(t, "mount -t tmpfs none /mnt", "--cap-add", "SYS_ADMIN", "--security-opt", "seccomp=unconfined",
       "--security-opt", "apparmor=unconfined")


@test
def exec_is_in_it(t):
    running(t, "--name", "aa")
    t.eq(t.out("exec", "aa", "cat", "/proc/self/attr/current"), "docker-default (enforce)")
    # Docker leaves the profile to `exec --privileged`, and asks for the container's.
    t.eq(t.out("exec", "--privileged", "aa", "cat", "/proc/self/attr/current"), "docker-default (enforce)")


@test
def privileged_is_unconfined(t):
    t.has(sh(t, "cat /proc/1/attr/current", "--privileged").out, "unconfined")


@test
def unknown_profile_is_refused(t):
    t.has(sh(t, "true", "--security-opt", "apparmor=husk-no-such-profile", rc=None).err, "husk-no-such-profile")


@test
def limits_are_felt(t):
    """The default profile beside limits: a memory limit that kills, in Docker's words."""
    if "memory" not in open(layout.ROOT + "/cgroup.controllers").read().split():
        raise Skip("no memory controller on v2")
    t.eq(sh(t, "cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max", "-m", "32m", "--pids-limit", "44").out, "33554432\n44\n")
    ident = t.out("run", "-d", "-m", "16m", "--memory-swap", "16m", "bb", "dd", "if=/dev/zero", "of=/dev/null", "bs=48M", "count=1")
    t.eq(t.out("wait", ident), "137")
    t.eq(docker.state(t, ident)["OOMKilled"], True)
