"""An FTP client (RFC 959): the interface of the documented device module and of CPython's."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from os import PathLike
from socket import socket
from ssl import SSLContext
from types import TracebackType
from typing import IO, Any, Final, Literal, Protocol, Self, final, overload

from _typeshed import structseq
from typing_extensions import Buffer

__all__ = [
    "FTP",
    "FTP_TLS",
    "TransferProgress",
    "TransferResult",
    "TreeError",
    "TreeSummary",
    "all_errors",
    "connect_url",
    "error_perm",
    "error_proto",
    "error_reply",
    "error_temp",
    "install",
    "progress_bar",
]

__version__: Final[str]
MSG_OOB: Final = 1
FTP_PORT: Final = 21
MAXLINE: Final = 8192
CRLF: Final = "\r\n"
B_CRLF: Final = b"\r\n"

class Error(Exception): ...
class error_reply(Error): ...
class error_temp(Error): ...
class error_perm(Error): ...
class error_proto(Error): ...

all_errors: tuple[type[Error], type[OSError], type[EOFError]]

class _Readable(Protocol):
    def read(self, size: int, /) -> Buffer: ...

class _LineReadable(Protocol):
    def readline(self, size: int, /) -> Buffer: ...

class _BinaryWritable(Protocol):
    # And seek(), tell(), truncate() where it must begin anew.
    def write(self, data: bytes, /) -> object: ...

@final
class TransferProgress(structseq[Any], tuple[Any, ...]):
    """How far a download() or upload() is."""

    __match_args__: Final = (
        "name",
        "done",
        "total",
        "rate",
        "attempt",
    )

    @property
    def name(self) -> _Text: ...
    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int | None: ...
    @property
    def rate(self) -> float: ...
    @property
    def attempt(self) -> int: ...

@final
class TransferResult(structseq[Any], tuple[Any, ...]):
    """What became of a download() or upload()."""

    __match_args__: Final = (
        "size",
        "bytes",
        "seconds",
        "attempts",
        "resumes",
        "kept",
        "changes",
        "segments",
        "verified",
        "hash",
        "modified",
    )

    @property
    def size(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def attempts(self) -> int: ...
    @property
    def resumes(self) -> int: ...
    @property
    def kept(self) -> int: ...
    @property
    def changes(self) -> int: ...
    @property
    def segments(self) -> int: ...
    @property
    def verified(self) -> str | None: ...
    @property
    def hash(self) -> str | None: ...
    @property
    def modified(self) -> float | None: ...

class _Line(str):
    """A line of a text download: a str without the line's end, and a bytes-like object with it."""

    def __buffer__(self, flags: int, /) -> memoryview: ...
    def decode(self, encoding: str | None = None, errors: str = "strict") -> str: ...

# Bytes are sent as they are.
_Text = str | bytes
_Path = str | bytes | PathLike[str] | PathLike[bytes]
_Paths = _Text | list[_Text] | list[str] | list[bytes] | tuple[_Text, ...]
_Callback = Callable[[_Line], object]
_Address = tuple[str, int]
# `scheme://user:password@host:port`, or True for what the environment names.
_Proxy = str | bool | None

@final
class TreeSummary(structseq[Any], tuple[Any, ...]):
    """What became of a download_tree(), upload_tree() or sync()."""

    __match_args__: Final = (
        "transferred",
        "unchanged",
        "deleted",
        "made",
        "size",
        "bytes",
        "resumes",
        "retries",
        "connections",
        "seconds",
        "actions",
        "refused",
        "errors",
    )

    @property
    def transferred(self) -> int: ...
    @property
    def unchanged(self) -> int: ...
    @property
    def deleted(self) -> int: ...
    @property
    def made(self) -> int: ...
    @property
    def size(self) -> int: ...
    @property
    def bytes(self) -> int: ...
    @property
    def resumes(self) -> int: ...
    @property
    def retries(self) -> int: ...
    @property
    def connections(self) -> int: ...
    @property
    def seconds(self) -> float: ...
    @property
    def actions(self) -> list[tuple[Literal["make", "copy", "delete"], str]]: ...
    @property
    def refused(self) -> list[tuple[str, str]]: ...
    @property
    def errors(self) -> list[tuple[str, Exception]]: ...

class TreeError(Error):
    summary: TreeSummary

_Progress = Callable[[TransferProgress], object]
# As `*.log`, `logs/**`, `old/`. What they leave out is neither transferred nor deleted.
_Patterns = str | Iterable[str]

