"""What the rows ask of the module: by its documented calls, and by its low-level ones.

Each comes to a text in the table's words."""

from __future__ import annotations

import io
import re
import ssl
from collections.abc import Callable, Sequence
from typing import Any

from hostile.obedient import FILE

from usr import ftplib


def word(error: BaseException) -> str:
    """The kind of an exception, as the table has it."""
    text = str(error)
    if isinstance(error, (ftplib.error_temp, ftplib.error_perm, ftplib.error_reply)):
        return f"reply {text[:3]}"
    kinds: Sequence[tuple[type[BaseException] | tuple[type[BaseException], ...], str]] = (
        (ftplib.error_proto, "malformed"),
        (StopError, "stopped"),
        (TimeoutError, "timed out"),
        (ConnectionRefusedError, "refused"),
        (ConnectionError, "reset"),
        (ssl.SSLCertVerificationError, "untrusted"),
        (ssl.SSLError, "security"),
        (UnicodeDecodeError, "undecodable"),
    )
    for kind, name in kinds:
        if isinstance(error, kind):
            return name
    if isinstance(error, EOFError):
        return "truncated" if "ended early" in text else "closed"
    if type(error) is ftplib.Error:
        return "too long" if re.search("more than|longer than|too long", text) else "state"
    if isinstance(error, ValueError):
        return "invalid"
    return f"{type(error).__name__}: {text}"


class StopError(Exception):
    """What callbacks raise here."""


def stop(_: object) -> None:
    raise StopError


def whole(content: bytes, offset: int = 0) -> str:
    return "whole" if content == FILE[offset:] else f"{len(content)} bytes"


def joined(names: Sequence[str]) -> str:
    if b"".join(f"{name}\r\n".encode("utf-8", "surrogateescape") for name in names) == FILE:
        return "whole"
    return ",".join(names) or "nothing"


OFFSET = 300
BIG = bytes(40_000_000)
Call = Callable[[Any], object]

# The documented calls


def blocks(ftp: Any, **options: Any) -> bytes:
    received: list[bytes] = []
    ftp.retrbinary("RETR file", received.append, **options)
    return b"".join(received)


def text(ftp: Any) -> str:
    lines: list[str] = []
    ftp.retrlines("RETR file", lines.append)
    return joined([str(line) for line in lines])


def store(ftp: Any, content: bytes = FILE, **options: Any) -> str:
    ftp.storbinary("STOR file", io.BytesIO(content), **options)
    return "whole"


def store_lines(ftp: Any) -> str:
    ftp.storlines("STOR file", io.BytesIO(FILE.replace(b"\r\n", b"\n")))
    return "whole"


def listed(ftp: Any) -> list[str]:
    lines: list[str] = []
    ftp.dir(callback=lambda line: lines.append(str(line)))
    return lines


def entries(ftp: Any) -> str:
    def marked(name: str) -> str:
        is_bad = name in (".", "..", "") or any(character in name for character in "/\\\0")
        return f"!{name}" if is_bad else name

    return joined([marked(name) for name, _ in ftp.listdir()])


def active(ftp: Any) -> str:
    ftp.set_pasv(False)
    try:
        return whole(blocks(ftp))
    finally:
        ftp.set_pasv(True)


def kept_alive(ftp: Any) -> str:
    ftp.keepalive = 0.1
    try:
        return whole(blocks(ftp))
    finally:
        ftp.keepalive = None


def abort(ftp: Any) -> str:
    connection = ftp.transfercmd("RETR file")
    connection.recv(10)
    return str(ftp.abort()[:3])


def late_abort(ftp: Any) -> str:
    with ftp.transfercmd("RETR file") as connection:
        while connection.recv(8192):
            pass
    return str(ftp.abort()[:3])


def fxp(ftp: Any) -> str:
    """Where the other server is sent to."""

    class Target:
        def voidcmd(self, _: str) -> str:
            return "200 Ok."

        def sendport(self, host: str, _: int) -> str:
            raise StopError(host)

    try:
        ftplib.ftpcp(ftp, "file", Target())  # type: ignore[arg-type]
    except StopError as error:
        return str(error)
    return "nothing"


def nothing(_: object) -> str:
    return ""


