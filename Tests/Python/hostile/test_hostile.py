"""Every row of the table, by the documented and the low-level calls of what was built: drive.py.

Inside ftpy, and line by line, a sample of them; `Tests/run.sh hostile` has all of them everywhere.
"""

from __future__ import annotations

import os

import pytest
from conftest import FTPY, PYTHON3, REPOSITORY, TESTS, Interpreter
from hostile import advisory_rows, table
from scripted_tls import certificates


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("interpreter", "options"),
    [
        (PYTHON3, ("--client", "documented", "--client", "low")),
        (PYTHON3, ("--client", "lines", "--every", "5")),
        (FTPY, ("--every", "11")),
    ],
    ids=["python3", "by line", "ftpy"],
)
def test_every_hostile_server_is_survived(
    interpreter: Interpreter, options: tuple[str, ...]
) -> None:
    """No other outcome than the row's, no wait past its deadline, no memory without bounds."""
    if not (certificates() / "complete").exists():
        pytest.fail("no certificates: run Tests/Servers/install.sh")
    folders = (REPOSITORY, TESTS / "Python", TESTS / "Servers")
    environment = {
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "FTP_SERVERS_HOME": str(certificates().parent),
    }
    done = interpreter.run(
        "-m", "hostile.drive", *options, environment=environment, timeout=290, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    print(done.stdout)


def test_the_table_holds_what_it_must() -> None:
    """No two rows have one name, and every advisory that concerns a client is named by a row."""
    names = [(row.source, row.name, row.call) for row in table.ROWS]
    assert len(set(names)) == len(names)
    sources = ", ".join(row.source for row in table.ROWS)
    missing = [name for name in advisory_rows.ADVISORIES if name not in sources]
    assert missing == []