class FTP:
    debugging: int
    host: str
    port: int
    maxline: int
    sock: socket | None
    file: Any
    af: int | None
    ipvtype: int
    welcome: str | None
    passiveserver: bool
    trust_server_pasv_ipv4_address: bool
    prefer_epsv: bool
    keepalive: float | None
    encoding: str
    errors: str
    proxy: _Proxy
    timeout: float | None
    source_address: _Address | None
    lastresp: str

    # The documentation's order, and CPython's: a str in the second place tells them apart, or what
    # stands behind None.
    @overload
    def __init__(
        self,
        host: str | None = None,
        port: int | None = None,
        user: str | None = None,
        passwd: str | None = None,
        acct: str | None = None,
        timeout: float | None = ...,
        source_address: _Address | None = None,
        ipvtype: Literal[0, 1] = 0,
        *,
        encoding: str = "utf-8",
        errors: str = "strict",
        proxy: _Proxy = None,
    ) -> None: ...
    @overload
    def __init__(
        self,
        host: str,
        user: str,
        passwd: str | None = "",
        acct: str | None = "",
        timeout: float | None = ...,
        source_address: _Address | None = None,
        *,
        port: int | None = None,
        ipvtype: Literal[0, 1] = 0,
        encoding: str = "utf-8",
        errors: str = "strict",
        proxy: _Proxy = None,
    ) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None: ...
    def connect(
        self,
        host: str | None = "",
        port: int | None = 0,
        timeout: float | None = -999,
        source_address: _Address | None = None,
        ipvtype: Literal[0, 1] = 0,
    ) -> str: ...
    def login(
        self, user: str | None = "", passwd: str | None = "", acct: str | None = ""
    ) -> str: ...
    def quit(self) -> str: ...
    def close(self) -> None: ...
    def getwelcome(self) -> str | None: ...
    def set_debuglevel(self, level: int = 0) -> None: ...
    def debug(self, level: int = 0) -> None: ...
    def set_pasv(self, val: bool | Literal[0, 1]) -> None: ...
    def set_trust_pasv(self, val: bool | Literal[0, 1]) -> None: ...
    def sanitize(self, s: _Text) -> str: ...
    def putline(self, line: _Text) -> None: ...
    def putcmd(self, line: _Text) -> None: ...
    def getline(self) -> str: ...
    def getmultiline(self) -> str: ...
    def getresp(self) -> str: ...
    def voidresp(self) -> str: ...
    def sendcmd(self, cmd: _Text) -> str: ...
    def voidcmd(self, cmd: _Text) -> str: ...
    def abort(self) -> str: ...
    def abort_transfer(self, conn: socket | None = None) -> str: ...
    def acct(self, password: str) -> str: ...
    def sendport(self, host: str, port: int) -> str: ...
    def sendeprt(self, host: str, port: int) -> str: ...
    def makeport(self) -> socket: ...
    def makepasv(self) -> tuple[str, int]: ...
    def ntransfercmd(
        self, cmd: _Text, rest: int | str | None = None
    ) -> tuple[socket, int | None]: ...
    def transfercmd(self, cmd: _Text, rest: int | str | None = None) -> socket: ...
    def retrbinary(
        self,
        cmd: _Text,
        callback: Callable[[bytes], object],
        blocksize: int = 2097152,
        rest: int | str | None = None,
    ) -> str: ...
    def retrlines(self, cmd: _Text, callback: _Callback | None = None) -> str: ...
    def storbinary(
        self,
        cmd: _Text,
        fp: _Readable,
        blocksize: int = 2097152,
        callback: Callable[[Any], object] | None = None,
        rest: int | str | None = None,
    ) -> str: ...
    def storlines(
        self, cmd: _Text, fp: _LineReadable, callback: Callable[[Any], object] | None = None
    ) -> str: ...
    def download(
        self,
        remote: _Text,
        local: _Path | _BinaryWritable,
        *,
        resume: bool = True,
        verify: bool = True,
        retries: int = 5,
        progress: Callable[[TransferProgress], object] | None = None,
        segments: int = 1,
    ) -> TransferResult: ...
    def upload(
        self,
        local: _Path | _Readable,
        remote: _Text,
        *,
        resume: bool = True,
        verify: bool = True,
        retries: int = 5,
        progress: Callable[[TransferProgress], object] | None = None,
    ) -> TransferResult: ...
    def listdir(self, path: _Text | None = "") -> list[tuple[str, dict[str, str]]]: ...
    def download_tree(
        self,
        remote: _Text,
        local: _Path,
        *,
        include: _Patterns | None = None,
        exclude: _Patterns | None = None,
        compare: Literal["time", "size", "hash"] = "time",
        delete: bool = False,
        dry_run: bool = False,
        connections: int = 4,
        resume: bool = True,
        verify: bool = True,
        retries: int = 5,
        progress: _Progress | None = None,
    ) -> TreeSummary: ...
    def upload_tree(
        self,
        local: _Path,
        remote: _Text,
        *,
        include: _Patterns | None = None,
        exclude: _Patterns | None = None,
        compare: Literal["time", "size", "hash"] = "time",
        delete: bool = False,
        dry_run: bool = False,
        connections: int = 4,
        resume: bool = True,
        verify: bool = True,
        retries: int = 5,
        progress: _Progress | None = None,
    ) -> TreeSummary: ...
    def sync(
        self,
        remote: _Text,
        local: _Path,
        *,
        direction: Literal["down", "up"] = "down",
        include: _Patterns | None = None,
        exclude: _Patterns | None = None,
        compare: Literal["time", "size", "hash"] = "time",
        delete: bool = False,
        dry_run: bool = False,
        connections: int = 4,
        resume: bool = True,
        verify: bool = True,
        retries: int = 5,
        progress: _Progress | None = None,
    ) -> TreeSummary: ...
    def nlst(self, *args: _Paths) -> list[str]: ...
    def dir(self, *args: _Paths | _Callback, callback: _Callback | None = None) -> list[str]: ...
    def mlsd(
        self, path: _Text = "", facts: Sequence[str] | Iterable[str] = []
    ) -> Iterator[tuple[str, dict[str, str]]]: ...
    def rename(self, fromname: _Text, toname: _Text) -> str: ...
    def delete(self, filename: _Text) -> str: ...
    def cwd(self, dirname: _Text) -> str: ...
    def size(self, filename: _Text) -> int | None: ...
    def mkd(self, dirname: _Text) -> str: ...
    def rmd(self, dirname: _Text) -> str: ...
    def pwd(self) -> str: ...