DOCUMENTED: dict[str, Call] = {
    "connect": nothing,
    "connect twice": nothing,
    "download": lambda ftp: whole(blocks(ftp)),
    "big download": lambda ftp: f"{len(blocks(ftp))} bytes",
    "resume": lambda ftp: whole(blocks(ftp, rest=OFFSET), OFFSET),
    "text": text,
    "upload": store,
    "big upload": lambda ftp: store(ftp, BIG),
    "resume upload": lambda ftp: store(ftp, FILE[OFFSET:], rest=OFFSET),
    "lines": store_lines,
    "list": lambda ftp: joined(listed(ftp)),
    "names": lambda ftp: joined(ftp.nlst()),
    "facts": lambda ftp: joined([name for name, _ in ftp.mlsd()]),
    "entries": entries,
    "active download": active,
    "kept alive download": kept_alive,
    "broken download": lambda ftp: ftp.retrbinary("RETR file", stop),
    "abort": abort,
    "idle abort": lambda ftp: ftp.abort()[:3],
    "late abort": late_abort,
    "fxp": fxp,
    "size": lambda ftp: ftp.size("file"),
    "pwd": lambda ftp: ftp.pwd(),
    "cwd": lambda ftp: ftp.cwd("there")[:3],
    "up": lambda ftp: ftp.cwd("..")[:3],
    "mkd": lambda ftp: ftp.mkd("new"),
    "rmd": lambda ftp: ftp.rmd("old")[:3],
    "delete": lambda ftp: ftp.delete("file")[:3],
    "delete CRLF": lambda ftp: ftp.delete("file\r\nQUIT"),
    "delete CR": lambda ftp: ftp.delete("file\rQUIT"),
    "delete LF": lambda ftp: ftp.delete("file\nQUIT"),
    "delete NUL": lambda ftp: ftp.delete("file\0x"),
    "delete 5000": lambda ftp: ftp.delete("x" * 5000),
    "rename": lambda ftp: ftp.rename("old", "new")[:3],
    "status": lambda ftp: ftp.sendcmd("STAT")[:3],
    "noop": lambda ftp: ftp.voidcmd("NOOP")[:3],
    "quit": lambda ftp: ftp.quit()[:3],
}

# The low-level calls


def receive(ftp: Any, command: str, rest: int | None = None, kind: str = "I") -> bytes:
    ftp.voidcmd(f"TYPE {kind}")
    received: list[bytes] = []
    connection, size = ftp.ntransfercmd(command, rest)
    with connection:
        while block := connection.recv(65536):
            received.append(block)
            if kind == "A" and sum(map(len, received)) > 1 << 24:
                raise ftplib.Error("longer than this caller takes")
    ftp.voidresp()
    content = b"".join(received)
    if (
        kind == "I"
        and size is not None
        and len(content) + (rest or 0) < size
        and len(content) < size
    ):
        raise EOFError(f"ended early: {len(content)} of {size} bytes")
    return content


def transmit(ftp: Any, content: bytes, rest: int | None = None, kind: str = "I") -> str:
    ftp.voidcmd(f"TYPE {kind}")
    with ftp.transfercmd("STOR file", rest) as connection:
        connection.sendall(content)
    ftp.voidresp()
    return "whole"


def received_lines(ftp: Any, command: str) -> list[str]:
    content = receive(ftp, command, kind="A").decode()
    return [line.rstrip("\r") for line in content.replace("\r\n", "\n").split("\n")[:-1]]


def low_break(ftp: Any) -> None:
    with ftp.transfercmd("RETR file") as connection:
        connection.recv(10)
    raise StopError


def low_active(ftp: Any) -> str:
    ftp.set_pasv(False)
    try:
        return whole(receive(ftp, "RETR file"))
    finally:
        ftp.set_pasv(True)


def low_rename(ftp: Any) -> str:
    ftp.sendcmd("RNFR old")
    return str(ftp.voidcmd("RNTO new")[:3])


def put(command: str, read: Callable[[Any], str]) -> Call:
    def call(ftp: Any) -> str:
        ftp.putcmd(command)
        return read(ftp)

    return call


def low_quit(ftp: Any) -> str:
    ftp.putcmd("QUIT")
    reply = ftp.getresp()
    ftp.close()
    return str(reply[:3])


def low_size(ftp: Any) -> str:
    reply = ftp.sendcmd("SIZE file")
    if not reply.startswith("213"):
        return "nothing"
    try:
        size = int(reply[4:])
    except ValueError:
        raise ftplib.error_proto(reply) from None
    if not 0 <= size < 1 << 64:
        raise ftplib.error_proto(reply)
    return str(size)


def void(ftp: Any) -> str:
    return str(ftp.voidresp()[:3])


LOW: dict[str, Call] = {
    **DOCUMENTED,
    "download": lambda ftp: whole(receive(ftp, "RETR file")),
    "big download": lambda ftp: f"{len(receive(ftp, 'RETR file'))} bytes",
    "resume": lambda ftp: whole(receive(ftp, "RETR file", OFFSET), OFFSET),
    "text": lambda ftp: joined(received_lines(ftp, "RETR file")),
    "upload": lambda ftp: transmit(ftp, FILE),
    "big upload": lambda ftp: transmit(ftp, BIG),
    "resume upload": lambda ftp: transmit(ftp, FILE[OFFSET:], OFFSET),
    "lines": lambda ftp: transmit(ftp, FILE, kind="A"),
    "list": lambda ftp: joined(received_lines(ftp, "LIST")),
    "names": lambda ftp: joined(received_lines(ftp, "NLST")),
    "facts": lambda ftp: joined([line.partition(" ")[2] for line in received_lines(ftp, "MLSD")]),
    "active download": low_active,
    "broken download": low_break,
    "pwd": lambda ftp: ftplib.parse257(ftp.voidcmd("PWD")),
    "cwd": put("CWD there", void),
    "up": put("CDUP", void),
    "mkd": lambda ftp: ftplib.parse257(ftp.voidcmd("MKD new")),
    "rmd": put("RMD old", void),
    "delete": put("DELE file", void),
    "rename": low_rename,
    "status": put("STAT", lambda ftp: str(ftp.getresp()[:3])),
    "noop": put("NOOP", void),
    "quit": low_quit,
    "size": low_size,
}
