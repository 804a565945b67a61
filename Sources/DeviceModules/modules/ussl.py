"""The device's `ussl`: TLS on a connected socket, by Python's `ssl`.

As on the device the server's certificate is not verified, and one line on standard error says so.
For verified connections use Python's `ssl`.
"""

import ssl as _ssl

from _ftpy.stream import Stream as _Stream
from _ftpy.stream import numbered as _numbered
from _ftpy.tls import context as _context

__all__ = ["wrap_socket"]


def __dir__() -> list[str]:
    return __all__


def wrap_socket(
    sock: _Stream,
    server_hostname: str | None = None,
    cert: str | None = None,
    key: str | None = None,
) -> _ssl.SSLSocket:
    """A socket that speaks TLS over `sock`, which is used up. A failed handshake is an OSError.

    `cert` and `key` are the client's own, as PEM text.
    """
    return _numbered(_context(cert, key).wrap_socket)(sock, server_hostname=server_hostname)
