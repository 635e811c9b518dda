# SPDX-License-Identifier: Apache-2.0
"""Runs the modules test_*.py, each in a sandbox with an engine of its own, for husk and for runc; reports.

A module has start(place), which gives the engine, and functions registered with @test.  An engine has stop(), clean()
(remove all containers) and keeps(cgroup) (a cgroup that it leaves on purpose).
"""
import argparse
import fnmatch
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

import calls
import images
import packages
import sandbox

import runtime as runtimes
import syscalls

HERE = os.path.dirname(os.path.abspath(__file__))
PATIENCE = float(os.environ.get("HUSK_TEST_PATIENCE", "1"))     # an emulated machine is slow


class Skip(Exception):
    pass


class Failure(Exception):
    pass


_registry = []


def test(function=None, *, timeout=60):
    """Register a test: a function of one T."""
    def register(f):
        f.limit = timeout
        _registry.append(f)
        return f
    return register(function) if function else register


def wait_until(condition, seconds=5, step=0.05):
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


class Result:
    def __init__(self, argv, rc, out, err, seconds):
        self.argv, self.rc, self.out, self.err, self.seconds = argv, rc, out, err, seconds

    def __str__(self):
        return f"`{' '.join(self.argv)}` exit {self.rc} after {self.seconds:.1f} s; out {self.out[-400:]!r}; err {self.err[-600:]!r}"


def call(argv, timeout=30, stdin=None, env=None, preexec=None):
    """Run a client of an engine.  One that hangs has exit status None."""
    started = time.monotonic()
    process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, start_new_session=True, preexec_fn=preexec)
    try:
        out, err = process.communicate(stdin, timeout * PATIENCE)
        rc = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        out, err, rc = b"", b"hangs", None
        process.wait()
    return Result([str(a) for a in argv], rc, out.decode(errors="replace"), err.decode(errors="replace"),
                  time.monotonic() - started)


class Place:
    """Where a module works: its directory, the runtime, the image parts."""

    def __init__(self, directory, runtime, kind, assets):
        self.dir, self.real, self.kind, self.assets = directory, runtime, kind, assets
        self.calls = os.path.join(directory, "calls.jsonl")
        self.bin = os.path.join(directory, "bin")
        os.makedirs(self.bin)
        self.runtime = calls.build_wrapper(HERE, runtime, self.calls, os.path.join(self.bin, kind))
        # BuildKit, and whatever is content with the default, take `runc` from PATH.
        if kind != "runc":
            os.symlink(kind, os.path.join(self.bin, "runc"))
        self.path = self.bin + ":/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin"

    def file(self, *names):
        return os.path.join(self.dir, *names)

    def env(self, **more):
        return {"PATH": self.path, "HOME": self.file("root-home"), "LC_ALL": "C.UTF-8", **more}


class T:
    """What one test works with."""

    def __init__(self, name, place, engine):
        self.name, self.place, self.engine = name, place, engine
        self.kind = place.kind
        self.notes = []

    def note(self, text):
        """Printed beside a verdict that is ok."""
        self.notes.append(text)

    def skip(self, why):
        raise Skip(why)

    def need(self, condition, why):
        if not condition:
            raise Skip(why)

    def check(self, condition, why):
        if not condition:
            raise Failure(str(why))

    def eq(self, have, want, what="value"):
        if have != want:
            raise Failure(f"{what}: expected {want!r}, found {have!r}")

    def has(self, text, *words):
        for word in words:
            if word not in text:
                raise Failure(f"expected {word!r} in {text[-1200:]!r}")

    def lacks(self, text, *words):
        for word in words:
            if word in text:
                raise Failure(f"{word!r} must not be in {text[-1200:]!r}")

    def need_criu(self):
        """Checkpoints need a CRIU that knows this kernel, and a runtime that has them."""
        self.need(shutil.which("criu"), "no criu")
        result = subprocess.run(["criu", "check"], capture_output=True, text=True)
        self.need(result.returncode == 0, f"this criu does not know this kernel: {result.stderr.strip()[-200:]}")
        result = subprocess.run([self.place.real, "checkpoint", "--help"], capture_output=True)
        self.need(result.returncode == 0, "the runtime has no checkpoint")

    def until(self, condition, what, seconds=5):
        value = wait_until(condition, seconds * PATIENCE)
        if not value:
            raise Failure(f"not within {seconds} s: {what}")
        return value

    def cmd(self, *args, timeout=30, rc=0, **kwargs):
        """A command of the engine's client that must end with exit status `rc` (None: any, but end)."""
        result = self.engine.call(*args, timeout=timeout, **kwargs)
        if result.rc is None or rc is not None and result.rc != rc:
            raise Failure(f"should end with exit status {rc}: {result}")
        return result

    def out(self, *args, **kwargs):
        return self.cmd(*args, **kwargs).out.rstrip("\n")


