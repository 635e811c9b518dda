# SPDX-License-Identifier: Apache-2.0
"""Docker: building images, with the classic builder and with BuildKit, which takes `runc` from PATH."""
import os

import calls
import docker
from suite import test

_FILE = """FROM bb
ARG WHAT=default
RUN echo "built $WHAT" > /made && id -u >> /made
RUN ["sh", "-c", "mkdir -p /d/e && chown 1000 /d/e"]
USER 1000
WORKDIR /d/e
RUN touch file && id -u > who
COPY context /context
CMD ["cat", "/made", "/d/e/who", "/context"]
"""


def start(place):
    return docker.Docker(place)


def context(t, text=_FILE):
    directory = t.place.file("context")
    os.makedirs(directory, exist_ok=True)
    for name, content in (("Dockerfile", text), ("context", "from the context\n")):
        with open(os.path.join(directory, name), "w") as out:
            out.write(content)
    return directory


def build(t, buildkit, text=_FILE, rc=0):
    return t.cmd("build", "--no-cache", "-t", "made", "--build-arg", "WHAT=it", context(t, text), rc=rc, timeout=60,
                 env={"DOCKER_BUILDKIT": buildkit})


def check(t, buildkit):
    n = len(calls.read(t.place.calls))
    build(t, buildkit)
    t.check(any(c["command"] in ("run", "create") for c in calls.read(t.place.calls)[n:]), "the build did not use the runtime")
    t.eq(t.out("run", "--rm", "made"), "built it\n0\n1000\nfrom the context")
    t.cmd("rmi", "made")


@test
def classic(t):
    check(t, "0")


@test
def buildkit(t):
    check(t, "1")


@test
def classic_fails(t):
    t.has(build(t, "0", "FROM bb\nRUN exit 12\n", rc=None).err, "non-zero code: 12")


@test
def buildkit_fails(t):
    r = build(t, "1", "FROM bb\nRUN echo words; exit 12\n", rc=None)
    t.check(r.rc != 0, str(r))
    t.has(r.err, "exit code: 12", "words")


@test
def buildkit_cancelled(t):
    """The client goes away in the middle: the process of the build must end."""
    r = t.engine.call("build", "--no-cache", context(t, "FROM bb\nRUN sleep 987\n"), timeout=5, env={"DOCKER_BUILDKIT": "1"})
    t.eq(r.rc, None, "the build goes on")

    def gone():
        import sandbox
        return not any("sleep 987" in c for c in sandbox.processes().values())
    t.until(gone, "the process of the cancelled build ends", 15)
