#!/usr/bin/env python3
"""What a run of the benchmarks found, as tables and charts; and into README.

    Tests/Benchmarks/report.py [FOLDER]      takes table and charts of FOLDER into README.md

FOLDER is what run.py wrote, Tests/Benchmarks/report if none is named.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import chart
from measuring import Result, Runs
from workload import IN_PYTHON, SAME_CALLS, Goal
from workloads import WORKLOADS

REPOSITORY = Path(__file__).resolve().parent.parent.parent
FOLDER = REPOSITORY / "Tests/Benchmarks/report"
SECOND = "again"
"""The folder of a second run of the same, in that of the first."""
BEGIN, END = "<!-- benchmarks: begin -->", "<!-- benchmarks: end -->"
EXPLANATION = """\
"goal" is what this client has set itself. "reached" is its own ratio in the first run, "again" in
a second one. "C program" is the ratio of a program that makes only the system calls: where that
misses the goal too, kernel or server make it impossible; where C in Python misses it, Python does.
Rows of "one processor" have client and server on the same one."""


def per_gibibyte(result: Result, cpu: float) -> str:
    amount = result.size * (4 if result.workload.operation == "threads" else 1)
    return f"{cpu * 1024 / amount:.2f}" if result.workload.unit == "MiB" else "-"


def extent(result: Result) -> str:
    where = ", one processor" if result.workload.one_processor else ""
    return f"{result.size:,} {result.workload.unit}{where}"


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
        f"{extent(result)}, {workload.server} {workload.mode}, {rounds} rounds,"
        f" load {result.load}, {result.date};"
        f" {'the operation alone' if workload.inside else 'whole processes'}",
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


@dataclass(frozen=True)
class Reached:
    """A goal of a workload, and the worse of what the Pythons reached."""

    goal: Goal
    who: str
    ratio: float
    other: str
    """The contestant whom the ratio is to."""

    @property
    def is_met(self) -> bool:
        return self.ratio <= self.goal.ratio


def worst(result: Result) -> dict[str, Reached]:
    """For each goal, by its words."""
    found: dict[str, Reached] = {}
    for who, said, goal, ratio, best, _ in verdicts(result):
        if said not in found or ratio > found[said].ratio:
            found[said] = Reached(goal, who, ratio, best)
    return found


def verdict(runs: Sequence[tuple[Result, Reached]], is_enough: bool) -> str:
    """Whether a goal is met in all runs; otherwise why not, by what programs had of the same."""
    missed = [(result, reached) for result, reached in runs if not reached.is_met]
    if not missed:
        return "met"
    if is_enough:
        return "one of these is enough"
    result, reached = missed[0]
    said = "missed" if len(missed) == len(runs) else "met in one run"
    programs = ("C", SAME_CALLS, result.named(IN_PYTHON, reached.who))
    asked = {program: result.floor(reached.goal, reached.other, program) for program in programs}
    floors = {program: floor for program, floor in asked.items() if floor is not None}
    blamed = next((each for each, floor in floors.items() if floor > reached.goal.ratio), None)
    if blamed:
        name = "the C program" if blamed == "C" else blamed
        said += f", by {name} too" if said == "missed" else f", missed by {name} in the other"
    for program in (each for each in floors if each != "C"):
        said += f"; {program} has {floors[program]:.2f}"
    reason = result.workload.reason if len(missed) == len(runs) or not blamed else ""
    return f"{said}: {reason}" if reason else said


def goals(results: Sequence[Result], second: Sequence[Result] = ()) -> list[list[str]]:
    """A row for each goal: the worse of the Pythons, what a second run found, and the C program."""
    repeated = {result.workload.key: result for result in second}
    rows = []
    for result in results:
        first = worst(result)
        other = repeated.get(result.workload.key)
        if other and other.workload.one_processor != result.workload.one_processor:
            other = None
        again = worst(other) if other else {}
        size = f", {extent(result)}"
        title = result.workload.title + (size if result.workload.unit != "imports" else "")
        is_enough = result.workload.one_is_enough and any(
            reached.is_met and (said not in again or again[said].is_met)
            for said, reached in first.items()
        )
        for said, reached in first.items():
            floor = result.floor(reached.goal, reached.other)
            cells = [title, said, f"{reached.ratio:.2f}"]
            if second:
                cells.append(f"{again[said].ratio:.2f}" if said in again else "-")
            cells.append("-" if floor is None else f"{floor:.2f}")
            runs = [(result, reached)]
            if other and said in again:
                runs.append((other, again[said]))
            rows.append([*cells, verdict(runs, is_enough)])
            title = ""
    return rows


def summary(results: Sequence[Result], second: Sequence[Result] = ()) -> str:
    """All goals in one table."""
    heading = ["workload", "goal", "reached", *(["again"] if second else []), "C program", ""]
    rows = [heading, ["---"] * len(heading), *goals(results, second)]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def tally(results: Sequence[Result], second: Sequence[Result]) -> str:
    """How many goals there are, and what became of them."""
    said = [cells[-1] for cells in goals(results, second)]
    met, once = said.count("met"), sum(each.startswith("met in one") for each in said)
    enough = said.count("one of these is enough")
    missed = len(said) - met - once - enough
    others = [f"{missed} missed", f"{enough} not needed"]
    if second:
        others.insert(0, f"{once} in one of two runs")
    return f"{len(said)} goals: {met} met, {', '.join(others)}"


def write(folder: Path, machine: Mapping[str, str], results: Sequence[Result]) -> None:
    """Writes results.json, report.md and summary.md; of a first run a chart for each workload."""
    folder.mkdir(parents=True, exist_ok=True)
    machine = {"date": " and ".join(sorted({result.date for result in results})), **machine}
    kept = {"machine": machine, "results": [result.plain() for result in results]}
    (folder / "results.json").write_text(json.dumps(kept, indent=1) + "\n")
    heading = "".join(f"- {name}: {value}\n" for name, value in machine.items())
    overview = summary(results, read_second(folder))
    (folder / "summary.md").write_text(overview)
    parts = ["# Benchmarks\n", heading, overview]
    for result in results:
        parts.append(table(result))
        if folder.name == SECOND:
            continue
        parts.append(f"![{result.workload.key}]({result.workload.key}.svg)\n")
        (folder / f"{result.workload.key}.svg").write_text(bars(result))
    (folder / "report.md").write_text("\n".join(parts))


def bars(result: Result) -> str:
    there = {name: runs for name, runs in result.runs.items() if runs.wall and not runs.failure}
    title = f"{result.workload.title.replace('`', '')}, {extent(result)}"
    return chart.bars(
        title, {name: (runs.wall, runs.median("cpu")) for name, runs in there.items()}
    )


def read(folder: Path) -> tuple[dict[str, str], list[Result]]:
    kept: dict[str, Any] = json.loads((folder / "results.json").read_text())
    known = {workload.key: workload for workload in WORKLOADS}
    results = [
        Result(
            replace(known[each["key"]], one_processor=each.get("one_processor", False)),
            each["size"],
            {n: Runs(**r) for n, r in each["runs"].items()},
            each["load"],
            each["date"],
        )
        for each in kept["results"]
    ]
    return kept["machine"], results


def read_second(folder: Path) -> list[Result]:
    """What a second run found; nothing where there was none."""
    return read(folder / SECOND)[1] if (folder / SECOND / "results.json").exists() else []


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
    second = read_second(folder)
    parts = [
        f"<details><summary>{tally(results, second)}. Table and charts</summary>",
        EXPLANATION,
        f"{said}.",
        summary(results, second).rstrip(),
        whole,
        f"<details><summary>A chart of each</summary>\n\n{charts}\n\n</details>",
        "</details>",
    ]
    text = "\n".join([BEGIN, "\n\n".join(parts), END])
    readme = REPOSITORY / "README.md"
    before, _, rest = readme.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    if not rest:
        raise SystemExit(f"README.md has no line {BEGIN}")
    readme.write_text(before + text + after)


if __name__ == "__main__":
    main()
