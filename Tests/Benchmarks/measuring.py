"""Runs contestants in turn, and keeps what each run took."""

from __future__ import annotations

import datetime
import os
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from contestants import Contestant, Job
from stage import set_up
from workload import Goal, Workload

LIMIT = 600
"""Seconds after which a run has failed."""


@dataclass
class Runs:
    """What a contestant took in each round: seconds, seconds of its own processor time, KiB."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    failure: str = ""

    def median(self, measure: str) -> float:
        values: list[float] = getattr(self, measure)
        return statistics.median(values)


@dataclass
class Result:
    """A workload at a size, with everybody's runs."""

    workload: Workload
    size: int
    runs: dict[str, Runs]
    load: str = ""
    """The machine's load before and after."""
    date: str = ""

    def value(self, who: str, measure: str) -> float:
        """A median, less the baseline's."""
        value = self.runs[who].median(measure)
        baseline = self.workload.baseline
        if not baseline or measure == "memory":
            return value
        return value - self.runs[self.named(baseline, who)].median(measure)

    def named(self, other: str, who: str) -> str:
        """The other of the same Python, or the one there is."""
        version = who.rpartition(" ")[2]
        own = f"{other} {version}"
        return own if own in self.runs else other

    def ratio(self, who: str, goal: Goal) -> tuple[float, str] | None:
        """What this client has of the best of the others of a goal, and that one's name."""
        names = [self.named(other, who) for other in goal.others]
        there = [name for name in names if name in self.runs and not self.runs[name].failure]
        if not there or self.runs[who].failure:
            return None
        best = min(there, key=lambda name: self.value(name, goal.measure))
        mine, theirs = self.value(who, goal.measure), self.value(best, goal.measure)
        return max(0.0, mine - goal.extra) / max(theirs, 1e-9), best

    def floor(self, goal: Goal, best: str, program: str = "C") -> float | None:
        """What a program of system calls alone has of that one's: no client can have less."""
        if program not in self.runs or self.runs[program].failure or program in goal.others:
            return None
        theirs = self.value(best, goal.measure)
        return self.value(program, goal.measure) / max(theirs, 1e-9)

    def plain(self) -> dict[str, Any]:
        return {
            "key": self.workload.key,
            "size": self.size,
            "one_processor": self.workload.one_processor,
            "load": self.load,
            "date": self.date,
            "runs": {name: asdict(runs) for name, runs in self.runs.items()},
        }


def load() -> str:
    return Path("/proc/loadavg").read_text().split()[0]


def run_once(contestant: Contestant, job: Job, inside: bool) -> tuple[float, float, float]:
    """One run: seconds, processor seconds, and the KiB that the program says it had.

    Of the whole process, or `inside`: of the operation, as the program says. Raises when it fails.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    start = time.perf_counter()
    process = subprocess.Popen(
        contestant.command(job),
        env=environment | dict(contestant.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    watchdog = threading.Timer(LIMIT, process.kill)
    watchdog.start()
    with process.stdout, process.stderr:
        said, complaint = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - start
    watchdog.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(complaint.strip().splitlines()[-1] if complaint.strip() else "failed")
    own = [float(word) for word in said.split()[-3:]]
    if inside:
        return own[0], own[1], own[2]
    return wall, usage.ru_utime + usage.ru_stime, own[2] if own else 0.0


@contextmanager
def processors(workload: Workload) -> Iterator[None]:
    """Has what is started meanwhile run on all processors, or on one."""
    before = os.sched_getaffinity(0)
    if workload.one_processor:
        os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(
    workload: Workload, size: int, rounds: int, everyone: dict[str, Contestant], scratch: Path
) -> Result:
    """Lets everybody of the field do a workload, in turn, `rounds` times and once before that."""
    field_ = [
        contestant
        for name in workload.field
        for contestant in everyone.values()
        if contestant.name == name or contestant.name == f"{name} {contestant.python}"
    ]
    result = Result(workload, size, {contestant.name: Runs() for contestant in field_})
    before = load()
    with processors(workload), set_up(workload, size, scratch) as stage, stage.job() as job:
        for number in range(rounds + 1):
            for contestant in field_:
                runs = result.runs[contestant.name]
                if runs.failure:
                    continue
                own = job.operation + ("_alone" if contestant.alone else "")
                try:
                    took = run_once(contestant, replace(job, operation=own), workload.inside)
                except RuntimeError as error:
                    runs.failure = str(error)
                    continue
                if number == 0:
                    # This round makes the files and warms the caches.
                    if own == job.operation:
                        stage.check(contestant.name)
                    continue
                runs.wall.append(took[0])
                runs.cpu.append(took[1])
                runs.memory.append(took[2])
    result.load, result.date = f"{before} to {load()}", datetime.date.today().isoformat()
    return result
