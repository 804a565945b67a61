"""Who is measured: this client, the clients of the field, and the system calls alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
sys.path += [str(REPOSITORY / "Tests/Python"), str(REPOSITORY / "Tests/Servers")]

import pythons  # noqa: E402
from servers import Server  # noqa: E402
from workload import IN_PYTHON, SAME_CALLS  # noqa: E402

CLIENT = str(HERE / "client.py")
PEERS = str(HERE / "peers.py")
FTPY = Path(os.environ.get("FTPY") or REPOSITORY / ".build/release/ftpy")
BUILD = Path(os.environ.get("BUILD_DIR") or REPOSITORY / ".build") / "benchmarks"
PACKAGES = ("pycurl==7.49.0", "aioftp==0.28.3")


@dataclass(frozen=True)
class Job:
    """What a contestant is to do: an operation of client.py's, with a server and a local file."""

    operation: str
    server: Server
    path: Path
    count: int
    tls: bool

    def words(self) -> list[str]:
        server = self.server
        login = [server.host, str(server.port), server.user, server.password]
        return [*login, str(self.path), str(self.count)]


@dataclass(frozen=True)
class Contestant:
    """A program: how it is called for a job."""

    name: str
    command: Callable[[Job], Sequence[str]]
    environment: Mapping[str, str] = field(default_factory=dict)
    python: str = ""
    """The Python that it runs in: it is compared with others of its own, and with programs."""
    alone: bool = False
    """Whether it does but the part of an operation that is not the client's: `.._alone`."""


def python(program: Path, module: str, *sizes: str) -> Callable[[Job], Sequence[str]]:
    def command(job: Job) -> Sequence[str]:
        words = [*job.words(), str(int(job.tls)), *sizes]
        return [str(program), CLIENT, module, job.operation, *words]

    return command


def peer(program: Path, module: str) -> Callable[[Job], Sequence[str]]:
    def command(job: Job) -> Sequence[str]:
        return [str(program), PEERS, module, job.operation, *job.words(), str(int(job.tls))]

    return command


def curl(job: Job) -> Sequence[str]:
    server = job.server
    url = f"ftp://{server.host}:{server.port}/file.bin"
    target = "/dev/null" if job.operation == "retr_nothing" else str(job.path)
    what = ["-T", target, url] if job.operation == "stor_file" else ["-o", target, url]
    tls = ["--ssl-reqd", "-k"] if job.tls else []
    return ["curl", "-sS", "-u", f"{server.user}:{server.password}", *tls, *what]


def lftp(buffer: str) -> Callable[[Job], Sequence[str]]:
    def command(job: Job) -> Sequence[str]:
        server = job.server
        put = job.operation == "stor_file"
        what = f"put {job.path} -o file.bin" if put else f"get file.bin -o {job.path}"
        tls = str(job.tls).lower()
        settings = f"set xfer:clobber on; set ftp:ssl-force {tls}; set ssl:verify-certificate no"
        if buffer:
            settings += f"; set xfer:buffer-size {buffer}"
        login = f"{server.user},{server.password}"
        return [
            "lftp",
            "-u",
            login,
            "-e",
            f"{settings}; {what}; quit",
            f"ftp://{server.host}:{server.port}",
        ]

    return command


def ceiling(way: str = "_file", calls: str = "") -> Callable[[Job], Sequence[str]]:
    def command(job: Job) -> Sequence[str]:
        operation = job.operation.replace("_file", way) + calls
        return [str(BUILD / "ceiling"), operation, *job.words(), str(int(job.tls))]

    return command


def build() -> None:
    """Builds the C program, and the same as an extension of Python."""
    BUILD.mkdir(parents=True, exist_ok=True)
    headers = subprocess.check_output(["pkg-config", "--cflags", "python3"], text=True).split()
    program, extension = HERE / "ceiling.c", HERE / "ceiling_in_python.c"
    for target, sources, own in (
        ("ceiling", [program], []),
        ("ceiling_in_python.abi3.so", [extension, program], ["-shared", "-fPIC", *headers]),
    ):
        made, newest = BUILD / target, max(source.stat().st_mtime for source in sources)
        if made.exists() and made.stat().st_mtime >= newest:
            continue
        options = ["-O2", "-Wall", "-Wextra", "-pthread", *own]
        words = [*options, "-o", str(made), str(sources[0]), "-lssl", "-lcrypto"]
        subprocess.run(["cc", *words], check=True)


def install() -> Path:
    """Installs the peers of PyPI; returns their Python."""
    environment = BUILD / "venv"
    if not (environment / "bin/pip").exists():
        subprocess.run(["/usr/bin/python3", "-m", "venv", str(environment)], check=True)
    pip = [str(environment / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
    marker = environment / "installed"
    if not marker.exists() or marker.read_text().split() != list(PACKAGES):
        subprocess.run([*pip, *PACKAGES], check=True)
        marker.write_text("\n".join(PACKAGES))
    return environment / "bin/python"


def versions() -> list[tuple[str, Path]]:
    """The Pythons that compete: the oldest and the newest minor version that is here."""
    able = {python.version[:2]: python.program for python in reversed(pythons.able())}
    chosen = sorted({min(able), max(able)})
    return [(".".join(map(str, version)), able[version]) for version in chosen]


def everybody(peers: Path | None) -> dict[str, Contestant]:
    """All contestants that can be had here, by name.

    Without `peers`, their Python, those of PyPI are left out, and the newer Python with them.
    """
    path = {"PYTHONPATH": f"{REPOSITORY}:{BUILD}"}
    everyone: list[Contestant] = []
    for version, program in versions() if peers else versions()[:1]:
        for name, module, sizes in (
            ("ftplib", "ftplib", []),
            ("ftplib 64K", "ftplib", ["65536"]),
            ("this", "usr.ftplib", []),
            ("bare", "bare", []),
            (IN_PYTHON, "ceiling_in_python", []),
        ):
            command = python(program, module, *sizes)
            everyone.append(Contestant(f"{name} {version}", command, path, version))
        command = python(program, "ftplib")
        everyone.append(Contestant(f"strings alone {version}", command, {}, version, alone=True))
    everyone.append(Contestant("this ftpy", python(FTPY, "usr.ftplib")))
    everyone.append(
        Contestant("sha256 alone", python(Path("/usr/bin/python3"), "bare"), alone=True)
    )
    if peers:
        everyone += [Contestant(name, peer(peers, name)) for name in ("pycurl", "aioftp")]
    if shutil.which("curl"):
        everyone.append(Contestant("curl", curl))
    if shutil.which("lftp"):
        everyone += [Contestant("lftp", lftp("")), Contestant("lftp 1M", lftp("1M"))]
    everyone.append(Contestant("C", ceiling()))
    everyone.append(Contestant("C, copied", ceiling("_copied")))
    everyone.append(Contestant(SAME_CALLS, ceiling(calls="_same")))
    return {contestant.name: contestant for contestant in everyone}
