"""Cost against size: a workload from small to very large, once each, is to be a straight line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import chart
from contestants import Contestant
from measuring import Result, measure
from workloads import WORKLOADS


@dataclass(frozen=True)
class Curve:
    """A workload with its sizes, in the workload's unit."""

    key: str
    sizes: tuple[int, ...]
    measures: tuple[str, ...] = ("wall", "cpu", "memory")


_MIBIBYTES = (1, 8, 64, 512, 2048, 8192)
_ENTRIES = (10, 100, 1000, 10_000, 50_000, 200_000)
CURVES = (
    Curve("retr-lambda", _MIBIBYTES),
    # Twice as large on this machine: the file and its copy.
    Curve("stor", (1, 8, 64, 512, 4096)),
    Curve("retrlines-lambda", (100, 1000, 10_000, 100_000, 1_000_000, 10_000_000)),
    Curve("nlst", _ENTRIES),
    Curve("dir", _ENTRIES),
)
_UNITS = {"wall": "seconds", "cpu": "processor seconds", "memory": "KiB at most"}


def run(
    everyone: dict[str, Contestant], version: str, scratch: Path, least: bool
) -> Iterator[tuple[Curve, list[Result]]]:
    """Measures all curves: CPython's ftplib and this client in one Python, and the system calls."""
    known = {workload.key: workload for workload in WORKLOADS}
    for curve in CURVES:
        workload = replace(known[curve.key], field=(f"ftplib {version}", f"this {version}", "C"))
        sizes = curve.sizes[:2] if least else curve.sizes
        yield curve, [measure(workload, size, 1, everyone, scratch) for size in sizes]


def write(folder: Path, curve: Curve, results: list[Result]) -> str:
    """Writes a chart for each measure; returns the figures as a table."""
    workload = results[0].workload
    names = [name for name in results[0].runs if not any(r.runs[name].failure for r in results)]
    title = workload.title.replace("`", "")
    for measured in curve.measures:
        lines = {
            name: [(float(r.size), r.runs[name].median(measured)) for r in results]
            for name in names
        }
        there = {name: line for name, line in lines.items() if any(value > 0 for _, value in line)}
        drawn = chart.curves(f"{title}: {measured}", workload.unit, _UNITS[measured], there)
        (folder / f"curve-{curve.key}-{measured}.svg").write_text(drawn)
    table = [
        f"### Cost against size: {workload.title}",
        "",
        f"| {workload.unit} | " + " | ".join(names) + " |",
    ]
    table.append("|---" * (len(names) + 1) + "|")
    for result in results:
        cells = []
        for name in names:
            wall, cpu, memory = (
                result.runs[name].median(each) for each in ("wall", "cpu", "memory")
            )
            peak = f", {memory / 1024:.1f} MiB" if memory else ""
            cells.append(f"{wall:.4f} s, processor {cpu:.4f} s{peak}")
        table.append(f"| {result.size:,} | " + " | ".join(cells) + " |")
    table.append("")
    table += [f"![{measured}](curve-{curve.key}-{measured}.svg)" for measured in curve.measures]
    return "\n".join(table) + "\n"
