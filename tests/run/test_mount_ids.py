# SPDX-License-Identifier: Apache-2.0
"""Mounts whose ids are mapped: bind mounts, trees, file systems made for the container; as root and in a user namespace."""
import os

import syscalls
from case import test

HOST = 100000


def _mapped(config, inside=0, outside=5000, size=10):
    mapping = [{"containerID": inside, "hostID": outside, "size": size}]
    config.mounts[-1]["uidMappings"] = mapping
    config.mounts[-1]["gidMappings"] = list(mapping)
    return config


def _tree(t):
    """A directory with a mount in it, files of root in both."""
    t.write("source/file", "x")
    t.mount("tmpfs", t.path("source", "inner"), "tmpfs")
    t.write("source/inner/file", "x")
    return t.path("source")


@test
def mappings_without_option(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    config = _mapped(t.config("stat -c %u:%g /x/file /x/inner/file").bind(_tree(t), "/x", "rbind"))
    t.eq(t.inside(config).split(), ["5000:5000", "0:0"])


@test
def ridmap_of_tree(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    config = _mapped(t.config("stat -c %u:%g /x/file /x/inner/file").bind(_tree(t), "/x", "rbind", "ridmap"))
    t.eq(t.inside(config).split(), ["5000:5000", "5000:5000"])


@test
def unmapped_is_overflow(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.write("source/file", "x")
    os.chown(t.path("source/file"), 77, 77)
    config = _mapped(t.config("stat -c %u:%g /x/file").bind(t.path("source"), "/x", "bind", "idmap"))
    t.eq(t.inside(config).strip(), "65534:65534")


@test
def written_as_mapped(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.write("source/file", "x")
    os.chmod(t.path("source"), 0o777)
    config = _mapped(t.config("touch /x/new").bind(t.path("source"), "/x", "bind", "idmap"), 0, 5000)
    config.process["user"] = {"uid": 5003, "gid": 5004}
    t.inside(config)
    have = os.stat(t.path("source/new"))
    t.eq((have.st_uid, have.st_gid), (3, 4))


@test
def of_new_file_system(t):
    t.husk_only("peers map bind mounts only")
    config = _mapped(t.config("stat -c %u:%g /x").mount("/x", "tmpfs", options=["mode=755"]))
    result = t.run(config)
    if "cannot map the ids of this file system type" in result.err:
        t.has(result.err, "/mounts/5")
        return
    t.eq((result.rc, result.out.strip()), (0, "5000:5000"))


@test
def file_system_that_cannot_is_named(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    config = _mapped(t.config("true").bind("/proc/sys", "/x", "bind"))
    t.refused(config, "/mounts/5", "proc")


@test
def one_mapping_alone_refused(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.write("source/file", "x")
    config = _mapped(t.config("true").bind(t.path("source"), "/x", "bind"))
    del config.mounts[-1]["gidMappings"]
    t.refused(config, "/mounts/5", "together")


@test
def option_without_mapping_refused(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.refused(t.config("true").bind(t.dir, "/x", "bind", "idmap"), "/mounts/5", "uidMappings")


@test
def option_takes_containers_mapping(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.write("source/file", "x")
    config = t.config("stat -c %u:%g /x/file").user_namespace(host=HOST).bind(t.path("source"), "/x", "bind", "idmap")
    t.eq(t.inside(config, bundle_path=t.bundle(config, owner=HOST)).strip(), "0:0")


@test
def own_mapping_in_user_namespace(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.write("source/file", "x")
    config = t.config("stat -c %u:%g /x/file").user_namespace(host=HOST).bind(t.path("source"), "/x", "bind")
    _mapped(config, 0, HOST + 7)
    t.eq(t.inside(config, bundle_path=t.bundle(config, owner=HOST)).strip(), "7:7")


@test
def new_file_system_in_user_namespace_refused(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    config = _mapped(t.config("true").user_namespace(host=HOST).mount("/x", "tmpfs"))
    t.refused(config, "/mounts/5", "tmpfs", bundle_path=t.bundle(config, owner=HOST))


@test
def host_source_is_untouched(t):
    t.husk_only("runc 1.1 has no idmapped mounts")
    t.inside(_mapped(t.config("true").bind(_tree(t), "/x", "rbind", "ridmap")))
    t.eq(os.stat(t.path("source/file")).st_uid, 0)
    t.eq(os.stat(t.path("source/inner/file")).st_uid, 0)
    syscalls.umount(t.path("source", "inner"))
