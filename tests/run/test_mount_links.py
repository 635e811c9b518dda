# SPDX-License-Identifier: Apache-2.0
"""Options of mounts that other runtimes have: links as source and as destination; tmpfs over what is there."""
import os

from case import test


def _link(t, text="target"):
    t.write("source/target", "through")
    os.symlink(text, t.path("source/link"))
    return t.path("source/link")


@test
def copy_symlink_makes_link(t):
    t.need(t.runtime.kind != "runc", "crun's option")
    config = t.config("readlink /var/l; readlink /var/deep/l").bind(_link(t, "/some/where"), "/var/l", "bind", "copy-symlink")
    config.bind(t.path("source/link"), "/var/deep/l", "bind", "copy-symlink")
    t.eq(t.inside(config).split(), ["/some/where"] * 2)


@test
def copy_symlink_of_a_file_binds(t):
    t.need(t.runtime.kind != "runc", "crun's option")
    _link(t)
    config = t.config("cat /var/l; grep -c ' /var/l ' /proc/self/mounts").bind(t.path("source/target"), "/var/l", "bind", "copy-symlink", "ro")
    t.eq(t.inside(config), "through1\n")


@test
def copy_symlink_that_is_there(t):
    t.need(t.runtime.kind != "runc", "crun's option")
    config = t.config("readlink /var/l").bind(_link(t), "/var/l", "bind", "copy-symlink")
    path = t.bundle(config)
    os.symlink("target", path + "/rootfs/var/l")
    t.eq(t.inside(config, bundle_path=path).strip(), "target")


@test
def copy_symlink_of_another_refused(t):
    t.husk_only()
    config = t.config("true").bind(_link(t), "/var/l", "bind", "copy-symlink")
    path = t.bundle(config)
    os.symlink("other", path + "/rootfs/var/l")
    t.refused(config, "/mounts/5", "exists", bundle_path=path)


@test
def src_nofollow_binds_the_link(t):
    t.need(t.runtime.kind != "runc", "crun's option")
    config = t.config("readlink /var/l").bind(_link(t, "/etc/passwd"), "/var/l", "bind", "src-nofollow")
    t.eq(t.inside(config).strip(), "/etc/passwd")


@test
def dest_nofollow_covers_the_link(t):
    t.need(t.runtime.kind != "runc", "crun's option")
    _link(t)
    config = t.config("cat /var/l; cat /var/real").bind(t.path("source/target"), "/var/l", "bind", "dest-nofollow")
    path = t.bundle(config)
    os.symlink("real", path + "/rootfs/var/l")
    t.write(os.path.basename(path) + "/rootfs/var/real", "real")
    t.eq(t.inside(config, bundle_path=path), "throughreal")


@test
def destination_link_is_followed_by_default(t):
    _link(t)
    config = t.config("cat /var/l; cat /var/real").bind(t.path("source/target"), "/var/l", "bind")
    path = t.bundle(config)
    os.symlink("real", path + "/rootfs/var/l")
    t.write(os.path.basename(path) + "/rootfs/var/real", "real")
    t.eq(t.inside(config, bundle_path=path), "throughthrough")


def _scratch(t, config, mode=0o710):
    path = t.bundle(config)
    os.mkdir(path + "/rootfs/scratch")
    os.chmod(path + "/rootfs/scratch", mode)
    return path


@test
def tmpfs_without_mode_is_as_the_directory(t):
    config = t.config("stat -c %a /scratch").mount("/scratch", "tmpfs")
    t.eq(t.inside(config, bundle_path=_scratch(t, config)).strip(), "710")


@test
def tmpfs_with_mode_has_that(t):
    config = t.config("stat -c %a /scratch").mount("/scratch", "tmpfs", options=["mode=1750,size=64k"])
    t.eq(t.inside(config, bundle_path=_scratch(t, config)).strip(), "1750")


@test
def tmpfs_on_missing_directory_has_its_default(t):
    t.eq(t.inside(t.config("stat -c %a /new").mount("/new", "tmpfs")).strip(), "1777")


@test
def tmpfs_read_only_as_the_directory(t):
    config = t.config("stat -c %a /scratch; touch /scratch/x 2>/dev/null || echo ro").mount("/scratch", "tmpfs", options=["ro"])
    t.eq(t.inside(config, bundle_path=_scratch(t, config)).split(), ["710", "ro"])


@test
def tmpcopyup_keeps_attributes(t):
    t.husk_only("attributes are husk's own")
    config = t.config("sleep 1000").mount("/kept", "tmpfs", options=["tmpcopyup"])
    path = t.bundle(config)
    file = t.write(os.path.basename(path) + "/rootfs/kept/program", "x", 0o4755)
    value = bytes.fromhex("0100000200040000000000000000000000000000")
    try:
        os.setxattr(file, "security.capability", value)
    except OSError:
        t.skip("no extended attributes on this machine's /tmp")
    container = t.sleeper(config, None, bundle_path=path)
    inside = f"/proc/{t.pid(container)}/root/kept/program"
    t.eq(os.getxattr(inside, "security.capability"), value)
    t.eq(os.stat(inside).st_mode & 0o7777, 0o4755)
    t.finish(container)
