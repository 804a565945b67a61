"""The README's examples run, and print what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from conftest import REPOSITORY, TESTS, run_script

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Interpreter, Server

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
DEMO_FILES = ("FTP-TEST", "ftp_file.bin", "ftp_file.txt", "system_config.json")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_the_first_look_prints_what_the_readme_says(
    vsftpd: Server, interpreter: Interpreter, tmp_path: Path
) -> None:
    home = vsftpd.root / "home/ftpuser"
    home.mkdir(parents=True, exist_ok=True)
    for name in DEMO_FILES:
        (home / name).write_bytes(name.encode())
    vsftpd.adopt(vsftpd.root)
    (tmp_path / "usr").mkdir()
    (script,) = blocks("python")
    (expected,) = blocks("text")
    assert "port=2121" in script

    done = run_script(script.replace("2121", str(vsftpd.port)), tmp_path, interpreter)

    assert done.stdout == expected
    assert (tmp_path / "usr/firmware.bin").read_bytes() == b"ftp_file.bin"


@pytest.mark.parametrize(
    ("index", "module", "file"),
    [
        (0, "FTPClient", "FTPClientTests/ReadmeExample.swift"),
        (1, "ScriptRuntime", "HostProbe/ReadmeExample.swift"),
    ],
)
def test_the_swift_examples_are_compiled_and_run_by_the_swift_tests(
    index: int, module: str, file: str
) -> None:
    body = blocks("swift")[index].partition(f"import {module}\n\n")[2]
    assert body
    assert body in (TESTS / file).read_text(encoding="utf-8")
