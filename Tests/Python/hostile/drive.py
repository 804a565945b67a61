"""Tries every row of the table with the built module.

    python3 -m hostile.drive [--only PATTERN] [--client NAME]... [--every N] [--verbose]

Needs Tests/Python, Tests/Servers and the repository in PYTHONPATH; `Tests/run.sh hostile` sees to
that. Writes a line for each thing that went wrong, then the counts, the longest wait and its
deadline, and the most memory that a server without an end has cost. The exit status is 0 when
nothing went wrong. ftpy runs it as python3 does. The clients are the documented calls, the
low-level ones, and the documented ones where a subclass has a `getline` of its own: a reply is then
put together line by line, as with debug level 2.
"""

from __future__ import annotations

import argparse
import re
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from hostile.case import CLIENTS, KINDS, Case
from hostile.door import Door, Server

WORKERS = 24
"""Cases at a time: most of them wait."""


def peak() -> int:
    """The most memory that this process has had since `forget_peak`, in bytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) << 10


def forget_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def measured(case: Case, door: Door) -> None:
    """Runs a case alone in the process, and measures what memory it takes."""
    with suppress(OSError):
        forget_peak()
    before = peak()
    case.run(door)
    case.memory = max(0, peak() - before)
    case.judge_memory()


def work(cases: SimpleQueue[Case], port: int) -> None:
    with Door(port) as door, suppress(Empty):
        while True:
            cases.get_nowait().run(door)


def run(cases: Sequence[Case], port: int) -> None:
    # First of all, while the process has no memory that it could use again.
    with Door(port) as door:
        for case in cases:
            if case.row.is_endless:
                measured(case, door)
    queue: SimpleQueue[Case] = SimpleQueue()
    # The slow ones first.
    for case in sorted(cases, key=lambda case: -case.row.deadline):
        if not case.row.is_endless:
            queue.put(case)
    threads = [threading.Thread(target=work, args=(queue, port)) for _ in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument(
        "--only", default="", help="rows in whose source, name or call this is found"
    )
    parser.add_argument("--client", action="append", choices=CLIENTS, help="one alone, or some")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="a sample: each Nth case")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    begin = time.monotonic()
    with Server() as server:
        cases = [
            Case(row, client)
            for row in server.rows()
            for client in options.client or CLIENTS
            if re.search(options.only, f"{row.source}: {row.name} [{row.call}, {client}]")
            and row.wanted[client][0] != "-"
        ][:: options.every]
        run(cases, server.port)
    for case in cases:
        if options.verbose:
            print(f"{case}: {case.outcome}, {case.after}, {case.time}")
        for problem in case.problems:
            print(f"WRONG {case}: {problem}")
    report(cases, time.monotonic() - begin)
    return int(any(case.problems for case in cases))


def counts(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {count}" for word, count in Counter(words).most_common())


def kind(outcome: str) -> str:
    if outcome.startswith("reply "):
        return "refusal"
    return outcome if outcome in KINDS else "right result"


def report(cases: Sequence[Case], seconds: float) -> None:
    wrong = sum(1 for case in cases if case.problems)
    program = Path(sys.executable).name
    print(f"hostile servers: {len(cases)} cases in {program}, {wrong} wrong, {seconds:.0f} s")
    print(f"outcomes: {counts(kind(case.outcome) for case in cases)}")
    print(f"afterwards: {counts(case.after for case in cases)}")
    if cases:
        longest = max(cases, key=lambda case: case.waited / case.row.deadline)
        print(f"longest wait and its deadline: {longest.time}: {longest}")
    endless = [case for case in cases if case.row.is_endless]
    for words, ones in (
        ("servers without an end", [case for case in endless if not case.is_whole_listing]),
        ("listing without an end", [case for case in endless if case.is_whole_listing]),
    ):
        if ones:
            most = max(ones, key=lambda case: case.memory)
            print(f"most memory, {len(ones)} {words}: {most.memory >> 10} KiB: {most}")


if __name__ == "__main__":
    sys.exit(main())
