# SPDX-License-Identifier: Apache-2.0
"""Results as text, as a page, and as a plot."""
import os

COLOURS = {"floor": "#999999", "husk": "#1f6f54", "crun": "#c07a2c", "runc": "#4a6fa5"}


def number(value, unit):
    if value is None:
        return "–"
    if unit in ("", "KiB"):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def rows_of(result):
    """[(label, {runtime: value})]"""
    if "table" in result:
        return [(column, {name: row.get(column) for name, row in result["table"].items()}) for column in result["columns"]]
    return [("", result["cells"])]


def text(name, result):
    if "skip" in result:
        return f"{name}: skipped: {result['skip']}"
    lines = []
    for label, values in rows_of(result):
        cells = "  ".join(f"{n} {number(v, result['unit'])}" for n, v in values.items())
        lines.append(f"{name}{' ' + label if label else ''} [{result['unit']}]: {cells}")
    for note in result.get("notes", ()):
        lines.append(f"  {note}")
    if result.get("cpu"):
        lines.append("  CPU time [ms]: " + "  ".join(f"{n} {v:.2f}" for n, v in result["cpu"].items() if v is not None))
    return "\n".join(lines)


def ratio(values, name):
    husk = values.get("husk")
    return f"{values[name] / husk:.1f}" if husk and values.get(name) else "–"


def table(results, order):
    out = ["| what | unit | floor | husk | crun | runc | crun ÷ husk | runc ÷ husk |", "|---|---|---:|---:|---:|---:|---:|---:|"]
    skipped = []
    for name, *_ in order:
        result = results.get(name)
        if not result:
            continue
        if "skip" in result:
            skipped.append(f"- {result['title']}: not measured here: {result['skip']}.")
            continue
        for label, values in rows_of(result):
            title = f"{result['title']}: {label}" if label else result["title"]
            if name.startswith("mounts"):
                title += f" ({result['mounts']} in all)"
            floor = values.get("floor", values.get("empty program"))
            out.append(f"| {title} | {result['unit']} | {number(floor, result['unit'])} | " +
                       " | ".join(number(values.get(n), result["unit"]) for n in ("husk", "crun", "runc")) +
                       f" | {ratio(values, 'crun')} | {ratio(values, 'runc')} |")
        for note in result.get("notes", ()):
            skipped.append(f"- {result['title']}: {note}")
    return out, skipped


def cpu_table(results, order):
    out = ["| what | floor | husk | crun | runc |", "|---|---:|---:|---:|---:|"]
    for name, *_ in order:
        cpu = results.get(name, {}).get("cpu")
        if cpu:
            out.append(f"| {results[name]['title']} | " + " | ".join(number(cpu.get(n), "ms") for n in ("floor", "husk", "crun", "runc")) + " |")
    return out


def write(directory, results, order):
    about = results["about"]
    lines, skipped = table(results, order)
    page = ["# Benchmarks", "", "Written by `make bench` (`tests/bench/run --doc docs`): medians of interleaved runs, all "
            "programs in one mount", "namespace of their own with a tmpfs for the records. *Floor* is `tests/bench/floor.c`, the system "
            "calls that the", "container itself needs; for single commands it is an empty dynamic program.", "",
            f"{about['date']}; Linux {about['kernel']}; {about['cpus']} CPUs ({about['cpu']}); load average {about['load']} "
            f"when it began; {about['runs']} runs.", ""]
    page += [f"- {name}: {v}" for name, v in about["versions"].items()] + [""]
    page += lines + [""] + skipped + ([""] if skipped else [])
    page += ["CPU time of the same runs, user and system, in ms; it depends less on what else the machine does:", ""]
    page += cpu_table(results, order) + ["", "![plot](benchmarks.svg)", ""]
    notes = os.path.join(directory, "benchmarks-notes.md")
    if os.path.exists(notes):
        with open(notes) as f:
            page += [f.read().rstrip(), ""]
    with open(os.path.join(directory, "benchmarks.md"), "w") as f:
        f.write("\n".join(page))
    with open(os.path.join(directory, "benchmarks.svg"), "w") as f:
        f.write(plot(results, order))


def plot(results, order):
    """Bars of the wall times of `run`, a group for each row."""
    groups = [(results[n]["title"].replace("`", ""), results[n]["cells"]) for n, *_ in order
              if results.get(n, {}).get("unit") == "ms" and "cells" in results.get(n, {})]
    top = max((v for _, cells in groups for v in cells.values()), default=1)
    width, left, bar, y = 900, 20, 16, 20
    body = []
    for title, cells in groups:
        body.append(f'<text x="{left}" y="{y + 12}" font-weight="bold">{escape(title)}</text>')
        y += 20
        for name, value in cells.items():
            length = max(1, value / top * (width - 300))
            body.append(f'<rect x="{left + 110}" y="{y}" width="{length:.1f}" height="{bar - 3}" fill="{COLOURS.get(name, "#777")}"/>')
            body.append(f'<text x="{left}" y="{y + 11}">{escape(name)}</text>')
            body.append(f'<text x="{left + 116 + length:.1f}" y="{y + 11}">{value:.2f} ms</text>')
            y += bar
        y += 14
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{y}" font-family="sans-serif" font-size="12">\n'
            f'<rect width="100%" height="100%" fill="white"/>\n' + "\n".join(body) + "\n</svg>\n")


def escape(s):
    return s.replace("&", "&amp;").replace("<", "&lt;")
