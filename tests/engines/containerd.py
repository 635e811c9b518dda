# SPDX-License-Identifier: Apache-2.0
"""containerd with its CRI plugin: the daemon, and its client ctr."""
import json
import os

import engine
import suite

CTR, CONTAINERD = "/usr/bin/ctr", "/usr/bin/containerd"

_CONFIG = """version = 2
root = "{dir}/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "localhost/pause:1"
restrict_oom_score_adj = true
netns_mounts_under_state_dir = true
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "/usr/lib/cni"
conf_dir = "{dir}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
default_runtime_name = "under-test"
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.under-test]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.under-test.options]
BinaryName = "{runtime}"
"""

_NETWORK = {"cniVersion": "0.4.0", "name": "tests", "plugins": [
    {"type": "bridge", "bridge": "tests0", "isGateway": True, "ipMasq": False,
     "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.99.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}]}


class Containerd(engine.Engine):
    # ctr leaves the parent of its containers' cgroups, and so does CRI.
    kept_cgroups = r"^/(default|k8s\.io|pod)$"
    own_processes = r"^/usr/bin/containerd --config"
    kept_mounts = r" /run/containerd/(netns|tmpmounts)"

    def __init__(self, place):
        super().__init__(place)
        if not os.path.exists(CONTAINERD):
            raise suite.Skip("no containerd")
        self.socket = "/run/containerd/containerd.sock"
        self._cri = None
        os.makedirs(place.file("cni"))
        with open(place.file("cni", "10-tests.conflist"), "w") as out:
            json.dump(_NETWORK, out)
        with open(place.file("config.toml"), "w") as out:
            out.write(_CONFIG.format(dir=place.dir, runtime=place.runtime))
        self.start()
        for namespace, archive in (("default", place.assets.oci), ("k8s.io", place.assets.oci), ("k8s.io", place.assets.pause)):
            result = self.call("-n", namespace, "image", "import", archive, timeout=60)
            if result.rc:
                raise suite.Failure(str(result))

    def start(self):
        self.spawn([CONTAINERD, "--config", self.place.file("config.toml")], "containerd.log")
        self.wait_ready(lambda: os.path.exists(self.socket) and self.call("version", timeout=5).rc == 0, "containerd.log")

    def call(self, *args, timeout=30, stdin=None, env=None):
        return suite.call([CTR, "-a", self.socket, *args], timeout, stdin, self.place.env(**(env or {})))

    @property
    def cri(self):
        if not self._cri:
            import cri
            self._cri = cri.Client(self.socket)
        return self._cri

    def clean(self):
        if self._cri:
            for pod in self._cri.ListPodSandbox().items:
                self._cri.StopPodSandbox(pod_sandbox_id=pod.id)
                self._cri.RemovePodSandbox(pod_sandbox_id=pod.id)
        for ident in self.call("task", "ls", "-q").out.split():
            self.call("task", "rm", "-f", ident)
        for ident in self.call("container", "ls", "-q").out.split():
            self.call("container", "rm", ident)

    def stop(self):
        self.clean()
        if self._cri:
            self._cri.close()
        self.stop_daemon()
