# SPDX-License-Identifier: Apache-2.0
"""Seccomp notification: the agent gets listener and process state, for init and for exec, and its answers count."""
import errno
import os

from agent import CONTINUE, Agent
from case import test, wait_until
from test_seccomp import CALL, profile, rule

EXECVE = 59


def _agent(t, answer=lambda number: errno.EADDRINUSE):
    t.need(os.uname().machine == "x86_64", "numbers of x86_64")
    return Agent(t, answer)


def _config(t, agent, *calls, **more):
    config = t.config("probe", "call", str(CALL))
    return profile(config, rule("SCMP_ACT_NOTIFY", *(calls or ["sched_get_priority_max"])), listenerPath=agent.path, **more)


def _finish(agent, check):
    try:
        check()
    finally:
        agent.stop()


@test
def answered(t):
    agent = _agent(t)
    _finish(agent, lambda: t.eq(t.inside(_config(t, agent)).strip(), "EADDRINUSE"))


@test
def answered_with_a_value(t):
    agent = _agent(t, lambda number: -1 - 4321)
    _finish(agent, lambda: t.eq(t.inside(_config(t, agent)).strip(), "ok 4321"))


@test
def execve_itself_waits_for_the_agent(t):
    agent = _agent(t, lambda number: CONTINUE)
    _finish(agent, lambda: t.eq(t.inside(_config(t, agent, "execve", "sched_get_priority_max")).split()[0], "ok"))


@test
def create_and_start(t):
    agent = _agent(t, lambda number: CONTINUE)

    def check():
        container = t.create(_config(t, agent, "execve"))
        t.eq(agent.states(), [], "before start")
        t.start(container)
        t.wait_status(container, "stopped")
        t.eq(len(agent.states()), 1, "listeners")
        t.gone(container)
    _finish(agent, check)


@test
def state_of_init(t):
    t.husk_only("crun says ociVersion 0.2.0")
    agent = _agent(t)

    def check():
        config = _config(t, agent, listenerMetadata="some \"metadata\"").sh("sleep 1000")
        config["annotations"] = {"org.example": "value"}
        path = t.bundle(config)
        container = t.sleeper(config, None, bundle_path=path)
        wait_until(agent.states)        # it writes its log while the container goes on
        have = agent.states()[0]
        pid = t.pid(container)
        t.eq(have["descriptors"], ["anon_inode:seccomp notify"])
        t.eq({k: v for k, v in have["document"].items() if k != "state"},
             {"ociVersion": "1.3.0", "fds": ["seccompFd"], "pid": pid, "metadata": "some \"metadata\""})
        t.eq(have["document"]["state"],
             {"ociVersion": "1.3.0", "id": container, "status": "created", "pid": pid, "bundle": path,
              "annotations": {"org.example": "value"}})
        t.finish(container)
    _finish(agent, check)


@test
def state_of_exec(t):
    t.husk_only("peers differ in the status")
    agent = _agent(t)

    def check():
        container = t.sleeper(_config(t, agent))
        have = t.exec(container, "probe", "call", str(CALL))
        t.eq(have.out.strip(), "EADDRINUSE")
        documents = [s["document"] for s in agent.states()]
        t.eq(len(documents), 2, "listeners")
        t.eq(documents[1]["state"]["pid"], t.pid(container))
        t.eq(documents[1]["state"]["status"], "running")
        t.check(documents[1]["pid"] not in (t.pid(container), 0), "the pid is exec's own")
        t.finish(container)
    _finish(agent, check)


@test
def deny_by_default_with_agent(t):
    """All calls that nobody allows are the agent's, those of the hand-over too."""
    agent = _agent(t, lambda number: CONTINUE)

    def check():
        config = t.config("sh", "-c", "echo ran").caps([])
        profile(config, rule("SCMP_ACT_ALLOW", "sendmsg", "execve"), default="SCMP_ACT_NOTIFY", listenerPath=agent.path)
        result = t.run(config)
        t.check(result.rc == 0 and result.out.strip() == "ran" or "SCMP_ACT_NOTIFY" in result.err, result)
    _finish(agent, check)


@test
def filter_that_blocks_the_hand_over_refused(t):
    t.husk_only()
    config = t.config("true")
    profile(config, rule("SCMP_ACT_NOTIFY", "mkdir"), rule("SCMP_ACT_ERRNO", "sendmsg"), listenerPath="/tmp/nobody")
    t.refused(config, "/linux/seccomp", "sendmsg")


@test
def notified_hand_over_refused(t):
    config = profile(t.config("true"), rule("SCMP_ACT_NOTIFY", "sendmsg"), listenerPath="/tmp/nobody")
    if t.runtime.kind == "husk":
        t.refused(config, "/linux/seccomp", "sendmsg")
    else:
        t.skip("peers refuse write")


@test
def metadata_without_path_refused(t):
    config = profile(t.config("true"), rule("SCMP_ACT_ERRNO", "mkdir"), listenerMetadata="x")
    t.refused(config, *(["/linux/seccomp/listenerMetadata"] if t.runtime.kind == "husk" else []))


@test
def wait_killable_flag(t):
    t.husk_only("depends on the peer's libseccomp")
    agent = _agent(t)
    config = _config(t, agent, flags=["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"])
    _finish(agent, lambda: t.eq(t.inside(config).strip(), "EADDRINUSE"))


@test
def agent_is_gone(t):
    """Who calls what nobody answers gets ENOSYS; kill still works."""
    agent = _agent(t)

    def check():
        container = t.sleeper(_config(t, agent).sh("sleep 0.5; probe call 146; sleep 1000"))
        t.check(wait_until(lambda: len(agent.states()) == 1, 5), "listener")
        return container
    container = []
    _finish(agent, lambda: container.append(check()))
    t.finish(container[0])
