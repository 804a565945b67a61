"""`set_debuglevel`: what is printed, and what never is."""

from __future__ import annotations

import builtins
import pickle
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from conftest import LOGIN, Directory, ScriptedServer, Server, answer, say

from usr.ftplib import FTP, error_perm

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]

SECRET = "Sésame-1"


@pytest.mark.parametrize(
    ("level", "printed"),
    [
        (0, ""),
        (1, "*cmd* 'NOOP'\n*resp* '200 NOOP ok.'\n"),
        (
            2,
            "*cmd* 'NOOP'\n*put* 'NOOP\\r\\n'\n*get* '200 NOOP ok.\\n'\n*resp* '200 NOOP ok.'\n",
        ),
    ],
)
@pytest.mark.parametrize("method", ["set_debuglevel", "debug"])
def test_each_level_prints_its_lines(
    method: str, level: int, printed: str, ftp: FTP, capsys: pytest.CaptureFixture[str]
) -> None:
    assert getattr(ftp, method)(level) is None
    assert ftp.debugging == level
    ftp.voidcmd("NOOP")
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("method", ["set_debuglevel", "debug"])
def test_the_level_is_0_when_none_is_given(
    method: str, ftp: FTP, capsys: pytest.CaptureFixture[str]
) -> None:
    ftp.set_debuglevel(2)
    getattr(ftp, method)()
    ftp.voidcmd("NOOP")
    assert (ftp.debugging, capsys.readouterr().out) == (0, "")


def test_the_level_may_be_given_by_name_and_as_an_attribute(
    ftp: FTP, capsys: pytest.CaptureFixture[str]
) -> None:
    ftp.set_debuglevel(level=1)
    ftp.debugging = 2
    ftp.voidcmd("NOOP")
    assert capsys.readouterr().out.count("*put*") == 1


def test_a_reply_of_several_lines(ftp: FTP, capsys: pytest.CaptureFixture[str]) -> None:
    ftp.set_debuglevel(1)
    ftp.sendcmd("FEAT")
    assert capsys.readouterr().out.splitlines() == [
        "*cmd* 'FEAT'",
        r"*resp* '211-Features:\n EPRT\n EPSV\n MDTM\n PASV\n REST STREAM\n SIZE\n TVFS\n211 End'",
    ]
    ftp.set_debuglevel(2)
    ftp.sendcmd("FEAT")
    lines = capsys.readouterr().out.splitlines()
    assert lines[2] == r"*get* '211-Features:\n'"
    assert lines[3] == r"*get* ' EPRT\n'"
    assert sum(line.startswith("*get*") for line in lines) == 9


def test_a_refusal_is_printed_too(ftp: FTP, capsys: pytest.CaptureFixture[str]) -> None:
    ftp.set_debuglevel(1)
    with pytest.raises(error_perm):
        ftp.cwd("nowhere")
    assert capsys.readouterr().out == (
        "*cmd* 'CWD nowhere'\n*resp* '550 Failed to change directory.'\n"
    )


def test_a_transfer_prints_its_commands(
    ftp: FTP, directory: Directory, capsys: pytest.CaptureFixture[str]
) -> None:
    directory.put("f", b"content")
    ftp.set_debuglevel(1)
    ftp.retrbinary("RETR f", len)
    printed = capsys.readouterr().out.splitlines()
    assert [line.split("'")[1].split("(")[0] for line in printed] == [
        "TYPE I",
        "200 Switching to Binary mode.",
        "PASV",
        "227 Entering Passive Mode ",
        "RETR f",
        "150 Opening BINARY mode data connection for f ",
        "226 Transfer complete.",
    ]


def test_getwelcome_prints_the_greeting(ftp: FTP, capsys: pytest.CaptureFixture[str]) -> None:
    ftp.set_debuglevel(1)
    assert ftp.getwelcome() == "220 (vsFTPd 3.0.3)"
    assert capsys.readouterr().out == "*welcome* '220 (vsFTPd 3.0.3)'\n"


