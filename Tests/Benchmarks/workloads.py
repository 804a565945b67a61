"""What is measured: the workloads, who takes part, and what this client is to reach."""

from __future__ import annotations

from dataclasses import dataclass

FILE, TEXT, MANY, SMALL = "file.bin", "text.txt", "many", "small"


@dataclass(frozen=True)
class Goal:
    """This client's median of a measure is to be at most `ratio` times that of the best of some others.

    A name without a version stands for the contestant of the same Python.
    """

    measure: str
    """`wall`, `cpu` or `memory`."""
    ratio: float
    others: tuple[str, ...]
    extra: float = 0
    """What may come on top, in the measure's unit."""


@dataclass(frozen=True)
class Workload:
    """One row of the benchmarks. `size` counts MiB, lines, entries, files, commands or sessions."""

    key: str
    title: str
    operation: str
    field: tuple[str, ...]
    goals: tuple[Goal, ...]
    size: int
    quick: int
    least: int
    needs: str = FILE
    """What lies on the server before: `file.bin`, `text.txt`, `many`, `small`; "" is nothing."""
    unit: str = "MiB"
    server: str = "vsftpd"
    mode: str = "plain"
    baseline: str = ""
    """The contestant whose medians are taken off everybody's: what is not the client's."""
    rounds: int = 5

    @property
    def is_upload(self) -> bool:
        return self.operation in ("stor_file", "stor_lines")


def cpu(ratio: float, *others: str) -> Goal:
    return Goal("cpu", ratio, others)


def wall(ratio: float, *others: str) -> Goal:
    return Goal("wall", ratio, others)


_FILES = ("ftplib", "this", "this ftpy", "curl", "pycurl", "lftp", "lftp 1M", "aioftp", "C")
_CALLBACKS = ("ftplib", "ftplib 64K", "this", "pycurl", "C")
_TLS = ("ftplib", "this", "curl", "lftp")
_SMALL = ("ftplib", "this", "pycurl", "aioftp", "C")
_PLAIN = ("ftplib", "this", "C")

_RETR_NOTHING = (cpu(0.6, "ftplib"), cpu(1.0, "ftplib 64K"))
_LISTING = (cpu(0.3, "ftplib"),)
_SMALL_GOALS = (wall(0.67, "ftplib"), wall(0.85, "pycurl"), wall(1.1, "C"))
_COMMANDS = (cpu(0.9, "ftplib"), wall(1.15, "C"), cpu(1.25, "C"))
_TLS_GOALS = (cpu(0.9, "curl"), cpu(0.8, "ftplib"))
_MEMORY = (Goal("memory", 1.0, ("ftplib",), 4096),)

WORKLOADS = (
    Workload(
        "retr", "RETR into an existing file: `open(.., 'wb+')`, `save_fp.write`", "retr_file",
        (*_FILES, "C, not truncated"),
        (wall(1.0, "curl", "lftp 1M"), wall(0.7, "ftplib"), cpu(0.8, "curl"), cpu(0.5, "ftplib"), wall(1.15, "C")),
        1024, 256, 1,
    ),
    Workload("retr-lambda", "RETR, callback `lambda block: None`", "retr_nothing", _CALLBACKS, _RETR_NOTHING, 1024, 256, 1),
    Workload(
        "retr-sha256", "RETR, callback `hashlib.sha256().update`; the hash's own time is taken off", "retr_sha256",
        ("ftplib", "ftplib 64K", "this", "sha256 alone"), _RETR_NOTHING, 1024, 128, 1, baseline="sha256 alone",
    ),
    Workload(
        "stor", "STOR from a file: `open(.., 'rb')`", "stor_file", _FILES,
        (wall(1.0, "curl"), cpu(0.4, "curl"), cpu(0.2, "ftplib")), 1024, 256, 1, needs="",
    ),
    Workload("retr-tls", "RETR over FTPS (TLS 1.3) into a file", "retr_file", _TLS, _TLS_GOALS, 1024, 128, 1, mode="tls"),
    Workload("stor-tls", "STOR over FTPS (TLS 1.3) from a file", "stor_file", _TLS, _TLS_GOALS, 1024, 128, 1, needs="", mode="tls"),
    Workload("retrlines-lambda", "`retrlines`, callback `lambda line: None`", "lines_nothing", _PLAIN, (wall(0.35, "ftplib"),), 1_500_000, 300_000, 1000, TEXT, "lines"),
    Workload("retrlines-append", "`retrlines`, callback `lines.append`", "lines_list", ("ftplib", "this"), (wall(0.35, "ftplib"),), 1_500_000, 300_000, 1000, TEXT, "lines"),
    Workload("retrlines-write", "`retrlines`, callback `save_fp.write` of a 'wb+' file", "lines_file", _PLAIN, (wall(0.1, "ftplib"),), 1_500_000, 300_000, 1000, TEXT, "lines"),
    Workload("storlines", "`storlines` from a file", "stor_lines", _PLAIN, (wall(0.15, "ftplib"),), 1_500_000, 200_000, 1000, "", "lines"),
    Workload("nlst", "`nlst`", "nlst", _PLAIN, _LISTING, 100_000, 20_000, 20, MANY, "entries"),
    Workload("dir", "`dir`, callback `lines.append`", "list", _PLAIN, _LISTING, 100_000, 20_000, 20, MANY, "entries"),
    Workload("mlsd", "`mlsd` (ProFTPD)", "mlsd", _PLAIN, _LISTING, 100_000, 20_000, 20, MANY, "entries", server="proftpd"),
    Workload("small-retr", "`retrbinary` of files of 4 KiB, one session", "small_retr", _SMALL, _SMALL_GOALS, 1000, 200, 5, SMALL, "files"),
    Workload("small-stor", "`storbinary` of files of 4 KiB, one session", "small_stor", _SMALL, _SMALL_GOALS, 1000, 200, 5, SMALL, "files"),
    Workload("noop", "`voidcmd('NOOP')`", "noop", _PLAIN, _COMMANDS, 50_000, 5000, 10, "", "commands"),
    Workload("pwd", "`pwd()`", "pwd", _PLAIN, _COMMANDS, 50_000, 5000, 10, "", "commands"),
    Workload("sessions", "connect, login, quit", "sessions", _PLAIN, (cpu(0.6, "ftplib"), wall(1.05, "C")), 500, 50, 3, "", "sessions"),
    Workload("threads", "RETR in 4 threads with a session each, all of the file in each", "threads", _PLAIN, (wall(0.8, "ftplib"), cpu(0.6, "ftplib")), 512, 64, 1),
    Workload("import", "`from usr.ftplib import FTP`, over a bare start of Python", "import", ("ftplib", "this", "bare"), (wall(0.2, "ftplib"),), 1, 1, 1, "", "imports", baseline="bare", rounds=21),
    Workload("memory-retr", "most memory, RETR into a file", "retr_file", ("ftplib", "this"), _MEMORY, 4096, 256, 1, rounds=1),
    Workload("memory-stor", "most memory, STOR from a file", "stor_file", ("ftplib", "this"), _MEMORY, 4096, 256, 1, needs="", rounds=1),
)
