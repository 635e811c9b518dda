# SPDX-License-Identifier: Apache-2.0
"""User, group, additional groups, umask."""
from case import test
from test_process import values


def ids(t, **user):
    config = t.config("probe", "ids")
    config.process["user"] = user
    return values(t.inside(config))


@test
def uid_and_gid(t):
    have = ids(t, uid=1000, gid=1001)
    t.eq((have["uid"], have["gid"]), ("1000,1000,1000", "1001,1001,1001"))


@test
def no_supplementary_groups_of_caller(t):
    t.eq(ids(t, uid=0, gid=0)["groups"], "")


@test
def additional_gids(t):
    t.eq(sorted(ids(t, uid=1000, gid=1000, additionalGids=[5, 70000, 9])["groups"].split(",")), ["5", "70000", "9"])


@test
def passwd_groups_are_not_added(t):
    t.eq(ids(t, uid=1000, gid=1000)["groups"], "")


@test
def large_ids(t):
    t.need(t.runtime.kind == "husk", "runc stops at 2147483647")
    have = ids(t, uid=4294967294, gid=4294967294)
    t.eq(have["uid"], "4294967294,4294967294,4294967294")


@test
def minus_one_refused(t):
    config = t.config("true")
    config.process["user"] = {"uid": 4294967295, "gid": 0}
    t.not_run(config)


@test
def too_large_refused(t):
    config = t.config("true")
    config.process["user"] = {"uid": 4294967296, "gid": 0}
    result = t.refused(config)
    if t.runtime.kind == "husk":
        t.has(result.err, "/process/user/uid")


@test
def negative_refused(t):
    config = t.config("true")
    config.process["user"] = {"uid": -1, "gid": 0}
    t.refused(config)


@test
def umask_default(t):
    t.eq(ids(t, uid=0, gid=0)["umask"], "0022")


@test
def umask_zero(t):
    t.eq(ids(t, uid=0, gid=0, umask=0)["umask"], "0000")


@test
def stdio_owned_by_user_can_be_reopened(t):
    """A program may reopen /dev/stdout; runc gives the streams to the user."""
    config = t.config("echo again > /dev/stdout")
    config.process["user"] = {"uid": 1000, "gid": 1000}
    result = t.run(config)
    t.check(result.rc == 0 or "ermission denied" in result.err, str(result))
