"""CPython's own tests, unmodified: with the standard library's ftplib, and with ours in its place.

suites.py PACKAGES FTPY

runs them under every Python from 3.11 on that has its `test` package, once as it is and once with
the folder PACKAGES before the standard library, and inside the program FTPY. None may fail, and
what ran and what was skipped must be the same with ours as with the standard library's.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from pythons import able, asked

SUITES = ["test_ftplib", "test_urllib", "test_urllib2"]
TIMEOUT = 300
"""Seconds for a run. It takes 12, most of which it sleeps: all the runs go side by side."""

PROGRAM = """
import atexit, ftplib, runpy, sys

def report(module=ftplib, file=sys.argv.pop(1)):
    kept = sys.modules["ftplib"] is module
    with open(file, "w") as report:
        report.write(module.__spec__.origin if kept else "another one at the end")

atexit.register(report)
runpy.run_module("test", run_name="__main__", alter_sys=True)
"""
"""`-m test`, and at the end a word on where the ftplib was that it used."""


@dataclass(frozen=True)
class Results:
    """A run: the name and the outcome of each test, where ftplib was, and what went wrong."""

    outcomes: Counter[tuple[str, str]]
    origin: str = ""
    total: str = ""
    """What Python says of the number of tests: from 3.12 on."""
    log: str = ""

    def of(self, suite: str) -> str:
        """The number of tests, as in '96, 1 skipped'."""
        tests = [result for result in self.outcomes.elements() if f"test.{suite}." in result[0]]
        rest = Counter(outcome for _, outcome in tests if outcome != "passed")
        return ", ".join([str(len(tests)), *(f"{rest[outcome]} {outcome}" for outcome in rest)])


def run(program: Path, packages: Path | None = None) -> Results:
    """Runs the suites in a folder of their own; no PYTHON... variable of ours reaches them."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    if packages:
        environment["PYTHONPATH"] = str(packages)
    with tempfile.TemporaryDirectory(prefix="cpython-tests-") as folder:
        results, origin = Path(folder, "results.xml"), Path(folder, "origin")
        options = [str(origin), "-u", "none", "--junit-xml", str(results)]
        try:
            done = subprocess.run(
                [program, "-c", PROGRAM, *options, *SUITES],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                errors="backslashreplace",
                timeout=TIMEOUT,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            return Results(Counter(), log=f"{error}\n{error.output}")
        log = f"exit status {done.returncode}\n{done.stdout}" if done.returncode else ""
        if not results.exists() or not origin.exists():
            return Results(Counter(), log=log or f"no results\n{done.stdout}")
        tests = list(ElementTree.parse(results).iter("testcase"))
        for test in tests:
            log += "".join(f"\n{test.get('name')}: {text}" for text in failures(test))
        outcomes = Counter((test.get("name", "?"), outcome(test)) for test in tests)
        total = "".join(re.findall(r"^Total tests: .*", done.stdout, re.MULTILINE))
        return Results(outcomes, origin.read_text(), total, log)


def outcome(test: ElementTree.Element) -> str:
    if test.find("skipped") is not None:
        return "skipped"
    # A test without a name is one whose subtests failed.
    return "failed" if list(failures(test)) or not test.get("name") else "passed"


def failures(test: ElementTree.Element) -> Iterator[str]:
    """The tracebacks of a test."""
    for kind in ("error", "failure"):
        yield from (child.text or "without a traceback" for child in test.iter(kind))


@dataclass(frozen=True)
class Comparison:
    """Two runs of a Python: with the standard library's ftplib, and with ours, which is `home`."""

    python: str
    theirs: Results
    ours: Results
    home: str

    def faults(self) -> Iterator[str]:
        """What must not be."""
        if Path(self.theirs.origin).name != "ftplib.py":
            yield f"not the standard library's ftplib, but {self.theirs.origin or 'none'}"
        if self.ours.origin != self.home:
            yield f"not our ftplib, {self.home}, but {self.ours.origin or 'none'}"
        if self.ours.total != self.theirs.total:
            yield f"{self.theirs.total} with the standard library's, {self.ours.total} with ours"
        for side, more, less in (
            ("the standard library's", self.theirs, self.ours),
            ("ours", self.ours, self.theirs),
        ):
            if more.log:
                yield f"with {side}: {more.log}"
            for name, outcome in (more.outcomes - less.outcomes).elements():
                yield f"only with {side}: {name} {outcome}"


def compare(packages: Path, ftpy: Path) -> list[Comparison]:
    tested = [python for python in able() if has_tests(python.program)]
    with ThreadPoolExecutor(2 * len(tested) + 1) as pool:
        theirs = {python: pool.submit(run, python.program) for python in tested}
        ours = {python: pool.submit(run, python.program, packages) for python in tested}
        inside = pool.submit(run, ftpy)
    extension = str(packages / "ftplib/__init__.abi3.so")
    comparisons = [
        Comparison(str(python), theirs[python].result(), ours[python].result(), extension)
        for python in tested
    ]
    # ftpy has the standard library, tests included, of the Python that it is linked with.
    (host,) = asked([ftpy])
    same = next(python for python in tested if python.version == host.version)
    return [*comparisons, Comparison("ftpy", theirs[same].result(), inside.result(), "built-in")]


def has_tests(program: Path) -> bool:
    """Distributions leave the `test` package out, or make it a package of their own."""
    return subprocess.run([program, "-c", "import test.test_ftplib"], check=False).returncode == 0


def main(packages: Path, ftpy: Path) -> int:
    comparisons = compare(packages, ftpy)
    row = f"{{:{max(len(each.python) for each in comparisons)}}}  {{:6}}" + "  {:16}" * len(SUITES)
    print(row.format("", "ftplib", *SUITES))
    for each in comparisons:
        print(row.format(each.python, "theirs", *map(each.theirs.of, SUITES)))
        print(row.format("", "ours", *map(each.ours.of, SUITES)))
    faults = [f"{each.python}: {fault}" for each in comparisons for fault in each.faults()]
    for fault in faults:
        print(f"\n{fault}")
    ran = (outcome for each in comparisons for _, outcome in each.ours.outcomes.elements())
    print(f"\n{Counter(ran)['passed']} passed, {len(faults)} failed")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()))
