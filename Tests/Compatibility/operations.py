"""The documented operations, and this module's own, each as a function of a `Session`.

An operation raises when something is not as documented. Beside it stand the raw commands by which
the server is asked whether it is the one that cannot do it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from usr.ftplib import FTP, FTP_TLS, Error, connect_url, error_perm, error_temp, ftpcp

MODES = ("PASV", "EPSV", "PORT", "EPRT")
CONTENT = hashlib.shake_128(b"compatibility").digest(200_000)
TEXT = b"eins\n\nzwei\nend\n"
PATIENCE = 10
LARGE = 64 << 20
"""The size of the file `large` in the server's root, which no buffer on the way holds."""


@dataclass
class Session:
    """Where the operations work: a server, a way to reach it, and a directory of their own."""

    server: Any
    mode: str
    context: ssl.SSLContext | None
    implicit: bool
    directory: str = ""
    opened: list[Any] = field(default_factory=list)
    ftp: Any = None

    @property
    def local(self) -> Path:
        """The directory as this machine names it."""
        path: Path = self.server.root / self.directory
        return path

    def put(self, name: str, content: bytes) -> None:
        """Places a file in the directory, past the server."""
        (self.local / name).write_bytes(content)
        self.server.adopt(self.local / name)

    def object(self) -> Any:
        """Not connected."""
        if self.context is None:
            return FTP(timeout=PATIENCE)
        return FTP_TLS(context=self.context, implicit=self.implicit, timeout=PATIENCE)

    def set_up(self, ftp: Any) -> Any:
        """Makes it open data connections in the mode."""
        active = self.mode in ("PORT", "EPRT")
        ftp.set_pasv(not active)
        if self.mode == "EPSV":
            ftp.prefer_epsv = True
        elif self.mode == "PASV":
            # Over IPv6 the client says EPSV, but for this.
            ftp.af = socket.AF_INET
        elif self.mode == "EPRT":
            # Over IPv4 the client says PORT, but any method can be replaced.
            ftp.sendport = ftp.sendeprt
        if isinstance(ftp, FTP_TLS):
            ftp.prot_p()
        return ftp

    def log_in(self) -> Any:
        ftp = self.object()
        self.opened.append(ftp)
        ftp.connect(self.server.host, self.server.port)
        ftp.login(self.server.user, self.server.password)
        return self.set_up(ftp)

    def reconnect(self) -> None:
        self.close()
        self.ftp = self.log_in()

    def enter(self, name: str) -> None:
        """A new, empty directory for the next operation."""
        home = self.ftp.pwd() if not self.directory else ".."
        self.directory = name
        self.local.mkdir()
        self.server.adopt(self.local)
        self.ftp.cwd(home)
        self.ftp.cwd(name)

    def close(self) -> None:
        for ftp in self.opened:
            with contextlib.suppress(Exception):
                ftp.close()
        self.opened.clear()
        self.directory = ""


@dataclass(frozen=True)
class Operation:
    name: str
    run: Callable[[Session], None]
    asks: tuple[str, ...]
    """Raw commands, in the operation's directory, in which the file `file` lies."""
    needs: Callable[[Session], bool] = lambda _: True
    """Whether it exists in such a session at all."""


OPERATIONS: list[Operation] = []


def operation(
    *asks: str, name: str = "", needs: Callable[[Session], bool] = lambda _: True
) -> Callable[[Callable[[Session], None]], Callable[[Session], None]]:
    def add(run: Callable[[Session], None]) -> Callable[[Session], None]:
        OPERATIONS.append(Operation(name or run.__name__.strip("_"), run, asks, needs))
        return run

    return add


def secure(session: Session) -> bool:
    return session.context is not None


def explicit(session: Session) -> bool:
    return session.context is not None and not session.implicit


def starts(reply: object, *codes: str) -> None:
    assert isinstance(reply, str), reply
    assert reply[:3] in codes, reply


