# SPDX-License-Identifier: Apache-2.0
"""A row that this machine cannot show, measured in a guest kernel of tests/guest, where v2 has every controller."""
import json
import os
import re
import shlex
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ("limit",)


def measure(name, options, result):
    """The row of the guest; `result`, with the reason, where there is no guest."""
    if name not in NAMES or "skip" not in result or options.no_guest:
        return result
    script = (f"cd /tmp && {shlex.quote(HERE)}/run {name} --no-guest --runs 8 --husk {shlex.quote(os.path.abspath(options.husk))} "
              f"--peers {shlex.quote(os.path.abspath(options.peers))} {'--no-peers' if options.no_peers else ''} "
              f"--json /tmp/row.json >/dev/null && echo row: $(tr -d '\\n' </tmp/row.json)")
    command = [f"{HERE}/../guest/run", "--guest", "uml", "--shell", script]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "HUSK": os.path.abspath(options.husk)})
    found = re.search(r"^# uml: row: (.*)$", done.stdout, re.M)
    if not found:
        last = (done.stdout + done.stderr).strip().splitlines()[-3:]
        return {**result, "skip": f"{result['skip']}; and in a guest: {'; '.join(last)}"}
    rows = json.loads(found.group(1))
    return {**rows[name], "title": result["title"],
            "notes": [*rows[name].get("notes", ()), f"in user-mode Linux {rows['about']['kernel']}"]}
