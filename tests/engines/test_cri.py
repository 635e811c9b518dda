# SPDX-License-Identifier: Apache-2.0
"""containerd's CRI plugin, as the kubelet uses it: pods with their pause container, restrict_oom_score_adj."""
import os
import time

import containerd
import cri
from suite import Failure, Skip, test

WEIGHT = 3


def start(place):
    try:
        import grpc  # noqa: F401
    except ImportError:
        raise Skip("no python3-grpcio")
    return containerd.Containerd(place)


def call(function, **fields):
    import grpc
    try:
        return function(**fields)
    except grpc.RpcError as error:
        raise Failure(f"{error.code()}: {error.details()}")


class Pod:
    """A pod of containers; pid=POD is shareProcessNamespace."""

    def __init__(self, t, pid=cri.CONTAINER, network=cri.POD, name="pod"):
        self.t, self.cri, self.pid, self.network = t, t.engine.cri, pid, network
        self.logs = t.place.file("logs-" + name)
        os.makedirs(self.logs, exist_ok=True)
        self.config = {"metadata": {"name": name, "uid": name + str(time.time()), "namespace": "default"}, "hostname": name if network == cri.POD else "",
                       "log_directory": self.logs,
                       "linux": {"cgroup_parent": "/pod", "security_context": {"namespace_options": {"network": network, "pid": pid}}}}
        self.id = call(self.cri.RunPodSandbox, config=self.config).pod_sandbox_id
        self.n = 0

    def create(self, *command, attempt=0, resources=None, **security):
        self.n += 1
        name = f"c{self.n}"
        context = {"namespace_options": {"network": self.network, "pid": self.pid}, **security}
        config = {"metadata": {"name": name, "attempt": attempt}, "image": {"image": "localhost/bb:1"}, "command": command,
                  "log_path": name + ".log", "linux": {"resources": resources or {}, "security_context": context}}
        return call(self.cri.CreateContainer, pod_sandbox_id=self.id, config=config, sandbox_config=self.config).container_id

    def run(self, *command, **options):
        ident = self.create(*command, **options)
        call(self.cri.StartContainer, container_id=ident)
        return ident

    def log(self, number):
        with open(os.path.join(self.logs, f"c{number}.log")) as text:
            return text.read()

    def status(self, ident):
        return call(self.cri.ContainerStatus, container_id=ident).status

    def exec(self, ident, *command):
        return call(self.cri.ExecSync, container_id=ident, cmd=command)

    def stop(self, ident, grace):
        """Seconds that it took."""
        started = time.monotonic()
        call(self.cri.StopContainer, container_id=ident, timeout=grace)
        return time.monotonic() - started

    def remove(self):
        started = time.monotonic()
        call(self.cri.StopPodSandbox, pod_sandbox_id=self.id)
        call(self.cri.RemovePodSandbox, pod_sandbox_id=self.id)
        return time.monotonic() - started


@test
def one_container(t):
    pod = Pod(t)
    ident = pod.run("sh", "-c", "echo words; sleep 1000")
    t.eq(pod.status(ident).state, cri.RUNNING)
    t.until(lambda: "words" in pod.log(1), "the log")
    answer = pod.exec(ident, "sh", "-c", "hostname; exit 3")
    t.eq((answer.stdout, answer.exit_code), (b"pod\n", 3), "exec")
    t.check(pod.stop(ident, 1) < 2.5, "the stop is late")
    t.eq((pod.status(ident).state, pod.status(ident).exit_code), (cri.EXITED, 137), "state")
    t.check(pod.remove() < 5, "the pod's end is late")


@test
def exit_code_and_restart(t):
    pod = Pod(t)
    for attempt in range(3):
        ident = pod.run("sh", "-c", f"exit {attempt + 4}", attempt=attempt)
        t.until(lambda: pod.status(ident).state == cri.EXITED, "it ends")
        t.eq(pod.status(ident).exit_code, attempt + 4)
        call(t.engine.cri.RemoveContainer, container_id=ident)


@test
def shared_pid_namespace(t):
    pod = Pod(t, pid=cri.POD)
    one, two = pod.run("sleep", "1000"), pod.run("sh", "-c", "touch /tmp/healthy && sleep 1001")
    t.until(lambda: b"sleep 1001" in pod.exec(one, "ps").stdout, "one sees two")
    t.has(pod.exec(two, "ps").stdout.decode(), "/pause", "sleep 1000")
    t.check(pod.stop(two, 1) < 2.5, "the stop is late")
    t.lacks(pod.exec(one, "ps").stdout.decode(), "sleep 1001", "touch")
    t.eq(pod.status(one).state, cri.RUNNING, "the other one")


@test
def host_namespaces(t):
    pod = Pod(t, pid=cri.NODE, network=cri.NODE)
    ident = pod.run("sleep", "1000")
    for name in ("pid", "net"):
        t.eq(pod.exec(ident, "readlink", f"/proc/self/ns/{name}").stdout.decode().strip(), os.readlink(f"/proc/self/ns/{name}"), name)


@test
def oom_score(t):
    """The kubelet asks for what this machine may not allow; containerd restricts it, and the container starts."""
    pod = Pod(t)
    ident = pod.run("sleep", "1000", resources={"oom_score_adj": -998})
    score = int(pod.exec(ident, "cat", "/proc/self/oom_score_adj").stdout)
    t.check(score >= -998, f"oom_score_adj {score}")
    ident = pod.run("sleep", "1000", resources={"oom_score_adj": 900})
    t.eq(pod.exec(ident, "cat", "/proc/self/oom_score_adj").stdout, b"900\n")


@test
def resources(t):
    pod = Pod(t)
    ident = pod.run("sleep", "1000", resources={"memory_limit_in_bytes": 64 << 20, "cpu_shares": 512, "cpu_quota": 50000, "cpu_period": 100000})
    path = f"/sys/fs/cgroup/memory/pod/{ident}/memory.limit_in_bytes"
    t.need(os.path.exists(path), "no cgroup v1 memory controller")
    with open(path) as text:
        t.eq(text.read().strip(), str(64 << 20))
    call(t.engine.cri.UpdateContainerResources, container_id=ident, linux={"memory_limit_in_bytes": 80 << 20, "cpu_shares": 256})
    with open(path) as text:
        t.eq(text.read().strip(), str(80 << 20))


@test
def security(t):
    pod = Pod(t)
    ident = pod.run("sleep", "1000", capabilities={"drop_capabilities": ["ALL"], "add_capabilities": ["CHOWN"]}, no_new_privs=True,
                    readonly_rootfs=True)
    text = pod.exec(ident, "cat", "/proc/self/status").stdout.decode()
    t.has(text, "CapEff:\t0000000000000001", "NoNewPrivs:\t1")
    t.check(pod.exec(ident, "touch", "/x").exit_code != 0, "a read-only root was written to")


@test
def failing_program(t):
    pod = Pod(t)
    ident = pod.create("nosuch")
    import grpc
    try:
        t.engine.cri.StartContainer(container_id=ident)
        t.check(False, "a program that is not there started")
    except grpc.RpcError as error:
        t.has(error.details(), "executable file not found in $PATH")
    t.eq(pod.status(ident).reason, "StartError")


@test
def many_pods(t):
    pods = [Pod(t, name=f"pod{i}", network=cri.NODE) for i in range(5)]
    idents = [pod.run("sleep", "1000") for pod in pods]
    t.eq({pod.status(ident).state for pod, ident in zip(pods, idents)}, {cri.RUNNING})
    for pod in pods:
        pod.remove()
