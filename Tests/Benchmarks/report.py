#!/usr/bin/env python3
"""What a run of the benchmarks found, as tables and charts; and into README.

    Tests/Benchmarks/report.py [FOLDER]      takes table and charts of FOLDER into README.md

FOLDER is what run.py wrote, Tests/Benchmarks/report if none is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chart
from measuring import Result, Runs
from workload import SAME_CALLS, Goal
from workloads import WORKLOADS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
FOLDER = REPOSITORY / "Tests/Benchmarks/report"
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"


def per_gibibyte(result: Result, cpu: float) -> str:
    amount = result.size * (4 if result.workload.operation == "threads" else 1)
    return f"{cpu * 1024 / amount:.2f}" if result.workload.unit == "MiB" else "-"


def words(goal: Goal) -> str:
    extra = f" + {goal.extra / 1024:.0f} MiB" if goal.extra else ""
    return f"{goal.measure} ≤ {goal.ratio:g} of {' and '.join(goal.others)}{extra}"


def verdicts(result: Result) -> list[tuple[str, str, Goal, float, str, bool]]:
    """For each goal and each of our Pythons: who, the ratio and to whom, whether it is met."""
    found = []
    for who in result.runs:
        if not who.startswith("this") or who == "this ftpy":
            continue
        for goal in result.workload.goals:
            reached = result.ratio(who, goal)
            if reached:
                ratio, best = reached
                found.append((who, words(goal), goal, ratio, best, ratio <= goal.ratio))
    return found


def table(result: Result) -> str:
    """One workload: everybody's medians with their spread, and what became of the goals."""
    workload = result.workload
    rounds = max(len(runs.wall) for runs in result.runs.values())
    lines = [
        f"### {workload.title}",
        "",
        f"{result.size:,} {workload.unit}, {workload.server} {workload.mode}, {rounds} rounds,"
        f" load {result.load}; {'the operation alone' if workload.inside else 'whole processes'}",
        "",
        "| client | wall s | min-max | processor s | min-max | processor s/GiB | peak MiB |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, runs in result.runs.items():
        if runs.failure or not runs.wall:
            lines.append(f"| {name} | failed: {runs.failure} | | | | | |")
            continue
        wall, cpu, memory = (result.value(name, measure) for measure in ("wall", "cpu", "memory"))
        spreads = [f"{min(values):.3f}-{max(values):.3f}" for values in (runs.wall, runs.cpu)]
        peak = f"{memory / 1024:.1f}" if memory else "-"
        cells = (
            f"{wall:.3f}",
            spreads[0],
            f"{cpu:.3f}",
            spreads[1],
            per_gibibyte(result, cpu),
            peak,
        )
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines.append("")
    for who, said, _, ratio, best, met in verdicts(result):
        lines.append(f"- {'met' if met else '**missed**'}: {who}: {said}: {ratio:.2f} ({best})")
    return "\n".join(lines) + "\n"


def summary(results: Sequence[Result]) -> str:
    """All goals in one table, a row each: the worse of the Pythons, and the C program beside it."""
    lines = ["| workload | goal | reached | C program | |", "|---|---|---|---|---|"]
    for result in results:
        worst: dict[str, tuple[float, str, Goal]] = {}
        for _, said, goal, ratio, best, _ in verdicts(result):
            if said not in worst or ratio > worst[said][0]:
                worst[said] = (ratio, best, goal)
        size = f", {result.size:,} {result.workload.unit}"
        title = result.workload.title + (size if result.workload.unit != "imports" else "")
        met = {said for said, (ratio, _, goal) in worst.items() if ratio <= goal.ratio}
        for said, (ratio, best, goal) in worst.items():
            floor = result.floor(goal, best) if goal.measure != "memory" else None
            verdict = "met" if said in met else "missed"
            if said not in met and met and result.workload.one_is_enough:
                verdict = "one of these is enough"
            elif said not in met:
                if floor is not None and floor > goal.ratio:
                    verdict += ", by the C program too"
                same = result.floor(goal, best, SAME_CALLS)
                if same is not None:
                    verdict += f"; the C program with the same calls has {same:.2f}"
                if result.workload.reason:
                    verdict += f": {result.workload.reason}"
            limit = "-" if floor is None else f"{floor:.2f}"
            lines.append(f"| {title} | {said} | {ratio:.2f} | {limit} | {verdict} |")
            title = ""
    return "\n".join(lines) + "\n"


def write(folder: Path, machine: Mapping[str, str], results: Sequence[Result]) -> None:
    """Writes results.json, report.md, summary.md and a chart for each workload."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {"machine": dict(machine), "results": [result.plain() for result in results]}
    (folder / "results.json").write_text(json.dumps(kept, indent=1) + "\n")
    heading = "".join(f"- {name}: {value}\n" for name, value in machine.items())
    overview = summary(results)
    (folder / "summary.md").write_text(overview)
    parts = ["# Benchmarks\n", heading, overview]
    for result in results:
        parts.append(table(result) + f"\n![{result.workload.key}]({result.workload.key}.svg)\n")
        (folder / f"{result.workload.key}.svg").write_text(bars(result))
    (folder / "report.md").write_text("\n".join(parts))


def bars(result: Result) -> str:
    there = {name: runs for name, runs in result.runs.items() if runs.wall and not runs.failure}
    title = f"{result.workload.title.replace('`', '')}, {result.size:,} {result.workload.unit}"
    return chart.bars(
        title, {name: (runs.wall, runs.median("cpu")) for name, runs in there.items()}
    )


def read(folder: Path) -> tuple[dict[str, str], list[Result]]:
    kept: dict[str, Any] = json.loads((folder / "results.json").read_text())
    known = {workload.key: workload for workload in WORKLOADS}
    results = [
        Result(
            known[each["key"]],
            each["size"],
            {n: Runs(**r) for n, r in each["runs"].items()},
            each["load"],
        )
        for each in kept["results"]
    ]
    return kept["machine"], results


def main() -> None:
    folder = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else FOLDER
    machine, results = read(folder)
    place = folder.relative_to(REPOSITORY)
    said = "; ".join(f"{name} {value}" for name, value in machine.items())
    charts = "\n".join(
        f"![{each.workload.key}]({place}/{each.workload.key}.svg)" for each in results
    )
    whole = f"Every figure, with its spread: [{place}/report.md]({place}/report.md)."
    if (folder / "curves.md").exists():
        whole += f" Cost against size: [{place}/curves.md]({place}/curves.md)."
    folded = f"<details><summary>A chart of each</summary>\n\n{charts}\n\n</details>"
    text = f"{BEGIN}\n{said}.\n\n{summary(results)}\n{whole}\n\n{folded}\n{END}"
    readme = REPOSITORY / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest:
        raise SystemExit(f"README.md has no line {BEGIN}")
    readme.write_text(before + text + after)


if __name__ == "__main__":
    main()
