#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The sweeps alone: sweep.py [--every K | --full] [arguments of tests/fault/run]."""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    words = sys.argv[1:]
    if "--full" in words:
        words.remove("--full")
        os.environ["HUSK_FAULT_EVERY"] = "1"
    if "--every" in words:
        at = words.index("--every")
        os.environ["HUSK_FAULT_EVERY"] = words[at + 1]
        del words[at:at + 2]
    if not any(not w.startswith("-") for w in words):
        words.append("sweep")
    os.execv(os.path.join(HERE, "run"), [os.path.join(HERE, "run")] + words)


if __name__ == "__main__":
    main()
