# SPDX-License-Identifier: Apache-2.0
"""Every option word of config.md and config-linux.md on a mount, seen in mountinfo."""
from case import test
from test_mounts import seen

# word, what must be among the mount's options, what must not
FLAGS = [
    ("ro", "ro", "rw"), ("rw", "rw", "ro"), ("nosuid", "nosuid", ""), ("suid", "", "nosuid"), ("nodev", "nodev", ""), ("dev", "", "nodev"),
    ("noexec", "noexec", ""), ("exec", "", "noexec"), ("noatime", "noatime", "relatime"), ("atime", "", "noatime"),
    ("nodiratime", "nodiratime", ""), ("diratime", "", "nodiratime"), ("relatime", "relatime", ""), ("norelatime", "", ""),
    ("strictatime", "", "relatime"), ("nostrictatime", "", ""), ("async", "", ""),
]
# runc 1.1 and crun 1.8 do not know these words
NEWER = [("nosymfollow", "nosymfollow", ""), ("symfollow", "", "nosymfollow"), ("loud", "", ""), ("defaults", "rw", ""), ("silent", "", ""), ("iversion", "", ""),
         ("noiversion", "", ""), ("nolazytime", "", "")]
SUPER = [("sync", "sync"), ("dirsync", "dirsync"), ("mand", ""), ("nomand", ""), ("lazytime", "lazytime")]


def _flag(word, want, lack, kind, newer):
    def check(t):
        if newer:
            t.husk_only("word unknown to old peers")
        config = t.config()
        if kind == "tmpfs":
            config.mount("/x", "tmpfs", options=[word])
        else:
            t.write("source/file", "x")
            config.bind(t.path("source"), "/x", "bind", word)
        options = seen(t, config)["/x"][0]
        t.check(not want or want in options, f"{word}: {want} not in {options}")
        t.check(not lack or lack not in options, f"{word}: {lack} in {options}")
    check.__name__ = f"{kind}_{word}"
    check.__module__ = __name__
    test(check)


for _word, _want, _lack in FLAGS:
    _flag(_word, _want, _lack, "tmpfs", False)
    if _word not in ("norelatime", "nostrictatime", "async", "defaults"):
        _flag(_word, _want, _lack, "bind", False)
for _word, _want, _lack in NEWER:
    _flag(_word, _want, _lack, "tmpfs", True)
for _word, _want, _lack in NEWER[:2]:
    _flag(_word, _want, _lack, "bind", True)


def _super(word, want):
    def check(t):
        if word == "lazytime":
            t.husk_only("word unknown to old peers")
        options = seen(t, t.config().mount("/x", "tmpfs", options=[word]))["/x"][4]
        t.check(not want or want in options, f"{word}: {want} not in {options}")
    check.__name__ = f"super_{word}"
    check.__module__ = __name__
    test(check)


for _word, _want in SUPER:
    _super(_word, _want)

# recursive word: what the submount must have
RECURSIVE = [("rro", "ro"), ("rnosuid", "nosuid"), ("rnodev", "nodev"), ("rnoexec", "noexec"), ("rnoatime", "noatime"), ("rnodiratime", "nodiratime"),
             ("rnosymfollow", "nosymfollow"), ("rrelatime", "relatime"), ("rstrictatime", "rw")]


def _recursive(word, want):
    def check(t):
        t.husk_only("recursive words depend on the peer's age")
        inner = t.path("source", "inner")
        t.write("source/file", "x")
        t.mount("tmpfs", inner, "tmpfs")
        table = seen(t, t.config().bind(t.path("source"), "/x", "rbind", word))
        for point in ("/x", "/x/inner"):
            t.check(want in table[point][0], f"{word} on {point}: {table[point][0]}")
    check.__name__ = f"recursive_{word}"
    check.__module__ = __name__
    test(check)


for _word, _want in RECURSIVE:
    _recursive(_word, _want)


@test
def last_word_wins(t):
    t.write("source/file", "x")
    t.check("rw" in seen(t, t.config().bind(t.path("source"), "/x", "bind", "ro", "rw"))["/x"][0], "ro,rw")
    t.check("ro" in seen(t, t.config().bind(t.path("source"), "/x", "bind", "rw", "ro"))["/x"][0], "rw,ro")


@test
def remount_changes_flags(t):
    config = t.config().mount("/x", "tmpfs", options=["nosuid"]).mount("/x", "tmpfs", options=["remount", "ro", "nosuid", "noexec"])
    options = seen(t, config)["/x"][0]
    t.check({"ro", "nosuid", "noexec"} <= options, options)


@test
def nosymfollow_blocks(t):
    t.husk_only("word unknown to old peers")
    config = t.config("ln -s /etc/passwd /x/l; cat /x/l && echo followed").mount("/x", "tmpfs", options=["nosymfollow"])
    t.lacks(t.run(config).out, "followed")


@test
def idmapped_bind(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.write("source/file", "x")
    config = t.config("stat -c %u:%g /x/file").bind(t.path("source"), "/x", "bind", "idmap")
    mapping = [{"containerID": 0, "hostID": 5000, "size": 10}]
    config.mounts[-1]["uidMappings"] = mapping
    config.mounts[-1]["gidMappings"] = mapping
    t.eq(t.inside(config).strip(), "5000:5000")
