"""What the Python tests share: paths, a real server, programs under test, a server for faults.

The tests run under /usr/bin/python3, which loads the built extension from `usr/ftplib/`, and
inside ftpy (`ftpy -m pytest`), which has the module built in. Nothing here knows which it is.
"""

from __future__ import annotations

import importlib
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from scripted import LISTING as LISTING
from scripted import LOGIN as LOGIN
from scripted import Conversation as Conversation
from scripted import ScriptedServer as ScriptedServer
from scripted import Step as Step
from scripted import answer as answer
from scripted import cut as cut
from scripted import download as download
from scripted import end_data as end_data
from scripted import hang_up as hang_up
from scripted import obliging as obliging
from scripted import passive as passive
from scripted import receive as receive
from scripted import say as say
from scripted import say_bytes as say_bytes
from scripted import send as send
from scripted import stall as stall
from scripted import upload as upload

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


# A server that does as it is told, for faults: see scripted.py


def preloaded(source: str, folder: Path) -> dict[str, str]:
    """The environment of a program before whose system's library this C comes."""
    library = folder / "preloaded.so"
    command = ["cc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-x", "c", "-"]
    subprocess.run([*command, "-o", str(library)], input=source, text=True, check=True)
    return {"LD_PRELOAD": str(library)}


@pytest.fixture
def scripted() -> Iterator[Callable[..., ScriptedServer]]:
    """Starts scripted servers: `scripted(steps)`, or `scripted(steps, steps_of_the_second)`."""
    with ExitStack() as running:
        yield lambda *conversations: running.enter_context(ScriptedServer(*conversations))


@pytest.fixture
def talk(
    client: ModuleType, scripted: Callable[..., ScriptedServer]
) -> Iterator[Callable[..., tuple[Any, ScriptedServer]]]:
    """Logs in to a scripted server that then goes through the given steps; gives both.

    `talk(step, ..., cls=FTP, **options)`: the session is one of `cls`, made with `options`.
    """
    with ExitStack() as connections:

        def start(*steps: Step, cls: Any = None, **options: Any) -> tuple[Any, ScriptedServer]:
            server = scripted([*LOGIN, *steps])
            options = {"timeout": 20} | options
            ftp = (cls or client.FTP)(server.host, server.port, "u", "p", **options)
            connections.callback(ftp.close)
            return ftp, server

        yield start
