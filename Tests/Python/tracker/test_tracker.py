"""Each row of the table: the standard library's module fails as it says, and ours passes."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from tracker.row import OURS, STANDARD, Row
from tracker.rows import ROWS

pytestmark = pytest.mark.skipif(
    Path(sys.executable).name == "ftpy", reason="the scripts run in python3 in any case"
)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_row(row: Row) -> None:
    if not row.is_there():
        pytest.skip(f"FTP has no {row.needs} here")
    ours = row.run(OURS)
    assert ours.passed, ours.errors
    theirs = row.run(STANDARD)
    if theirs.passed:
        assert row.is_fixed(), "the standard library's passes as well"
    else:
        assert re.search(row.symptom, theirs.last), theirs.errors


def test_the_two_are_two() -> None:
    source = "import ftplib; print(ftplib.__file__, hasattr(ftplib, '__version__'))"
    assert STANDARD.run("-c", source).stdout.rstrip().endswith("ftplib.py False")
    assert OURS.run("-c", source).stdout.rstrip().endswith("__init__.abi3.so True")