def fetched(ftp: Any, name: str, **options: Any) -> bytes:
    received: list[bytes] = []
    starts(ftp.retrbinary(f"RETR {name}", received.append, **options), "226", "250")
    return b"".join(received)


@contextmanager
def said(ftp: Any, level: int) -> Iterator[io.StringIO]:
    """What `set_debuglevel` makes it print."""
    text = io.StringIO()
    ftp.set_debuglevel(level)
    try:
        with contextlib.redirect_stdout(text):
            yield text
    finally:
        ftp.set_debuglevel(0)


# The first one says whether the server has the mode at all.


@operation("TYPE I", "RETR file", name="mode")
def the_mode(session: Session) -> None:
    with said(session.ftp, 1) as text:
        assert fetched(session.ftp, "file") == CONTENT
    commands = [
        line.split("'")[1].split(" ")[0] for line in text.getvalue().splitlines() if "*cmd*" in line
    ]
    used = [command for command in commands if command in MODES]
    assert used[-1:] == [session.mode], commands


# Connecting


@operation(name="FTP()")
def the_constructor(session: Session) -> None:
    server = session.server
    ftp: Any
    if session.context is None:
        ftp = FTP(server.host, server.port, server.user, server.password, None, PATIENCE)
    else:
        ftp = FTP_TLS(
            server.host,
            server.user,
            server.password,
            port=server.port,
            context=session.context,
            implicit=session.implicit,
            timeout=PATIENCE,
        )
    with ftp:
        starts(ftp.welcome.splitlines()[-1], "220")
        starts(ftp.sendcmd("PWD"), "257")


@operation()
def connect(session: Session) -> None:
    with closing(session.object()) as ftp:
        reply = ftp.connect(session.server.host, session.server.port, PATIENCE)
        starts(reply, "220")
        assert reply == ftp.welcome == ftp.getwelcome()
        secured = isinstance(ftp.sock, ssl.SSLSocket)
        assert secured == session.implicit


@operation()
def login(session: Session) -> None:
    with closing(session.object()) as ftp:
        ftp.connect(session.server.host, session.server.port)
        try:
            ftp.login(session.server.user, "wrong")
        except error_perm as refusal:
            starts(str(refusal), "530")
        else:
            raise AssertionError("a wrong password logs in")
        starts(ftp.login(session.server.user, session.server.password), "230")
        if session.context is not None:
            assert isinstance(ftp.sock, ssl.SSLSocket)


@operation(name="connect_url")
def _connect_url(session: Session) -> None:
    server = session.server
    scheme = "ftp" if session.context is None else "ftps" if session.implicit else "ftpes"
    host = f"[{server.host}]" if ":" in server.host else server.host
    url = f"{scheme}://{server.user}:{server.password}@{host}:{server.port}/{session.directory}"
    with closing(connect_url(url, context=session.context, timeout=PATIENCE)) as ftp:
        assert ftp.pwd().endswith(f"/{session.directory}")


@operation()
def set_debuglevel(session: Session) -> None:
    with closing(session.object()) as ftp, said(ftp, 2) as text:
        ftp.connect(session.server.host, session.server.port)
        ftp.login(session.server.user, session.server.password)
        ftp.set_debuglevel(2)
        ftp.sendcmd("PWD")
    assert "PASS ****" in text.getvalue()
    assert "PWD" in text.getvalue()
    assert session.server.password not in text.getvalue()


@operation(name="set_pasv")
def _set_pasv(session: Session) -> None:
    """There and back: what follows is in the mode again."""
    for passive in (False, True, session.mode in ("PASV", "EPSV")):
        session.ftp.set_pasv(passive)
        assert session.ftp.passiveserver == passive
    assert fetched(session.ftp, "file") == CONTENT


# Commands


@operation("TYPE I", "PWD")
def sendcmd(session: Session) -> None:
    starts(session.ftp.sendcmd("TYPE I"), "200")
    starts(session.ftp.sendcmd("PWD"), "257")


