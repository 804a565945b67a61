"""TLS as the device does it: without verification, on sockets that are streams."""

import errno
import os
import ssl
import sys
from collections.abc import Callable
from socket import socket
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from _ftpy.stream import P, R, Stream, numbered

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_said = False


def waiting(method: Callable[P, R]) -> Callable[P, R]:
    """Makes what TLS says where it would have to wait, in either direction, what a socket says."""

    def call(*args: P.args, **options: P.kwargs) -> R:
        try:
            return method(*args, **options)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError) as error:
            raise BlockingIOError(errno.EAGAIN, str(error)) from None

    call.__name__, call.__doc__ = method.__name__, method.__doc__
    return call


class TLSStream(Stream, ssl.SSLSocket):  # type: ignore[misc]
    """A stream over TLS."""

    # SSLSocket's own `recv` calls `read`, which here means another thing.
    @numbered
    @waiting
    def recv(self, size: int = 1024, flags: int = 0, /) -> bytes:
        """Reads up to `size` bytes of what has arrived."""
        if self._sslobj is None:  # type: ignore[attr-defined]
            return socket.recv(self, size, flags)
        return ssl.SSLSocket.read(self, size)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0, /) -> int:
        """Reads what has arrived into a buffer."""
        return self._read_into(nbytes or len(buffer), buffer)

    def send(self, data: "str | ReadableBuffer", flags: int = 0, /) -> int:
        """Sends what fits, and says how many bytes that were."""
        return waiting(super().send)(data, flags)

    @numbered
    @waiting
    def _read_into(self, size: int, buffer: Any) -> int:
        count: int = ssl.SSLSocket.read(self, size, buffer)  # type: ignore[assignment]
        return count

    @numbered
    def connect(self, address: Any) -> None:
        """Connects, and does the handshake."""
        ssl.SSLSocket.connect(self, address)

    def up_to_newline(self, room: int) -> int:
        """One: a TLS connection cannot be looked into ahead, but has its bytes at hand."""
        return 1


def context(cert: str | None, key: str | None) -> ssl.SSLContext:
    """A client's context, with its own certificate and key in PEM text if it has them."""
    warn()
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.sslsocket_class = TLSStream
    if cert:
        load(made, cert, key or "")
    return made


def load(made: ssl.SSLContext, cert: str, key: str) -> None:
    """Gives a context its certificate and key, which OpenSSL reads from a file only."""
    with NamedTemporaryFile("w", suffix=".pem", delete=False) as file:
        file.write(f"{cert}\n{key}\n")
    try:
        made.load_cert_chain(file.name)
    finally:
        os.unlink(file.name)


def warn() -> None:
    """Says once that nobody checks who the server is."""
    global _said
    # To print(), no file at all is standard output.
    if not _said and sys.stderr is not None:
        _said = True
        print("ftpy: ussl verifies no certificate, as the device", file=sys.stderr)
