# SPDX-License-Identifier: Apache-2.0
"""A client of the Kubernetes Container Runtime Interface, v1: the messages and calls that the tests need, as a table.

grpc and protobuf are imported on first use: the suite loads its tests before it installs what they need.
"""
import functools

# One message a line, `NAME: field=number type`; `*` marks a repeated field, an upper-case type is a message.
_MESSAGES = """
VersionRequest: version=1 string
VersionResponse: version=1 string, runtime_name=2 string
PodSandboxMetadata: name=1 string, uid=2 string, namespace=3 string, attempt=4 uint32
NamespaceOption: network=1 int32, pid=2 int32, ipc=3 int32, target_id=4 string
LinuxSandboxSecurityContext: namespace_options=1 NamespaceOption, privileged=6 bool
LinuxPodSandboxConfig: cgroup_parent=1 string, security_context=2 LinuxSandboxSecurityContext
PodSandboxConfig: metadata=1 PodSandboxMetadata, hostname=2 string, log_directory=3 string, linux=8 LinuxPodSandboxConfig
RunPodSandboxRequest: config=1 PodSandboxConfig, runtime_handler=2 string
RunPodSandboxResponse: pod_sandbox_id=1 string
StopPodSandboxRequest: pod_sandbox_id=1 string
StopPodSandboxResponse:
RemovePodSandboxRequest: pod_sandbox_id=1 string
RemovePodSandboxResponse:
PodSandboxStatusRequest: pod_sandbox_id=1 string
PodSandboxStatus: id=1 string, state=3 int32
PodSandboxStatusResponse: status=1 PodSandboxStatus
ListPodSandboxRequest:
PodSandbox: id=1 string
ListPodSandboxResponse: *items=1 PodSandbox
ImageSpec: image=1 string
LinuxContainerResources: cpu_period=1 int64, cpu_quota=2 int64, cpu_shares=3 int64, memory_limit_in_bytes=4 int64, oom_score_adj=5 int64
Capability: *add_capabilities=1 string, *drop_capabilities=2 string
LinuxContainerSecurityContext: capabilities=1 Capability, privileged=2 bool, namespace_options=3 NamespaceOption, readonly_rootfs=7 bool, no_new_privs=11 bool
LinuxContainerConfig: resources=1 LinuxContainerResources, security_context=2 LinuxContainerSecurityContext
ContainerMetadata: name=1 string, attempt=2 uint32
ContainerConfig: metadata=1 ContainerMetadata, image=2 ImageSpec, *command=3 string, *args=4 string, log_path=11 string, tty=14 bool, linux=15 LinuxContainerConfig
CreateContainerRequest: pod_sandbox_id=1 string, config=2 ContainerConfig, sandbox_config=3 PodSandboxConfig
CreateContainerResponse: container_id=1 string
StartContainerRequest: container_id=1 string
StartContainerResponse:
StopContainerRequest: container_id=1 string, timeout=2 int64
StopContainerResponse:
RemoveContainerRequest: container_id=1 string
RemoveContainerResponse:
ContainerStatusRequest: container_id=1 string, verbose=2 bool
ContainerStatus: id=1 string, state=3 int32, exit_code=7 int32, reason=10 string, message=11 string
ContainerStatusResponse: status=1 ContainerStatus
UpdateContainerResourcesRequest: container_id=1 string, linux=2 LinuxContainerResources
UpdateContainerResourcesResponse:
ExecSyncRequest: container_id=1 string, *cmd=2 string, timeout=3 int64
ExecSyncResponse: stdout=1 bytes, stderr=2 bytes, exit_code=3 int32
"""
CALLS = ("Version RunPodSandbox StopPodSandbox RemovePodSandbox PodSandboxStatus ListPodSandbox CreateContainer StartContainer "
         "StopContainer RemoveContainer ContainerStatus UpdateContainerResources ExecSync").split()
POD, CONTAINER, NODE, TARGET = range(4)
CREATED, RUNNING, EXITED, UNKNOWN = range(4)


def _field(message, text):
    from google.protobuf import descriptor_pb2
    name, rest = text.strip().lstrip("*").split("=")
    number, kind = rest.split()
    field = message.field.add(name=name, number=int(number), label=3 if text.strip().startswith("*") else 1)
    if kind[0].isupper():
        field.type, field.type_name = 11, ".runtime.v1." + kind
    else:
        field.type = descriptor_pb2.FieldDescriptorProto.Type.Value("TYPE_" + kind.upper())


@functools.cache
def _classes():
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    file = descriptor_pb2.FileDescriptorProto(name="cri-of-the-tests.proto", package="runtime.v1", syntax="proto3")
    for line in _MESSAGES.strip().splitlines():
        name, fields = line.split(":", 1)
        message = file.message_type.add(name=name)
        for text in filter(str.strip, fields.split(",")):
            _field(message, text)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    make = getattr(message_factory, "GetMessageClass", None) or message_factory.MessageFactory(pool).GetPrototype
    return {m.name: make(pool.FindMessageTypeByName("runtime.v1." + m.name)) for m in file.message_type}


class Client:
    """client.ExecSync(container_id=…, cmd=[…]) and so on; nested messages are dictionaries."""

    def __init__(self, socket):
        import grpc
        self.channel = grpc.insecure_channel(f"unix://{socket}")

    def __getattr__(self, name):
        if name not in CALLS:
            raise AttributeError(name)
        classes = _classes()
        call = self.channel.unary_unary(f"/runtime.v1.RuntimeService/{name}",
                                        request_serializer=lambda m: m.SerializeToString(),
                                        response_deserializer=classes[name + "Response"].FromString)

        def invoke(**fields):
            return call(classes[name + "Request"](**fields), timeout=30)
        return invoke

    def close(self):
        self.channel.close()
