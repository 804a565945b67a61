"""What the Python tests share: paths, a real server, programs under test, a server for faults.

The tests run under /usr/bin/python3, which loads the built extension from `usr/ftplib/`, and
inside ftpy (`ftpy -m pytest`), which has the module built in. Nothing here knows which it is.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from usr.ftplib import FTP

# Where things are

TESTS = Path(__file__).resolve().parent.parent
REPOSITORY = TESTS.parent
EXAMPLES = REPOSITORY / "examples"
DOCUMENTATION = Path(
    os.environ.get("FTPLIB_DOC", REPOSITORY.parent / "shared/reference/ftplib-doc.txt")
)

# For `usr.ftplib`; in ftpy the built-in module comes before any path. Behind the rest, so that
# nothing else of the repository's is found by accident.
for folder in (REPOSITORY, TESTS / "Servers"):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))


@pytest.fixture(scope="session")
def client() -> ModuleType:
    """The module under test."""
    return importlib.import_module("usr.ftplib")


# A real server


class Server(Protocol):
    """What `servers.start` gives: a running server, its one account, and the folder it serves."""

    name: str
    host: str
    port: int
    user: str
    password: str
    root: Path
    pid: int

    def adopt(self, *paths: Path) -> None:
        """Gives files that were made in `root` to the account of the sessions."""


@pytest.fixture(scope="session")
def vsftpd() -> Iterator[Server]:
    """vsftpd on loopback for the whole run, with the account that the demo server has."""
    servers = importlib.import_module("servers")
    with servers.start("vsftpd", user="ftpuser", password="ftpuser-pw") as server:
        yield server


@dataclass(frozen=True)
class Directory:
    """A directory of a server: `path` as the server names it, `local` as this machine does."""

    server: Server
    path: str

    @property
    def local(self) -> Path:
        return self.server.root / self.path.lstrip("/")

    def make(self) -> Directory:
        self.local.mkdir(parents=True)
        self.server.adopt(self.server.root)
        return self

    def put(self, name: str, content: bytes, mode: int = 0o644) -> Path:
        """Places a file in it."""
        file = self.local / name
        file.write_bytes(content)
        file.chmod(mode)
        self.server.adopt(file)
        return file

    def read(self, name: str) -> bytes:
        return (self.local / name).read_bytes()

    def names(self) -> list[str]:
        return sorted(entry.name for entry in self.local.iterdir())

    def remove(self) -> None:
        shutil.rmtree(self.local)


_numbers = itertools.count(1)


@pytest.fixture
def directory(vsftpd: Server) -> Iterator[Directory]:
    """A clean directory on the server, the test's own."""
    own = Directory(vsftpd, f"/test-{next(_numbers)}").make()
    yield own
    own.remove()


@pytest.fixture
def ftp(client: ModuleType, vsftpd: Server, directory: Directory) -> Iterator[FTP]:
    """Connected, logged in, and in the test's directory."""
    connection: FTP = client.FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, timeout=20)
    try:
        connection.cwd(directory.path)
        yield connection
    finally:
        connection.close()


# Programs under test


@dataclass(frozen=True)
class Interpreter:
    """A program that runs Python scripts and has the module for them."""

    name: str
    program: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    def run(
        self,
        *arguments: str | Path,
        cwd: Path | None = None,
        environment: Mapping[str, str] | None = None,
        stdin: str = "",
        timeout: float = 60,
        check: bool = True,
    ) -> subprocess.CompletedProcess[str]:
        """Runs the program to its end; our own PYTHON... and FTP_... variables do not reach it.

        With `check` an exit status other than 0 fails the test and shows what was said.
        """
        if not self.program.exists():
            pytest.fail(f"no {self.program}: build it, or set {self.name.upper()} to another one")
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FTP_", "PYTHON"))}
        own = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONUTF8": "1", **self.environment}
        done = subprocess.run(
            [self.program, *arguments],
            cwd=cwd,
            env=inherited | own | dict(environment or {}),
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        if check and done.returncode != 0:
            command = " ".join(map(str, (self.name, *arguments)))
            pytest.fail(
                f"{command}: exit status {done.returncode}\n"
                f"--- stdout\n{done.stdout}\n--- stderr\n{done.stderr}"
            )
        return done


FTPY = Interpreter(
    "ftpy", Path(os.environ.get("FTPY", REPOSITORY / ".build/release/ftpy")).absolute()
)
PYTHON3 = Interpreter(
    "python3",
    Path(os.environ.get("PYTHON3", "/usr/bin/python3")),
    {"PYTHONPATH": str(REPOSITORY)},
)
run_ftpy = FTPY.run


def run_script(
    source: str, folder: Path, interpreter: Interpreter = FTPY, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Writes a script into `folder` and runs it there; options are those of `Interpreter.run`."""
    script = folder / "script.py"
    script.write_text(source, encoding="utf-8")
    return interpreter.run(script, cwd=folder, **options)


@pytest.fixture(params=[FTPY, PYTHON3], ids=lambda interpreter: interpreter.name)
def interpreter(request: pytest.FixtureRequest) -> Interpreter:
    """Each of the programs that scripts run in."""
    chosen: Interpreter = request.param
    return chosen


# A server that does as it is told, for faults
#
#     server = scripted(
#         [*LOGIN, answer("TYPE"), passive(), answer("RETR", "150 ok"), send(b"half"), cut()]
#     )
#     FTP(server.host, server.port, "user", "password").retrbinary(...)
#
# A conversation is a list of steps. A step is any function of the `Conversation`; the functions
# below make the usual ones. After the last step QUIT is answered and anything else refused.


class Conversation:
    """One control connection and, one at a time, its data connections."""

    def __init__(self, server: ScriptedServer, control: socket.socket) -> None:
        self.server = server
        self.control = control
        self.listener: socket.socket | None = None
        self.data: socket.socket | None = None
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
        command = line.lstrip(b"\xff\xf4\xf2").rstrip(b"\r").decode("utf-8", "surrogateescape")
        self.server.heard.append(command)
        if verbs and command.partition(" ")[0].upper() not in verbs:
            self.say("503 That is not in the script.")
            raise AssertionError(f"the script has {' or '.join(verbs)}, the client says {command}")
        return command

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
        if error is None and self.faults:
            raise self.faults[0]

    def close(self) -> None:
        """Ends all connections and threads, whatever they are at."""
        self.closing.set()
        for kept in self._sockets:
            hang_up(kept)
        for thread in self._threads:
            thread.join(5)
            if thread.is_alive():
                raise RuntimeError("a thread of the scripted server does not end")

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


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedServer]]:
    """Starts scripted servers: `scripted(steps)`, or `scripted(steps, steps_of_the_second)`."""
    with ExitStack() as running:
        yield lambda *conversations: running.enter_context(ScriptedServer(*conversations))
