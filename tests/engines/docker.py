# SPDX-License-Identifier: Apache-2.0
"""Docker: dockerd of the package docker.io (which starts its own containerd), and its client."""
import json
import os
import re
import signal

import engine
import sandbox
import suite

DOCKER, DOCKERD = "/usr/bin/docker", "/usr/sbin/dockerd"


class Docker(engine.Engine):
    kept_cgroups = r"^/docker(/buildkit)?$"
    own_processes = r"containerd --config |dockerd --|docker-proxy"
    kept_mounts = r" /run/docker/netns/|docker/overlay2 |/docker/overlay2/\S*-init/merged | \S*/docker \S*/docker "

    def __init__(self, place, *flags, default=True):
        super().__init__(place)
        if not os.path.exists(DOCKERD):
            raise suite.Skip("no dockerd")
        self.flags, self.default = list(flags), default
        self.socket = place.file("docker.sock")
        self.start()
        result = self.call("import", "--change", "ENV PATH=/bin", place.assets.tar, "bb", timeout=60)
        if result.rc:
            raise suite.Failure(str(result))

    def start(self, *more):
        argv = [DOCKERD, "--data-root", self.place.file("docker"), "--exec-root", "/run/docker", "--pidfile", "/run/docker.pid",
                "-H", f"unix://{self.socket}", "--add-runtime", f"under-test={self.place.runtime}", "--group", "0"]
        if self.default:
            argv += ["--default-runtime", "under-test"]
        self.spawn(argv + self.flags + list(more), "dockerd.log")
        self.wait_ready(lambda: os.path.exists(self.socket) and self.call("version", timeout=5).rc == 0, "dockerd.log", 40)

    def kill(self):
        """As a crash does; containerd and the shims go on."""
        self.stop_daemon(signal.SIGKILL)
        if os.path.exists("/run/docker.pid"):
            os.unlink("/run/docker.pid")

    def restart(self, *more):
        self.stop_daemon()
        self.start(*more)

    def env(self, **more):
        return self.place.env(DOCKER_HOST=f"unix://{self.socket}", DOCKER_CONFIG=self.place.file("docker-config"), **more)

    def call(self, *args, timeout=30, stdin=None, env=None):
        return suite.call([DOCKER, *args], timeout, stdin, self.env(**(env or {})))

    def clean(self):
        for _ in range(3):
            ids = self.call("ps", "-aq").out.split()
            if not ids or self.call("rm", "-f", "-v", *ids, timeout=60).rc == 0:
                return

    def remove_lost(self):
        """What a crash in the middle leaves when all containers are removed, whatever the runtime: tasks of containerd's that
        dockerd has forgotten, and shims with what the runtime had made when it was killed, that both have."""
        ctr = ["/usr/bin/ctr", "-a", "/run/docker/containerd/containerd.sock", "-n", "moby"]
        for ident in suite.call([*ctr, "task", "ls", "-q"]).out.split():
            suite.call([*ctr, "task", "rm", "-f", ident])
            suite.call([*ctr, "container", "rm", ident])
        for pid, command in sandbox.processes().items():
            shim = re.search(r"containerd-shim\S* -namespace moby -id (\w+)", command)
            if shim:
                os.kill(pid, signal.SIGKILL)
                suite.call([self.place.runtime, "--root", "/run/docker/runtime-runc/moby", "delete", "--force", shim[1]])

    def inspect(self, name):
        return json.loads(self.call("inspect", name).out or "[{}]")[0]

    def stop(self):
        self.clean()
        # containerd is dockerd's child, and ends with it.
        self.stop_daemon()


def state(t, name):
    return t.engine.inspect(name)["State"]


def running(t, *args, image="bb", command=("sleep", "1000"), **kwargs):
    """A container in the background; its id."""
    return t.out("run", "-d", *args, image, *command, **kwargs)


def sh(t, script, *args, rc=0, **kwargs):
    """The output of a script in a new container."""
    return t.cmd("run", "--rm", *args, "bb", "sh", "-c", script, rc=rc, **kwargs)
