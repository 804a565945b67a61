"""The short form of Tests/Faults/transfers.py: faults at random points, on every server."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import TESTS


@pytest.mark.timeout(400)
def test_transfers_finish_whatever_happens() -> None:
    """Server killed, stopped, restarted; link cut, stalled, slowed; plain and over TLS."""
    command = [sys.executable, str(TESTS / "Faults/transfers.py"), "--count", "48", "--jobs", "2"]
    done = subprocess.run(command, env=os.environ, capture_output=True, text=True, timeout=380)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "48 transfers" in done.stdout
    assert "error " not in done.stdout, done.stdout
