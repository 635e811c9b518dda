# SPDX-License-Identifier: Apache-2.0
"""The root: path, readonly, propagation, pivot_root and without."""
import json
import os

import syscalls
from case import test
from test_mounts import mountinfo, seen


@test
def absolute(t):
    config = t.config("echo ran")
    path = t.bundle(config)
    config["root"]["path"] = path + "/rootfs"
    t.eq(t.inside(config, bundle_path=path).strip(), "ran")


@test
def dot(t):
    """The bundle is the rootfs."""
    config = t.config("cat /config.json")
    path = t.bundle(config)
    config["root"]["path"] = "."
    for name in os.listdir(path + "/rootfs"):
        os.rename(f"{path}/rootfs/{name}", f"{path}/{name}")
    t.has(t.inside(config, bundle_path=path), '"ociVersion"')


@test
def link_to_directory(t):
    t.need(t.runtime.kind != "runc", "runc refuses it")
    config = t.config("echo ran")
    path = t.bundle(config)
    os.symlink("rootfs", path + "/link")
    config["root"]["path"] = "link"
    t.eq(t.inside(config, bundle_path=path).strip(), "ran")


@test
def missing(t):
    config = t.config("true")
    config["root"]["path"] = "no-such"
    result = t.refused(config, "no such file or directory")
    if t.runtime.kind == "husk":
        t.has(result.err, "/root/path")


@test
def is_a_file(t):
    config = t.config("true")
    config["root"]["path"] = "config.json"
    t.refused(config, "not a directory")


@test
def readonly(t):
    config = t.config("touch /x && echo wrote; touch /dev/shm/x && echo shm")
    config["root"]["readonly"] = True
    result = t.run(config)
    t.lacks(result.out, "wrote")
    t.has(result.out, "shm")
    t.has(result.err.lower(), "read-only file system")


@test
def readonly_mount_points_still_made(t):
    t.write("d/x", "hello")
    config = t.config("cat /new/target/x").bind(t.path("d"), "/new/target")
    config["root"]["readonly"] = True
    t.eq(t.inside(config), "hello")


@test
def writable_by_default(t):
    config = t.config("echo inside > /file")
    path = t.bundle(config)
    t.inside(config, bundle_path=path)
    with open(path + "/rootfs/file") as text:
        t.eq(text.read(), "inside\n")


@test
def no_pivot(t):
    text = t.inside(t.config("echo ran; ls /; cat /proc/self/mountinfo"), "--no-pivot")
    t.has(text, "ran", "proc")


@test
def no_pivot_keeps_masks(t):
    """The host's procfs is not left in the mount namespace, where it would let a user namespace mount one without masks."""
    config = t.config("unshare -m -p -U -r -f sh -c 'mount -t proc none /mnt && cat /mnt/keys' 2>&1; cat /proc/self/mountinfo")
    config.linux["maskedPaths"] = ["/proc/keys"]
    text = t.inside(config, "--no-pivot")
    t.has(text, "mount: permission denied")
    t.eq([line for line in text.splitlines() if " - proc " in line and not line.split()[4].startswith("/proc")], [], "another procfs")


@test
def rootfs_is_a_mount(t):
    config = t.config("cat /inner; cat /proc/self/mountinfo")
    path = t.bundle(config)
    t.mount("tmpfs", path + "/fresh", "tmpfs")
    for name in ("bin", "proc", "dev", "sys", "etc"):
        os.mkdir(f"{path}/fresh/{name}")
    t.host("cp", "-a", path + "/rootfs/bin/.", path + "/fresh/bin/")
    t.write(os.path.basename(path) + "/fresh/inner", "yes\n")
    config["root"]["path"] = "fresh"
    text = t.inside(config, bundle_path=path)
    t.has(text, "yes")
    t.eq(mountinfo(text)["/"][2], "tmpfs")
    syscalls.umount(path + "/fresh")


@test
def submounts_of_rootfs_are_seen(t):
    config = t.config("cat /mnt/sub")
    path = t.bundle(config)
    t.mount("tmpfs", path + "/rootfs/mnt", "tmpfs")
    t.write(os.path.basename(path) + "/rootfs/mnt/sub", "yes\n")
    t.eq(t.inside(config, bundle_path=path).strip(), "yes")
    syscalls.umount(path + "/rootfs/mnt")


def _propagation(word, check):
    def body(t):
        t.need(t.runtime.kind == "husk" or word not in ("shared", "rshared", "unbindable"), "runc 1.1 has not")
        config = t.config()
        config.linux["rootfsPropagation"] = word
        fields = seen(t, config)["/"][1]
        t.check(check(fields), f"{word}: {fields}")
    body.__name__ = f"propagation_{word}"
    body.__module__ = __name__
    test(body)


_propagation("private", lambda f: not f)
_propagation("rprivate", lambda f: not f)
_propagation("shared", lambda f: any(x.startswith("shared") for x in f))
_propagation("rshared", lambda f: any(x.startswith("shared") for x in f))
_propagation("slave", lambda f: not any(x.startswith("shared") for x in f))
_propagation("rslave", lambda f: not any(x.startswith("shared") for x in f))
_propagation("unbindable", lambda f: "unbindable" in f)


@test
def propagation_unknown_refused(t):
    config = t.config("true")
    config.linux["rootfsPropagation"] = "nonsense"
    t.not_run(config)


@test
def host_does_not_see_containers_mounts(t):
    container = t.sleeper(t.config().mount("/seen", "tmpfs"))
    with open("/proc/self/mountinfo") as text:
        t.lacks(text.read(), t.dir)
    t.finish(container)


@test
def shared_host_mount_does_not_receive(t):
    """The rootfs lies in a shared mount: the container's mounts must not come back."""
    top = t.path("shared")
    t.mount("tmpfs", top, "tmpfs")
    syscalls.mount("none", top, None, syscalls.MS_SHARED)
    config = t.config("sleep 1000").mount("/seen", "tmpfs")
    os.mkdir(top + "/b")
    import bundle
    bundle.make_rootfs(top + "/b/rootfs")
    bundle.write_config(top + "/b", config)
    container = t.sleeper(config, None, bundle_path=top + "/b")
    with open("/proc/self/mountinfo") as text:
        t.eq(text.read().count(top), 1, "mounts below the shared mount")
    t.finish(container)
    syscalls.umount(top)
