"""A peer that answers in order, or with any bytes at any time: a server, TLS, a proxy before it.

A `Case` is all it knows. For each turn (the greeting, and every command) there is a list of
operations; where the list has an end, an obliging server goes on. It runs in threads of the test's
process, the client in a process of its own.
"""

from __future__ import annotations

import random
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from conftest import hang_up

# What is done at a turn: a word, and a number or bytes that it needs.
#
#   say BYTES      these bytes                      oblige        the right answer
#   pause MS       nothing for so long              damage SEED   it, some bytes changed or lost
#   flood BYTES    these, until 2 MB have gone      drip MS       it, byte by byte
#   close, reset   the end of the connection        twice         it, and once more
#   secure         an unasked TLS handshake         early         the final reply before its time
Operation = tuple[str, int | bytes | None]

FLOOD = 2_000_000
PATIENCE = 3.0


@dataclass(frozen=True)
class Data:
    """What becomes of a data connection: how it begins and ends, and what comes on it."""

    content: bytes = b"type=file;size=3; one\r\n-rw-r--r-- 1 u g 3 Jan 1 2000 two\r\n"
    repeat: int = 1
    begins: str = "accept"  # or "ignore", "refuse"
    ends: str = "close"  # or "reset", "stay"
    piece: int = 0
    takes: int = 1 << 30
    """Bytes of an upload that are read before the end."""


@dataclass(frozen=True)
class Case:
    calls: tuple[str, ...] = ("login", "retrbinary", "quit")
    kind: str = "FTP"  # or "FTP_TLS", "implicit"
    proxy: str = ""  # or "socks5h", "http"
    turns: tuple[tuple[Operation, ...], ...] = ()
    proxy_turns: tuple[tuple[Operation, ...], ...] = ()
    data: tuple[Data, ...] = ()


def damaged(content: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    changed = bytearray(content)
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(changed) + 1)
        match chance.randrange(5):
            case 0:
                del changed[place : place + chance.randint(1, 6)]
            case 1:
                changed[place:place] = chance.randbytes(chance.randint(1, 4))
            case 2:
                changed[place : place + 1] = chance.choice(
                    [b"\0", b"\xff", b"\r", b"\n", b"-", b"9", b" ", b"(", b"|", b",", b'"']
                )
            case 3:
                changed[place:place] = changed[: chance.randint(1, len(changed) + 1)]
            case _:
                changed[place : place + 3] = b"%03d" % chance.randrange(1000)
    return bytes(changed)


class GoodbyeError(Exception):
    """The end of a connection."""


class Peer:
    """Runs one case; `with Peer(case, context) as peer` has `peer.port`."""

    def __init__(self, case: Case, context: ssl.SSLContext) -> None:
        self.case = case
        self._context = context
        self._sockets: list[socket.socket] = []
        self._closing = False
        self._data = iter(case.data)
        self._listener = self._keep(socket.create_server(("127.0.0.1", 0)))
        self.port: int = self._listener.getsockname()[1]
        self._tunnels: dict[int, list[socket.socket]] = {}
        self._start(self._accept)

    def __enter__(self) -> Peer:
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        for kept in self._sockets:
            hang_up(kept)

    def _keep(self, kept: socket.socket) -> socket.socket:
        kept.settimeout(PATIENCE)
        self._sockets.append(kept)
        if self._closing:
            hang_up(kept)
        return kept

    def _start(self, work: object, *arguments: object) -> None:
        threading.Thread(target=self._quietly, args=(work, *arguments), daemon=True).start()

    def _quietly(self, work: object, *arguments: object) -> None:
        assert callable(work)
        with suppress(OSError, GoodbyeError, ValueError):
            work(*arguments)

    def _accept(self) -> None:
        number = 0
        while not self._closing:
            with suppress(TimeoutError):
                connection = self._keep(self._listener.accept()[0])
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._start(self._serve, connection, number)
                number += 1

    def _serve(self, connection: socket.socket, number: int) -> None:
        try:
            if self.case.proxy:
                port = Tunnel(self, connection, number).asked_for()
                if port != 21:
                    self._tunnels.setdefault(port, []).append(connection)
                    time.sleep(PATIENCE)
                    return
            if self.case.kind == "implicit":
                connection = self.secure(connection)
            Control(self, connection, number).run()
        finally:
            hang_up(connection)

    def secure(self, connection: socket.socket) -> socket.socket:
        return self._keep(self._context.wrap_socket(connection, server_side=True))

    def listen(self) -> socket.socket:
        return self._keep(socket.create_server(("127.0.0.1", 0)))

    def accepted(self, listener: socket.socket) -> socket.socket:
        """The data connection: straight, or through the proxy that this peer plays."""
        port = listener.getsockname()[1]
        if not self.case.proxy:
            return self._keep(listener.accept()[0])
        for _ in range(300):
            if self._tunnels.get(port):
                return self._tunnels[port].pop()
            time.sleep(0.01)
        raise TimeoutError

    def next_data(self) -> Data:
        return next(self._data, Data())

    def connect(self, port: int) -> socket.socket:
        return self._keep(socket.create_connection(("127.0.0.1", port), PATIENCE))


