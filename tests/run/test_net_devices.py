# SPDX-License-Identifier: Apache-2.0
"""linux.netDevices: devices of a network namespace that stands for the host, moved into containers."""
import json
import os
import shutil
import subprocess

import syscalls
from case import test


def _host(t):
    """A network namespace of the test's own, with a device that has addresses."""
    t.husk_only("runc 1.1 and crun have no netDevices")
    t.need(shutil.which("ip"), "no ip(8)")
    syscalls.unshare(syscalls.CLONE_NEWNET)
    for words in ("link add husk0 type veth peer name husk1", "addr add 192.0.2.7/24 dev husk0",
                  "-6 addr add 2001:db8::7/64 dev husk0 nodad", "link set husk0 up"):
        done = subprocess.run(["ip", *words.split()], capture_output=True, text=True)
        if done.returncode:
            t.skip(f"ip {words}: {done.stderr.strip()}")


def _config(t, *devices):
    config = t.config("sleep 1000")
    config.linux["netDevices"] = dict(devices)
    return config


def _links(pid=None):
    """Names of devices, with their addresses, in the namespace of a process."""
    command = ["ip", "-j", "addr"]
    if pid:
        command = ["nsenter", "-t", str(pid), "-n", *command]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {x["ifname"]: ({a["local"] for a in x["addr_info"] if a["scope"] == "global"}, x["flags"]) for x in found}


@test
def moved_and_renamed(t):
    _host(t)
    container = t.sleeper(_config(t, ("husk0", {"name": "eth7"})), None)
    t.check("husk0" not in _links(), "it has left")
    t.check("eth7" in _links(t.pid(container)), "it has arrived")
    t.finish(container)
    t.eq({"husk0", "eth7"} & set(_links()), set(), "a virtual device ends with its namespace")


@test
def addresses_are_kept(t):
    _host(t)
    container = t.sleeper(_config(t, ("husk0", {})), None)
    addresses, flags = _links(t.pid(container))["husk0"]
    t.eq(addresses, {"192.0.2.7", "2001:db8::7"})
    t.check("UP" in flags, flags)
    t.finish(container)


@test
def kernel_chooses_the_name(t):
    _host(t)
    container = t.sleeper(_config(t, ("husk0", {"name": "net%d"})), None)
    addresses, _ = _links(t.pid(container))["net0"]
    t.check("192.0.2.7" in addresses, addresses)
    t.finish(container)


@test
def several(t):
    _host(t)
    container = t.sleeper(_config(t, ("husk0", {"name": "a"}), ("husk1", {"name": "b"})), None)
    t.check({"a", "b"} <= set(_links(t.pid(container))), "both have arrived")
    t.finish(container)


@test
def name_is_taken_refused(t):
    _host(t)
    t.refused(_config(t, ("husk0", {"name": "lo"})), "/linux/netDevices/husk0", "already has a device")


@test
def missing_refused(t):
    _host(t)
    t.refused(_config(t, ("husk9", {})), "/linux/netDevices/husk9")


@test
def host_network_refused(t):
    _host(t)
    t.refused(_config(t, ("husk0", {})).namespace("network", drop=True), "/linux/netDevices")


@test
def joined_namespace(t):
    _host(t)
    subprocess.run(["ip", "link", "set", "husk1", "up"], check=True)
    t.eq(os.path.exists("/proc/self/ns/net"), True)
    holder = t.sleeper(t.config())
    config = _config(t, ("husk0", {"name": "given"})).namespace("network", f"/proc/{t.pid(holder)}/ns/net")
    t.cgroup_of(config, "second")
    container = t.sleeper(config, None)
    t.check("given" in _links(t.pid(holder)), "it is in the joined namespace")
    t.finish(container)
    t.finish(holder)
