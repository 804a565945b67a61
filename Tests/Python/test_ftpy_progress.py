"""`ftpy --progress`: transfers of an unchanged script show themselves on standard error."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest
from conftest import (
    FTPY,
    LOGIN,
    Directory,
    ScriptedServer,
    Server,
    Step,
    answer,
    cut,
    end_data,
    passive,
    say,
    send,
)

SIZE = r"[\d.]+ (?:B|KiB|MiB|GiB)"
RATE = rf"{SIZE}/s"


def script(server: Server | ScriptedServer, body: str, user: str = "u", password: str = "p") -> str:
    return f"""
from usr.ftplib import FTP
ftp = FTP({server.host!r}, {server.port}, {user!r}, {password!r}, timeout=20)
{body}
ftp.close()
"""


def on_vsftpd(vsftpd: Server, directory: Directory, body: str) -> str:
    return script(vsftpd, f"ftp.cwd({directory.path!r})\n{body}", vsftpd.user, vsftpd.password)


def test_every_kind_of_transfer(vsftpd: Server, directory: Directory, tmp_path: Path) -> None:
    directory.put("down.bin", b"x" * (3 << 20))
    directory.put("lines.txt", b"line\r\n" * 100)
    (tmp_path / "up.bin").write_bytes(b"y" * 5000)
    body = """
ftp.nlst(); ftp.dir(); ftp.retrlines("LIST", len)
ftp.retrbinary("RETR down.bin", len)
ftp.retrbinary("RETR down.bin", len, rest=1048576)
ftp.retrlines("RETR lines.txt", len)
with open("up.bin", "rb") as file: file.read(904); ftp.storbinary("STOR up.bin", file)
with open("up.bin", "rb") as file: ftp.storlines("STOR up.txt", file)
class Source:
    def __init__(self): self.left = [b"abc"]
    def read(self, size): return self.left.pop() if self.left else b""
ftp.storbinary("APPE up.bin", Source())
"""
    done = FTPY.run("--progress", "-c", on_vsftpd(vsftpd, directory, body), cwd=tmp_path)
    beginnings = [line for line in done.stderr.splitlines() if " in 0:0" not in line]
    assert beginnings == [
        "down.bin: download of 3.0 MiB",
        "down.bin: download",
        "lines.txt: download",
        "up.bin: upload of 4.0 KiB",
        "up.txt: upload",
        "up.bin: upload",
    ]
    ends = [line for line in done.stderr.splitlines() if " in 0:0" in line]
    assert all(re.fullmatch(rf"\S+: {SIZE} in 0:0\d, {RATE}", line) for line in ends)
    assert [line.partition(" in ")[0] for line in ends] == [
        "down.bin: 3.0 MiB",
        "down.bin: 2.0 MiB",
        "lines.txt: 600 B",
        "up.bin: 4.0 KiB",
        "up.txt: 4.9 KiB",
        "up.bin: 3 B",
    ]


def test_a_script_sees_no_difference(vsftpd: Server, directory: Directory, tmp_path: Path) -> None:
    directory.put("down.bin", bytes(range(256)) * 4096)
    (tmp_path / "script.py").write_text(
        on_vsftpd(
            vsftpd,
            directory,
            """
import hashlib, sys
digest = hashlib.sha256()
def block(data):
    assert type(data) is bytes
    digest.update(data)
