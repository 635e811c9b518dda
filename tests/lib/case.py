# SPDX-License-Identifier: Apache-2.0
"""What one test works with: its directory, its bundles, its containers, checks, and the leak oracle."""
import json
import os
import shutil
import signal
import subprocess
import time

import bundle
import layout
import runtime as runtime_module
import syscalls


# How much longer than usual commands may take: an emulated machine is slow.
PATIENCE = float(os.environ.get("HUSK_TEST_PATIENCE", "1"))


class Skip(Exception):
    pass


class Failure(Exception):
    pass


_registry = []


def test(function=None, *, timeout=60, layouts=None):
    """Register a test: a function of one Case.  `layouts`: only in these."""
    def register(f):
        f.limit, f.layouts = timeout, layouts
        _registry.append(f)
        return f
    return register(function) if function else register


def registered():
    return list(_registry)


def wait_until(condition, seconds=5, step=0.005):
    """Poll; the last value of condition() (true or false)."""
    deadline = time.monotonic() + seconds * PATIENCE
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step)


def alive(pid):
    """True while the process runs (a zombie does not)."""
    return process_state(pid) not in (None, "Z", "X")


def process_state(pid):
    try:
        with open(f"/proc/{pid}/stat") as text:
            return text.read().rsplit(") ", 1)[1].split(" ")[0]
    except (FileNotFoundError, ProcessLookupError):
        return None


def children(pid="self"):
    try:
        with open(f"/proc/{pid}/task/{os.getpid() if pid == 'self' else pid}/children") as text:
            return [int(p) for p in text.read().split()]
    except FileNotFoundError:
        return []


