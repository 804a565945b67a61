"""Steps of a scripted server (scripted.py) that speaks TLS."""

from __future__ import annotations

import functools
import importlib
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from scripted import Conversation, Step, answer, hang_up, passive, say


def certificates() -> Path:
    """The folder with the certificates that the servers show."""
    folder: Path = importlib.import_module("servers").CERTIFICATES
    return folder


@functools.cache
def server_context(certificate: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates() / f"{certificate}.pem")
    return context


def wrapped(
    conversation: Conversation, plain: socket.socket, context: ssl.SSLContext
) -> ssl.SSLSocket:
    secure = context.wrap_socket(plain, server_side=True)
    conversation.server.keep(secure)
    return secure


def secured(certificate: str = "server") -> Step:
    """TLS on the control connection."""

    def step(conversation: Conversation) -> None:
        context = server_context(certificate)
        conversation.control = wrapped(conversation, conversation.control, context)

    return step


def data_secured(certificate: str = "server") -> Step:
    """TLS on the data connection."""

    def step(conversation: Conversation) -> None:
        context = server_context(certificate)
        conversation.data = wrapped(conversation, conversation.connected(), context)

    return step


AUTH: Sequence[Step] = (answer("AUTH", "234 Go ahead."), secured())
LOGIN_TLS: Sequence[Step] = (
    say("220 Scripted server."),
    *AUTH,
    answer("USER", "331 Password, please."),
    answer("PASS", "230 Welcome."),
    answer("PBSZ"),
    answer("PROT"),
)


def begin(
    verb: str,
    preliminary: str = "150 Here we go.",
    certificate: str = "server",
    *,
    rest: bool = False,
) -> list[Step]:
    """From TYPE to the data connection in TLS, with a REST before the verb or without."""
    restart = [answer("REST", "350 Go on.")] if rest else []
    transfer = [answer(verb, preliminary), data_secured(certificate)]
    return [answer("TYPE"), passive(), *restart, *transfer]


def data_of(conversation: Conversation) -> ssl.SSLSocket:
    data = conversation.connected()
    assert isinstance(data, ssl.SSLSocket)
    return data


def receive_tls() -> Step:
    """Reads the data connection to TLS's own end, which must come, into `server.received`."""

    def step(conversation: Conversation) -> None:
        source: Any = data_of(conversation)
        source.suppress_ragged_eofs = False
        conversation.server.received.append(b"".join(iter(lambda: source.recv(65536), b"")))

    return step


def notify_close() -> Step:
    """Sends `close_notify` on the data connection, and waits for nothing."""

    def step(conversation: Conversation) -> None:
        data = data_of(conversation)
        data.setblocking(False)
        with suppress(ssl.SSLWantReadError):
            data.unwrap()

    return step


def await_end_of_tcp() -> Step:
    """Reads below TLS until the client has ended the TCP connection."""

    def step(conversation: Conversation) -> None:
        data = data_of(conversation)
        data.settimeout(conversation.server.patience)
        while socket.socket.recv(data, 65536):
            pass

    return step


def cut_data(*, reset: bool = False) -> Step:
    """Closes the data connection without a `close_notify`."""

    def step(conversation: Conversation) -> None:
        hang_up(conversation.connected(), reset=reset)
        conversation.data = None

    return step