@operation("TYPE A", "NOOP")
def voidcmd(session: Session) -> None:
    starts(session.ftp.voidcmd("TYPE A"), "200")
    starts(session.ftp.voidcmd("NOOP"), "200")


@operation("PWD")
def pwd(session: Session) -> None:
    assert session.ftp.pwd().endswith(f"/{session.directory}")


@operation("path MKD new")
def mkd(session: Session) -> None:
    made = session.ftp.mkd("new directory")
    assert (session.local / "new directory").is_dir()
    assert made.endswith("new directory"), repr(made)


@operation("MKD new", "CWD new", "CWD ..")
def cwd(session: Session) -> None:
    (session.local / "inner").mkdir()
    session.server.adopt(session.local / "inner")
    here = session.ftp.pwd()
    starts(session.ftp.cwd("inner"), "250")
    assert session.ftp.pwd() == f"{here}/inner"
    starts(session.ftp.cwd(".."), "200", "250")
    assert session.ftp.pwd() == here
    try:
        session.ftp.cwd("missing")
    except error_perm:
        return
    raise AssertionError("cwd('missing')")


@operation("MKD new", "RMD new")
def rmd(session: Session) -> None:
    (session.local / "inner").mkdir()
    session.server.adopt(session.local / "inner")
    starts(session.ftp.rmd("inner"), "250")
    assert not (session.local / "inner").exists()


@operation("RNFR file", "RNTO other")
def rename(session: Session) -> None:
    starts(session.ftp.rename("file", "other name"), "250")
    assert (session.local / "other name").read_bytes() == CONTENT
    assert not (session.local / "file").exists()


@operation("DELE file")
def delete(session: Session) -> None:
    starts(session.ftp.delete("file"), "250")
    assert not (session.local / "file").exists()


@operation("TYPE I", "SIZE file")
def size(session: Session) -> None:
    session.ftp.voidcmd("TYPE I")
    assert session.ftp.size("file") == len(CONTENT)


@operation("ACCT x")
def acct(session: Session) -> None:
    session.ftp.acct("x")


# Transfers


@operation("TYPE I", "RETR file")
def retrbinary(session: Session) -> None:
    session.put("empty", b"")
    assert fetched(session.ftp, "file") == CONTENT
    assert fetched(session.ftp, "file", blocksize=1000) == CONTENT
    assert fetched(session.ftp, "empty") == b""


@operation("TYPE I", "REST 4", "RETR file", name="retrbinary(rest=)")
def retrbinary_rest(session: Session) -> None:
    assert fetched(session.ftp, "file", rest=123_456) == CONTENT[123_456:]


@operation("TYPE I", "STOR new")
def storbinary(session: Session) -> None:
    for content in (CONTENT, b"", b"x"):
        blocks: list[bytes] = []
        reply = session.ftp.storbinary("STOR new", io.BytesIO(content), 8192, blocks.append)
        starts(reply, "226", "250")
        assert (session.local / "new").read_bytes() == content
        assert b"".join(blocks) == content


@operation("TYPE I", "REST 4", "STOR file", name="storbinary(rest=)")
def storbinary_rest(session: Session) -> None:
    part = io.BytesIO(CONTENT[100_000:])
    session.put("part", CONTENT[:100_000])
    starts(session.ftp.storbinary("STOR part", part, rest=100_000), "226", "250")
    assert (session.local / "part").read_bytes() == CONTENT


@operation("TYPE I", "APPE file", name="storbinary(APPE)")
def storbinary_append(session: Session) -> None:
    starts(session.ftp.storbinary("APPE file", io.BytesIO(b"more")), "226", "250")
    assert (session.local / "file").read_bytes() == CONTENT + b"more"