class Case:
    def __init__(self, name, runtime, layout_name, directory, cgroup):
        self.name, self.runtime, self.layout = name, runtime, layout_name
        self.user = None                         # an ordinary user (ordinary.Pass), as whom all commands are run,
        self.ordinary = self.why_not = None      # in this pass, unless the test cannot
        self.dir = directory
        self.root = os.path.join(directory, "root")
        self.cgroup = cgroup                     # parent of the cgroups of this test
        if runtime_module.systemd_driver():
            self.cgroup = "/husktest.slice/husktest-{}.slice".format(cgroup.strip("/").replace("/", "").replace("-", ""))
        self.leak_check = True
        self.notes = []                          # printed behind "ok"
        self.ids = []
        self._n = 0
        self._mounts = []
        self._preexec = None                     # run in the child before the runtime
        os.makedirs(directory, exist_ok=True)
        os.chmod(directory, 0o755)

    # -- skipping and checking

    def skip(self, why):
        raise Skip(why)

    def husk_only(self, why="husk's own"):
        if self.runtime.kind != "husk":
            raise Skip(f"not for peers: {why}")

    def need(self, condition, why):
        if not condition:
            raise Skip(why)

    def fail(self, why):
        raise Failure(why)

    def check(self, condition, why):
        if not condition:
            raise Failure(str(why))

    def eq(self, have, want, what="value"):
        if have != want:
            raise Failure(f"{what}: expected {want!r}, found {have!r}")

    def has(self, text, *words, what="output"):
        for word in words:
            if word not in text:
                raise Failure(f"{what}: expected {word!r} in {text[-1500:]!r}")

    def lacks(self, text, *words, what="output"):
        for word in words:
            if word in text:
                raise Failure(f"{what}: {word!r} must not be in {text[-1500:]!r}")

    def become_ordinary(self):
        import ordinary
        self.need(not self.why_not, self.why_not)
        self.user = ordinary.Pass(self, self.ordinary == "delegated")

    # -- bundles

    def config(self, *script):
        config = bundle.base_config()
        self.cgroup_of(config, "c")
        if self.user:
            self.user.fit(config)
        if script:
            config.sh(script[0]) if len(script) == 1 else config.args(*script)
        return config

    def bundle(self, config=None, name=None, owner=None):
        self._n += 1
        path = os.path.join(self.dir, name or f"bundle{self._n}")
        os.makedirs(path, exist_ok=True)
        bundle.make_rootfs(os.path.join(path, "rootfs"), owner or (self.user.uid if self.user else None))
        if self.user:
            os.chown(path, self.user.uid, self.user.uid)
        if config is not None:
            bundle.write_config(path, config)
        return path

    def rewrite(self, path, config):
        bundle.write_config(path, config)

    def new_id(self, name=None):
        self._n += 1
        container = name or f"t{os.getpid()}-{self._n}"
        if container not in self.ids:
            self.ids.append(container)
        return container

    def cgroup_of(self, config, container):
        """Give the configuration a cgroup of its own; its path."""
        path = config["linux"]["cgroupsPath"] = f"{self.cgroup}/{container}"
        if runtime_module.systemd_driver():
            prefix = os.path.basename(self.cgroup).removesuffix(".slice")
            config["linux"]["cgroupsPath"] = f"{prefix}.slice:{prefix}:{container}"
            path = f"{self.cgroup}/{prefix}-{container}.scope"
        if self.user and not self.user.delegated:
            del config["linux"]["cgroupsPath"]      # who asks for a certain cgroup must get it
        return path

    # -- commands

    def cmd(self, *args, timeout=30, env=None, global_args=(), **kwargs):
        argv = self.runtime.argv(self.root, args)
        if global_args:
            at = argv.index("--root")
            argv[at:at] = list(global_args)
        kwargs["preexec"] = self._both(kwargs.get("preexec"), self._preexec)
        result = self.runtime.call(argv, self.dir, timeout=timeout * PATIENCE, env=env, **kwargs)
        if result.timed_out:
            raise Failure(f"hangs: {result}")
        if result.rc is not None and result.rc < 0:
            raise Failure(f"crashed by signal {-result.rc}: {result}")
        return result

    @staticmethod
    def _both(own, general):
        """The test's own function before the runtime is run, then that of all commands."""
        return (lambda: (own(), general())) if own and general else own or general

    def call_as(self, function):
        """All commands from here on are run after this function, in their own process: as another user, say."""
        self._preexec = function

    def ok(self, *args, **kwargs):
        result = self.cmd(*args, **kwargs)
        if result.rc != 0:
            raise Failure(f"should succeed: {result}")
        return result

    def fails(self, *args, says=(), rc=1, **kwargs):
        result = self.cmd(*args, **kwargs)
        if result.rc == 0 or rc is not None and result.rc != rc:
            raise Failure(f"should fail with exit code {rc}: {result}")
        for word in [says] if isinstance(says, str) else says:
            if word not in result.err:
                raise Failure(f"error should say {word!r}: {result}")
        return result

    def run(self, config, *flags, bundle_path=None, **kwargs):
        """`run` in the foreground; the result, whatever it is."""
        path = bundle_path or self.bundle(config)
        if bundle_path and config is not None:
            self.rewrite(path, config)
        return self.cmd("run", "--bundle", path, *flags, self.new_id(), **kwargs)

    def inside(self, config, *flags, **kwargs):
        """The output of a container that must succeed."""
        result = self.run(config, *flags, **kwargs)
        if result.rc != 0:
            raise Failure(f"container failed: {result}")
        return result.out

    def refused(self, config, *says, **kwargs):
        """`create` must fail with exit code 1, say these words, and leave nothing."""
        container = self.new_id()
        path = kwargs.pop("bundle_path", None) or self.bundle(config)
        result = self.fails("create", "--bundle", path, container, says=says, **kwargs)
        self.no_record(container)
        return result

    def not_run(self, config, *says, **kwargs):
        """`run` must fail (1 or more), and say these words."""
        result = self.run(config, **kwargs)
        if result.rc == 0:
            raise Failure(f"should fail: {result}")
        for word in says:
            self.has(result.err, word, what="error")
        return result

    def create(self, config, *flags, container=None, bundle_path=None, **kwargs):
        container = self.new_id(container)
        path = bundle_path or self.bundle(config)
        self.ok("create", "--bundle", path, *flags, container, **kwargs)
        return container

    def start(self, container):
        self.ok("start", container)
        return container

    def sleeper(self, config=None, script="sleep 1000", **kwargs):
        """A running container."""
        config = config or self.config()
        if script:
            config.sh(script)
        return self.start(self.create(config, **kwargs))

    def exec(self, container, *args, **kwargs):
        return self.cmd("exec", container, *args, **kwargs)

    def state(self, container):
        return json.loads(self.ok("state", container).out)

    def status(self, container):
        return self.state(container)["status"]

    def pid(self, container):
        return self.state(container)["pid"]

    def wait_status(self, container, status, seconds=5):
        if not wait_until(lambda: self.reap() or self.status(container) == status, seconds, 0.02):
            raise Failure(f"{container}: expected status {status}, still {self.status(container)}")

    def gone(self, container):
        """Delete a container that has stopped."""
        self.ok("delete", container)
        self.no_record(container)

    def no_record(self, container):
        self.check(not os.path.lexists(os.path.join(self.root, container)), f"state directory of {container} is left behind")

    def finish(self, container):
        """kill KILL, wait for stopped, delete."""
        self.ok("kill", container, "KILL")
        self.wait_status(container, "stopped")
        self.gone(container)

    # -- the machine

    def reap(self):
        """Reap what has died, like an engine that is a subreaper."""
        layout.reap()

    def processes(self, path=None):
        return layout.processes(path or self.cgroup)

    def mount(self, source, target, *rest):
        os.makedirs(target, exist_ok=True)
        syscalls.mount(source, target, *rest)
        self._mounts.append(target)

    def path(self, *names):
        return os.path.join(self.dir, *names)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def host(self, *args, timeout=30, **kwargs):
        return subprocess.run(args, capture_output=True, text=True, timeout=timeout * PATIENCE, **kwargs)

    # -- the end

    def leaks(self):
        """What is still there although the test is over: a list of sentences."""
        found = []
        for container in self.ids:
            path = os.path.join(self.root, container)
            if os.path.isdir(path):
                result = self.runtime.call(self.runtime.argv(self.root, ["delete", "--force", container]), self.dir)
                if result.timed_out or result.rc != 0:
                    found.append(f"delete --force fails: {result}")
        if not wait_until(lambda: self.reap() or not layout.directories(self.cgroup + "/"), 0.2):
            for pid in self.processes():
                found.append(f"process {pid} ({process_state(pid)}) in the cgroup")
            self._remove_own_cgroup()
            found.extend(f"cgroup {d}" for d in layout.directories(self.cgroup))
        if not wait_until(lambda: self.reap() or not children(), 1.0):
            found.extend(f"process {p} ({_cmdline(p)})" for p in children())
        if os.path.isdir(self.root):
            found.extend(f"state {n}" for n in os.listdir(self.root) if not n.startswith("."))
        return found

    def _remove_own_cgroup(self):
        """The parent of the containers' cgroups may stay empty: runtimes leave what they might not have made."""
        if runtime_module.systemd_driver():
            self.host("systemctl", "stop", os.path.basename(self.cgroup))
        for top in layout.hierarchies():
            wait_until(lambda: _rmdir(top + self.cgroup), 0.5)      # a manager may still be at work in it

    def unmount(self):
        """Undo mount(), in the process that knows of it."""
        for target in reversed(self._mounts):
            try:
                syscalls.umount(target)
            except OSError:
                pass

    def tear_down(self):
        """Make the machine as it was, whatever the test did."""
        self.unmount()
        layout.destroy(self.cgroup)
        for pid in children():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        wait_until(lambda: self.reap() or not children(), 5)
        shutil.rmtree(self.dir, ignore_errors=True)


def _rmdir(path):
    """True when it is gone."""
    try:
        os.rmdir(path)
    except OSError:
        pass
    return not os.path.exists(path)


def _cmdline(pid):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as text:
            return text.read().replace(b"\0", b" ").decode(errors="replace").strip() or process_state(pid)
    except OSError:
        return "gone"
