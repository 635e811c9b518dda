# SPDX-License-Identifier: Apache-2.0
"""Podman, as root or as an ordinary user; it has no daemon."""
import json
import os
import signal

import engine
import sandbox
import suite

PODMAN, _NETAVARK = "/usr/bin/podman", "/usr/lib/podman/netavark"
_CONF = """[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "{kind}"
runtime_supports_json = ["{kind}"]
runtime_supports_nocgroup = [{nocgroups}]
infra_image = "localhost/pause:1"
infra_command = "/pause"
[engine.runtimes]
{kind} = ["{runtime}"]
[network]
network_config_dir = "{dir}/networks"
"""
# Podman 5 knows netavark alone, which Debian 12's podman 4 does not bring.
_CNI = 'network_backend = "cni"\ncni_plugin_dirs = ["/usr/lib/cni"]\n'
_STORAGE = '[storage]\ndriver = "{driver}"\ngraphroot = "{dir}/storage"\nrunroot = "{run}"\n'


class Podman(engine.Engine):
    # Podman leaves the parent of its cgroups, and those of its pods.
    kept_cgroups = r"^/libpod_parent(/conmon|/[0-9a-f]{64})?$"
    own_processes = r"/podman pause|catatonit -P|podman -P"
    kept_mounts = r"/storage/overlay |/run/user/|/run/netns"
    user = None

    def __init__(self, place, user=None):
        super().__init__(place)
        if not os.path.exists(PODMAN):
            raise suite.Skip("no podman")
        self.uid = 0
        self.home = place.file("home")
        if user:
            self.uid = 4321
            sandbox.add_user(place.dir, user, self.uid)
            sandbox.open_device(place.dir, "/dev/net/tun")
        os.makedirs(self.home, exist_ok=True)
        self.run = f"/run/user/{self.uid}" if user else "/run/podman"
        os.makedirs(self.run, 0o700, exist_ok=True)
        for path in (self.home, self.run):
            os.chown(path, self.uid, self.uid)
        conf = _CONF if os.path.exists(_NETAVARK) else _CONF + _CNI
        self._write("containers.conf", conf.format(
            runtime=place.runtime, kind=place.kind, dir=self.home, nocgroups="" if place.kind == "runc" else f'"{place.kind}"'))
        self._write("storage.conf", _STORAGE.format(dir=self.home, run=self.run + "/containers", driver="vfs" if user else "overlay"))
        for archive in (place.assets.oci, place.assets.pause):
            result = self.call("load", "-i", archive, timeout=60)
            if result.rc:
                raise suite.Failure(str(result))

    def _write(self, name, text):
        with open(os.path.join(self.home, name), "w") as out:
            out.write(text)

    def env(self, **more):
        extra = {"XDG_RUNTIME_DIR": self.run} if self.uid else {}
        return {**self.place.env(), "HOME": self.home, "CONTAINERS_CONF": self.home + "/containers.conf",
                "CONTAINERS_STORAGE_CONF": self.home + "/storage.conf", "TMPDIR": "/tmp",
                "PODMAN_IGNORE_CGROUPSV1_WARNING": "1", **extra, **more}

    def _become_user(self):
        if self.uid:
            os.setgroups([])
            os.setgid(self.uid)
            os.setuid(self.uid)
        os.chdir(self.home)

    def argv(self, *args):
        return [PODMAN, *args]

    def call(self, *args, timeout=30, stdin=None, env=None):
        return suite.call(self.argv(*args), timeout, stdin, self.env(**(env or {})), self._become_user)

    def inspect(self, name):
        return json.loads(self.call("inspect", name).out or "[{}]")[0]

    def clean(self):
        self.call("pod", "rm", "-f", "-a", "-t", "0", timeout=60)
        self.call("rm", "-f", "-a", "-t", "0", timeout=60)

    def stop(self):
        self.clean()
        self.call("unmount", "-a")
        for pid, command in sandbox.processes().items():
            if command == "catatonit -P":           # holds an ordinary user's namespaces
                os.kill(pid, signal.SIGKILL)
        if self.uid:
            sandbox.remove_user()
