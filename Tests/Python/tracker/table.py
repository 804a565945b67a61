"""Prints the table as Markdown: python3 Tests/Python/tracker/table.py

PYTHON3 names the Python whose own module stands in the table, by default /usr/bin/python3.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent)]

from conftest import PYTHON3  # noqa: E402
from tracker.row import OURS, STANDARD, Outcome, Row  # noqa: E402
from tracker.rows import ROWS  # noqa: E402

WIDTH = 76
"""Characters of a symptom: what follows is mostly addresses."""


def cell(outcome: Outcome) -> str:
    if outcome.passed:
        return "ok"
    text = outcome.last.strip().replace("|", "\\|").replace("<", "&lt;")
    return text if len(text) <= WIDTH else text[:WIDTH].rstrip() + " …"


def line(row: Row) -> str:
    if not row.is_there():
        return f"| {row.number} | {row.title} | | not here yet |"
    return f"| {row.number} | {row.title} | {cell(row.run(STANDARD))} | {cell(row.run(OURS))} |"


def main() -> None:
    version = PYTHON3.run("-c", "import platform; print(platform.python_version())").stdout.strip()
    print(f"| CPython's tracker | what | `ftplib` of CPython {version} | this one |")
    print("|---|---|---|---|")
    for row in ROWS:
        print(line(row), flush=True)


if __name__ == "__main__":
    main()
