"""`progress_bar()`: a meter on a terminal, lines otherwise; and what others draw."""

from __future__ import annotations

import gc
import io
import re
from collections import namedtuple
from pathlib import Path
from types import ModuleType

import pexpect
import pytest
from conftest import EXAMPLES, REPOSITORY, Directory, Interpreter, Server

Progress = namedtuple("Progress", "name done total rate attempt")
SIZE = r"[\d.]+ (?:B|KiB|MiB|GiB)"


def progress(name: object, done: int, total: int | None, attempt: int = 1) -> Progress:
    return Progress(name, done, total, 0.0, attempt)


def test_lines_where_there_is_no_terminal(client: ModuleType) -> None:
    output = io.StringIO()
    bar = client.progress_bar(output)
    bar(progress("f.bin", 0, 2048))
    bar(progress("f.bin", 1024, 2048))
    bar(progress("f.bin", 2048, 2048))
    bar(progress("f.bin", 2048, 2048))
    first, last = output.getvalue().splitlines()
    assert first == "f.bin: transfer of 2.0 KiB"
    assert re.fullmatch(rf"f\.bin: 2\.0 KiB in 0:00, {SIZE}/s", last)


def test_an_attempt_after_the_first_is_told(client: ModuleType) -> None:
    output = io.StringIO()
    bar = client.progress_bar(output)
    bar(progress("f", 0, 2048))
    bar(progress("f", 1024, 2048, attempt=2))
    assert output.getvalue().splitlines()[1].endswith(", attempt 2")


def test_what_does_not_end_is_shown_as_failed(client: ModuleType) -> None:
    output = io.StringIO()
    bar = client.progress_bar(output)
    bar(progress("f", 512, None))
    del bar
    gc.collect()
    assert output.getvalue().splitlines() == ["f: transfer", "f: failed after 512 B"]


def test_several_at_a_time_and_an_empty_file(client: ModuleType) -> None:
    output = io.StringIO()
    bar = client.progress_bar(output)
    bar(progress("a", 0, 10))
    bar(progress("b", 0, 20))
    bar(progress("a", 10, 10))
    bar(progress("b", 20, 20))
    bar(progress("empty", 0, 0))
    ends = [line.partition(" in ")[0] for line in output.getvalue().splitlines() if " in " in line]
    assert ends == ["a: 10 B", "b: 20 B", "empty: 0 B"]


def test_names_are_shown_whatever_they_are(client: ModuleType) -> None:
    output = io.StringIO()
    bar = client.progress_bar(output)
    for name in ("a\x1b[2J", b"caf\xe9", "\udce9"):
        bar(progress(name, 0, 0))
    names = [line.rpartition(":")[0] for line in output.getvalue().splitlines()[::2]]
    assert names == ["a?[2J", "caf\ufffd", "?"]


def test_a_file_that_cannot_be_written_is_passed_over(client: ModuleType) -> None:
    output = io.StringIO()
    bar = client.progress_bar(output)
    output.close()
    bar(progress("f", 0, 1))
    bar(progress("f", 1, 1))


@pytest.mark.parametrize("total", [0, 1, 10, 2**64 - 1, 10**300, None])
def test_numbers_may_be_of_any_size(interpreter: Interpreter, total: int | None) -> None:
    """In a process of its own, on a terminal, which shows percents."""
    code = f"""
import collections, os, pty, sys, time
sys.path.insert(0, {str(REPOSITORY)!r})
from usr.ftplib import progress_bar
bar = progress_bar(os.fdopen(pty.openpty()[1], "w"))
Progress = collections.namedtuple("Progress", "name done total rate attempt")
for done in (0, 5, 2**62, 2**64 - 1, 10**18, 10**300, -(10**300), float("nan"), float("inf")):
    bar(Progress("f", done, {total!r}, 0.0, 1))
    time.sleep(0.15)
"""
    interpreter.run("-c", code)


def test_what_is_no_progress_is_refused(client: ModuleType) -> None:
    bar = client.progress_bar(io.StringIO())
    with pytest.raises(AttributeError):
        bar(object())
    with pytest.raises(TypeError):
        bar()
    with pytest.raises(TypeError):
        bar(progress("f", "many", 1))  # type: ignore[arg-type]


def test_a_download_on_a_terminal(
    interpreter: Interpreter, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f.bin", bytes(3 << 20))
    code = f"""
import usr.ftplib as f
with f.FTP({vsftpd.host!r}, {vsftpd.port}, {vsftpd.user!r}, {vsftpd.password!r}) as ftp:
    ftp.cwd({directory.path!r})
    ftp.download("f.bin", "f.bin", progress=f.progress_bar())
"""
    child = pexpect.spawn(
        str(interpreter.program),
        ["-c", code],
        cwd=str(tmp_path),
        env={"PYTHONPATH": str(REPOSITORY), "PATH": "/usr/bin:/bin"},
        dimensions=(24, 80),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0, child.before
    last = (child.before or "").rstrip("\r\n").rpartition("\r")[2].rstrip()
    assert re.fullmatch(rf"f\.bin: 3\.0 MiB in 0:0\d, {SIZE}/s", last)


@pytest.mark.parametrize("library", ["tqdm", "rich"])
def test_others_draw_it_too(
    library: str, interpreter: Interpreter, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    packages = Path(pytest.importorskip(library).__file__ or "").parent.parent
    directory.put("firmware.bin", bytes(range(256)) * 8192)
    done = interpreter.run(
        EXAMPLES / f"progress_{library}.py",
        f"--host={vsftpd.host}",
        f"--port={vsftpd.port}",
        f"--user={vsftpd.user}",
        f"--password={vsftpd.password}",
        f"--directory={directory.path}",
        cwd=tmp_path,
        environment={"PYTHONPATH": f"{REPOSITORY}:{packages}"},
    )
    assert "firmware.bin" in done.stdout + done.stderr
    assert "100%" in done.stdout + done.stderr
    assert (tmp_path / "usr/firmware.bin").stat().st_size == 256 * 8192
