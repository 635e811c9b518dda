# SPDX-License-Identifier: Apache-2.0
"""Errors of the configuration: where (file, line, pointer), what; bounded; nothing left."""
import json
import os

import layout
from case import test


def broken(t, text, *words, **kwargs):
    path = t.bundle()
    mode = "wb" if isinstance(text, bytes) else "w"
    with open(path + "/config.json", mode) as file:
        file.write(text)
    container = t.new_id()
    result = t.fails("create", "--bundle", path, container, **kwargs)
    t.no_record(container)
    if t.runtime.kind == "husk":
        t.has(result.err, *words, what="error")
    return result


def changed(t, *words, **change):
    config = t.config("true")
    for path, value in change.items():
        place = config
        names = path.split("__")
        for name in names[:-1]:
            place = place[int(name) if name.isdigit() else name]
        if value is None:
            del place[names[-1]]
        else:
            place[names[-1]] = value
    return broken(t, json.dumps(config, indent=1), *words)


@test
def not_json(t):
    broken(t, "this is not json", "config.json:1:")


@test
def empty_file(t):
    broken(t, "", "config.json")


@test
def cut_off(t):
    broken(t, json.dumps(t.config("true"), indent=1)[:500], "config.json:")


@test
def wrong_type_names_place(t):
    t.need(t.runtime.kind == "husk", "husk's wording")
    result = changed(t, "/linux/resources/memory/limit", "expected an integer, found a string",
                     linux__resources={"memory": {"limit": "lots"}})
    import re
    t.check(re.search(r"config\.json:\d+:\d+: /linux/resources/memory/limit", result.err), result.err)


@test
def all_errors_reported(t):
    t.need(t.runtime.kind == "husk", "husk's wording")
    changed(t, "/process/cwd", "/hostname", "/root/readonly", process__cwd=5, hostname=["x"], root__readonly="yes")


@test
def root_missing(t):
    t.need(t.runtime.kind == "husk", "")
    changed(t, "root", root=None)


@test
def version_missing(t):
    t.need(t.runtime.kind == "husk", "runc does not ask")
    changed(t, "ociVersion", ociVersion=None)


@test
def version_of_other_major(t):
    t.need(t.runtime.kind == "husk", "runc does not ask")
    changed(t, "/ociVersion", ociVersion="2.0.0")


@test
def version_of_newer_minor_accepted(t):
    config = t.config("echo ran")
    config["ociVersion"] = "1.9.0"
    t.need(t.runtime.kind == "husk", "")
    t.eq(t.inside(config).strip(), "ran")


@test
def number_out_of_range(t):
    changed(t, "/process/user/uid", process__user={"uid": 99999999999, "gid": 0})


@test
def number_with_fraction(t):
    changed(t, "/process/user/uid", process__user={"uid": 1.5, "gid": 0})


@test
def nul_inside_string(t):
    t.need(t.runtime.kind == "husk", "")
    changed(t, "/process/args/0", process__args=["tr\0ue"])


@test
def invalid_utf8(t):
    t.need(t.runtime.kind == "husk", "Go replaces it")
    broken(t, json.dumps(t.config("true")).encode().replace(b"husk-test", b"husk\xff\xfe"), "config.json:")


@test
def duplicate_key(t):
    t.need(t.runtime.kind == "husk", "Go takes the last")
    broken(t, json.dumps(t.config("true")).replace('"hostname"', '"hostname": "a", "hostname"', 1), "/hostname")


@test
def deep_nesting(t):
    broken(t, '{"annotations": ' + "[" * 10000 + "]" * 10000 + "}", "config.json")


@test
def huge_file(t):
    t.need(t.runtime.kind == "husk", "")
    broken(t, '{"annotations": {"a": "' + "x" * (64 << 20) + '"', "config.json", timeout=20)


@test
def config_is_a_directory(t):
    path = t.bundle()
    os.mkdir(path + "/config.json")
    t.fails("create", "--bundle", path, t.new_id(), says="is a directory")


