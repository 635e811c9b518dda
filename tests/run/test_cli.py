# SPDX-License-Identifier: Apache-2.0
"""The command line: version, help, flags in every shape, log, features, spec, events."""
import json
import os
import re

from case import test, wait_until


def bare(t, *args, **kwargs):
    return t.runtime.call([t.runtime.path, *args], t.dir, **kwargs)


@test
def version(t):
    for flag in ("--version", "-v"):
        lines = bare(t, flag).out.splitlines()
        t.check(re.match(rf"{t.runtime.kind} version \d+\.\d+", lines[0]), lines)
        t.check(any(l.startswith("commit:") for l in lines) or t.runtime.kind == "runc", lines)
        t.check(any(l.startswith("spec:") for l in lines), lines)


@test
def version_has_libseccomp(t):
    t.need(t.runtime.kind != "crun", "")
    t.has(bare(t, "--version").out, "libseccomp:")


@test
def help_works(t):
    for args in (("--help",), ("-h",), ("help",)):
        result = bare(t, *args)
        t.eq(result.rc, 0, str(result))
        t.has(result.out, "create", "start", "delete")


@test
def help_of_each_command(t):
    for command in "create start run exec kill delete state list ps pause resume update spec events checkpoint restore features".split():
        if command == "features" and t.runtime.kind == "crun" or t.runtime.kind == "crun" and command == "events":
            continue
        result = bare(t, command, "--help")
        t.eq(result.rc, 0, str(result))
        t.has(result.out.lower(), command)


@test
def help_completions_and_man_agree(t):
    """They come from one table: each command and each option of the help is in the others."""
    t.husk_only()
    text = bare(t, "--help").out
    commands = re.findall(r"^  ([a-z]+)  ", text.split("Commands:")[1].split("Global options:")[0], re.M)
    t.check(len(commands) > 20, commands)
    man = bare(t, "man").out.replace("\\-", "-")
    shells = {shell: bare(t, "completion", shell).out for shell in ("bash", "zsh", "fish")}
    words = set(commands) | {"--" + o for o in re.findall(r"^ .{5}--([a-z0-9-]+)", text, re.M)}
    for command in commands:
        words |= {"--" + o for o in re.findall(r"^ .{5}--([a-z0-9-]+)", bare(t, "help", command).out, re.M)}
    t.check(len(words) > 80, words)
    for word in sorted(words - {"--help"}):
        t.has(man, word, what="man page")
        for shell in shells:
            t.has(shells[shell], word.lstrip("-"), what=shell)


@test
def nothing_prints_help(t):
    result = bare(t)
    t.has(result.out + result.err, "create", "delete")


@test
def wrong_word(t):
    result = bare(t, "no-such-command")
    t.check(result.rc != 0 or t.runtime.kind == "runc", str(result))
    if t.runtime.kind == "husk":
        t.has(bare(t, "creat", "x").err, "No help topic for 'creat'", "did you mean create?")
        t.has(bare(t, "help", "foo").err, "No help topic for 'foo'")


@test
def unknown_flag(t):
    t.check(t.cmd("state", "--no-such-flag", "x").rc != 0, "accepted")
    t.check(bare(t, "--no-such-flag", "list").rc != 0, "accepted")


@test
def number_with_a_dash(t):
    """`kill ID -9`, as with kill(1)."""
    t.husk_only("runc takes it for an id")
    t.fails("kill", "x", "-9", says="a number stands without a dash: 9")


@test
def flag_needs_argument(t):
    """Callers probe restore for this text."""
    for args in (("restore", "--lsm-profile"), ("create", "--bundle"), ("restore", "--lsm-mount-context")):
        result = bare(t, *args)
        t.check(result.rc != 0, str(result))
        if t.runtime.kind == "husk":
            t.has((result.err + result.out).lower(), "flag needs an argument")


