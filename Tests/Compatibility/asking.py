"""Does a server offer something? Asks it by raw commands, through none of the client's code.

with Asking(server, "EPSV", context) as asking:
    asking.refusal("TYPE I", "RETR file")     # "550 No such file.", or None if it did both
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

DOWNLOADS = ("RETR", "LIST", "NLST", "MLSD")
UPLOADS = ("STOR", "APPE")
PATIENCE = 10
CONTENT = b"one\r\ntwo\r\n"
"""What it uploads."""


class RefusalError(Exception):
    """The server answers 4yz or 5yz, or ends the connection; the text is what it says."""


class Asking:
    """A control connection, logged in; and data connections of one mode, in TLS if it is."""

    def __init__(
        self, server: Any, mode: str, context: ssl.SSLContext | None, *, implicit: bool = False
    ) -> None:
        self._server = server
        self._mode = mode
        self._context = context
        self._sockets = ExitStack()
        self._unread = b""
        try:
            self._control = self._keep(
                socket.create_connection((server.host, server.port), PATIENCE)
            )
            if implicit:
                self._secure_control()
            self._reply()
            if context is not None and not implicit:
                self._command("AUTH TLS")
                self._secure_control()
            if self._command(f"USER {server.user}").startswith("3"):
                self._command(f"PASS {server.password}")
            if context is not None:
                self._command("PBSZ 0")
                self._command("PROT P")
        except BaseException:
            self._sockets.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._sockets.close()

    def refusal(self, *steps: str) -> str | None:
        """Runs commands, transfers among them; the server's words at the first that it refuses.

        `abort RETR x` breaks the transfer off in its middle, `path MKD x` wants a path in the
        reply, `exists x` looks for a file in the server's root.
        """
        step = ""
        try:
            for step in steps:
                verb, _, rest = step.partition(" ")
                if verb == "abort":
                    self._abort(rest)
                elif verb == "path":
                    reply = self._command(rest)
                    if '"' not in reply:
                        return f"{rest.split(' ')[0]}: {reply}"
                elif verb == "exists":
                    if not (self._server.root / rest).exists():
                        return "stores the file under another name"
                elif verb in DOWNLOADS + UPLOADS:
                    self._transfer(step, verb in UPLOADS)
                else:
                    self._command(step)
        except RefusalError as refusal:
            return str(refusal)
        except TimeoutError:
            return f"{printable(step)}: nothing for {PATIENCE} s"
        except (EOFError, ConnectionError) as error:
            return f"{printable(step)}: {error or 'hangs up'}"
        return None

    def _keep(self, opened: socket.socket) -> socket.socket:
        self._sockets.callback(opened.close)
        return opened

    def _secure(self, plain: socket.socket, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
        assert self._context is not None
        secure = self._context.wrap_socket(
            plain, server_hostname=self._server.host, session=session
        )
        self._keep(secure)
        return secure

    def _secure_control(self) -> None:
        self._control = self._secure(self._control)

    def _line(self) -> str:
        while b"\n" not in self._unread:
            received = self._control.recv(65536)
            if not received:
                raise EOFError("hangs up")
            self._unread += received
        line, self._unread = self._unread.split(b"\n", 1)
        return line.decode("utf-8", "replace").rstrip("\r")

    def _reply(self, command: str = "") -> str:
        line = first = self._line()
        while line[:3] != first[:3] or line[3:4] == "-":
            line = self._line()
        if line[:1] in "45":
            raise RefusalError(f"{command.split(' ')[0]}: {line}")
        return line

    def _command(self, line: str) -> str:
        self._control.sendall(line.encode("utf-8", "surrogateescape") + b"\r\n")
        return self._reply(line)

    def _begin(self, command: str) -> socket.socket:
        """Opens a data connection in the mode that is asked about."""
        if self._mode in ("PASV", "EPSV"):
            reply = self._command(self._mode)
            if self._mode == "EPSV":
                found = re.search(r"\|\|\|(\d+)\|", reply)
                port = int(found[1]) if found else 0
            else:
                # RFC 959 has four numbers for the host, and two for the port.
                found = re.search(r"(?:\d+,){4}(\d+),(\d+)", reply)
                port = int(found[1]) * 256 + int(found[2]) if found else 0
            if not found:
                raise RefusalError(f"{self._mode}: {reply}")
            data = self._keep(socket.create_connection((self._server.host, port), PATIENCE))
            self._command(command)
        else:
            family = self._control.family
            with socket.create_server((self._server.host, 0), family=family) as listener:
                port = listener.getsockname()[1]
                host = self._server.host
                if self._mode == "PORT":
                    self._command(f"PORT {host.replace('.', ',')},{port // 256},{port % 256}")
                else:
                    number = 2 if ":" in host else 1
                    self._command(f"EPRT |{number}|{host}|{port}|")
                self._command(command)
                listener.settimeout(PATIENCE)
                data = self._keep(listener.accept()[0])
                data.settimeout(PATIENCE)
        if self._context is not None:
            assert isinstance(self._control, ssl.SSLSocket)
            data = self._secure(data, self._control.session)
        return data

    def _transfer(self, command: str, uploads: bool) -> None:
        data = self._begin(command)
        if uploads:
            data.sendall(CONTENT)
        else:
            while data.recv(65536):
                pass
        self._end(data)
        self._reply(command)

    def _end(self, data: socket.socket) -> None:
        if isinstance(data, ssl.SSLSocket):
            data.settimeout(2)
            try:
                data.unwrap().close()
            except OSError:
                data.close()
        data.close()

    def _abort(self, command: str) -> None:
        data = self._begin(command)
        data.recv(1000)
        if isinstance(self._control, ssl.SSLSocket):
            self._control.sendall(b"ABOR\r\n")
        else:
            self._control.sendall(b"\xff\xf4")
            self._control.sendall(b"\xff\xf2", socket.MSG_OOB)
            self._control.sendall(b"ABOR\r\n")
        data.close()
        # The transfer's end, whatever it is, and ABOR's.
        seen: list[str] = []
        while not seen or seen[-1][:1] not in "25":
            line = self._line()
            if line[3:4] == " ":
                seen.append(line)
        if seen[-1].startswith("5"):
            raise RefusalError(f"ABOR: {seen[-1]}")


def printable(step: str) -> str:
    return step.encode("ascii", "backslashreplace").decode()


def refusal(
    server: Any,
    mode: str,
    context: ssl.SSLContext | None,
    steps: Sequence[str],
    *,
    implicit: bool = False,
) -> str | None:
    """Asks a server in a connection of its own; None if it did all that was asked."""
    with Asking(server, mode, context, implicit=implicit) as asking:
        return asking.refusal(*steps)
