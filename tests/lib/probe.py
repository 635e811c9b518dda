# SPDX-License-Identifier: Apache-2.0
"""The static C probe that looks at a process from inside: compiled once a run, found by bundle.py."""
import glob
import os
import subprocess

_HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "probe")
_binary = None


def build(directory):
    """Compile tests/lib/probe/*.c into `directory`, and remember it for children forked later."""
    global _binary
    output = os.path.join(directory, "probe")
    sources = sorted(glob.glob(os.path.join(_HERE, "*.c")))
    command = [os.environ.get("CC", "gcc"), "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-static", "-o", output] + sources
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        raise SystemExit("cannot compile the probe (gcc and a static libc are needed):\n" + result.stderr)
    os.chmod(output, 0o755)
    _binary = output
    return output


def binary():
    return _binary
