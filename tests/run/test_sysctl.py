# SPDX-License-Identifier: Apache-2.0
"""Sysctl: namespaced ones written, others refused, never through the container's /proc."""
from case import test


def config(t, key, value):
    c = t.config(f"cat /proc/sys/{key.replace('.', '/')}")
    c.linux["sysctl"] = {key: value}
    return c


@test
def network(t):
    t.eq(t.inside(config(t, "net.ipv4.ip_forward", "1")).strip(), "1")


@test
def ipc(t):
    t.eq(t.inside(config(t, "kernel.shm_rmid_forced", "1")).strip(), "1")


@test
def mqueue(t):
    t.eq(t.inside(config(t, "fs.mqueue.msg_max", "17")).strip(), "17")


@test
def slashes(t):
    c = t.config("cat /proc/sys/net/ipv4/ip_forward")
    c.linux["sysctl"] = {"net/ipv4/ip_forward": "1"}
    t.need(t.runtime.kind == "husk", "")
    t.eq(t.inside(c).strip(), "1")


@test
def not_namespaced_refused(t):
    result = t.refused(config(t, "vm.swappiness", "60"))
    if t.runtime.kind == "husk":
        t.has(result.err, "vm.swappiness")


@test
def host_network_refused(t):
    c = config(t, "net.ipv4.ip_forward", "1").namespace("network", drop=True)
    c["mounts"] = [m for m in c.mounts if m["type"] != "sysfs"]
    t.refused(c)


@test
def host_ipc_refused(t):
    t.refused(config(t, "kernel.msgmax", "8000").namespace("ipc", drop=True))


@test
def bad_value(t):
    t.not_run(config(t, "net.ipv4.ip_forward", "nonsense"))


@test
def missing_key(t):
    t.not_run(config(t, "net.ipv4.no_such_thing", "1"), "no such file or directory")


@test
def dotdot_refused(t):
    t.not_run(config(t, "net/../vm/swappiness", "60"))
