"""What a callback may do: anything. The program goes on, or gets an exception; it never crashes."""

from __future__ import annotations

import io
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    LOGIN,
    REPOSITORY,
    Conversation,
    Interpreter,
    ScriptedServer,
    Step,
    answer,
    download,
    end_data,
    passive,
    say,
    send,
    stall,
    upload,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]

BEGIN: Sequence[Step] = (answer("TYPE"), passive())
HERE = answer("PWD", '257 "/here"')
THIS = Interpreter("this", Path(sys.executable))
"""The interpreter of this run: what may crash runs in a process of its own."""

# A download in two parts, with time for the callback between them
DOWN: Sequence[Step] = (
    *(*BEGIN, answer("RETR", "150 Ok."), send(b"first")),
    *(stall(0.2), send(b"second"), end_data(), say("226 Done.")),
)
UP: Sequence[Step] = (*BEGIN, *upload())
IN_USE = "Error: cannot send {} while a transfer is running: let it end, or call abort() or close()"
BROKEN_OFF = "Error: the transfer was broken off by abort() or close()"


def aborts(conversation: Conversation) -> None:
    conversation.hear("ABOR")
    conversation.say("426 Aborted.", "226 Closed.")


PROGRAM = """
import gc, io, os, sys, threading, weakref
from usr.ftplib import FTP, Error

HOST, PORT = sys.argv[1], int(sys.argv[2])
ftp = FTP(HOST, PORT, "user", "password", timeout=5)
blocks = []

def attempt(call, *arguments, **keywords):
    try:
        print(call(*arguments, **keywords))
    except Exception as error:
        print(f"{type(error).__name__}: {error}")

def callback(block):
    blocks.append(bytes(block))
    if len(blocks) == 1:
        act()

def act():
    pass

class Source(io.BytesIO):
    def read(self, size):
        if self.tell() == 0:
            act()
        return super().read(size)

"""

RETR = 'attempt(ftp.retrbinary, "RETR x", callback)'
STOR = 'attempt(ftp.storbinary, "STOR x", Source(b"content"))'
WHOLE = "226 Done.\nb'firstsecond' /here"
AND_THEN = "print(b''.join(blocks), ftp.pwd())"

# What the callback does; the program after it; the server's steps; what the program prints
ACTS: dict[str, tuple[str, str, Sequence[Step], str]] = {
    "calls pwd": (
        "attempt(ftp.pwd)",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"{IN_USE.format('PWD')}\n{WHOLE}",
    ),
    "calls quit": (
        "attempt(ftp.quit)",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"{IN_USE.format('QUIT')}\n{WHOLE}",
    ),
    "begins another transfer": (
        "attempt(ftp.retrbinary, 'RETR y', callback)",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"{IN_USE.format('PASV')}\n{WHOLE}",
    ),
    "asks for a listing": (
        "attempt(lambda: next(ftp.mlsd()))",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"{IN_USE.format('TYPE')}\n{WHOLE}",
    ),
    "calls abort": (
        "attempt(ftp.abort)",
        f"{RETR}; {AND_THEN}",
        (*DOWN[:-4], aborts, HERE),
        f"426 Aborted.\n{BROKEN_OFF}\nb'first' /here",
    ),
    "calls close": (
        "ftp.close()",
        f"{RETR}; print(blocks, ftp.sock, ftp.file); attempt(ftp.pwd)",
        DOWN,
        f"{BROKEN_OFF}\n[b'first'] None None\n"
        "Error: not connected to an FTP server: call connect() first",
    ),
    "closes and connects again": (
        "ftp.close(); ftp.connect(HOST, PORT); ftp.login('user', 'password')",
        f"{RETR}; print(ftp.pwd())",
        DOWN,
        f"{BROKEN_OFF}\n/here",
    ),
    "connects again": (
        "ftp.connect(HOST, PORT); ftp.login('user', 'password')",
        f"{RETR}; print(ftp.pwd())",
        DOWN,
        f"{BROKEN_OFF}\n/here",
    ),
    "uses another object": (
        "other = FTP(HOST, PORT, 'user', 'password', timeout=5); print(other.pwd()); other.close()",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"/here\n{WHOLE}",
    ),
    "drops the last reference": (
        "gc.collect(); print(here())",
        "here = weakref.ref(ftp); held = [ftp]; del ftp; attempt(held.pop().retrbinary, 'RETR x', "
        "callback); gc.collect(); print(b''.join(blocks), here())",
        (*DOWN,),
        "<usr.ftplib.FTP object at 0x...>\n226 Done.\nb'firstsecond' None",
    ),
    "clears the object": (
        "ftp.__dict__.clear()",
        f"{RETR}; attempt(ftp.pwd)",
        DOWN,
        "\n".join(["Error: not connected to an FTP server: call connect() first"] * 2),
    ),
    "closes the control socket": (
        "ftp.sock.close()",
        f"{RETR}; attempt(ftp.pwd)",
        DOWN,
        "*",
    ),
    "forgets the modules": (
        "[sys.modules.pop(name, None) for name in ('ftplib', 'usr.ftplib', 'usr')]; gc.collect()",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        WHOLE,
    ),
    "forks": (
        "child = os.fork()\n    if child == 0: os._exit(3)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"3\n{WHOLE}",
    ),
    "forks, and the child closes its copy": (
        "child = os.fork()\n    if child == 0: ftp.close(); os._exit(3)\n"
        "    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))",
        f"{RETR}; {AND_THEN}",
        (*DOWN, HERE),
        f"3\n{WHOLE}",
    ),
    "is a file's read, and calls pwd": (
        "attempt(ftp.pwd)",
        f"{STOR}; print(ftp.pwd())",
        (*UP, HERE),
        f"{IN_USE.format('PWD')}\n226 Done.\n/here",
    ),
    "is a file's read, and calls close": ("ftp.close()", STOR, UP, BROKEN_OFF),
    "is a file's read, and connects again": (
        "ftp.connect(HOST, PORT); ftp.login('user', 'password')",
        f"{STOR}; print(ftp.pwd())",
        UP,
        f"{BROKEN_OFF}\n/here",
    ),
    "is a file's read, and closes the control socket": ("ftp.sock.close()", STOR, UP, "*"),
}


