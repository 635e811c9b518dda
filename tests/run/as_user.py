# SPDX-License-Identifier: Apache-2.0
"""Which run tests are run again as an ordinary user (the passes "rootless" and "delegated"), and why the others are not."""
import fnmatch

# What an ordinary user has another way to do, or is told otherwise.
FILES = {
    "rootless": ["annotations", "capabilities", "cli", "devices", "exec", "hooks", "kill", "lifecycle", "mount_links", "mounts", "namespaces",
                 "notify", "process", "rootfs", "seccomp_notify", "state", "sysctl", "terminal", "user"],
    "delegated": ["pause", "update"],
}
ALSO = {
    "rootless": ["seccomp.action_*", "live_mounts.*"],
    "delegated": ["exec.*cgroup*", "exec.*paused*", "exec.detach_and_pid_file", "kill.*", "lifecycle.delete_*", "matrix.own_running_*"],
}

NO_CGROUP = "needs a cgroup (the pass \"delegated\" has one)"
OWN_COMMAND = "calls husk by itself, as root"
NODE = "only root makes device nodes: a user's are the host's, bound (rootless.device_of_host_is_bound)"
ROOTS_CGROUP = "the test makes the cgroup, so it is root's"
OWN_CGROUP = "the test ends what is in the delegated cgroup, where it is itself"
OTHERS_NS = "the namespace that is joined would be root's: userns.all_namespaces_of_another_joined is the way"
TEST_MOUNTS = "the user's /etc/passwd is itself a mount of the test's directory"
RUNNING_BIND = "the kernel lets no user bind the host's files in a running container (rootless.mounts_add)"

NOT = [
    ("annotations.keep_original_groups", "setgroups(2) is root's"),
    ("annotations.delegated_cgroup_of_v1_refused", NO_CGROUP),
    ("capabilities.ungrantable_is_a_warning", "a user namespace grants them all"),
    ("cli.spec_runs", "without --rootless the configuration has no user namespace"),
    ("cli.events_*", NO_CGROUP),
    ("cli.trace", "looks for the op that makes the cgroup"),
    ("cli.mounts_add_and_remove", RUNNING_BIND),
    ("devices.extra_*", NODE), ("devices.mode_whatever_*", NODE), ("devices.deep_path_made", NODE), ("devices.no_dev_mount_*", NODE),
    ("devices.rule_allows", "the allowed device list needs privileges over the host"),
    ("devices.null_as_a_stream_*", "the /dev/null in the container is the host's own, bound"),
    ("devices.allow_all", "the allowed device list needs privileges over the host"),
    ("exec.detach_and_pid_file", NO_CGROUP), ("exec.*paused*", NO_CGROUP), ("exec.*cgroup*", NO_CGROUP),
    ("lifecycle.two_*", OWN_COMMAND), ("lifecycle.run_by_who_*", OWN_COMMAND), ("notify.in_foreground", OWN_COMMAND), ("terminal.blocked_reader_*", OWN_COMMAND),
    ("terminal.exec_with_terminal", OWN_COMMAND),
    ("lifecycle.docker_files", "the configurations have no user namespace"),
    ("live_mounts.bind_and_tmpfs", RUNNING_BIND), ("live_mounts.links_stay_inside", RUNNING_BIND), ("live_mounts.failures", RUNNING_BIND),
    ("live_mounts.in_user_namespace", "has ids that are not the user's"),
    ("live_mounts.paused", NO_CGROUP),
    ("mount_links.tmpcopyup_keeps_attributes", "the kernel writes capabilities of a file with the user namespace's root"),
    ("mounts.bind_is_not_recursive_rbind_is", "in a user namespace the kernel leaves out nothing that is mounted below a source"),
    ("mounts.tmpcopyup", "has files of users that are not mapped"),
    ("namespaces.joined_*", OTHERS_NS), ("namespaces.bound_path_joined", OTHERS_NS),
    ("namespaces.cgroup_is_cgroupspath", NO_CGROUP),
    ("namespaces.mount_namespace_missing_*", TEST_MOUNTS), ("rootfs.host_does_not_see_*", TEST_MOUNTS),
    ("user.additional_gids", "has ids beyond the user's"), ("user.large_ids", "has ids beyond the user's"),
    ("state.list_root_missing", "the user's directory of records is there"),
    ("exec.cgroup_below", ROOTS_CGROUP), ("update.existing_empty_cgroup_is_taken", ROOTS_CGROUP),
    ("kill.outsiders_are_untouched", OWN_CGROUP), ("update.frozen_cgroup_refused", OWN_CGROUP),
    ("update.hugepage_limit*", "the controller is not delegated"),
    ("kill.threaded_cgroup_*", "the test counts who is in the delegated cgroup, where it is itself"),
    ("state.ps_json", NO_CGROUP), ("state.ps_nested_cgroups", NO_CGROUP),
    ("state.list_table", "expects root for the owner"), ("state.list_json", "expects root for the owner"),
]


def why_not(kind, name):
    """None: it is run in this pass.  False: it is the same for every user, or about an ordinary one anyway."""
    file = name.split(".")[0]
    also = any(fnmatch.fnmatch(name, p) for p in ALSO[kind])
    if file not in FILES[kind] and not also:
        return False
    for pattern, why in NOT:
        if fnmatch.fnmatch(name, pattern) and not (why == NO_CGROUP and kind == "delegated"):
            return why
    return None
