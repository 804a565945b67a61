"""`examples/SwiftHost`: a package of its own is built, and runs a documented sample."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import EXAMPLES, Directory, Server

FIRMWARE = bytes(range(256)) * 400
PACKAGE = EXAMPLES / "SwiftHost"


@pytest.fixture(scope="module")
def program() -> Path:
    """The example's program, built."""
    scratch = os.environ.get("SWIFT_HOST_BUILD", str(PACKAGE / ".build"))
    build = [
        "swift",
        "build",
        "-c",
        "release",
        "--package-path",
        str(PACKAGE),
        "--scratch-path",
        scratch,
    ]
    subprocess.run(build, check=True)
    return Path(scratch) / "release/SwiftHost"


@pytest.fixture
def home(vsftpd: Server) -> Iterator[Directory]:
    home = Directory(vsftpd, "/home/ftpuser")
    home.local.mkdir(parents=True, exist_ok=True)  # the README's example has used it, or has not
    vsftpd.adopt(vsftpd.root)
    home.put("ftp_file.bin", FIRMWARE)
    yield home
    home.remove()


def run(
    program: Path, script: Path, folder: Path, server: Server
) -> subprocess.CompletedProcess[str]:
    words = [str(program), str(script), str(folder), server.host, str(server.port)]
    words += [server.user, server.password]
    return subprocess.run(words, capture_output=True, text=True, timeout=50, check=False)


@pytest.mark.timeout(600)
@pytest.mark.usefixtures("home")
def test_sample(program: Path, vsftpd: Server, tmp_path: Path) -> None:
    done = run(program, PACKAGE / "sample.py", tmp_path, vsftpd)
    assert done.stdout.splitlines()[1:] == [
        f"script: downloaded {len(FIRMWARE)} bytes",
        "result: true",
    ]
    assert done.stdout.startswith("script: connected: 220 ")
    assert done.returncode == 0
    assert (tmp_path / "usr/ftp_file.bin").read_bytes() == FIRMWARE


@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n"),
        ("raise SystemExit(3)", "it left with 3\n"),
        ("x = 'x' * (64 << 20)", "MemoryError\n"),
    ],
)
def test_failures(program: Path, vsftpd: Server, tmp_path: Path, source: str, said: str) -> None:
    script = tmp_path / "job.py"
    script.write_text(source + "\n")
    done = run(program, script, tmp_path, vsftpd)
    assert done.stdout.endswith(said)
    assert done.returncode == 1