# -- one module

def _leaks(engine, mounts_before, processes_before):
    """What a test left behind, after the engine has removed its containers."""
    def left():
        found = [f"cgroup {c}" for c in sorted(sandbox.cgroups()) if not engine.keeps(c)]
        found += [f"process {p} ({c})" for p, c in sandbox.processes().items()
                  if p not in processes_before and not engine.owns(p, c)]
        found += [f"mount {m}" for m in sandbox.mounts() if m not in mounts_before and not engine.keeps_mount(m)]
        return found
    wait_until(lambda: not left(), 3)
    return left()


def _one(function, name, place, engine, emit):
    before = (set(sandbox.mounts()), set(sandbox.processes()))
    started = time.monotonic()
    signal.alarm(int(function.limit * PATIENCE))
    try:
        t = T(name, place, engine)
        function(t)
        verdict = ("ok", "; ".join(t.notes))
    except Skip as why:
        verdict = ("skip", str(why))
    except Failure as why:
        verdict = ("not ok", _where() + str(why))
    except Exception as error:
        verdict = ("not ok", f"{_where()}{type(error).__name__}: {error}")
    finally:
        signal.alarm(0)
    engine.clean()
    if verdict[0] == "ok":
        found = _leaks(engine, *before)
        if found:
            verdict = ("not ok", "left behind: " + "; ".join(found))
    emit(name, *verdict, time.monotonic() - started)


def _where():
    for frame in reversed(traceback.extract_tb(sys.exc_info()[2])):
        if os.path.basename(frame.filename).startswith("test_"):
            return f"line {frame.lineno}: "
    return ""


def _late(number, frame):
    raise Failure("takes too long")


def _module(module, functions, place, emit):
    """All chosen tests of a module, in its sandbox."""
    signal.signal(signal.SIGALRM, _late)
    short = module.__name__.removeprefix("test_")
    before = set(sandbox.mounts())
    try:
        engine = module.start(place)
    except Exception as error:
        emit(f"{short}.start", "skip" if isinstance(error, Skip) else "not ok", f"{type(error).__name__}: {error}", 0)
        return
    try:
        for function in functions:
            _one(function, f"{short}.{function.__name__}", place, engine, emit)
    finally:
        engine.stop()
    sandbox_left = wait_until(lambda: not sandbox.processes(), 5)
    found = [] if sandbox_left else [f"process {p} ({c[:100]})" for p, c in sandbox.processes().items()]
    found += [f"mount {m}" for m in sandbox.mounts() if m not in before and not engine.keeps_mount(m)]
    emit(f"{short}.nothing_left", "not ok" if found else "ok", "; ".join(found), 0)
    if place.kind == "husk":
        found, n = calls.review(place.calls, os.path.join(HERE, "calls.reviewed"))
        emit(f"{short}.calls", "not ok" if found else "ok", "; ".join(found[:6]) or f"{n} calls of the runtime", 0)


# -- all

