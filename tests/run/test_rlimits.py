# SPDX-License-Identifier: Apache-2.0
"""Resource limits."""
from case import test
from test_process import values

SMALL = {"CORE": (0, 0), "CPU": (1000, 2000), "DATA": (1 << 30, 2 << 30), "FSIZE": (1 << 20, 1 << 21), "LOCKS": (10, 20), "MEMLOCK": (4096, 8192),
         "MSGQUEUE": (1000, 2000), "NICE": (0, 0), "NOFILE": (64, 128), "NPROC": (100, 200), "RSS": (1 << 30, 1 << 30), "RTPRIO": (0, 0),
         "RTTIME": (1000000, 2000000), "SIGPENDING": (10, 20), "STACK": (1 << 20, 1 << 21), "AS": (1 << 30, 2 << 30)}


def limits(t, *rows):
    config = t.config("probe", "rlimits")
    config.process["rlimits"] = [{"type": f"RLIMIT_{n}", "soft": s, "hard": h} for n, s, h in rows]
    return values(t.inside(config))


def _limit(name, soft, hard):
    def check(t):
        t.eq(limits(t, (name, soft, hard))[name], f"{soft}:{hard}")
    check.__name__ = f"rlimit_{name.lower()}"
    check.__module__ = __name__
    test(check)


for _name, (_soft, _hard) in SMALL.items():
    _limit(_name, _soft, _hard)


@test
def small_nofile_does_not_break_setup(t):
    config = t.config("echo ran")
    t.need(t.runtime.kind == "husk", "runc needs descriptors of its own")
    config.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 3, "hard": 3}]
    t.eq(t.inside(config.args("echo", "ran")).strip(), "ran")


@test
def unknown_refused(t):
    config = t.config("true")
    config.process["rlimits"] = [{"type": "RLIMIT_NONSENSE", "soft": 1, "hard": 1}]
    result = t.refused(config)
    if t.runtime.kind == "husk":
        t.has(result.err, "/process/rlimits/0/type")


@test
def duplicate_refused(t):
    config = t.config("true")
    config.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 10, "hard": 10}] * 2
    t.need(t.runtime.kind == "husk", "old peers take the last")
    t.refused(config)


@test
def soft_above_hard_refused(t):
    config = t.config("true")
    config.process["rlimits"] = [{"type": "RLIMIT_NOFILE", "soft": 20, "hard": 10}]
    t.not_run(config)


@test
def tiny_address_space(t):
    """Set last: the set-up itself must not be hit."""
    config = t.config("probe", "caps")
    config.process["rlimits"] = [{"type": "RLIMIT_AS", "soft": 8 << 20, "hard": 8 << 20}]
    t.need(t.runtime.kind == "husk", "Go needs more")
    t.inside(config)
