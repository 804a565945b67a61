"""How long importing FTP from `usr.ftplib` takes, beside `ftplib` of the standard library.

    Tests/Benchmarks/imports.py [--rounds N]

Each import is timed in a process of its own, the two in turn; what counts is the ratio of medians
within this one run, for every Python from 3.11 on that is here. Build first (Tests/run.sh build).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path.append(str(REPOSITORY / "Tests/Python"))

import pythons  # noqa: E402

MODULES = ("ftplib", "usr.ftplib")
TIMED = """
import time
start = time.perf_counter()
from {} import FTP
print(time.perf_counter() - start)
"""


def milliseconds(program: Path, module: str) -> float:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    command = [str(program), "-c", TIMED.format(module)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=21)
    rounds = parser.parse_args().rounds

    print("| Python | standard library ms | this ms | ratio |")
    print("|---|---|---|---|")
    for python in pythons.able():
        times: dict[str, list[float]] = {module: [] for module in MODULES}
        for _ in range(rounds):
            for module in MODULES:
                times[module].append(milliseconds(python.program, module))
        theirs, ours = (statistics.median(times[module]) for module in MODULES)
        version = ".".join(map(str, python.version))
        print(f"| {version} | {theirs:.1f} | {ours:.1f} | {ours / theirs:.2f} |")


if __name__ == "__main__":
    main()
