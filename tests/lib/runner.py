# SPDX-License-Identifier: Apache-2.0
"""Runs tests: layouts, workers, time limits, TAP-like report."""
import argparse
import fnmatch
import importlib
import json
import os
import select
import shutil
import signal
import struct
import sys
import tempfile
import time
import traceback

import case
import layout
import probe
import runtime
import syscalls


def load(directory):
    """Import every test_*.py of a directory; its tests by name FILE.function."""
    sys.path.insert(0, directory)
    for name in sorted(os.listdir(directory)):
        if name.startswith("test_") and name.endswith(".py"):
            importlib.import_module(name[:-3])
    return {f"{f.__module__.removeprefix('test_')}.{f.__name__}": f for f in case.registered()}


def _arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", help="tests to run: FILE, FILE.NAME or a pattern; default all")
    parser.add_argument("--runtime", help="program to test (default: $HUSK, then the build tree)")
    parser.add_argument("--layout", help="hybrid, v2, v1: comma separated; default all that can be shown")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the directories of tests that failed")
    parser.add_argument("--once", action="store_true", help="no second try for a test that failed")
    parser.add_argument("--failed-only", action="store_true", help="print only what is not ok")
    return parser.parse_args()


def _selected(names, patterns):
    if not patterns:
        return list(names)
    return [n for n in names if any(fnmatch.fnmatch(n, p) or n.split(".")[0] == p or fnmatch.fnmatch(n.split(".")[1], p)
                                    for p in patterns)]


def main(directory, description, ordinary=None):
    """`ordinary`: why a test cannot be run as an ordinary user (PASS, NAME), None where it can, False where it need not: with it
    there are those passes too."""
    options = _arguments(description)
    tests = load(directory)
    names = _selected(tests, options.names)
    if options.list:
        print("\n".join(names))
        return 0
    if not names:
        raise SystemExit("no test of this name")
    path = options.runtime or runtime.find_husk()
    if not path or not shutil.which(path):
        raise SystemExit("no husk to test: build it, or set HUSK, or give --runtime PATH")
    if os.geteuid() != 0:
        raise SystemExit("these tests need root (containers with all namespaces)")
    under_test = runtime.Runtime(os.path.abspath(shutil.which(path)))
    layouts = options.layout.split(",") if options.layout else layout.available() + list(layout.PASSES if ordinary else ())
    options.ordinary = ordinary
    os.umask(0o022)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # so that a time limit from outside cleans up too
    top = tempfile.mkdtemp(prefix="husk-test.")
    os.chmod(top, 0o755)
    started = time.monotonic()
    try:
        probe.build(top)
        counts = {"ok": 0, "not ok": 0, "skip": 0}
        for name in layouts:
            _run_layout(name, names, tests, under_test, top, options, counts)
    finally:
        layout.destroy(f"/husk-run-{os.getpid()}")
        if not options.keep:
            shutil.rmtree(top, ignore_errors=True)
    print(f"{counts['ok']} passed, {counts['not ok']} failed, {counts['skip']} skipped "
          f"({under_test.path}, {', '.join(layouts)}, {time.monotonic() - started:.0f} s)")
    return 1 if counts["not ok"] else 0


def _run_layout(name, names, tests, under_test, top, options, counts):
    """One layout: workers take test numbers from one pipe and write results to another."""
    work_r, work_w = os.pipe()
    done_r, done_w = os.pipe()
    queue = [n for n in names if not tests[n].layouts or layout.shown_by(name) in tests[n].layouts]
    if name in layout.PASSES:
        queue = [n for n in queue if options.ordinary(name, n) is not False]
    workers = []
    for number in range(min(options.jobs, len(queue))):
        pid = os.fork()
        if pid == 0:
            os.close(work_w)
            os.close(done_r)
            _worker(name, number, queue, tests, under_test, top, options, work_r, done_w)
        workers.append(pid)
    os.close(work_r)
    os.close(done_w)
    try:
        for index in range(len(queue)):
            os.write(work_w, struct.pack("i", index))
        os.close(work_w)
        _report(done_r, name, options, counts)
    except (KeyboardInterrupt, SystemExit):
        for pid in workers:
            os.kill(pid, signal.SIGTERM)
        raise
    finally:
        for pid in workers:
            os.waitpid(pid, 0)