def perform(operations: tuple[Operation, ...], connection: socket.socket, right: bytes) -> bool:
    """Does a turn's operations; says whether a TLS handshake has to follow."""
    secure = False
    for word, value in operations or (("oblige", None),):
        match word, value:
            case "say", bytes(content):
                connection.sendall(content)
            case "pause", int(milliseconds):
                time.sleep(milliseconds / 1000)
            case "flood", bytes(content) if content:
                for _ in range(FLOOD // (len(content) * 1000) + 1):
                    connection.sendall(content * 1000)
            case "damage", int(seed):
                connection.sendall(damaged(right, seed))
            case "drip", int(milliseconds):
                for index in range(len(right)):
                    connection.sendall(right[index : index + 1])
                    time.sleep(milliseconds / 1000)
            case "twice", _:
                connection.sendall(right * 2)
            case (("oblige" | "early"), _):
                connection.sendall(right)
            case "secure", _:
                secure = True
            case (("close" | "reset"), _):
                hang_up(connection, reset=word == "reset")
                raise GoodbyeError
            case _:
                pass
    return secure


class Tunnel:
    """The proxy's side of a connection."""

    def __init__(self, peer: Peer, connection: socket.socket, number: int) -> None:
        self._peer = peer
        self._connection = connection
        turns = peer.case.proxy_turns
        self._turns = iter(turns if number == 0 else turns[3 * number :])

    def _answer(self, right: bytes) -> None:
        perform(next(self._turns, ()), self._connection, right)

    def _take(self, count: int) -> bytes:
        taken = b""
        while len(taken) < count:
            received = self._connection.recv(count - len(taken))
            if not received:
                raise GoodbyeError
            taken += received
        return taken

    def asked_for(self) -> int:
        """Grants the connection, and says to which port."""
        if self._peer.case.proxy == "http":
            request = b""
            while b"\r\n\r\n" not in request:
                request += self._take(1)
            port = int(request.split(b" ")[1].rpartition(b":")[2])
            self._answer(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 p\r\n\r\n")
            return port
        self._take(self._take(2)[1])
        self._answer(b"\x05\x02")
        self._take(self._take(2)[1] + 1)
        # The password's length was the last byte of that.
        self._take(6)
        self._answer(b"\x01\x00")
        kind = self._take(4)[3]
        self._take({1: 4, 4: 16}.get(kind) or self._take(1)[0])
        port = int.from_bytes(self._take(2), "big")
        self._answer(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x15")
        return port


class Control:
    """A control connection with its data connections."""

    def __init__(self, peer: Peer, connection: socket.socket, number: int) -> None:
        self._peer = peer
        self._connection = connection
        self._turns = iter(peer.case.turns if number == 0 else ())
        self._unread = b""
        self._listener: socket.socket | None = None
        self._target = 0
        self._private = peer.case.kind == "implicit"

    def run(self) -> None:
        self._answer(b"220 Peer.\r\n")
        while True:
            while b"\n" not in self._unread:
                received = self._connection.recv(65536)
                if not received:
                    return
                self._unread += received
            line, self._unread = self._unread.split(b"\n", 1)
            self._obey(line.lstrip(b"\xff\xf4\xf2").strip().decode("latin-1"))

    def _answer(self, right: bytes) -> None:
        self._perform(next(self._turns, ()), right)

    def _perform(self, operations: tuple[Operation, ...], right: bytes) -> None:
        if perform(operations, self._connection, right):
            self._connection = self._peer.secure(self._connection)

    def _obey(self, command: str) -> None:
        verb, _, argument = command.partition(" ")
        verb = verb.upper()
        replies = {
            "USER": "331 Password?",
            "PASS": "230 Welcome.",
            "PWD": '257 "/here" is it.',
            "MKD": '257 "/made"',
            "SIZE": "213 42",
            "REST": "350 So be it.",
            "RNFR": "350 And?",
            "QUIT": "221 Goodbye.",
        }
        if verb in ("RETR", "LIST", "NLST", "MLSD", "STOR", "APPE"):
            self._transfer(verb)
        elif verb in ("PASV", "EPSV"):
            self._listener = self._peer.listen()
            port = self._listener.getsockname()[1]
            self._answer(
                f"229 Here (|||{port}|).\r\n".encode()
                if verb == "EPSV"
                else f"227 Here (127,0,0,1,{port >> 8},{port & 255}).\r\n".encode()
            )
        elif verb in ("PORT", "EPRT"):
            self._listener = None
            if verb == "PORT":
                *_, high, low = argument.split(",")
                self._target = int(high) * 256 + int(low)
            else:
                self._target = int(argument.split("|")[3])
            self._answer(b"200 So be it.\r\n")
        elif verb == "AUTH":
            self._answer(b"234 Go ahead.\r\n")
            self._connection = self._peer.secure(self._connection)
        elif verb == "PROT":
            self._private = argument == "P"
            self._answer(b"200 So be it.\r\n")
        elif verb == "CCC":
            self._answer(b"200 So be it.\r\n")
            if isinstance(self._connection, ssl.SSLSocket):
                self._connection = self._connection.unwrap()
        else:
            self._answer(replies.get(verb, "200 So be it.").encode() + b"\r\n")

    def _transfer(self, verb: str) -> None:
        data = self._peer.next_data()
        operations = next(self._turns, ())
        final = b"226 Done.\r\n"
        if "early" in {word for word, _ in operations}:
            self._connection.sendall(final)
        if data.begins == "refuse" and self._listener is not None:
            hang_up(self._listener)
        self._perform(operations, b"150 Here it is.\r\n")
        if data.begins == "accept":
            with suppress(OSError):
                self._carry(verb, data)
        self._answer(final)

    def _carry(self, verb: str, data: Data) -> None:
        if self._listener is not None:
            connection = self._peer.accepted(self._listener)
        else:
            connection = self._peer.connect(self._target)
        if self._private:
            connection = self._peer.secure(connection)
        if verb in ("STOR", "APPE"):
            left = data.takes
            while left > 0:
                received = connection.recv(min(left, 65536))
                if not received:
                    break
                left -= len(received)
        elif data.piece:
            for start in range(0, len(data.content), data.piece):
                connection.sendall(data.content[start : start + data.piece])
                time.sleep(0.002)
        else:
            connection.sendall(data.content * data.repeat)
        if data.ends != "stay":
            if isinstance(connection, ssl.SSLSocket) and data.ends == "close":
                with suppress(OSError, ValueError):
                    connection = connection.unwrap()
            hang_up(connection, reset=data.ends == "reset")