print(ftp.retrbinary("RETR down.bin", block, 1000), digest.hexdigest())
try: ftp.retrbinary("RETR missing", block)
except Exception as error: print(type(error), error)
try: ftp.retrbinary("RETR down.bin", lambda data: 1 / 0)
except ZeroDivisionError as error: print(error, error.__traceback__.tb_lineno)
print(ftp.pwd(), sys.argv)
""",
        )
    )
    plain = FTPY.run("script.py", "--progress", cwd=tmp_path)
    shown = FTPY.run("--progress", "script.py", "--progress", cwd=tmp_path)
    assert plain.stderr == ""
    assert shown.stdout == plain.stdout
    assert "down.bin: failed after " in shown.stderr
    assert "missing" not in shown.stderr, "what was refused is no transfer; the exception says it"


@pytest.mark.parametrize(
    "steps",
    [
        [send(b"x" * 100), end_data(), say("426 Broken.")],
        [send(b"x" * 100), end_data(), say("226 Done.")],
        [send(b"x" * 100), end_data(), cut()],
    ],
    ids=["refused at the end", "shorter than announced", "control connection lost"],
)
def test_a_transfer_that_fails_says_so(
    steps: list[Step], scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    opening = [answer("TYPE"), passive(), answer("RETR", "150 Opening f (2048 bytes).")]
    server = scripted([*LOGIN, *opening, *steps])
    code = script(server, "ftp.retrbinary('RETR f', len)")
    done = FTPY.run("--progress", "-c", code, cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(
        "f: download of 2.0 KiB\nf: failed after 100 B of 2.0 KiB\nTraceback "
    )


# On a terminal


def on_a_terminal(code: str, folder: Path, columns: int) -> tuple[list[str], str]:
    """What was drawn, one after the other, and what stays on the screen's last lines."""
    child = pexpect.spawn(
        str(FTPY.program),
        ["--progress", "-c", code],
        cwd=str(folder),
        dimensions=(24, columns),
        encoding="utf-8",
        timeout=30,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    drawn = (child.before or "").split("\r")
    return [line.strip("\n").rstrip() for line in drawn if line.strip()], child.before or ""


SLOW = """
import time
left = 4
def block(data):
    global left
    if left:
        left -= 1
        time.sleep(0.15)
"""


@pytest.mark.parametrize("columns", [80, 40, 20, 12])
def test_a_line_that_fits_the_terminal(
    columns: int, vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    name = "a-name-longer-than-most-固件.bin"
    directory.put(name, b"x" * (1 << 20))
    body = f"{SLOW}\nftp.retrbinary('RETR {name}', block, 65536)"
    drawn, _ = on_a_terminal(on_vsftpd(vsftpd, directory, body), tmp_path, columns)
    *moving, last = drawn
    width = sum(2 if ord(c) > 0x3000 else 1 for c in max(moving, key=len))
    assert width < columns
    assert 3 <= len(moving) <= 12, "at most ten times a second"
    assert last.startswith(f"{name}: 1.0 MiB in 0:01, ")
    if columns == 80:
        assert re.fullmatch(rf"{name}  \d+%  {SIZE} of 1.0 MiB  {RATE}  0:0\d left", moving[-1]), (
            moving
        )


def test_the_last_line_covers_the_one_before(
    vsftpd: Server, directory: Directory, tmp_path: Path
) -> None:
    directory.put("f", b"x" * (1 << 20))
    body = f"{SLOW}\nftp.retrbinary('RETR f', block, 65536)\nprint('after')"
    drawn, screen = on_a_terminal(on_vsftpd(vsftpd, directory, body), tmp_path, 80)
    before, last = screen.split("\r")[-4], screen.split("\r")[-3]
    assert len(last) >= len(before)
    assert screen.endswith("\r\nafter\r\n")
    assert drawn[-1] == "after"


def test_names_cannot_move_the_cursor(
    scripted: Callable[..., ScriptedServer], tmp_path: Path
) -> None:
    opening = [answer("TYPE"), passive(), answer("RETR", "150 ok")]
    server = scripted([*LOGIN, *opening, end_data(), say("226 Done.")])
    code = script(server, "ftp.retrbinary('RETR a\\x1b[2Jb\\u202e', len)")
    done = FTPY.run("--progress", "-c", code, cwd=tmp_path)
    assert done.stderr.startswith("a?[2Jb?: download\n")


def test_two_at_once(vsftpd: Server, directory: Directory, tmp_path: Path) -> None:
    directory.put("one", b"x" * (1 << 20))
    directory.put("two", b"x" * (1 << 20))
    body = f"""
import threading, time
def fetch(name):
    with FTP({vsftpd.host!r}, {vsftpd.port}, {vsftpd.user!r}, {vsftpd.password!r}) as own:
        own.cwd({directory.path!r})
        own.retrbinary("RETR " + name, lambda data: time.sleep(0.01), 65536)
threads = [threading.Thread(target=fetch, args=[name]) for name in ("one", "two")]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
    _, screen = on_a_terminal(on_vsftpd(vsftpd, directory, body), tmp_path, 80)
    stays = sorted(line.rsplit("\r", 1)[-1].split()[0] for line in screen.split("\r\n") if line)
    assert stays == ["one:", "two:"]
