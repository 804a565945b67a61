"""Files and callbacks that mean harm, in transfers with real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY
from realservers import running


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", ["vsftpd", "pyftpdlib"])
def test_any_file_and_any_callback_are_survived(name: str, tmp_path: Path) -> None:
    """The right exception comes out, and the session is in step afterwards or at its end."""
    folder = Path(__file__).parent.parent
    with running(name) as server:
        address = (server.host, str(server.port), server.user, server.password)
        done = subprocess.run(
            [sys.executable, "-m", "badinput.transfers", *address],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{folder}"},
            capture_output=True,
            encoding="utf-8",
            timeout=280,
            check=False,
        )
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr[-3000:]}"
    wrong, counts = json.loads(done.stdout)
    print(f"{sum(counts.values())} transfers, {counts}")
    assert not wrong, "\n".join(wrong)