@test
def config_is_a_fifo(t):
    t.need(t.runtime.kind == "husk", "others hang")
    path = t.bundle()
    os.mkfifo(path + "/config.json")
    t.fails("create", "--bundle", path, t.new_id(), says="config.json")


@test
def unknown_property_ignored(t):
    config = t.config("echo ran")
    config["unknownThing"] = {"deep": [1, 2, {"x": None}]}
    config.process["unknownToo"] = 5
    t.eq(t.inside(config).strip(), "ran")


@test
def null_means_absent(t):
    config = t.config("echo ran")
    config["hooks"] = None
    config.linux["seccomp"] = None
    config.linux["resources"]["memory"] = None
    t.eq(t.inside(config).strip(), "ran")


@test
def error_to_log_as_one_json_line(t):
    container = t.new_id()
    result = t.cmd("create", "--bundle", t.bundle(t.config().args("no-such-program")), container,
                   global_args=("--log", t.path("log.json"), "--log-format", "json"))
    t.eq(result.rc, 1)
    with open(t.path("log.json")) as text:
        lines = [json.loads(line) for line in text]
    if t.runtime.kind == "husk":
        t.eq(len(lines), 1, f"lines in {lines}")
        t.check(set(lines[0]) >= {"level", "msg", "time"}, lines)
    t.eq(lines[-1]["level"], "error")
    t.has(lines[-1]["msg"], "executable file not found in $PATH")
    import re
    t.check(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$", lines[-1]["time"]), lines[-1]["time"])
    if t.runtime.kind == "husk":
        t.has(result.err, "executable file not found in $PATH")


@test
def fault_of_mount_is_exact(t):
    t.need(t.runtime.kind == "husk", "husk's wording")
    config = t.config("true").bind("/srv/no-such-thing", "/data")
    t.refused(config, "/mounts/5", "/data", "bind source /srv/no-such-thing: no such file or directory")


def _wrong(name, words, change, where=None):
    """A configuration that a user got wrong: the error names the place, the thing, why, and the way out."""
    def check(t):
        t.husk_only("husk's wording")
        config = t.config("true")
        change(t, config)
        t.refused(config, *words)
    check.__name__ = "wrong_" + name
    check.__module__ = __name__
    test(check)


def _set(path, value):
    def change(t, config):
        place = config
        names = path.split("__")
        for name in names[:-1]:
            place = place.setdefault(name, {})
        place[names[-1]] = value
    return change


_wrong("rootfs", ("/root/path: root file system ", "nothing-here: no such file or directory"), _set("root__path", "nothing-here"))
_wrong("rlimit", ("/process/rlimits/0: RLIMIT_NOFILE 99999999:99999999: ", "operation not permitted (raising a hard limit needs CAP_SYS_RESOURCE)"),
       _set("process__rlimits", [{"type": "RLIMIT_NOFILE", "soft": 99999999, "hard": 99999999}]))
_wrong("sysctl_value", ('/linux/sysctl/net.ipv4.ip_forward: value "abc": ', "the kernel does not take this value"),
       _set("linux__sysctl", {"net.ipv4.ip_forward": "abc"}))
_wrong("memory_nodes", ("/linux/memoryPolicy", "does this host have these memory nodes?"),
       _set("linux__memoryPolicy", {"mode": "MPOL_BIND", "nodes": "63"}))
_wrong("directory_on_file", ("/mounts/5: mount at /etc/passwd: ", "not a directory (a directory is wanted there"),
       lambda t, config: config.bind("/tmp", "/etc/passwd"))
_wrong("file_on_directory", ("/mounts/5: mount at /mnt: ", "is a directory (what is mounted is no directory"),
       lambda t, config: config.bind("/etc/passwd", "/mnt"))

@test
def wrong_seccomp_agent(t):
    t.husk_only("husk's wording")
    config = t.config("true")
    config.linux["seccomp"] = {"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/no/agent",
                               "syscalls": [{"names": ["getcwd"], "action": "SCMP_ACT_NOTIFY"}]}
    t.eq(t.not_run(config, "/linux/seccomp/listenerPath: failed to connect with seccomp agent: ",
                   "/no/agent: no such file or directory").rc, 1)


@test
def wrong_cpus(t):
    t.husk_only("husk's wording")
    t.need(layout.controller("cpuset")[0], "no cpuset controller")
    config = t.config("true").resources(cpu={"cpus": "4000"})
    t.refused(config, '/linux/resources/cpu/cpus: write "4000" to cpuset.cpus', "and in the cgroup above")


@test
def wrong_bundle(t):
    t.husk_only("husk's wording")
    t.fails("create", "--bundle", t.path("none"), t.new_id(), says=(t.path("none"), "no such file or directory", '"husk spec" writes one'))


@test
def memory_too_small_for_init(t):
    """runc's words; the kernel kills init, and not the command.  It may do so only when init has said that it is ready."""
    t.husk_only("husk's wording")
    t.need(layout.controller("memory")[0], "no memory controller")
    config = t.config("true").resources(memory={"limit": 4096})
    container = t.new_id()
    result = t.cmd("create", "--bundle", t.bundle(config), container)
    if result.rc == 0:
        t.wait_status(container, "stopped")
        return
    t.eq(result.rc, 1, str(result))
    t.check("OOM-killed (memory limit too low?)" in result.err or "/linux/resources/memory/limit: write" in result.err, str(result))


SECCOMP = "/linux/seccomp"


def _filter(**rule):
    return {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", **rule}]}}}


def _group(**values):
    return {"linux": {"intelRdt": values}}


# The place that the error must name, and what is wrong there.
RULES = [
    ("/ociVersion", {"ociVersion": "v1.0.0"}),
    ("/ociVersion", {"ociVersion": "1.0"}),
    ("/annotations/", {"annotations": {"": "x"}}),
    ("/annotations/a", {"annotations": {"a": 1}}),
    ("/process/consoleSize/width", {"process": {"consoleSize": {"height": 1}}}),
    ("/process/oomScoreAdj", {"process": {"oomScoreAdj": 1001}}),
    ("/process/rlimits/0/hard", {"process": {"rlimits": [{"type": "RLIMIT_CORE", "soft": 1}]}}),
    ("/process/scheduler/policy", {"process": {"scheduler": {"nice": 1}}}),
    ("/process/scheduler/flags/0", {"process": {"scheduler": {"policy": "SCHED_OTHER", "flags": ["X"]}}}),
    ("/process/ioPriority/class", {"process": {"ioPriority": {"class": "IOPRIO_CLASS_X", "priority": 1}}}),
    ("/process/ioPriority/priority", {"process": {"ioPriority": {"class": "IOPRIO_CLASS_BE", "priority": 8}}}),
    ("/process/execCPUAffinity/initial", {"process": {"execCPUAffinity": {"initial": "a"}}}),
    ("/process/args", {"process": {"args": []}}),
    ("/hooks/poststop/0/path", {"hooks": {"poststop": [{"args": ["true"]}]}}),
    ("/linux/namespaces/0/path", {"linux": {"namespaces": [{"type": "network", "path": "proc/self/ns/net"}]}}),
    ("/linux/devices/0/path", {"linux": {"devices": [{"path": "dev/a", "type": "c", "major": 1, "minor": 3}]}}),
    ("/linux/devices/0/type", {"linux": {"devices": [{"path": "/dev/a", "type": "x", "major": 1, "minor": 3}]}}),
    ("/linux/devices/0/major", {"linux": {"devices": [{"path": "/dev/a", "type": "c"}]}}),
    ("/linux/maskedPaths/0", {"linux": {"maskedPaths": ["proc/version"]}}),
    ("/linux/readonlyPaths/0", {"linux": {"readonlyPaths": ["proc/sys"]}}),
    ("/linux/cgroupsPath", {"linux": {"cgroupsPath": "/"}}),
    ("/linux/resources/devices/0/allow", {"linux": {"resources": {"devices": [{"access": "rwm"}]}}}),
    ("/linux/resources/devices/0/access", {"linux": {"resources": {"devices": [{"allow": True, "access": "rwx"}]}}}),
    ("/linux/resources/cpu/burst", {"linux": {"resources": {"cpu": {"quota": 10000, "burst": 20000}}}}),
    ("/linux/resources/blockIO/weightDevice/0/weight", {"linux": {"resources": {"blockIO": {"weightDevice": [{"major": 8, "minor": 0}]}}}}),
    ("/linux/resources/hugepageLimits/0/pageSize", {"linux": {"resources": {"hugepageLimits": [{"limit": 1}]}}}),
    ("/linux/resources/rdma/mlx5_0/hcaHandles", {"linux": {"resources": {"rdma": {"mlx5_0": {}}}}}),
    ("/linux/intelRdt/closID", _group(closID="../x")),
    ("/linux/intelRdt/memBwSchema", _group(memBwSchema="L3:0=1")),
    ("/linux/intelRdt/memBwSchema", _group(memBwSchema="MB:0=1\nMB:1=2")),
    ("/linux/intelRdt/schemata/0", _group(schemata=["L3:0=1\nMB:0=1"])),
    ("/linux/memoryPolicy/mode", {"linux": {"memoryPolicy": {"nodes": "0"}}}),
    ("/linux/memoryPolicy/mode", {"linux": {"memoryPolicy": {"mode": "MPOL_BIND"}}}),
    ("/linux/memoryPolicy/nodes", {"linux": {"memoryPolicy": {"mode": "MPOL_LOCAL", "nodes": "0"}}}),
    ("/linux/personality/domain", {"linux": {"personality": {}}}),
    ("/linux/personality/flags", {"linux": {"personality": {"domain": "LINUX", "flags": ["X"]}}}),
    (SECCOMP + "/defaultErrnoRet", {"linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": 5}}}),
    (SECCOMP + "/syscalls/0/errnoRet", _filter(action="SCMP_ACT_TRAP", errnoRet=1)),
    (SECCOMP + "/syscalls/0/names", _filter(names=[])),
    (SECCOMP + "/syscalls/0/args/0/op", _filter(args=[{"index": 0, "value": 1}])),
    (SECCOMP + "/syscalls/0/args/0/index", _filter(args=[{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}])),
]