@operation("TYPE A", "STOR new")
def storlines(session: Session) -> None:
    starts(session.ftp.storlines("STOR new", io.BytesIO(TEXT)), "226", "250")
    assert (session.local / "new").read_bytes().replace(b"\r\n", b"\n") == TEXT


@operation("TYPE A", "RETR file")
def retrlines(session: Session) -> None:
    session.put("text", TEXT)
    lines: list[str] = []
    starts(session.ftp.retrlines("RETR text", lines.append), "226", "250")
    assert lines == TEXT.decode().splitlines()


@operation("TYPE I", "STOR new", "RETR file")
def transfercmd(session: Session) -> None:
    session.ftp.voidcmd("TYPE I")
    with session.ftp.transfercmd("STOR new") as data:
        data.sendall(CONTENT)
        if session.context is not None:
            data.unwrap()
    starts(session.ftp.voidresp(), "226", "250")
    assert (session.local / "new").read_bytes() == CONTENT
    with session.ftp.transfercmd("RETR file") as data, data.makefile("rb") as file:
        assert file.read() == CONTENT
    starts(session.ftp.voidresp(), "226", "250")


@operation("TYPE I", "RETR file")
def ntransfercmd(session: Session) -> None:
    session.ftp.voidcmd("TYPE I")
    data, announced = session.ftp.ntransfercmd("RETR file")
    assert announced in (None, len(CONTENT))
    with data, data.makefile("rb") as file:
        assert file.read() == CONTENT
    starts(session.ftp.voidresp(), "226", "250")


# Listings


@operation("TYPE A", "NLST")
def nlst(session: Session) -> None:
    session.put("two words", b"")
    assert sorted(set(session.ftp.nlst()) - {".", ".."}) == ["file", "two words"]


@operation("TYPE A", "LIST")
def dir(session: Session) -> None:  # noqa: A001
    with contextlib.redirect_stdout(io.StringIO()) as text:
        lines = session.ftp.dir()
    assert text.getvalue() == "".join(line + "\n" for line in lines)
    assert [line.split()[-1] for line in lines if line.startswith("-")] == ["file"]


@operation("TYPE A", "MLSD")
def mlsd(session: Session) -> None:
    entries = dict(session.ftp.mlsd())
    assert entries["file"]["type"].lower() == "file"
    assert entries["file"]["size"] == str(len(CONTENT))


@operation("TYPE A", "LIST")
def listdir(session: Session) -> None:
    (session.local / "inner").mkdir()
    session.server.adopt(session.local / "inner")
    entries = {name: facts["type"] for name, facts in session.ftp.listdir()}
    assert entries == {"file": "file", "inner": "dir"}
    assert session.ftp.listdir("inner") == []


@operation("TYPE I", "STOR caf\udce9", "exists {directory}/caf\udce9", name="names in bytes")
def bytes_names(session: Session) -> None:
    """No UTF-8: there, and back in a listing."""
    session.ftp.errors = "surrogateescape"
    try:
        starts(session.ftp.storbinary(b"STOR caf\xe9", io.BytesIO(b"coffee")), "226", "250")
        assert (session.local / "caf\udce9").read_bytes() == b"coffee"
        received: list[bytes] = []
        session.ftp.retrbinary(b"RETR caf\xe9", received.append)
        assert b"".join(received) == b"coffee"
        assert "caf\udce9" in dict(session.ftp.listdir())
    finally:
        session.ftp.errors = "strict"


# Faults


@operation(name="refusals")
def refusals(session: Session) -> None:
    """A refusal is an exception, and the session goes on."""
    calls: list[Callable[[], object]] = [
        lambda: session.ftp.retrbinary("RETR missing", len),
        lambda: session.ftp.storbinary("STOR missing/file", io.BytesIO(b"x")),
        lambda: session.ftp.delete("missing"),
        lambda: session.ftp.rename("missing", "other"),
    ]
    for call in calls:
        try:
            call()
        except (error_perm, error_temp):
            starts(session.ftp.sendcmd("PWD"), "257")
        else:
            raise AssertionError("not refused")


