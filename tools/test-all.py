#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Build husk in every way and run every kind of test; the last line is the sum of all.

Each step either succeeds or fails as a whole (a build, a check), or prints "ok NAME", "not ok NAME - why" and
"skip NAME - why" by itself.  A step that ends badly without such a line is a failure of its own.
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RESULT = re.compile(r"^(ok|not ok|skip) +(.*)")
MINUTE = 60


class Step:
    """One command. `lines` says that it reports by lines; else its exit status (77: skipped) is the result."""

    def __init__(self, name, command, where="gcc", limit=10 * MINUTE, lines=False, env=None, needs=None):
        self.name = name
        self.command = command
        self.where = where
        self.limit = limit
        self.lines = lines
        self.env = env or {}
        self.needs = needs


def kind(name, limit, where="gcc", step=None, env=None):
    """A step that runs tests/NAME/run, where it exists."""
    path = os.path.join(TOP, "tests", name, "run")
    return Step(step or name, path, where=where, limit=limit, lines=True, env=env, needs=path)


def steps():
    """All steps, in order. The builds come first: the others use them."""
    configure = f"{TOP}/configure -q"
    sanitizers = {"ASAN_OPTIONS": "detect_leaks=0:abort_on_error=1", "UBSAN_OPTIONS": "print_stacktrace=1"}
    jobs = f"make -s -j{min(os.cpu_count() or 1, 8)}"
    return [
        Step("autogen", f"cd {TOP} && ./autogen.sh", limit=3 * MINUTE),
        Step("build-gcc", f"{configure} --enable-werror CC=gcc && {jobs} && {jobs} check-programs"),
        Step("build-clang", f"{configure} --enable-werror CC=clang && {jobs}", where="clang"),
        Step("build-sanitizers", f"{configure} --enable-werror --enable-asan --enable-ubsan CFLAGS='-O1 -g' && "
             f"{jobs} && {jobs} check-programs", where="sanitizers"),
        Step("init-aarch64", "make -s check-init-aarch64"),
        Step("header-check", "make -s hdr-check"),
        Step("banned-check", "make -s banned-check"),
        Step("format-check", "make -s format-check"),
        Step("distcheck", "make -s distcheck", limit=6 * MINUTE),
        Step("unit", "make -s check-unit", lines=True),
        Step("unit-sanitizers", "make -s check-unit", where="sanitizers", lines=True, env=sanitizers),
        kind("plan", 3 * MINUTE),
        kind("plan", 5 * MINUTE, where="sanitizers", step="plan-sanitizers", env=sanitizers),
        kind("run", 15 * MINUTE),
        Step("run-sanitizers", f"{TOP}/tests/run/run --layout hybrid", limit=12 * MINUTE, where="sanitizers", lines=True,
             env=sanitizers),
        kind("fault", 15 * MINUTE),
        kind("fuzz", 10 * MINUTE),
        kind("engines", 20 * MINUTE),
        kind("guest", 15 * MINUTE),
    ]


class Report:
    """Counts, and what failed."""

    def __init__(self):
        self.counts = {"ok": 0, "not ok": 0, "skip": 0}
        self.failures = []

    def add(self, verdict, step, text):
        self.counts[verdict] += 1
        if verdict == "not ok":
            self.failures.append(f"{step}: {text}")

    def print(self):
        for failure in self.failures:
            print(f"not ok {failure}")
        print(f"{self.counts['ok']} passed, {self.counts['not ok']} failed, {self.counts['skip']} skipped", flush=True)


def stop(process):
    """End a step with all its processes: they are a group of their own."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        time.sleep(3)


def follow(step, process, report, quiet):
    """Pass the output on and count it. Returns the last lines, and how many were failures."""
    tail, failed = [], 0
    for raw in process.stdout:
        line = raw.decode(errors="replace").rstrip("\n")
        tail = tail[-60:] + [line]
        match = RESULT.match(line) if step.lines else None
        if match:
            report.add(match.group(1), step.name, match.group(2))
            failed += match.group(1) == "not ok"
        if not quiet and (match or not step.lines):
            print(f"  {line}", flush=True)
    return tail, failed


def run_step(step, builds, report, deadline, verbose):
    if step.needs and not os.access(step.needs, os.X_OK):
        report.add("skip", step.name, "there is no such test")
        print(f"skip {step.name} - no {os.path.relpath(step.needs, TOP)}", flush=True)
        return
    directory = os.path.join(builds, step.where)
    os.makedirs(directory, exist_ok=True)
    env = {**os.environ, "HUSK": f"{directory}/husk", "HUSK_BUILD": directory, "HUSK_SOURCE": TOP,
           "LC_ALL": "C.UTF-8", **step.env}
    limit = min(step.limit, deadline - time.monotonic())
    print(f"== {step.name}", flush=True)
    if limit < 5:
        report.add("not ok", step.name, "no time is left for it")
        return
    started = time.monotonic()
    process = subprocess.Popen(["sh", "-c", step.command], cwd=directory, env=env, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True)
    late = threading.Event()

    def end():
        late.set()
        stop(process)

    timer = threading.Timer(limit, end)
    timer.start()
    tail, failed = follow(step, process, report, quiet=not (step.lines or verbose))
    status = process.wait()
    timer.cancel()
    finish(step, report, status, failed, tail, limit if late.is_set() else 0)
    print(f"== {step.name}: {time.monotonic() - started:.0f} s", flush=True)


def finish(step, report, status, failed, tail, late):
    if late:
        report.add("not ok", step.name, f"took more than {late:.0f} s")
    elif status == 77 and not step.lines:
        report.add("skip", step.name, tail[-1] if tail else "")
    elif status and not failed:
        report.add("not ok", step.name, f"exit status {status}")
    elif not step.lines and not status:
        report.add("ok", step.name, "")
    else:
        return
    if late or (status and not failed and status != 77):
        print("\n".join(f"  {line}" for line in tail), flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("steps", nargs="*", help="steps to do (default: all); builds that they need must be there")
    parser.add_argument("--skip", default="", help="steps to leave out, comma separated")
    parser.add_argument("--list", action="store_true", help="list the steps")
    parser.add_argument("--no-install", action="store_true", help="install no packages")
    parser.add_argument("--build-dir", help="where to build (kept; default: a temporary directory)")
    parser.add_argument("--limit", type=int, default=80, help="minutes for all (default 80; a quiet machine takes half of it)")
    parser.add_argument("--verbose", action="store_true", help="show the output of builds and checks too")
    return parser.parse_args()


def main():
    options = arguments()
    chosen = [s for s in steps() if (not options.steps or s.name in options.steps) and s.name not in options.skip.split(",")]
    if options.list:
        print("\n".join(s.name for s in chosen))
        return 0
    deadline = time.monotonic() + options.limit * MINUTE
    builds = os.path.abspath(options.build_dir or tempfile.mkdtemp(prefix="husk-build."))
    os.makedirs(builds, exist_ok=True)
    os.chmod(builds, 0o755)
    report = Report()
    try:
        for step in chosen:
            run_step(step, builds, report, deadline, options.verbose)
    finally:
        if not options.build_dir:
            shutil.rmtree(builds, ignore_errors=True)
    report.print()
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