class Report:
    def __init__(self, compared, options):
        self.counts = {"ok": 0, "not ok": 0, "skip": 0}
        self.results = {}
        self.running = {}               # process of a module: main or peer
        self.late = self.stopped = False
        self.lock = threading.Lock()
        self.compared, self.options = compared, options

    def line(self, kind, text):
        result = json.loads(text)
        verdict, name, why = result["verdict"], result["name"], result["why"]
        with self.lock:
            self.results[(kind, name)] = (verdict, why)
            mark = ""
            if kind == "peer":
                mark = f"# {self.compared}: "
            else:
                self.counts[verdict] += 1
            tail = f" - {why}" if why else ""
            seconds = f" ({result['seconds']:.1f} s)" if self.options.verbose else ""
            if verdict == "not ok" or not self.options.failed_only:
                print(f"{mark}{verdict} {name}{tail}{seconds}", flush=True)

    def kill(self, *kinds):
        """End modules: their sandboxes die with them."""
        for pid, kind in list(self.running.items()):
            if kind in kinds:
                os.kill(pid, signal.SIGKILL)

    def no_more_peers(self):
        self.late = True
        self.kill("peer")

    def stop(self, number, frame):
        self.stopped = self.late = True
        self.kill("main", "peer")

    def compare(self):
        """What the peer fails, by name."""
        names = [n for k, n in self.results if k == "peer"]
        if not names:
            return
        failed = [n for n in names if self.results[("peer", n)][0] == "not ok"]
        print(f"# the same tests with {self.compared}: {len(names) - len(failed)} of {len(names)} without failure")
        for name in failed:
            mine = self.results.get(("main", name), ("not run", ""))[0]
            print(f"#   {self.compared} fails {name} (husk: {mine}): {self.results[('peer', name)][1][:300]}")


def _job(kind, runtime, module, functions, top, assets, report, keep):
    """A module with a runtime, from start to end, in the calling thread."""
    short = module.__name__.removeprefix("test_")
    directory = os.path.join(top, f"{short}-{kind}")
    os.makedirs(directory)
    read_end, write_end = os.pipe()
    name = f"husk-engines-{os.getpid()}-{short}-{kind}"
    runtime_kind = runtimes.Runtime(runtime).kind

    def work():
        def emit(test_name, verdict, why, seconds):
            why = re.sub(r"\s*\n\s*", "; ", why.strip())[:1500]
            line = json.dumps({"name": test_name, "verdict": verdict, "why": why, "seconds": seconds})
            os.write(write_end, line.encode() + b"\n")
        _module(module, functions, Place(directory, runtime, runtime_kind, assets), emit)

    pid = os.fork()
    if pid == 0:
        syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.close(read_end)
        good = sandbox.run(name, directory, work)
        os._exit(0 if good else 1)
    os.close(write_end)
    report.running[pid] = kind
    with os.fdopen(read_end) as lines:
        for line in lines:
            report.line(kind, line)
    _, status = os.waitpid(pid, 0)
    del report.running[pid]
    if status and (kind == "main" or not report.late):
        report.line(kind, json.dumps({"name": f"{short}.end", "verdict": "not ok", "why": "the module ended early", "seconds": 0}))
    left = sandbox.remove_cgroup(name)
    if left:
        report.line(kind, json.dumps({"name": f"{short}.cgroups", "verdict": "not ok", "why": " ".join(left), "seconds": 0}))
    if not keep:
        sandbox.remove_directory(directory)


def _load():
    for name in sorted(os.listdir(HERE)):
        if name.startswith("test_") and name.endswith(".py"):
            importlib.import_module(name[:-3])
    modules = {}
    for function in _registry:
        modules.setdefault(sys.modules[function.__module__], []).append(function)
    return modules