@pytest.mark.parametrize("name", ACTS)
def test_a_callback_that(scripted: Scripted, name: str) -> None:
    act, then, steps, said = ACTS[name]
    server = scripted([*LOGIN, *steps], [*LOGIN, HERE])
    program = f"{PROGRAM}\ndef act():\n    {act}\n\n{then}\n"
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    server.forgive()  # where the client leaves in the middle
    assert said == "*" or without_addresses(done.stdout) == said


def without_addresses(text: str) -> str:
    """The text without the addresses of objects, and without the module's name."""
    return re.sub("0x[0-9a-f]+", "0x...", text).replace("<ftplib.", "<usr.ftplib.").strip()


def test_sys_exit_in_a_callback_ends_the_program(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *DOWN])
    program = f"{PROGRAM}\ndef act():\n    sys.exit(7)\n\nftp.retrbinary('RETR x', callback)\n"
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY, check=False)
    assert (done.returncode, done.stderr) == (7, "")


def test_a_callback_that_recurses_without_end(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *DOWN])
    program = f"{PROGRAM}\ndef act():\n    act()\n\n{RETR}\n"
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert done.stdout.startswith("RecursionError: maximum recursion depth exceeded")


# A data connection that Python code holds as well


def test_a_data_socket_that_is_closed_under_a_transfer(scripted: Scripted) -> None:
    """Its number goes to another file at once: that must not be read."""
    server = scripted([*LOGIN, *DOWN])
    program = f"""{PROGRAM}
class Held(FTP):
    def ntransfercmd(self, cmd, rest=None):
        self.data, size = super().ntransfercmd(cmd, rest)
        return self.data, size

ftp.close()
ftp = Held(HOST, PORT, "user", "password", timeout=5)

def act():
    number = ftp.data.fileno()
    ftp.data.close()
    reader, writer = os.pipe()
    os.write(writer, b"not the server's")
    os.dup2(reader, number)

{RETR}
print(blocks)
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    first, second = done.stdout.splitlines()
    assert "closed" in first
    assert second == "[b'first']"


def test_a_control_socket_that_is_closed_is_not_written_to(scripted: Scripted) -> None:
    """Its number may be another file's by now."""
    server = scripted([*LOGIN, HERE])
    program = f"""{PROGRAM}
import socket

number = ftp.sock.fileno()
ftp.sock.close()
near, far = socket.socketpair()
os.dup2(near.fileno(), number)
far.settimeout(0.2)
attempt(ftp.pwd)
attempt(far.recv, 100)
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    first, second = done.stdout.splitlines()
    assert "PWD" not in second, "it was sent to another file"
    assert second == "TimeoutError: timed out"
    assert first.startswith(("OSError", "Error"))


# What a callback raises comes out as it is


@pytest.fixture
def log_in(client: ModuleType, scripted: Scripted) -> Iterator[Callable[..., FTP]]:
    with ExitStack() as stack:

        def log_in(*steps: Step) -> FTP:
            server = scripted([*LOGIN, *steps])
            ftp: FTP = client.FTP(server.host, server.port, "user", "password", timeout=5)
            stack.callback(ftp.close)
            return ftp

        yield log_in


class StrangeError(Exception):
    def __init__(self, first: object, *, second: object) -> None:
        super().__init__()
        self.both = (first, second)

    def __str__(self) -> str:
        raise RuntimeError("no text")


RAISED: list[BaseException] = [
    ValueError("a value"),
    StopIteration("of the iteration"),
    GeneratorExit(),
    KeyboardInterrupt(),
    SystemExit(3),
    MemoryError(),
    EOFError("the callback's own"),
    TimeoutError("the callback's own"),
    BrokenPipeError(32, "the callback's own"),
    StrangeError(1, second=2),
]


def call_by(kind: str, ftp: FTP, callback: Callable[..., Any]) -> object:
    content = io.BytesIO(b"a line\n")
    if kind == "retrbinary":
        return ftp.retrbinary("RETR x", callback)
    if kind == "retrlines":
        return ftp.retrlines("RETR x", callback)
    if kind == "dir":
        return ftp.dir(callback)
    if kind == "storbinary":
        return ftp.storbinary("STOR x", content, callback=callback)
    return ftp.storlines("STOR x", content, callback)


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("kind", ["retrbinary", "retrlines", "dir", "storbinary", "storlines"])
def test_an_exception_passes_through_untouched(
    log_in: Callable[..., FTP], kind: str, error: BaseException
) -> None:
    def callback(_: object) -> None:
        raise error from None

    verb = "STOR" if kind.startswith("stor") else "LIST" if kind == "dir" else "RETR"
    data = () if verb == "STOR" else (send(b"a line\r\n"),)
    ftp = log_in(*BEGIN, answer(verb, "150 Ok."), *data, stall(0.05), say("426 Gone."))
    error.__traceback__ = None
    with pytest.raises(type(error)) as raised:
        call_by(kind, ftp, callback)
    assert raised.value is error
    frames = [frame.name for frame in traceback.extract_tb(error.__traceback__)]
    assert frames[-2:] == ["call_by", "callback"], "the traceback leads to the line that raised"


@pytest.mark.parametrize("kind", ["retrbinary", "retrlines", "dir", "storbinary", "storlines"])
@pytest.mark.parametrize("callback", [5, "text", object(), [], b"bytes"], ids=repr)
def test_what_cannot_be_called_is_refused_before_anything_is_sent(
    log_in: Callable[..., FTP], kind: str, callback: Any
) -> None:
    ftp = log_in(HERE)
    if kind == "dir" and isinstance(callback, (str, bytes, list)):
        pytest.skip("a path")
    with pytest.raises(TypeError):
        call_by(kind, ftp, callback)
    assert ftp.pwd() == "/here"


@pytest.mark.parametrize(
    "block", [b"bytes", bytearray(b"bytes"), memoryview(b"bytes"), memoryview(b"b.y.t.e.s")[::2]]
)
def test_a_files_read_may_return_anything_that_is_like_bytes(
    log_in: Callable[..., FTP], block: Any
) -> None:
    class Source:
        def __init__(self) -> None:
            self.blocks = iter([block, b""])

        def read(self, size: int, /) -> Any:
            assert size > 0
            return next(self.blocks)

    ftp = log_in(*UP, HERE)
    sent: list[object] = []
    if isinstance(block, memoryview) and not block.c_contiguous:
        with pytest.raises(BufferError):
            ftp.storbinary("STOR x", Source(), callback=sent.append)
        assert sent == []
    else:
        ftp.storbinary("STOR x", Source(), callback=sent.append)
        assert sent == [block]
        assert sent[0] is block, "the very object, as CPython gives it"
    assert ftp.pwd() == "/here"


def test_blocks_stay_what_they_are(log_in: Callable[..., FTP]) -> None:
    """A callback may keep them: none is a view of memory that the next block overwrites."""
    content = bytes(range(256)) * 4000
    ftp = log_in(*BEGIN, *download(content))
    blocks: list[bytes] = []
    ftp.retrbinary("RETR x", blocks.append, 1000)
    assert {type(block) for block in blocks} == {bytes}
    assert max(map(len, blocks)) <= 1000
    assert b"".join(blocks) == content