def _with(t, change):
    config = t.config("true")
    for name, value in change.items():
        config[name] = {**config[name], **value} if isinstance(value, dict) and name in config else value
    return config


@test
def rule_of_a_property_broken(t):
    """What the specification says of one property's value: `create` refuses the others, and names the place."""
    t.husk_only("peers know fewer of them")
    path = t.bundle()
    for place, change in RULES:
        t.rewrite(path, _with(t, change))
        result = t.fails("create", "--bundle", path, t.new_id())
        t.has(result.err, place + ":", what=f"error of {change}")


@test
def intel_rdt_without_resctrl(t):
    t.husk_only("husk's wording")
    t.need(not os.path.exists("/sys/fs/resctrl/schemata"), "resctrl is mounted here")
    for group in ({}, {"closID": ""}, {"closID": "/"}, {"schemata": ["L3:0=1"]}):
        t.refused(_with(t, _group(**group)), "/linux/intelRdt", "no resctrl file system")


@test
def without_effect_here(t):
    """A size without a terminal, what other platforms have, hooks of no known moment: no error."""
    config = t.config("echo ran")
    config.process["consoleSize"] = {"height": 1, "width": 2}
    config.process["user"]["username"] = "nobody"
    config.update(solaris={"milestone": "x"}, windows={"layerFolders": ["a"]}, hooks={"preview": [{"path": "/bin/false"}]})
    t.eq(t.inside(config), "ran\n")
