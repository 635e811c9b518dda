# SPDX-License-Identifier: Apache-2.0
"""The five capability sets."""
from case import test
from test_process import values

CHOWN, KILL, NET_RAW, NET_BIND = 0, 5, 13, 10


def sets(t, config):
    have = values(t.inside(config.args("probe", "caps")))
    return {name: int(have[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}


def bits(*numbers):
    return sum(1 << n for n in numbers)


@test
def exactly_as_asked(t):
    config = t.config()
    config.process["capabilities"] = {"bounding": ["CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"], "permitted": ["CAP_CHOWN", "CAP_KILL"],
                                      "effective": ["CAP_CHOWN"]}
    have = sets(t, config)
    t.eq(have["CapBnd"], bits(CHOWN, KILL, NET_RAW), "bounding")
    t.eq(have["CapInh"], 0, "inheritable")
    t.eq(have["CapAmb"], 0, "ambient")
    t.eq(have["CapPrm"], bits(CHOWN, KILL, NET_RAW), "permitted of root after exec")


@test
def none(t):
    have = sets(t, t.config().caps([]))
    t.eq(set(have.values()), {0})


@test
def absent_means_none(t):
    config = t.config()
    del config.process["capabilities"]
    if t.runtime.kind != "husk":
        t.skip("runc gives a default")
    t.eq(set(sets(t, config).values()), {0})


@test
def user_without_ambient_has_none(t):
    config = t.config()
    config.process["user"] = {"uid": 1000, "gid": 1000}
    have = sets(t, config)
    t.eq((have["CapPrm"], have["CapEff"], have["CapInh"], have["CapAmb"]), (0, 0, 0, 0))
    t.check(have["CapBnd"] != 0, "bounding set")


@test
def ambient_for_user(t):
    config = t.config().caps(["CAP_NET_BIND_SERVICE"], ("bounding", "effective", "permitted", "inheritable", "ambient"))
    config.process["user"] = {"uid": 1000, "gid": 1000}
    t.eq(set(sets(t, config).values()), {bits(NET_BIND)})


@test
def inheritable_as_asked(t):
    config = t.config().caps(["CAP_KILL"], ("bounding", "effective", "permitted", "inheritable"))
    have = sets(t, config)
    t.eq((have["CapInh"], have["CapAmb"]), (bits(KILL), 0))


@test
def ungrantable_is_a_warning(t):
    t.husk_only("peers fail or ignore")
    config = t.config("true").caps(["CAP_CHOWN", "CAP_SYS_RESOURCE"])
    own = values(t.host("cat", "/proc/self/status").stdout.replace(":\t", "="))
    t.need(not int(own["CapPrm"], 16) >> 24 & 1, "the test has CAP_SYS_RESOURCE")
    result = t.run(config)
    t.eq(result.rc, 0, str(result))
    t.has(result.err, "CAP_SYS_RESOURCE")


@test
def ambient_not_inheritable_is_a_warning(t):
    """Each is named; the others are raised."""
    t.need(t.runtime.kind == "husk", "runc: from 1.3 on")
    config = t.config("probe", "caps").caps(["CAP_KILL", "CAP_CHOWN", "CAP_SETUID"])
    config.process["capabilities"]["inheritable"] = ["CAP_KILL"]
    config.process["capabilities"]["ambient"] = ["CAP_KILL", "CAP_CHOWN", "CAP_SETUID"]
    result = t.run(config)
    t.eq((result.rc, int(values(result.out)["CapAmb"], 16)), (0, bits(KILL)), str(result))
    for name in ("CAP_CHOWN", "CAP_SETUID"):
        t.has(result.err, f"/process/capabilities/ambient: can't raise ambient capability {name}: operation not permitted")
    t.lacks(result.err, "CAP_KILL", "cannot be granted")


@test
def unknown_is_a_warning(t):
    t.husk_only()
    result = t.run(t.config("echo ran").caps(["CAP_CHOWN", "CAP_NO_SUCH"]))
    t.eq((result.rc, result.out), (0, "ran\n"), str(result))
    t.has(result.err, "CAP_NO_SUCH")


@test
def nothing_regained_by_setuid_program(t):
    config = t.config("probe", "caps").caps(["CAP_KILL"])
    have = sets(t, config)
    t.eq(have["CapBnd"], bits(KILL))
