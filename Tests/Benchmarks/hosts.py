#!/usr/bin/env python3
"""What a Swift program pays for a script's call of its function, and for a call into the script.

    python3 Tests/Benchmarks/hosts.py [ROUNDS]

Builds the tests' program HostProbe and lets it measure, in turn with Python's own calls in the same
process. Prints medians in nanoseconds, with the least and the most, as a table. For comparison:
PyO3's own benchmarks are of the order of 100 ns for a call.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ["swift", "build", "-c", "release", "--product", "HostProbe", "--package-path", str(ROOT)]


def measure(rounds: int) -> dict[str, list[float]]:
    subprocess.run(BUILD, check=True, stdout=subprocess.DEVNULL)
    figures: dict[str, list[float]] = {}
    for _ in range(rounds):
        command = [str(ROOT / ".build/release/HostProbe"), "speed"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        for line in said.splitlines():
            name, _, value = line.rpartition(": ")
            figures.setdefault(name, []).append(float(value))
    return figures


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    print("| call | ns (min-max) |\n|---|---|")
    for name, values in measure(rounds).items():
        print(f"| {name} | {statistics.median(values):.0f} ({min(values):.0f}-{max(values):.0f}) |")


if __name__ == "__main__":
    main()