class FTP_TLS(FTP):
    context: SSLContext
    implicit: bool
    reuse_session: bool
    verify: bool

    if sys.version_info >= (3, 12):
        def __init__(
            self,
            host: str = "",
            user: str = "",
            passwd: str = "",
            acct: str = "",
            *,
            context: SSLContext | None = None,
            timeout: float | None = ...,
            source_address: _Address | None = None,
            verify: bool | None = None,
            implicit: bool = False,
            port: int | None = None,
            ipvtype: Literal[0, 1] = 0,
            encoding: str = "utf-8",
            errors: str = "strict",
            proxy: _Proxy = None,
        ) -> None: ...
    else:
        ssl_version: int
        keyfile: str | None
        certfile: str | None
        def __init__(
            self,
            host: str = "",
            user: str = "",
            passwd: str = "",
            acct: str = "",
            keyfile: str | None = None,
            certfile: str | None = None,
            context: SSLContext | None = None,
            timeout: float | None = ...,
            source_address: _Address | None = None,
            *,
            verify: bool | None = None,
            implicit: bool = False,
            port: int | None = None,
            ipvtype: Literal[0, 1] = 0,
            encoding: str = "utf-8",
            errors: str = "strict",
            proxy: _Proxy = None,
        ) -> None: ...

    def login(
        self,
        user: str | None = "",
        passwd: str | None = "",
        acct: str | None = "",
        secure: bool = True,
    ) -> str: ...
    def auth(self) -> str: ...
    def ccc(self) -> str: ...
    def prot_p(self) -> str: ...
    def prot_c(self) -> str: ...

def connect_url(
    url: str,
    *,
    netrc: bool | str | PathLike[str] = True,
    timeout: float | None = ...,
    context: SSLContext | None = None,
    verify: bool | None = True,
    proxy: _Proxy = True,
    encoding: str = "utf-8",
    errors: str = "strict",
) -> FTP: ...
def install() -> None: ...
def progress_bar(file: IO[str] | None = None) -> _Progress: ...
def ftpcp(
    source: FTP,
    sourcename: _Text,
    target: FTP,
    targetname: _Text = "",
    type: Literal["A", "I"] = "I",
) -> None: ...
def test() -> None: ...
def parse150(resp: str) -> int | None: ...
def parse227(resp: str) -> tuple[str, int]: ...
def parse229(resp: str, peer: tuple[str, Any]) -> tuple[str, int]: ...
def parse257(resp: str) -> str: ...
def print_line(line: str) -> None: ...
