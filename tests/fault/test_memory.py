# SPDX-License-Identifier: Apache-2.0
"""A request for memory is refused, each in turn: the command fails with a word, or does without; nothing is left of a
container that was not made, and `delete --force` removes what was."""
import os
import subprocess

import fault
from case import test
from test_sweep import LIMIT, Sweep


def _allocator():
    """Path of the compiled allocator, beside the probe."""
    return fault.compiled("failing_malloc", "-shared", "-fPIC")


def _call(t, args, fail=0):
    """The command, and how many requests it made."""
    count = t.path("malloc.count")
    env = dict(os.environ, LD_PRELOAD=_allocator(), HUSK_TEST_MALLOC_FAIL=str(fail), HUSK_TEST_MALLOC_COUNT=count)
    result = t.runtime.call(t.runtime.argv(t.root, args), t.dir, timeout=20, env=env)
    if not os.path.exists(count):
        return result, 0
    with open(count) as text:
        n = int(text.read())
    os.unlink(count)
    return result, n


def _is_dynamic(program):
    return b"INTERP" in subprocess.run(["readelf", "-lW", program], capture_output=True, check=True).stdout


def _memory_sweep(name):
    def check(t):
        t.need(_is_dynamic(t.runtime.path), "the runtime is static: no allocator of ours gets in")
        sweep = Sweep(t, name)
        result, count = _call(t, sweep.prepare())
        t.eq(result.rc, 0, f"{name} with the allocator")
        t.check(count > 10, f"{count} requests were seen")
        t.ok("delete", "--force", sweep.id)
        bad, visited, failed = [], 0, 0
        for n in fault.points(count, 80):
            result, _ = _call(t, sweep.prepare(), n)
            visited += 1
            found = []
            if result.timed_out or result.rc < 0:
                found.append(f"ends by {'the time limit' if result.timed_out else f'signal {-result.rc}'}")
            elif result.rc:
                failed += 1
                if name in ("create", "run"):
                    found = fault.remains(t, sweep.id, sweep.cgroup)
                if not result.err.strip():
                    found.append("fails without a word")
            found += [f"after delete --force: {f}" for f in sweep.end()]
            if found:
                bad.append(f"request {n}: {', '.join(found)[:200]}")
        t.notes.append(f"{visited} of {count} requests, {failed} of them fail the command")
        t.check(not bad, f"{len(bad)} of {visited} requests (of {count}): " + "; ".join(bad[:12]))
    check.__name__ = name
    check.__module__ = __name__
    test(check, timeout=LIMIT)


for _name in ("create", "start", "run", "exec", "delete", "delete_running"):
    _memory_sweep(_name)
