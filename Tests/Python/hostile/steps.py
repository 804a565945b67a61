"""What a server may do that it must not: steps for the rows."""

from __future__ import annotations

import os
import socket
import ssl
from contextlib import suppress

from hostile.obedient import FILE, SIZE, over, scene, secured
from scripted import Conversation, Step, hang_up, stall

wait = stall
"""Does nothing for so many seconds."""
silence: Step = stall()
"""Does nothing any more; the connections stay open."""


def leave(conversation: Conversation) -> None:
    """Closes the control connection, and hears no more."""
    hang_up(conversation.control)
    over(conversation)


def reset(conversation: Conversation) -> None:
    """Breaks the control connection off; what was said before has had time to arrive."""
    conversation.server.closing.wait(0.1)
    hang_up(conversation.control, reset=True)
    over(conversation)


def drip(content: bytes, pause: float) -> Step:
    """Says bytes one at a time."""

    def step(conversation: Conversation) -> None:
        for byte in content:
            conversation.control.sendall(bytes([byte]))
            conversation.server.closing.wait(pause)

    return step


def repeat(content: bytes, pause: float = 0, *, most: int = 1 << 30) -> Step:
    """Says the same until the client has gone; most a gigabyte."""

    def step(conversation: Conversation) -> None:
        block = content if pause else content * max(1, (1 << 16) // len(content))
        for _ in range(0, most, len(block)):
            conversation.control.sendall(block)
            if pause and conversation.server.closing.wait(pause):
                return
        raise AssertionError(f"the client took {most} bytes of one reply")

    return step


def data_drip(content: bytes, pause: float) -> Step:
    """Sends bytes of data one at a time."""

    def step(conversation: Conversation) -> None:
        for byte in content:
            conversation.connected().sendall(bytes([byte]))
            conversation.server.closing.wait(pause)

    return step


def pour(block: bytes, *, most: int) -> Step:
    """Sends the same data again and again until the client has had enough."""

    def step(conversation: Conversation) -> None:
        with suppress(ConnectionError):
            for _ in range(0, most, len(block)):
                conversation.connected().sendall(block)
            raise AssertionError(f"the client took {most} bytes of one listing")
        drop_data(conversation)

    return step


def drop_data(conversation: Conversation) -> None:
    """Closes the data connection as it is, inside TLS with no word."""
    if conversation.data:
        hang_up(conversation.data)
    conversation.data = None


def client_closes(conversation: Conversation) -> None:
    """Waits until the client has closed the data connection."""
    with suppress(OSError):
        while conversation.connected().recv(65536):
            pass
    drop_data(conversation)


def reset_data(conversation: Conversation) -> None:
    """Breaks the data connection off."""
    conversation.end_data(reset=True)


def close_data_without_notice(conversation: Conversation) -> None:
    """Closes the data connection inside TLS with no close_notify."""
    hang_up(conversation.connected())
    conversation.data = None


def say_below_tls(content: bytes) -> Step:
    """Writes bytes on the control connection's socket, under its TLS."""
    return lambda conversation: os.write(conversation.control.fileno(), content)


def send_below_tls(content: bytes) -> Step:
    """Writes bytes on the data connection's socket, under its TLS."""
    return lambda conversation: os.write(conversation.connected().fileno(), content)


def with_certificate(name: str) -> Step:
    """Shows another certificate from now on."""

    def step(conversation: Conversation) -> None:
        scene(conversation).certificate = name

    return step


def refused_port(conversation: Conversation) -> None:
    """Names a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port: int = closed.getsockname()[1]
    conversation.say(f"227 Here (127,0,0,1,{port >> 8},{port & 255}).")


def deaf_port(conversation: Conversation) -> None:
    """Names a port whose queue is full: a connection is never accepted."""
    full = conversation.server.keep(socket.socket())
    full.bind(("127.0.0.1", 0))
    full.listen(0)
    for _ in range(4):
        caller = conversation.server.keep(socket.socket())
        caller.setblocking(False)
        caller.connect_ex(full.getsockname())
    port: int = full.getsockname()[1]
    conversation.say(f"227 Here (127,0,0,1,{port >> 8},{port & 255}).")


def trap(reply: str) -> Step:
    """Names 127.0.0.2 in a reply with {high} and {low}, and listens there too: nobody must come."""

    def step(conversation: Conversation) -> None:
        port = conversation.listen()
        other = conversation.server.keep(socket.create_server(("127.0.0.2", port)))
        other.setblocking(False)
        conversation.trap = other  # type: ignore[attr-defined]
        conversation.say(reply.format(high=port >> 8, low=port & 255, port=port))

    return step


def trap_is_empty(conversation: Conversation) -> None:
    with suppress(BlockingIOError):
        conversation.trap.accept()  # type: ignore[attr-defined]
        raise AssertionError("the client connected to the host that the server named")


def listening(reply: str) -> Step:
    """Listens, and says where in a reply with {port}, or {high} and {low}."""

    def step(conversation: Conversation) -> None:
        port = conversation.listen()
        conversation.say(reply.format(high=port >> 8, low=port & 255, port=port))

    return step


def hear(verb: str) -> Step:
    """Waits for this command."""
    return lambda conversation: conversation.hear(verb)


def without_rest(conversation: Conversation) -> None:
    """Forgets what REST has said."""
    scene(conversation).offset = 0


def without_signals(conversation: Conversation) -> None:
    if conversation.signals:
        raise AssertionError(f"{conversation.signals!r} came before the command")


def data_handshake_fails(conversation: Conversation) -> None:
    """Shakes hands on the data connection, which the client must refuse to go on with."""
    plain = Conversation.connected(conversation)
    with suppress(OSError):
        # Over TLS 1.3 the server is done before the client has judged.
        secure = scene(conversation).connected()
        plain = secure
        secure.recv(1)
        raise AssertionError("the client goes on")
    hang_up(plain)
    conversation.data = None


def handshake_fails(conversation: Conversation) -> None:
    """The same on the control connection, where nothing can follow."""
    with suppress(OSError):
        secured(conversation)
        if conversation.control.recv(1):
            raise AssertionError("the client goes on")
    leave(conversation)


def plain_data(content: bytes) -> Step:
    """Sends bytes on the data connection, without TLS, and closes it."""

    def step(conversation: Conversation) -> None:
        plain = Conversation.connected(conversation)
        with suppress(OSError):
            plain.sendall(content)
            plain.shutdown(socket.SHUT_WR)
            while plain.recv(65536):
                pass
        drop_data(conversation)

    return step


def await_end_of_tcp(conversation: Conversation) -> None:
    """Reads below TLS until the client has ended TCP; never says close_notify."""
    data = conversation.connected()
    while socket.socket.recv(data, 65536):
        pass


def notice(conversation: Conversation) -> None:
    """Says close_notify on the data connection, which stays open."""
    data = conversation.connected()
    assert isinstance(data, ssl.SSLSocket)
    data.setblocking(False)
    with suppress(ssl.SSLWantReadError):
        data.unwrap()
    data.setblocking(True)


def client_closes_below_tls(conversation: Conversation) -> None:
    """Waits until the client has closed the data connection, and never begins TLS on it."""
    plain = Conversation.connected(conversation)
    with suppress(ConnectionError):
        while plain.recv(65536):
            pass
    drop_data(conversation)


def take_all(conversation: Conversation) -> None:
    """Receives an upload to TLS's end, and leaves the connection open."""
    source = conversation.connected()
    received = b"".join(iter(lambda: source.recv(65536), b""))
    if received != FILE:
        raise AssertionError(f"the upload came as {len(received)} bytes, not {SIZE}")


def end_in_order(conversation: Conversation) -> None:
    """Closes the data connection, with TLS's end where there is TLS."""
    conversation.end_data()


def leave_without_notice(conversation: Conversation) -> None:
    """Closes the control connection's TCP, and says nothing of it in TLS."""
    os.close(conversation.control.detach())
    over(conversation)


def open_data(conversation: Conversation) -> None:
    """Takes the data connection, inside TLS where that was agreed on, and sends nothing."""
    conversation.connected()
