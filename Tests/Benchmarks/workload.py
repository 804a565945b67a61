"""A workload of the benchmarks, and what this client is to reach in it."""

from __future__ import annotations

from dataclasses import dataclass

FILE, TEXT, MANY, SMALL = "file.bin", "text.txt", "many", "small"
SAME_CALLS = "C, same calls"
"""The C program with every system call that this client makes."""
IN_PYTHON = "C in Python"
"""The same behind the methods of a class in Python, with what every script can see."""


@dataclass(frozen=True)
class Goal:
    """This client's median of a measure is to be at most `ratio` times that of the best of others.

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
    """One row of the benchmarks."""

    key: str
    title: str
    operation: str
    """One of client.py's."""
    field: tuple[str, ...]
    """Who takes part; a name without a version is that contestant in each Python."""
    goals: tuple[Goal, ...]
    size: int
    """How many of its units; so `quick`, and `least`, which only shows that it works."""
    quick: int
    least: int = 1
    needs: str = FILE
    """What lies on the server before: `FILE`, `TEXT`, `MANY`, `SMALL`; "" is nothing."""
    unit: str = "MiB"
    server: str = "vsftpd"
    one_processor: bool = False
    """Whether server and client share a processor. Two wake each other by way of a virtual
    machine's hypervisor, which costs more than clients differ by, and never the same."""
    delay: float = 0
    """Seconds that all bytes are under way, each way, connections' handshakes included."""
    mode: str = "plain"
    baseline: str = ""
    """The contestant whose medians are taken off everybody's: what is not the client's."""
    rounds: int = 5
    one_is_enough: bool = False
    """Whether the goals are such that one of them is to be met."""
    reason: str = ""
    """Why a goal that is missed cannot be met, as far as that is known; shown in the table."""
    inside: bool = True
    """Whether only the operation counts, without the program's start and the login: where all of
    the field can say that."""

    @property
    def is_upload(self) -> bool:
        return self.operation in ("stor_file", "stor_lines")


def cpu(ratio: float, *others: str) -> Goal:
    return Goal("cpu", ratio, others)


def wall(ratio: float, *others: str) -> Goal:
    return Goal("wall", ratio, others)
