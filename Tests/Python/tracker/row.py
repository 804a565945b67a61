"""One row of the table: what was asked for on CPython's tracker, and a script that shows it."""

from __future__ import annotations

import subprocess
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import realservers
from conftest import PYTHON3, REPOSITORY, Interpreter, ScriptedServer, Step

PRELUDE = """
import faulthandler, gc, io, resource, signal, socket, sys, threading, time, warnings
import ftplib
HOST, PORT, USER, PASSWORD = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]

class Hung(BaseException):
    pass

def hung(*_):
    signal.setitimer(signal.ITIMER_REAL, 0)
    raise Hung(f"still waiting after {PATIENCE:g} s")

signal.signal(signal.SIGALRM, hung)
signal.setitimer(signal.ITIMER_REAL, PATIENCE)

def session(kind=ftplib.FTP, timeout=10, **keywords):
    ftp = kind(timeout=timeout, **keywords)
    ftp.connect(HOST, PORT)
    ftp.login(USER, PASSWORD)
    return ftp

def tls_session(**keywords):
    warnings.simplefilter("ignore", RuntimeWarning)  # ours says that nothing is verified
    ftp = session(ftplib.FTP_TLS, **keywords)
    ftp.prot_p()
    return ftp

def download(ftp, name="file"):
    blocks = []
    ftp.retrbinary("RETR " + name, blocks.append)
    return b"".join(blocks)
"""
"""What each script begins with. Nothing in it knows whose module it has."""


@dataclass(frozen=True)
class Row:
    """Where it was asked for, what happens there, and a script that fails where it does."""

    number: str
    """The tracker's, or '-' where nobody has reported it."""
    title: str
    server: Real | Scripted
    script: str
    symptom: str
    """A regular expression: how the script ends with the standard library's module."""
    patience: float = 5
    """Seconds after which the script counts as hung."""
    fixed: str = "False"
    """An expression: whether this Python's own module has it mended."""
    needs: str = ""
    """The script is skipped while `FTP` has no such attribute here."""

    def __str__(self) -> str:
        return f"{self.number} {self.title}".strip("- ")

    def run(self, module: Module) -> Outcome:
        """Runs the script with the module, against a server of its own."""
        source = f"PATIENCE = {self.patience}\n{PRELUDE}\n{textwrap.dedent(self.script)}"
        with self.server.running() as server:
            done = module.run(
                *("-X", "faulthandler", "-c", source, server.host, str(server.port)),
                *(getattr(server, "user", "user"), getattr(server, "password", "password")),
            )
        lines = done.stderr.rstrip().splitlines()
        return Outcome(done.returncode == 0, lines[-1] if lines else "", done.stderr)

    def is_fixed(self) -> bool:
        """Whether the standard library of the Python at hand has it mended."""
        done = STANDARD.run("-c", f"import ftplib, inspect, sys; sys.exit(not ({self.fixed}))")
        return done.returncode == 0

    def is_there(self) -> bool:
        """Whether this module has what the script needs."""
        if not self.needs:
            return True
        source = f"import ftplib, sys; sys.exit(not hasattr(ftplib.FTP, {self.needs!r}))"
        return OURS.run("-c", source).returncode == 0


@dataclass(frozen=True)
class Outcome:
    """How a script ended."""

    passed: bool
    last: str
    """The last line that it wrote of an error."""
    errors: str

    @property
    def word(self) -> str:
        """For the table."""
        return "ok" if self.passed else self.last


@dataclass(frozen=True)
class Module:
    """The same Python, with the one or the other `ftplib`."""

    path: str

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        interpreter = Interpreter("python3", PYTHON3.program, {"PYTHONPATH": self.path})
        return interpreter.run(*arguments, check=False, timeout=60)


STANDARD = Module("")
OURS = Module(str(REPOSITORY / "usr"))


@dataclass(frozen=True)
class Real:
    """A real server; `content` is in its file `file`."""

    name: str
    mode: str = "plain"
    environment: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b"content"
    names: Sequence[bytes] = ()
    """Further, empty files."""

    @contextmanager
    def running(self) -> Iterator[Any]:
        with realservers.running(self.name, self.mode, environment=self.environment) as server:
            (server.root / "file").write_bytes(self.content)
            for name in self.names:
                with open(bytes(server.root) + b"/" + name, "wb"):
                    pass
            server.adopt(*server.root.iterdir())
            yield server


@dataclass(frozen=True)
class Scripted:
    """A server that does as it is told, where no real one would."""

    steps: Sequence[Step]
    others: Callable[[], Sequence[Step]] | None = None

    @contextmanager
    def running(self) -> Iterator[ScriptedServer]:
        server = ScriptedServer(self.steps)
        try:
            yield server
        finally:
            # What a client does that fails is no fault of the server.
            server.close()
