# SPDX-License-Identifier: Apache-2.0
"""linux.netDevices: devices of the caller's network namespace move into the container. Here the caller has a namespace of its own."""
import json
import os
import subprocess

from case import test, wait_until


class Network:
    """A network namespace with devices, entered by nsenter."""

    def __init__(self, t):
        t.husk_only("of config 1.2.1, newer than Debian's peers")
        t.need(os.path.exists("/sbin/ip") or os.path.exists("/usr/sbin/ip"), "no ip program")
        self.t = t
        self.holder = subprocess.Popen(["unshare", "-n", "sleep", "100"], stdin=subprocess.DEVNULL)
        own = os.readlink("/proc/self/ns/net")
        wait_until(lambda: os.readlink(f"/proc/{self.holder.pid}/ns/net") != own)
        self.prefix = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.holder.kill()
        self.holder.wait()

    def ip(self, *args):
        result = subprocess.run([*self.prefix, "ip", *args], capture_output=True, text=True)
        if result.returncode:
            self.t.skip(f"ip {' '.join(args)}: {result.stderr.strip()}")
        return result.stdout

    def husk(self, *args):
        argv = self.prefix + self.t.runtime.argv(self.t.root, args)
        # A device of sysfs is the mounting namespace's: ask the namespace itself.
        return self.t.runtime.call(argv, self.t.dir)

    def veth(self, name, *addresses):
        self.ip("link", "add", name, "type", "veth", "peer", "name", name + "p")
        for address in addresses:
            self.ip("addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
        self.ip("link", "set", name, "up")


def devices(t, **entries):
    config = t.config("sleep 100")
    config.linux["netDevices"] = entries
    return config


def running(t, network, config):
    container, bundle = t.new_id(), t.bundle(config)
    result = network.husk("run", "--detach", "--bundle", bundle, container)
    t.eq(result.rc, 0, str(result))
    return container


def addresses(t, container):
    """Of the container's devices, by name."""
    text = subprocess.run(["nsenter", f"--net=/proc/{t.pid(container)}/ns/net", "ip", "-json", "addr"], capture_output=True, text=True).stdout
    return {d["ifname"]: (sorted(f"{a['local']}/{a['prefixlen']}" for a in d["addr_info"] if a["scope"] == "global"), d["flags"])
            for d in json.loads(text)}


@test
def moves_with_its_addresses(t):
    with Network(t) as network:
        network.veth("v0", "10.7.0.1/24", "10.7.1.1/16", "fd00:7::1/64")
        container = running(t, network, devices(t, v0={}))
        have, flags = addresses(t, container)["v0"]
        t.eq(have, ["10.7.0.1/24", "10.7.1.1/16", "fd00:7::1/64"])
        t.check("UP" in flags, flags)
        t.lacks(network.ip("-o", "link"), "v0@")
        t.finish(container)


@test
def gets_another_name(t):
    with Network(t) as network:
        network.veth("v0", "10.7.0.1/24")
        network.veth("v1")
        container = running(t, network, devices(t, v0={"name": "eth0"}, v1={"name": "net%d"}))
        have = addresses(t, container)
        t.eq(have["eth0"][0], ["10.7.0.1/24"])
        t.check("UP" in have["net0"][1], have)
        t.finish(container)


@test
def loopback_of_the_container_stays(t):
    with Network(t) as network:
        network.veth("v0")
        container = running(t, network, devices(t, v0={}))
        t.check("UP" in addresses(t, container)["lo"][1], "lo is down")
        t.finish(container)


@test
def missing_device(t):
    with Network(t) as network:
        container, bundle = t.new_id(), t.bundle(devices(t, nosuch={}))
        result = network.husk("create", "--bundle", bundle, container)
        t.eq(result.rc, 1)
        t.has(result.err, "nosuch", "/linux/netDevices")
        t.no_record(container)


@test
def name_that_is_taken(t):
    with Network(t) as network:
        network.veth("v0")
        container, bundle = t.new_id(), t.bundle(devices(t, v0={"name": "lo"}))
        result = network.husk("create", "--bundle", bundle, container)
        t.eq(result.rc, 1, str(result))
        t.has(result.err, "already has a device named lo")
        t.no_record(container)
        t.has(network.ip("-o", "link"), "v0@")


@test
def in_user_namespace(t):
    with Network(t) as network:
        network.veth("v0", "10.7.0.1/24")
        config = devices(t, v0={}).user_namespace()
        container, bundle = t.new_id(), t.bundle(config, owner=100000)
        result = network.husk("run", "--detach", "--bundle", bundle, container)
        t.eq(result.rc, 0, str(result))
        t.eq(addresses(t, container)["v0"][0], ["10.7.0.1/24"])
        t.finish(container)