def _chosen(modules, patterns):
    chosen = {}
    for module, functions in modules.items():
        short = module.__name__.removeprefix("test_")
        wanted = [f for f in functions if not patterns or any(
            fnmatch.fnmatch(f"{short}.{f.__name__}", p) or fnmatch.fnmatch(f.__name__, p) or p == short for p in patterns)]
        if wanted:
            chosen[module] = wanted
    return chosen


def _arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("names", nargs="*", help="tests to run: MODULE, MODULE.NAME or a pattern; default all")
    parser.add_argument("-k", dest="more", action="append", default=[], metavar="NAME", help="the same")
    parser.add_argument("--runtime", help="runtime to test (default: $HUSK, then the build tree)")
    parser.add_argument("--compare", metavar="PATH", help="runtime to print beside it (default: the packaged runc)")
    parser.add_argument("--no-compare", action="store_true")
    parser.add_argument("--no-install", action="store_true", help="install no packages")
    parser.add_argument("--limit", type=float, default=12, metavar="MINUTES", help="when to give the comparison up (default 12)")
    parser.add_argument("--jobs", type=int, default=3, help="modules at a time")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--keep", action="store_true", help="keep the directories, with logs of engines and calls")
    parser.add_argument("--failed-only", action="store_true", help="print only what is not ok")
    parser.add_argument("--verbose", action="store_true", help="print how long each test took")
    return parser.parse_args()


def _run_jobs(jobs, n, report, limit):
    """All modules, n at a time. What is compared must not make the suite late: it ends at the limit."""
    waiting = list(jobs)
    lock = threading.Lock()

    def take():
        with lock:
            while waiting and not report.stopped:
                job = waiting.pop(0)
                if job[0] == "main" or not report.late:
                    return job
                print(f"# {report.compared}: {job[2].__name__.removeprefix('test_')} not run: no time left", flush=True)
        return None

    def worker():
        for job in iter(take, None):
            _job(*job)
    timer = threading.Timer(limit, report.no_more_peers)
    timer.daemon = True
    timer.start()
    threads = [threading.Thread(target=worker) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    timer.cancel()


def main(directory, description):
    options = _arguments(description)
    chosen = _chosen(_load(), options.names + options.more)
    if options.list:
        print("\n".join(f"{m.__name__.removeprefix('test_')}.{f.__name__}" for m, fs in chosen.items() for f in fs))
        return 0
    if not chosen:
        raise SystemExit("no test of this name")
    if os.geteuid() != 0:
        raise SystemExit("these tests need root")
    path = options.runtime or runtimes.find_husk()
    if not path or not shutil.which(path):
        raise SystemExit("no husk to test: build it, or set HUSK, or give --runtime PATH")
    path = os.path.abspath(shutil.which(path))
    if not options.no_install:
        packages.install()
    peer = options.compare or shutil.which("runc", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    compare = peer and not options.no_compare and os.path.realpath(peer) != os.path.realpath(path)
    os.umask(0o022)
    started = time.monotonic()
    top = sandbox.temporary()
    report = Report(os.path.basename(peer or ""), options)
    try:
        assets = images.Assets(HERE, os.path.join(top, "assets"))
        ordered = sorted(chosen.items(), key=lambda item: -getattr(item[0], "WEIGHT", 1))
        jobs = [("main", path, m, fs, top, assets, report, options.keep) for m, fs in ordered]
        if compare:
            jobs += [("peer", peer, m, fs, top, assets, report, options.keep) for m, fs in ordered]
        signal.signal(signal.SIGTERM, report.stop)
        signal.signal(signal.SIGINT, report.stop)
        _run_jobs(jobs, options.jobs, report, 60 * options.limit)
    finally:
        if options.keep:
            print(f"# kept: {top}")
        else:
            sandbox.remove_directory(top)
    report.compare()
    counts = report.counts
    print(f"{counts['ok']} passed, {counts['not ok']} failed, {counts['skip']} skipped "
          f"({path}, {time.monotonic() - started:.0f} s)")
    return 1 if counts["not ok"] or report.stopped else 0
