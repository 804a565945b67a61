"""What the scripted servers of the table do, beyond the steps of `conftest`."""

from __future__ import annotations

import functools
import importlib
import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress

from conftest import (
    LOGIN,
    Conversation,
    Step,
    answer,
    hang_up,
    say,
)

SESSION: Sequence[Step] = LOGIN


def pasv(conversation: Conversation) -> None:
    conversation.hear("PASV")
    port = conversation.listen()
    conversation.say(f"227 Here (127,0,0,1,{port // 256},{port % 256}).")


def extended(verb: str) -> Step:
    """Answers PASV or EPSV as EPSV is answered, and knows no other command."""

    def step(conversation: Conversation) -> None:
        while conversation.hear() != verb:
            conversation.say("502 Not implemented.")
        conversation.say(f"229 Here (|||{conversation.listen()}|).")

    return step


def begin(verb: str = "RETR", text: str = "150 Here.") -> list[Step]:
    """From TYPE to the 150 of a passive transfer."""
    return [answer("TYPE"), pasv, answer(verb, text), lambda c: c.connected()]


def client_closes(conversation: Conversation) -> None:
    """Waits until the client has closed the data connection."""
    with suppress(OSError):
        while conversation.connected().recv(65536):
            pass
    conversation.end_data()


def pause(seconds: float) -> Step:
    return lambda conversation: conversation.server.closing.wait(seconds)


def endless_reply(conversation: Conversation) -> None:
    """A greeting that has no last line."""
    line = b"220-" + b"x" * 4000 + b"\r\n"
    while True:
        conversation.control.sendall(line * 16)


def dripping_reply(conversation: Conversation) -> None:
    """A byte of a reply now and then, never its end."""
    conversation.hear()
    while not conversation.server.closing.is_set():
        conversation.control.sendall(b"x")
        time.sleep(0.1)


def silent_gateway(seconds: float) -> Step:
    """Goes on when the client has spoken; forgets the connection when it is silent for so long."""

    def step(conversation: Conversation) -> None:
        conversation.control.settimeout(seconds)
        try:
            conversation.hear("NOOP")
        except TimeoutError:
            # The data connection, which was never silent, comes to its end.
            conversation.connected().sendall(b"content")
            conversation.end_data()
            hang_up(conversation.control, reset=True)
            raise
        conversation.control.settimeout(20)
        conversation.say("200 Still here.")

    return step


def stranger(conversation: Conversation) -> None:
    """A download in active mode: another host is quicker than this server to connect."""
    *_, high, low = conversation.hear("PORT").split(",")
    target = ("127.0.0.1", int(high) * 256 + int(low))
    forged = conversation.server.keep(
        socket.create_connection(target, source_address=("127.0.0.2", 0))
    )
    forged.sendall(b"forged")
    hang_up(forged)
    conversation.data = conversation.server.keep(socket.create_connection(target))
    conversation.say("200 Very well.")
    conversation.hear("RETR")
    conversation.say("150 Here.")
    with suppress(OSError):  # The client has let the other one in, and has closed the door.
        conversation.data.sendall(b"content")
    conversation.end_data()
    conversation.say("226 Done.")


# TLS data connections


@functools.cache
def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(importlib.import_module("servers").CERTIFICATES / "server.pem")
    return context


TLS_SESSION: Sequence[Step] = [
    say("220 Scripted server."),
    answer("USER", "331 Password, please."),
    answer("PASS", "230 Welcome."),
    answer("PBSZ"),
    answer("PROT"),
]
"""With the control connection in the clear: what happens is on the data connection."""


def handshake(conversation: Conversation) -> None:
    plain = conversation.connected()
    conversation.data = conversation.server.keep(_context().wrap_socket(plain, server_side=True))


def _below(conversation: Conversation) -> socket.socket:
    """The TCP connection below TLS, which then ends without a `close_notify` of ours."""
    below = socket.socket(fileno=conversation.connected().detach())
    below.settimeout(20)
    conversation.data = conversation.server.keep(below)
    return below


def read_to_the_end(conversation: Conversation) -> None:
    """Reads an upload to the client's `close_notify`."""
    with suppress(OSError):
        while conversation.connected().recv(65536):
            pass


def wait_for_the_end_of_tcp(conversation: Conversation) -> None:
    """As IIS does: it does not answer `close_notify`, and waits for the client to close."""
    with suppress(OSError):
        while _below(conversation).recv(65536):
            pass
    conversation.end_data()


def close_below(*, reset: bool = False) -> Step:
    """Closes TCP without `close_notify`."""

    def step(conversation: Conversation) -> None:
        _below(conversation)
        conversation.end_data(reset=reset)

    return step
