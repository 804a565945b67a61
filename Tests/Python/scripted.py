"""A server that does as it is told, for faults that real servers do not show on demand.

    server = ScriptedServer(
        [*LOGIN, answer("TYPE"), passive(), answer("RETR", "150 ok"), send(b"half"), cut()]
    )
    FTP(server.host, server.port, "user", "password").retrbinary(...)

A conversation is a list of steps. A step is any function of the `Conversation`; the functions
below make the usual ones. After the last step QUIT is answered and anything else refused.
"""

from __future__ import annotations

import itertools
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress


class Conversation:
    """One control connection and, one at a time, its data connections."""

    def __init__(self, server: ScriptedServer, control: socket.socket) -> None:
        self.server = server
        self.control = control
        self.listener: socket.socket | None = None
        self.data: socket.socket | None = None
        self.signals = b""
        """Telnet's, that came before the last command."""
        self._unread = b""

    def say(self, *lines: str) -> None:
        """Sends reply lines."""
        self.control.sendall("".join(line + "\r\n" for line in lines).encode())

    def hear(self, *verbs: str) -> str:
        """Waits for the next command, which must be one of `verbs` if any are given."""
        while b"\n" not in self._unread:
            received = self.control.recv(65536)
            if not received:
                raise ConnectionError("the client has gone")
            self._unread += received
        line, self._unread = self._unread.split(b"\n", 1)
        words = line.lstrip(b"\xff\xf4\xf2")
        self.signals = line[: len(line) - len(words)]
        command = words.rstrip(b"\r").decode("utf-8", "surrogateescape")
        self.server.heard.append(command)
        if verbs and command.partition(" ")[0].upper() not in verbs:
            self.say("503 That is not in the script.")
            raise AssertionError(f"the script has {' or '.join(verbs)}, the client says {command}")
        return command

    def behind(self) -> bytes:
        """Takes what has come behind the last command already."""
        taken, self._unread = self._unread, b""
        return taken

    def listen(self) -> int:
        """Opens a port for the next data connection."""
        self.listener = self.server.keep(socket.create_server((self.server.host, 0)))
        port: int = self.listener.getsockname()[1]
        return port

    def connected(self) -> socket.socket:
        """The data connection, accepted if that has not happened yet."""
        if self.data is None:
            if self.listener is None:
                raise AssertionError("a data connection needs passive() before it")
            self.data = self.server.keep(self.listener.accept()[0])
            self.listener.close()
            self.listener = None
        return self.data

    def end_data(self, *, reset: bool = False) -> None:
        """Closes the data connection."""
        hang_up(self.connected(), reset=reset)
        self.data = None


Step = Callable[[Conversation], object]


def say(*lines: str) -> Step:
    """Sends reply lines, asked or not."""
    return lambda conversation: conversation.say(*lines)


def say_bytes(content: bytes) -> Step:
    """Sends bytes on the control connection as they are."""
    return lambda conversation: conversation.control.sendall(content)


def answer(verb: str, *lines: str) -> Step:
    """Hears a command and answers it; without lines by 200."""

    def step(conversation: Conversation) -> None:
        conversation.hear(verb)
        conversation.say(*lines or ("200 Very well.",))

    return step


def passive() -> Step:
    """Hears EPSV or PASV and opens a port."""

    def step(conversation: Conversation) -> None:
        command = conversation.hear("EPSV", "PASV")
        port = conversation.listen()
        if command.upper().startswith("EPSV"):
            conversation.say(f"229 Entering extended passive mode (|||{port}|).")
        else:
            address = conversation.server.host.replace(".", ",")
            conversation.say(f"227 Entering passive mode ({address},{port // 256},{port % 256}).")

    return step


def send(content: bytes) -> Step:
    """Sends bytes on the data connection, which stays open."""
    return lambda conversation: conversation.connected().sendall(content)


def receive() -> Step:
    """Reads the data connection to its end into `server.received`."""

    def step(conversation: Conversation) -> None:
        source = conversation.connected()
        conversation.server.received.append(b"".join(iter(lambda: source.recv(65536), b"")))
        conversation.end_data()

    return step


def end_data(*, reset: bool = False) -> Step:
    """Closes the data connection: in order, or by a reset."""
    return lambda conversation: conversation.end_data(reset=reset)


def cut(*, reset: bool = False) -> Step:
    """Closes the control connection: in order, or by a reset, which may overtake what was said."""
    return lambda conversation: hang_up(conversation.control, reset=reset)


def stall(seconds: float = 3600) -> Step:
    """Does nothing for a while; the server can still be closed."""
    return lambda conversation: conversation.server.closing.wait(seconds)


LOGIN: Sequence[Step] = (
    say("220 Scripted server."),
    answer("USER", "331 Password, please."),
    answer("PASS", "230 Welcome."),
)