def _report(done_r, name, options, counts):
    with os.fdopen(done_r) as lines:
        for line in lines:
            result = json.loads(line)
            counts[result["verdict"]] += 1
            if options.failed_only and result["verdict"] != "not ok" and "second try" not in result["why"]:
                continue
            why = f" - {result['why']}" if result["why"] else ""
            print(f"{result['verdict']} {name}:{result['name']}{why}", flush=True)


def _worker(name, number, queue, tests, under_test, top, options, work_r, done_w):
    """Never returns."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = f"/husk-run-{os.getppid()}"
    try:
        layout.enter(layout.shown_by(name))
        syscalls.become_subreaper()
        while True:
            data = os.read(work_r, 4)
            if len(data) < 4:
                break
            index = struct.unpack("i", data)[0]
            test_name = queue[index]
            directory = os.path.join(top, f"{name}.{number}.{index}")
            one = _case(test_name, under_test, name, directory, f"{parent}/{name}{index}", options)
            verdict, why = _run_case(tests[test_name], one, options)
            if verdict == "not ok" and not options.once:
                # A busy machine breaks a limit of time now and then. What fails twice is broken; what fails once is told.
                again = _case(test_name, under_test, name, directory + ".2", f"{parent}/{name}{index}b", options)
                verdict, second = _run_case(tests[test_name], again, options)
                why = f"{why} | second try: {second or 'ok'}"
            line = json.dumps({"name": test_name, "verdict": verdict, "why": why.replace("\n", "; ")[:1800]})
            os.write(done_w, line.encode() + b"\n")
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    for top_cgroup in layout.hierarchies():
        try:
            os.rmdir(top_cgroup + parent)
        except OSError:
            pass
    os._exit(0)


def _case(test_name, under_test, name, directory, cgroup, options):
    one = case.Case(test_name, under_test, layout.shown_by(name), directory, cgroup)
    if name in layout.PASSES:
        one.ordinary, one.why_not = name, options.ordinary(name, test_name)
    return one


def _mountinfo():
    with open("/proc/self/mountinfo") as text:
        return text.read()


def _run_case(function, one, options):
    """Fork the test, wait with its limit, clean up; (verdict, why)."""
    before = _mountinfo()
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read_end)
        _case_process(function, one, write_end)
    os.close(write_end)
    limit = function.limit * case.PATIENCE
    verdict = _read_verdict(read_end, limit)
    os.close(read_end)
    if verdict is None:
        verdict = ("not ok", f"no result within {limit:.0f} s (or the test's process died)")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(pid, 0)
    if options.keep and verdict[0] == "not ok":
        shutil.copytree(one.dir, one.dir + ".kept", symlinks=True, dirs_exist_ok=True, ignore=shutil.ignore_patterns("rootfs"))
        verdict = (verdict[0], f"{verdict[1]} [kept in {one.dir}.kept]")
    one.tear_down()
    if verdict[0] == "ok" and _mountinfo() != before:
        verdict = ("not ok", "the host's mounts are not as before: " +
                   "; ".join(sorted(set(_mountinfo().splitlines()) ^ set(before.splitlines()))))
    return verdict


def _read_verdict(fd, limit):
    deadline, data = time.monotonic() + limit, b""
    while not data.endswith(b"\n"):
        ready, _, _ = select.select([fd], [], [], max(0, deadline - time.monotonic()))
        if not ready:
            return None
        piece = os.read(fd, 65536)
        if not piece:
            return None
        data += piece
    return tuple(json.loads(data))


def _case_process(function, one, write_end):
    """Never returns."""
    os.setsid()
    syscalls.become_subreaper()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        if one.ordinary:
            one.become_ordinary()
        function(one)
        if one.user:
            one.user.end()
        found = one.leaks() if one.leak_check else []
        verdict = ("not ok", "left behind: " + "; ".join(found)) if found else ("ok", "; ".join(one.notes))
    except case.Skip as why:
        verdict = ("skip", str(why))
    except case.Failure as why:
        verdict = ("not ok", f"{_where()}{why}")
    except BaseException as error:
        verdict = ("not ok", f"{_where()}{type(error).__name__}: {error}")
    one.unmount()
    os.write(write_end, json.dumps(verdict).encode() + b"\n")
    os._exit(0)


def _where():
    """The line of the test in which it failed."""
    for frame in reversed(traceback.extract_tb(sys.exc_info()[2])):
        if os.path.basename(frame.filename).startswith("test_"):
            return f"line {frame.lineno}: "
    return ""
