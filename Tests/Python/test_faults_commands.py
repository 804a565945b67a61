"""Arguments that would carry a second command: refused, and nothing is sent."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import TYPE_CHECKING

import pytest
from conftest import LOGIN, ScriptedServer, answer, obliging, say

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]


def ignore(_: object) -> None:
    """A callback."""


@pytest.fixture
def obliged(client: ModuleType, scripted: Scripted) -> Iterator[tuple[FTP, list[str]]]:
    """A session, and the list of what its server hears from now on."""
    server = scripted([*LOGIN, obliging])
    ftp: FTP = client.FTP(server.host, server.port, "user", "password", timeout=5)
    server.heard.clear()
    yield ftp, server.heard
    ftp.close()


CALLS: dict[str, Callable[[FTP, str], object]] = {
    "sendcmd": lambda ftp, bad: ftp.sendcmd(f"NOOP {bad}"),
    "voidcmd": lambda ftp, bad: ftp.voidcmd(f"NOOP {bad}"),
    "putcmd": lambda ftp, bad: ftp.putcmd(f"NOOP {bad}"),
    "putline": lambda ftp, bad: ftp.putline(f"NOOP {bad}"),
    "login's user": lambda ftp, bad: ftp.login(bad),
    "login's passwd": lambda ftp, bad: ftp.login("user", bad),
    "login's acct": lambda ftp, bad: ftp.login("user", "password", bad),
    "acct": lambda ftp, bad: ftp.acct(bad),
    "cwd": lambda ftp, bad: ftp.cwd(bad),
    "mkd": lambda ftp, bad: ftp.mkd(bad),
    "rmd": lambda ftp, bad: ftp.rmd(bad),
    "delete": lambda ftp, bad: ftp.delete(bad),
    "size": lambda ftp, bad: ftp.size(bad),
    "rename's fromname": lambda ftp, bad: ftp.rename(bad, "to"),
    "rename's toname": lambda ftp, bad: ftp.rename("from", bad),
    "nlst": lambda ftp, bad: ftp.nlst(bad),
    "nlst's list": lambda ftp, bad: ftp.nlst(["a", bad]),
    "dir": lambda ftp, bad: ftp.dir(bad),
    "mlsd's path": lambda ftp, bad: next(ftp.mlsd(bad)),
    "mlsd's path, with facts": lambda ftp, bad: next(ftp.mlsd(bad, ["type"])),
    "mlsd's facts": lambda ftp, bad: next(ftp.mlsd("", ["type", bad])),
    "retrbinary": lambda ftp, bad: ftp.retrbinary(f"RETR {bad}", ignore),
    "retrbinary's rest": lambda ftp, bad: ftp.retrbinary("RETR x", ignore, rest=f"1{bad}"),
    "retrlines": lambda ftp, bad: ftp.retrlines(f"RETR {bad}", ignore),
    "storbinary": lambda ftp, bad: ftp.storbinary(f"STOR {bad}", io.BytesIO()),
    "storlines": lambda ftp, bad: ftp.storlines(f"STOR {bad}", io.BytesIO()),
    "transfercmd": lambda ftp, bad: ftp.transfercmd(f"RETR {bad}"),
    "ntransfercmd's rest": lambda ftp, bad: ftp.ntransfercmd("RETR x", f"1{bad}"),
    "sendport": lambda ftp, bad: ftp.sendport(f"127.0.0.1{bad}", 2000),
    "sendeprt": lambda ftp, bad: ftp.sendeprt(f"::1{bad}", 2000),
}


@pytest.mark.parametrize("bad", ["a\rDELE b", "a\nDELE b", "a\0DELE b"], ids=ascii)
@pytest.mark.parametrize("call", CALLS)
def test_cr_lf_and_nul_are_refused_before_anything_is_sent(
    obliged: tuple[FTP, list[str]], call: str, bad: str
) -> None:
    ftp, heard = obliged
    with pytest.raises(ValueError, match=r"illegal (newline|NUL) character"):
        CALLS[call](ftp, bad)
    ftp.sendcmd("NOOP")
    assert heard == ["NOOP"], "neither the command nor one that prepares it"


@pytest.mark.parametrize("place", ["user", "passwd", "acct"])
def test_they_are_refused_in_the_constructor_too(
    client: ModuleType, scripted: Scripted, place: str
) -> None:
    server = scripted([say("220 Ready."), obliging])
    arguments = {"user": "user", "passwd": "password", "acct": "account", place: "a\r\nDELE b"}
    with pytest.raises(ValueError, match="illegal newline character"):
        client.FTP(server.host, server.port, timeout=5, **arguments)
    assert server.heard == []


@pytest.mark.parametrize("size", [2046, 2047, 100_000])
def test_a_command_is_sent_whole_or_not_at_all(
    client: ModuleType, obliged: tuple[FTP, list[str]], size: int
) -> None:
    """Some servers run what is too long for them as a second command."""
    ftp, heard = obliged
    command = "NOOP ".ljust(size, "x")
    if size <= 2046:
        ftp.sendcmd(command)
        assert heard == [command]
    else:
        with pytest.raises(client.Error, match="too long"):
            ftp.sendcmd(command)
        ftp.sendcmd("NOOP")
        assert heard == ["NOOP"]


def test_a_name_that_cannot_be_encoded_is_refused(obliged: tuple[FTP, list[str]]) -> None:
    ftp, heard = obliged
    with pytest.raises(UnicodeEncodeError):
        ftp.cwd("lone \udc80 surrogate")
    ftp.encoding = "latin-1"
    with pytest.raises(UnicodeEncodeError):
        ftp.cwd("snow\N{SNOWMAN}man")
    assert ftp.cwd("caf\xe9") == "200 Ok."
    assert heard == ["CWD caf\udce9"]


@pytest.mark.parametrize("reply", ["530 Wrong.", "421 Go away."])
def test_a_password_is_in_no_exception(client: ModuleType, scripted: Scripted, reply: str) -> None:
    steps = [*LOGIN[:2], answer("PASS", reply)]
    server = scripted(steps)
    with pytest.raises(client.Error) as raised:
        client.FTP(server.host, server.port, "user", "sesame", timeout=5)
    chain: BaseException | None = raised.value
    while chain is not None:
        assert "sesame" not in repr(chain)
        chain = chain.__context__


@pytest.mark.parametrize(
    "line", ["PASS sesame", "pass sesame", "PASS \u0301sesame", "ACCT sesame", "PASS sesame\r\n"]
)
def test_a_password_is_in_no_debug_output(
    obliged: tuple[FTP, list[str]], capsys: pytest.CaptureFixture[str], line: str
) -> None:
    ftp, heard = obliged
    assert "sesame" not in ftp.sanitize(line)
    ftp.set_debuglevel(2)
    ftp.sendcmd(line.strip())
    assert heard == [line.strip()]
    assert "sesame" not in capsys.readouterr().out
