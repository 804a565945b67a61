#!/usr/bin/env python3
"""All benchmarks, or some: Tests/Benchmarks/run.py [--quick | --least] [--curves]

Builds nothing of the client: Tests/run.sh build does that, and installs the servers with
Tests/Servers/install.sh. The contestants' packages are installed and the C program is built here.
Wants to be root, for vsftpd and for a network of its own. Nothing else should run on the machine.
The whole takes about 50 minutes; --quick less than three; --least only shows that all of it works.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import tempfile
import time
from pathlib import Path

import curves
import network
from contestants import build, everybody, install, versions
from measuring import Result, measure
from report import FOLDER, SECOND, read, summary, table, write
from workload import Workload
from workloads import WORKLOADS


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    sizes = parser.add_mutually_exclusive_group()
    sizes.add_argument("--quick", action="store_true", help="small sizes, 3 rounds")
    sizes.add_argument(
        "--least", action="store_true", help="the smallest sizes, once, nothing of PyPI"
    )
    parser.add_argument(
        "--only",
        default="",
        help="these workloads, the other rows stay; with commas: "
        + ", ".join(w.key for w in WORKLOADS),
    )
    parser.add_argument("--curves", action="store_true", help="cost against size as well")
    parser.add_argument(
        "--rounds", type=int, help="instead of a workload's own (5 to 31; quick: 3, least: 1)"
    )
    parser.add_argument("--again", action="store_true", help="a second run, beside the first")
    parser.add_argument("--into", type=Path, default=FOLDER, metavar="FOLDER")
    return parser.parse_args()


def machine(where: str) -> dict[str, str]:
    """What the figures depend on."""
    told = {
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "kernel": f"Linux {platform.release().partition('-')[0]}",
        "network": where,
        "Pythons": ", ".join(f"{version}" for version, _ in versions()),
    }
    for program, argument in (("curl", "--version"), ("lftp", "--version")):
        try:
            said = subprocess.run(
                [program, argument], capture_output=True, text=True
            ).stdout.splitlines()
        except FileNotFoundError:
            continue
        found = [
            word
            for line in said[:1]
            for word in line.replace("|", " ").split()
            if word[:1].isdigit()
        ]
        told[program] = found[0] if found else "?"
    return told


def chosen(only: str) -> list[Workload]:
    wanted = [key for key in only.split(",") if key]
    unknown = set(wanted) - {workload.key for workload in WORKLOADS}
    if unknown:
        raise SystemExit(f"there is no workload {', '.join(sorted(unknown))}")
    return [workload for workload in WORKLOADS if not wanted or workload.key in wanted]


def other_rows(asked: argparse.Namespace, into: Path) -> list[Result]:
    """What an earlier run found, for the workloads that are not measured again."""
    whole = not (asked.quick or asked.least)
    there = asked.only and whole and (into / "results.json").exists()
    return read(into)[1] if there else []


def main() -> None:
    asked = options()
    into = asked.into / SECOND if asked.again else asked.into
    build()
    # While PyPI can still be reached.
    everyone = everybody(None if asked.least else install())
    network.enter()
    told = machine(network.prepare())
    results: list[Result] = []
    earlier = other_rows(asked, into)
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="benchmarks-", dir=parent) as scratch:
        Path(scratch).chmod(0o755)
        for workload in chosen(asked.only):
            size = (
                workload.quick if asked.quick else workload.least if asked.least else workload.size
            )
            few = 3 if asked.quick else 1
            usual = min(few, workload.rounds) if asked.quick or asked.least else workload.rounds
            result = measure(workload, size, asked.rounds or usual, everyone, Path(scratch))
            results.append(result)
            print(table(result), flush=True)
            everything = {each.workload.key: each for each in [*earlier, *results]}
            write(into, told, [everything[w.key] for w in WORKLOADS if w.key in everything])
        if asked.curves or asked.least:
            parts = []
            for curve, series in curves.run(everyone, versions()[0][0], Path(scratch), asked.least):
                parts.append(curves.write(into, curve, series))
                print(parts[-1], flush=True)
            (into / "curves.md").write_text("# Cost against size\n\n" + "\n".join(parts))
    if not asked.least:
        print(summary(results))
    print(f"{time.monotonic() - start:.0f} s; written into {into}")
    failed = 0
    for result in results:
        for name, runs in result.runs.items():
            if runs.failure:
                print(f"{result.workload.key}: {name} failed: {runs.failure}")
                failed += name.split()[0] in ("this", "C")
    if failed:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
