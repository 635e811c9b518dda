# SPDX-License-Identifier: Apache-2.0
"""AppArmor profiles that the kernel really enforces: at start, in exec, and never silently not."""
import os

from case import test

PROFILE = """
profile {name} flags=(attach_disconnected,mediate_deleted) {{
  network, capability, file, umount, signal, ptrace,
  deny /secret rw,
  deny /proc/sys/kernel/hostname w,
}}
"""


def need_apparmor(t):
    t.need(os.path.isdir("/sys/kernel/security/apparmor"), "no AppArmor in this kernel")
    t.need(os.access("/sbin/apparmor_parser", os.X_OK), "no apparmor_parser here")


def load(t, name):
    need_apparmor(t)
    path = t.write("profile." + name, PROFILE.format(name=name))
    result = t.host("/sbin/apparmor_parser", "-K", "-r", path)
    t.check(result.returncode == 0, result.stderr)
    return name


def unload(t, name):
    t.host("/sbin/apparmor_parser", "-K", "-R", t.path("profile." + name))


def confined(t, profile, script):
    config = t.config(script)
    config.process["apparmorProfile"] = profile
    path = t.bundle(config)
    with open(f"{path}/rootfs/secret", "w") as text:
        text.write("secret\n")
    return config, path


@test
def profile_is_enforced(t):
    profile = load(t, "husk-test-start")
    try:
        config, path = confined(t, profile, "cat /proc/self/attr/current; cat /secret || echo denied; echo x >/tmp/x && echo free")
        out = t.inside(config, bundle_path=path)
        t.eq(out, f"{profile} (enforce)\ndenied\nfree\n")
    finally:
        unload(t, profile)


@test
def exec_is_in_the_profile(t):
    profile = load(t, "husk-test-exec")
    other = load(t, "husk-test-other")
    try:
        config, path = confined(t, profile, "sleep 1000")
        container = t.start(t.create(config, bundle_path=path))
        t.eq(t.exec(container, "cat", "/proc/self/attr/current").out, f"{profile} (enforce)\n")
        t.check(t.exec(container, "cat", "/secret").rc != 0, "exec reads the secret")
        t.eq(t.cmd("exec", "--apparmor", other, container, "cat", "/proc/self/attr/current").out, f"{other} (enforce)\n")
        t.finish(container)
    finally:
        unload(t, profile)
        unload(t, other)


@test
def unknown_profile_fails(t):
    need_apparmor(t)
    config, path = confined(t, "husk-test-no-such-profile", "true")
    t.not_run(config, "husk-test-no-such-profile", bundle_path=path)


@test
def unconfined_and_empty(t):
    need_apparmor(t)
    for profile in ("", "unconfined"):
        config, path = confined(t, profile, "cat /proc/self/attr/current")
        t.has(t.inside(config, bundle_path=path), "unconfined")


@test
def label_with_no_new_privileges(t):
    profile = load(t, "husk-test-nnp")
    try:
        config, path = confined(t, profile, "cat /proc/self/attr/current; grep NoNewPrivs /proc/self/status")
        config.process["noNewPrivileges"] = True
        t.eq(t.inside(config, bundle_path=path), f"{profile} (enforce)\nNoNewPrivs:\t1\n")
    finally:
        unload(t, profile)


@test
def masked_attr_does_not_hide_it(t):
    """A volume over /proc/self/attr: the label is applied, or the container refused."""
    profile = load(t, "husk-test-mask")
    try:
        config, path = confined(t, profile, "cat /proc/1/attr/current")
        config["mounts"][0] = {"destination": "/proc", "type": "tmpfs", "source": "tmpfs", "options": []}
        config.linux["maskedPaths"] = config.linux["readonlyPaths"] = []
        result = t.run(config, bundle_path=path)
        t.check(result.rc != 0 or profile in result.out, f"not confined: {result}")
    finally:
        unload(t, profile)