class BrokenOffError(Exception):
    """What a callback here raises."""


def _break_off(session: Session, end: Callable[[], object]) -> None:
    def callback(_: bytes) -> None:
        end()
        raise BrokenOffError

    try:
        session.ftp.retrbinary("RETR ../large", callback)
    except (BrokenOffError, Error):
        pass
    else:
        raise AssertionError("a transfer that was broken off ends well")
    starts(session.ftp.sendcmd("PWD"), "257")
    assert fetched(session.ftp, "file") == CONTENT


@operation("TYPE I", "abort RETR ../large", "PWD", name="a callback that raises")
def raising(session: Session) -> None:
    _break_off(session, lambda: None)


@operation("TYPE I", "abort RETR ../large", "PWD")
def abort(session: Session) -> None:
    _break_off(session, lambda: starts(session.ftp.abort(), "225", "226", "426"))


@operation("TYPE I", "abort RETR ../large", "PWD")
def abort_transfer(session: Session) -> None:
    session.ftp.voidcmd("TYPE I")
    data = session.ftp.transfercmd("RETR ../large")
    data.recv(1000)
    session.ftp.abort_transfer(data)
    starts(session.ftp.sendcmd("PWD"), "257")
    assert fetched(session.ftp, "file") == CONTENT


@operation("NOOP")
def keepalive(session: Session) -> None:
    """NOOPs in mid-transfer, answered at once or later: the session is in step either way."""
    session.ftp.keepalive = 0.02
    received: list[bytes] = []

    def slowly(block: bytes) -> None:
        time.sleep(0.01)
        received.append(block)

    try:
        session.ftp.retrbinary("RETR file", slowly, 20_000)
    finally:
        session.ftp.keepalive = None
    assert b"".join(received) == CONTENT
    starts(session.ftp.sendcmd("TYPE I"), "200")


@operation(
    "PASV",
    "PORT 127,0,0,1,200,200",
    needs=lambda session: session.context is None and session.mode == "PASV",
)
def _ftpcp(session: Session) -> None:
    """Between two sessions of one server."""
    if ":" in session.server.host:
        return
    target = session.log_in()
    ftpcp(session.ftp, "file", target, f"{session.directory}/copy")
    assert (session.local / "copy").read_bytes() == CONTENT
    starts(target.quit(), "221")


# TLS


@operation(needs=explicit)
def auth(session: Session) -> None:
    with closing(session.object()) as ftp:
        ftp.connect(session.server.host, session.server.port)
        starts(ftp.auth(), "234")
        assert isinstance(ftp.sock, ssl.SSLSocket)
        starts(ftp.login(session.server.user, session.server.password), "230")


@operation("PROT P", needs=secure)
def prot_p(session: Session) -> None:
    starts(session.ftp.prot_p(), "200")
    with closing(session.ftp.transfercmd("RETR file")) as data:
        assert isinstance(data, ssl.SSLSocket)
        while data.recv(65536):
            pass
        with contextlib.suppress(OSError):
            data.unwrap()
    starts(session.ftp.voidresp(), "226", "250")


@operation("PROT C", needs=secure)
def prot_c(session: Session) -> None:
    with closing(session.log_in()) as ftp:
        starts(ftp.prot_c(), "200")


@operation("CCC", needs=secure)
def ccc(session: Session) -> None:
    with closing(session.log_in()) as ftp:
        starts(ftp.ccc(), "200")
        starts(ftp.sendcmd("PWD"), "257")


# The end


@operation()
def quit(session: Session) -> None:  # noqa: A001
    starts(session.log_in().quit(), "221")


@operation()
def close(session: Session) -> None:
    ftp = session.log_in()
    ftp.close()
    ftp.close()
    assert ftp.sock is None
    ftp.connect()
    starts(ftp.login(session.server.user, session.server.password), "230")
