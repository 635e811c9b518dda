# SPDX-License-Identifier: Apache-2.0
"""The call log: a wrapper that records each call of the runtime, and the review of what it recorded."""
import json
import os
import re
import subprocess

_UNKNOWN = re.compile(r"unknown (option|flag|command)|not defined|no such option|needs an argument", re.I)


def build_wrapper(source, runtime, log, output):
    """Compile calllog.c as `output`, in front of `runtime`; its path."""
    result = subprocess.run([os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-static",
                             f'-DRUNTIME="{runtime}"', f'-DCALLS="{log}"', "-o", output, os.path.join(source, "calllog.c")],
                            capture_output=True, text=True)
    if result.returncode:
        raise SystemExit("cannot compile the call log: " + result.stderr)
    open(log, "w").close()
    os.chmod(log, 0o666)
    return output


def read(log):
    """All calls, with the command and its arguments apart from the global flags."""
    with open(log) as lines:
        found = [json.loads(line) for line in lines]
    for call in found:
        call["command"] = _command(call["argv"])
    return found


def _command(argv):
    """The first word that is neither a flag nor the value of one."""
    with_value = ("--root", "--log", "--log-format", "--log-level", "--cgroup-manager", "--rootless", "--criu")
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in with_value:
            skip = True
        elif not word.startswith("-"):
            return word
    return ""


def _reviewed(path):
    """[(command, regular expression of the error)]; a line is `COMMAND REGEX`, with comments."""
    rules = []
    with open(path) as lines:
        for line in lines:
            line = line.strip()
            if line and not line.startswith("#"):
                command, pattern = line.split(None, 1)
                rules.append((command, re.compile(pattern)))
    return rules


def review(log, reviewed):
    """(sentences about calls that fail and are not expected to, number of calls)."""
    rules = _reviewed(reviewed)
    found, calls = [], read(log)
    for call in calls:
        if call["rc"] == 0:
            continue
        text = call["error"]
        good = any(command in ("*", call["command"]) and pattern.search(text) for command, pattern in rules)
        if _UNKNOWN.search(text) or not good and not _ends_as_program(call):
            found.append(f"`{' '.join(call['argv'])}` exit {call['rc']}: {text.strip()[-300:]}")
    return found, len(calls)


def _ends_as_program(call):
    """`run` and `exec` in the foreground end with the program's exit status, and log nothing."""
    return call["command"] in ("run", "exec") and "--detach" not in call["argv"] and not call["error"]