@test
def flags_after_positional(t):
    container = t.sleeper()
    t.husk_only("Go's parser stops at the first word")
    t.ok("kill", container, "KILL", "--all")
    t.wait_status(container, "stopped")
    t.ok("delete", container, "--force")


@test
def single_dash_long(t):
    path = t.bundle(t.config("true"))
    t.need(t.runtime.kind != "crun", "")
    t.ok("run", "-no-subreaper", "-bundle", path, t.new_id())
    t.ok("run", "-bundle=" + path, t.new_id())


@test
def equals_sign(t):
    t.ok("run", "--bundle=" + t.bundle(t.config("true")), "--no-new-keyring=true", t.new_id())


@test
def double_dash(t):
    container = t.sleeper()
    t.eq(t.ok("exec", "--", container, "echo", "--not-a-flag").out, "--not-a-flag\n")
    t.eq(t.ok("exec", container, "sh", "-c", "echo $0 $1", "--a", "-b").out, "--a -b\n")
    t.finish(container)


@test
def global_flags_accepted(t):
    path = t.bundle(t.config("true"))
    for flags in (["--systemd-cgroup=false"], ["--rootless", "false"], ["--rootless=auto"], ["--debug"], ["--log-level", "debug"],
                  ["--log", t.path("l"), "--log-format=text"]):
        if t.runtime.kind == "runc" and "level" in flags[0]:
            continue
        t.ok("run", "--bundle", path, t.new_id(), global_args=flags)
    if t.runtime.kind == "husk":
        for flags in (["--cgroup-manager=cgroupfs"], ["--cgroup-manager", "disabled"]):
            t.ok("run", "--bundle", path, t.new_id(), global_args=flags)


@test
def log_text(t):
    t.fails("state", "nothing", global_args=("--log", t.path("log")))
    with open(t.path("log")) as text:
        t.has(text.read(), "does not exist")


@test
def log_json_prefix_file(t):
    t.husk_only("crun's prefix")
    t.fails("state", "nothing", global_args=("--log", "file:" + t.path("log"), "--log-format", "json"))
    with open(t.path("log")) as text:
        t.eq(json.loads(text.read())["level"], "error")


@test
def log_unwritable(t):
    result = t.cmd("state", "nothing", global_args=("--log", t.path("missing", "log")))
    t.eq(result.rc, 1)


@test
def debug_goes_to_log(t):
    t.ok("run", "--bundle", t.bundle(t.config("true")), t.new_id(), global_args=("--debug", "--log", t.path("log"), "--log-format", "json"))
    with open(t.path("log")) as text:
        levels = {json.loads(line)["level"] for line in text}
    t.check("debug" in levels, levels)


