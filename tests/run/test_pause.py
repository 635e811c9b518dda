# SPDX-License-Identifier: Apache-2.0
"""pause, resume: states, effect on processes, killing and deleting what is paused."""
import os
import time

from case import alive, test, wait_until


def _counter(t):
    config = t.config("i=0; while :; do i=$((i+1)); echo $i > /out/count; done").bind(t.dir, "/out", "bind", "rw")
    container = t.sleeper(config, None)
    wait_until(lambda: os.path.exists(t.path("count")))
    return container


def _moves(t):
    first = os.stat(t.path("count")).st_mtime_ns
    time.sleep(0.15)
    return os.stat(t.path("count")).st_mtime_ns != first


@test
def stops_and_goes_on(t):
    container = _counter(t)
    t.check(_moves(t), "not running")
    t.ok("pause", container)
    t.eq(t.status(container), "paused")
    t.check(not _moves(t), "still running")
    t.ok("resume", container)
    t.eq(t.status(container), "running")
    t.check(_moves(t), "not running again")
    t.finish(container)


@test
def unpause_is_resume(t):
    t.husk_only("crun's word")
    container = t.sleeper()
    t.ok("pause", container)
    t.ok("unpause", container)
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def pause_twice(t):
    container = t.sleeper()
    t.ok("pause", container)
    result = t.cmd("pause", container)
    t.check(result.rc in (0, 1), result)
    t.eq(t.status(container), "paused")
    t.ok("resume", container)
    t.finish(container)


@test
def resume_running_refused(t):
    container = t.sleeper()
    t.fails("resume", container)
    t.eq(t.status(container), "running")
    t.finish(container)


@test
def pause_stopped_refused(t):
    container = t.sleeper(t.config("true"), None)
    t.wait_status(container, "stopped")
    t.fails("pause", container)
    t.fails("resume", container)
    t.gone(container)


@test
def pause_created(t):
    container = t.create(t.config("sleep 100"))
    t.ok("pause", container)
    t.eq(t.status(container), "paused")
    t.ok("resume", container)
    t.eq(t.status(container), "created")
    t.ok("delete", "--force", container)


@test
def kill_paused(t):
    container = t.sleeper()
    t.ok("pause", container)
    t.ok("kill", container, "KILL")
    t.wait_status(container, "stopped")
    t.gone(container)


@test
def delete_force_paused(t):
    container = t.sleeper()
    pid = t.pid(container)
    t.ok("pause", container)
    t.ok("delete", "--force", container)
    t.check(not alive(pid), "lives on")


@test
def delete_paused_refused(t):
    container = t.sleeper()
    t.ok("pause", container)
    t.fails("delete", container, says="cannot delete container")
    t.ok("delete", "--force", container)


@test
def term_reaches_paused_after_resume(t):
    container = t.new_id()
    created = t.ok("create", "--bundle", t.bundle(t.config("probe", "caught", "1")), container)
    t.start(container)
    wait_until(lambda: "ready" in created.out)
    t.ok("pause", container)
    t.ok("kill", container, "TERM")
    t.ok("resume", container)
    t.wait_status(container, "stopped")
    t.has(created.out, "caught 15")
    t.gone(container)
