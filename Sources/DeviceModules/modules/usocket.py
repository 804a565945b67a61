"""The device's `usocket`: Python's sockets, which are also streams as the device's are.

They have `read`, `readline`, `readinto`, `write` and `getsocketsta` besides, take text as its UTF-8
bytes, and `accept` gives `(socket, address, port)`. A timeout is OSError with 110 as `args[0]`.
"""

import socket as _socket
from socket import (
    AF_INET,
    AF_INET6,
    IPPROTO_TCP,
    IPPROTO_UDP,
    SO_REUSEADDR,
    SOCK_DGRAM,
    SOCK_RAW,
    SOCK_STREAM,
    SOL_SOCKET,
)

from _ftpy.stream import TCP_KEEPALIVE
from _ftpy.stream import Stream as _Stream
from _ftpy.stream import numbered as _numbered

__all__ = [
    "AF_INET",
    "AF_INET6",
    "IPPROTO_TCP",
    "IPPROTO_TCP_SER",
    "IPPROTO_UDP",
    "SOCK_DGRAM",
    "SOCK_RAW",
    "SOCK_STREAM",
    "SOL_SOCKET",
    "SO_REUSEADDR",
    "TCP_CUSTOMIZE_PORT",
    "TCP_KEEPALIVE",
    "getaddrinfo",
    "socket",
]

# Roles that the device wants to be told of; to this host both are TCP.
IPPROTO_TCP_SER = TCP_CUSTOMIZE_PORT = IPPROTO_TCP


def __dir__() -> list[str]:
    return __all__


class socket(_Stream):
    """A socket. The protocol follows from the type and can be left out."""

    def __init__(
        self,
        af: int = AF_INET,
        type: int = SOCK_STREAM,
        proto: int = 0,
        fileno: int | None = None,
    ) -> None:
        super().__init__(af, type, proto, fileno)

    # Three items where Python's has two: what the documentation of the device says.
    @_numbered
    def accept(self) -> "tuple[socket, str, int]":  # type: ignore[override]
        """Waits for a client: `(socket, address, port)`."""
        number, address = self._accept()  # type: ignore[attr-defined]
        client = socket(self.family, self.type, self.proto, number)
        client.settimeout(_socket.getdefaulttimeout())
        return client, address[0], address[1]


def getaddrinfo(host: str, port: int, /) -> list[tuple[int, int, int, str, tuple[str, int]]]:
    """`(family, type, 0, '', (address, port))` of each address of a host, IPv4 first.

    OSError if there is none.
    """
    found = _socket.getaddrinfo(host, port, type=SOCK_STREAM)
    found.sort(key=lambda entry: entry[0] != AF_INET)
    return [
        (int(family), int(kind), 0, "", (str(address[0]), int(address[1])))
        for family, kind, _, _, address in found
    ]