@test
def features(t):
    t.need(t.runtime.kind == "husk", "incomplete in peers")
    have = json.loads(bare(t, "features").out)
    t.check(have["ociVersionMin"].startswith("1.0"), have["ociVersionMin"])
    t.check(have["ociVersionMax"].startswith("1."), have["ociVersionMax"])
    t.check({"rro", "rbind", "idmap", "ro", "nosymfollow", "tmpcopyup"} <= set(have["mountOptions"]), have["mountOptions"])
    t.eq(set(have["hooks"]), {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"})
    t.check({"run.oci.", "org.criu.config"} <= set(have["potentiallyUnsafeConfigAnnotations"]), "unsafe annotations")
    linux = have["linux"]
    t.eq(set(linux["namespaces"]), {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"})
    t.check("CAP_SYS_ADMIN" in linux["capabilities"] and "CAP_CHECKPOINT_RESTORE" in linux["capabilities"], "capabilities")
    t.check(linux["cgroup"]["v1"] and linux["cgroup"]["v2"], linux["cgroup"])
    t.check(linux["seccomp"]["enabled"], "seccomp")
    t.check({"SCMP_ACT_ERRNO", "SCMP_ACT_NOTIFY"} <= set(linux["seccomp"]["actions"]), "actions")
    t.check("SCMP_ARCH_X86_64" in linux["seccomp"]["archs"], "archs")
    t.check({"knownFlags", "supportedFlags", "operators"} <= set(linux["seccomp"]), linux["seccomp"])
    t.check(linux["mountExtensions"]["idmap"]["enabled"], "idmap")


@test
def features_are_accepted(t):
    """Whatever is on a list of `features`, the reader of config.json knows."""
    t.need(t.runtime.kind == "husk", "check is husk's own")
    have = json.loads(bare(t, "features").out)
    linux, seccomp = have["linux"], have["linux"]["seccomp"]
    path = t.bundle()

    def checked(what, but="\0", **changes):
        config = t.config("true")
        config["linux"].update(changes.pop("linux", {}))
        config.update(changes)
        t.rewrite(path, config)
        result = bare(t, "check", path)
        said = result.out + result.err
        t.check(but in said or result.rc == 0 and "unknown" not in said, f"{what}: {result}")

    for version in (have["ociVersionMin"], have["ociVersionMax"]):
        checked(version, ociVersion=version)
    checked("hooks", hooks={name: [{"path": "/bin/true"}] for name in have["hooks"]})
    config = t.config("true")
    config.process["capabilities"] = {"bounding": linux["capabilities"]}
    checked("capabilities", process=config.process)
    rules = [{"names": ["mkdir"], "action": a} for a in seccomp["actions"]]
    rules += [{"names": ["rmdir"], "action": "SCMP_ACT_LOG", "args": [{"index": 0, "value": 1, "op": op}]} for op in seccomp["operators"]]
    checked("seccomp", linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": rules, "flags": seccomp["knownFlags"],
                                          "listenerPath": "/run/agent"}})
    for arch in seccomp["archs"]:
        checked(arch, but="another byte order", linux={"seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "architectures": [arch]}})
    for mode in linux["memoryPolicy"]["modes"]:
        nodes = {} if mode in ("MPOL_DEFAULT", "MPOL_LOCAL") else {"nodes": "0"}
        checked(mode, linux={"memoryPolicy": {"mode": mode, **nodes}})
    for flag in linux["memoryPolicy"]["flags"]:
        checked(flag, linux={"memoryPolicy": {"mode": "MPOL_BIND", "nodes": "0", "flags": [flag]}})


@test
def spec_runs(t):
    path = t.bundle()
    result = t.ok("spec", "--bundle", path)
    with open(path + "/config.json") as text:
        config = json.load(text)
    config["process"]["terminal"] = False
    config["process"]["args"] = ["echo", "ran"]
    t.rewrite(path, config)
    t.eq(t.ok("run", "--bundle", path, t.new_id()).out, "ran\n")


@test
def spec_does_not_overwrite(t):
    path = t.bundle(t.config("true"))
    t.check(t.cmd("spec", "--bundle", path).rc != 0, "overwrote config.json")


@test
def spec_rootless(t):
    path = t.bundle()
    t.ok("spec", "--rootless", cwd=path)
    with open(path + "/config.json") as text:
        config = json.load(text)
    t.check({"type": "user"} in config["linux"]["namespaces"], "user namespace")
    t.check(config["linux"]["uidMappings"], "maps")


@test
def events_stats(t):
    t.need(t.runtime.kind != "crun", "crun has no events")
    container = t.sleeper()
    event = json.loads(t.ok("events", "--stats", container).out.splitlines()[0])
    t.eq((event["type"], event["id"]), ("stats", container))
    t.check({"cpu", "memory", "pids", "blkio"} <= set(event["data"]), event["data"].keys())
    t.finish(container)


@test
def events_end_with_container(t):
    t.need(t.runtime.kind == "husk", "")
    container = t.sleeper(t.config("sleep 0.5"), None)
    t.ok("events", "--interval", "1s", container, timeout=10)
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def events_interval(t):
    """Go's durations, and statistics as often as asked."""
    t.need(t.runtime.kind != "crun", "crun has no events")
    container = t.sleeper(t.config("sleep 1.2"), None)
    result = t.ok("events", "--interval", "200ms", container)
    lines = [json.loads(line) for line in result.out.splitlines()]
    t.check(len(lines) >= 2, result.out)
    t.check(all(line["id"] == container for line in lines), result.out)
    t.wait_status(container, "stopped")
    if t.runtime.kind == "husk":
        t.fails("events", "--interval", "nan", container, says=["--interval"])
    t.gone(container)


@test
def bundle_with_slash_is_named(t):
    t.husk_only("for people at a prompt")
    path = t.bundle(t.config("echo prompt"), name="my-bundle")
    t.eq(t.ok("run", path).out, "prompt\n")


@test
def id_with_slash_refused(t):
    t.husk_only("their words")
    t.fails("run", "no/such/bundle", says=["invalid character `/` in the ID", "there is no directory no/such/bundle"])


@test
def explain(t):
    t.husk_only()
    path = t.bundle(t.config("true"))
    text = bare(t, "explain", path).out
    t.has(text, "/mounts/0", "execve", "pivot_root")
    json.loads(bare(t, "explain", "--format", "json", path).out)


@test
def trace_that_cannot_be_written_leaves_nothing(t):
    t.husk_only()
    container = t.new_id()
    t.fails("create", "--trace", t.path("missing/trace"), "--bundle", t.bundle(t.config("true")), container, says="write the trace")
    t.no_record(container)


@test
def trace(t):
    t.husk_only()
    t.ok("run", "--trace", t.path("trace.json"), "--bundle", t.bundle(t.config("true")), t.new_id())
    with open(t.path("trace.json")) as text:
        data = json.load(text)
    events = data["traceEvents"] if isinstance(data, dict) else data
    names = " ".join(str(e.get("name")) for e in events)
    t.has(names, "pivot_root", "cgroup_create", "move_mount")


@test
def check_command(t):
    t.husk_only()
    config = t.config("true").bind("/no/such/source", "/data")
    config["hostnam"] = "typo"
    result = bare(t, "check", t.bundle(config))
    t.check(result.rc != 0, str(result))
    t.has(result.out + result.err, "/no/such/source", "hostname")


@test
def checkpoint_help(t):
    t.eq(bare(t, "checkpoint", "--help").rc, 0)


@test
def mounts_add_and_remove(t):
    t.husk_only("crun's command")
    t.write("src/file", "hello")
    container = t.sleeper()
    mounts = json.dumps([{"source": t.path("src"), "destination": "/mnt", "type": "bind", "options": ["bind"]}])
    path = t.write("mounts.json", mounts)
    t.ok("mounts", "add", container, path)
    t.eq(t.exec(container, "cat", "/mnt/file").out, "hello")
    t.ok("mounts", "remove", container, path)
    t.check(t.exec(container, "cat", "/mnt/file").rc != 0, "still there")
    t.finish(container)


@test
def pidfd_socket(t):
    import array
    import socket
    t.husk_only("newer than Debian's peers")
    path = f"/tmp/husk-pidfd-{os.getpid()}.sock"
    server = socket.socket(socket.AF_UNIX)
    server.bind(path)
    server.listen(1)
    server.settimeout(10)
    container = t.create(t.config("sleep 100"), "--pidfd-socket", path)
    connection, _ = server.accept()
    _, ancillary, _, _ = connection.recvmsg(100, socket.CMSG_SPACE(4))
    os.unlink(path)
    fd = array.array("i", ancillary[0][2][:4])[0]
    with open(f"/proc/self/fdinfo/{fd}") as text:
        t.has(text.read(), f"Pid:\t{t.pid(container)}")
    os.close(fd)
    connection.close()
    t.ok("delete", "--force", container)