def download(content: bytes, *, verb: str = "RETR", final: str = "226 Done.") -> Sequence[Step]:
    """A whole download, from the command (after `passive`) to the final reply."""
    return (answer(verb, "150 Here it comes."), send(content), end_data(), say(final))


def upload(*, verb: str = "STOR", final: str = "226 Done.") -> Sequence[Step]:
    """A whole upload, from the command (after `passive`) to the final reply."""
    return (answer(verb, "150 Go ahead."), receive(), say(final))


def hang_up(connection: socket.socket, *, reset: bool = False) -> None:
    with suppress(OSError):
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            connection.shutdown(socket.SHUT_RDWR)
    connection.close()


LISTING = b"type=file; one\r\ntype=file; two\r\n"
"""What `obliging` sends, whatever is asked for."""


def obliging(conversation: Conversation) -> None:
    """A small FTP server without TLS that takes anything.

    It has no file of the name `missing`, and sends less of `short` than it announces.
    """
    conversation.control.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    replies = {
        "USER": "331 Password?",
        "PWD": '257 "/here"',
        "MKD": '257 "/made"',
        "REST": "350 Yes.",
        "RNFR": "350 And?",
        "RNTO": "250 Done.",
        "QUIT": "221 Bye.",
        "ABOR": "226 Ok.",
        "AUTH": "502 No.",
        "PROT": "502 No.",
    }
    while True:
        verb, _, argument = conversation.hear().partition(" ")
        if argument == "missing":
            conversation.say("550 No such file.")
        elif verb == "EPSV":
            conversation.say(f"229 Here (|||{conversation.listen()}|).")
        elif verb == "PASV":
            port = conversation.listen()
            conversation.say(f"227 Here (127,0,0,1,{port >> 8},{port & 255}).")
        elif verb == "PORT":
            *_, high, low = argument.split(",")
            target = (conversation.server.host, int(high) * 256 + int(low))
            conversation.data = conversation.server.keep(socket.create_connection(target))
            conversation.say("200 Ok.")
        elif verb in ("RETR", "NLST", "LIST", "MLSD"):
            conversation.say("150 Ok (1000 bytes)." if argument == "short" else "150 Ok.")
            conversation.connected().sendall(LISTING)
            conversation.end_data()
            conversation.say("226 Done.")
        elif verb == "STOR":
            conversation.say("150 Ok.")
            receive()(conversation)
            conversation.say("226 Done.")
        elif verb == "SIZE":
            conversation.say(f"213 {argument}")
        else:
            say(replies.get(verb, "200 Ok."))(conversation)


class ScriptedServer:
    """Holds the given conversations, one for each connection, the last one for all that follow."""

    host = "127.0.0.1"
    patience = 20.0
    """Seconds that it waits for the client's next word before it counts that as a fault."""

    def __init__(self, *conversations: Sequence[Step]) -> None:
        self.heard: list[str] = []
        """Every command that came in."""
        self.received: list[bytes] = []
        """Every upload that came in."""
        self.faults: list[Exception] = []
        """Where the client left the script, or a step failed."""
        self.closing = threading.Event()
        self._forgives = False
        self._conversations = conversations
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = self.keep(socket.create_server((self.host, 0)))
        self.port: int = self._listener.getsockname()[1]
        self._start(self._accept)

    def __enter__(self) -> ScriptedServer:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        self.close()
        if error is None and self.faults and not self._forgives:
            raise self.faults[0]

    def forgive(self) -> None:
        """Lets pass what the client does out of the script, or has done."""
        self._forgives = True

    def close(self) -> None:
        """Ends all connections and threads, whatever they are at."""
        self.closing.set()
        for kept in self._sockets:
            with suppress(OSError):
                kept.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(self.patience)
            if thread.is_alive():
                raise RuntimeError("a thread of the scripted server does not end")
        # Not before: a closed one's number may be another server's when a thread still uses it.
        for kept in self._sockets:
            kept.close()

    def keep(self, kept: socket.socket) -> socket.socket:
        """Sees to it that `close` ends this socket."""
        kept.settimeout(self.patience)
        self._sockets.append(kept)
        if self.closing.is_set():
            hang_up(kept)
        return kept

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        self._listener.settimeout(None)
        with suppress(OSError):  # closed
            for number in itertools.count():
                control = self._listener.accept()[0]
                steps = self._conversations[min(number, len(self._conversations) - 1)]
                self._start(self._converse, Conversation(self, self.keep(control)), steps)

    def _converse(self, conversation: Conversation, steps: Sequence[Step]) -> None:
        try:
            for step in steps:
                step(conversation)
            while not conversation.hear().upper().startswith("QUIT"):
                conversation.say("502 That is not in the script.")
            conversation.say("221 Goodbye.")
        except TimeoutError as silence:
            self.faults.append(silence)
        except OSError:
            pass  # the client has gone, or a step or `close` has cut the line
        except Exception as fault:
            self.faults.append(fault)
        finally:
            hang_up(conversation.control)
