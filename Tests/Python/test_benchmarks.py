"""The benchmarks still run, all at their smallest. What they measure is not looked at here."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import REPOSITORY

BENCHMARKS = REPOSITORY / "Tests/Benchmarks"


@pytest.mark.timeout(600)
def test_all_workloads_run(tmp_path: Path) -> None:
    servers = importlib.import_module("servers")
    for name in ("vsftpd", "proftpd"):
        try:
            servers.check(name)
        except servers.NeedsRootError as reason:
            pytest.skip(str(reason))
    command = [sys.executable, str(BENCHMARKS / "run.py"), "--least", "--into", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    kept = json.loads((tmp_path / "results.json").read_text())
    charts = {path.stem for path in tmp_path.glob("*.svg")}
    assert len(kept["results"]) > 20
    for result in kept["results"]:
        assert result["key"] in charts
        ours = {name: runs for name, runs in result["runs"].items() if name.startswith("this")}
        assert ours
        assert all(len(runs["wall"]) == 1 for runs in ours.values())
    report = (tmp_path / "report.md").read_text()
    assert all(f"({result['key']}.svg)" in report for result in kept["results"])
    assert "Cost against size" in (tmp_path / "curves.md").read_text()