def test_it_is_pythons_print_that_prints(ftp: FTP, monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[tuple[object, ...]] = []
    monkeypatch.setattr(builtins, "print", lambda *items: printed.append(items))
    ftp.set_debuglevel(1)
    ftp.voidcmd("NOOP")
    assert printed == [("*cmd*", "'NOOP'"), ("*resp*", "'200 NOOP ok.'")]


# Passwords


@pytest.mark.parametrize("level", [1, 2])
def test_passwords_and_accounts_are_masked(
    level: int, scripted: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    server = scripted(
        [
            say("220 Hello."),
            answer("USER", "331 Password."),
            answer("PASS", "332 Account."),
            answer("ACCT", "230 In."),
            answer("PASS"),
            answer("ACCT"),
        ]
    )
    ftp = FTP()
    ftp.set_debuglevel(level)
    ftp.connect(server.host, server.port)
    ftp.login("me", SECRET, SECRET[::-1])
    ftp.sendcmd(f"pass {SECRET}")
    ftp.acct(SECRET)
    ftp.close()
    printed = capsys.readouterr().out
    assert server.heard[1:] == [
        f"PASS {SECRET}",
        f"ACCT {SECRET[::-1]}",
        f"pass {SECRET}",
        f"ACCT {SECRET}",
    ]
    assert SECRET not in printed
    assert SECRET[::-1] not in printed
    stars = "*" * len(SECRET)
    assert [line for line in printed.splitlines() if line.startswith("*cmd*")] == [
        "*cmd* 'USER me'",
        f"*cmd* 'PASS {stars}'",
        f"*cmd* 'ACCT {stars}'",
        f"*cmd* 'pass {stars}'",
        f"*cmd* 'ACCT {stars}'",
    ]
    assert printed.count(stars) == 4 * level


@pytest.mark.parametrize(
    ("line", "sanitized"),
    [
        ("PASS secret", "'PASS ******'"),
        ("pass secret", "'pass ******'"),
        ("PASS se cret\r\n", "'PASS *******\\r\\n'"),
        ("PASS ü€", "'PASS **'"),
        ("ACCT secret", "'ACCT ******'"),
        ("Acct secret\n", "'Acct ******\\n'"),
        ("PASS ", "'PASS '"),
        ("PASS", "'PASS'"),
        ("", "''"),
        ("USER pass", "'USER pass'"),
        ("RETR it's", '"RETR it\'s"'),
    ],
)
def test_sanitize(line: str, sanitized: str) -> None:
    assert FTP().sanitize(line) == sanitized


@pytest.mark.parametrize(
    "password",
    [
        SECRET,
        f"{SECRET}\r\nNOOP",
        f"{SECRET}\0",
        SECRET * 300,
        f"{SECRET}\ud800",
    ],
    ids=["wrong", "newline", "nul", "too-long", "surrogate"],
)
@pytest.mark.parametrize("method", ["login", "acct", "FTP"])
def test_no_exception_holds_a_password(method: str, password: str, vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port)
    calls: dict[str, Callable[[], object]] = {
        "login": lambda: ftp.login(vsftpd.user, password),
        "acct": lambda: ftp.acct(password),
        "FTP": lambda: FTP(vsftpd.host, vsftpd.port, vsftpd.user, password),
    }
    try:
        with pytest.raises(Exception, match=r".") as caught:
            calls[method]()
    finally:
        ftp.close()
    error: BaseException | None = caught.value
    while error is not None:
        for form in (str(error), repr(error), repr(vars(error)), repr(error.args)):
            assert SECRET not in form
        assert SECRET.encode() not in pickle.dumps(error)
        error = error.__cause__ or error.__context__
    assert SECRET not in "".join(traceback.format_exception(caught.value))


def test_a_password_outside_the_encoding_is_not_in_the_exception(vsftpd: Server) -> None:
    ftp = FTP(vsftpd.host, vsftpd.port, encoding="latin-1")
    with pytest.raises(ValueError, match="latin-1") as caught:
        ftp.login(vsftpd.user, f"{SECRET}€")
    assert SECRET not in repr(caught.value.args)
    ftp.close()


def test_a_reply_that_names_the_password_is_the_servers_own(scripted: Scripted) -> None:
    """Replies stay verbatim: nothing is cut out of what the server says."""
    server = scripted([*LOGIN, answer("NOOP", f"200 I am {SECRET}.")])
    ftp = FTP(server.host, server.port, "u", SECRET)
    assert ftp.voidcmd("NOOP") == f"200 I am {SECRET}."
    ftp.close()
