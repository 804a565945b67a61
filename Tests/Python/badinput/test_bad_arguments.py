"""Bad arguments to every call, attributes of any kind: the right exception, never worse.

What each call raises is compared with CPython's `ftplib`, where it has the call too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from badinput.calls import ATTRIBUTES, GOOD
from conftest import LOGIN, REPOSITORY, ScriptedServer, obliging

Job = tuple[str, str]
"""What badinput.calls does, and with what."""
Results = Callable[[Job], Any]
AT_A_TIME = 4
"""Processes: most of the time they wait."""


@pytest.fixture(scope="module")
def results(request: pytest.FixtureRequest) -> Iterator[Results]:
    """What came of the jobs of the tests that were chosen; the longest are begun first."""
    chosen = [getattr(item, "callspec", None) for item in request.session.items]
    jobs = {spec.params["job"] for spec in chosen if spec and "job" in spec.params}
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        order = sorted(jobs, key=lambda job: (job[0] != "everything", job))
        running = {job: pool.submit(run, *job) for job in order}
        yield lambda job: running[job].result()
        pool.shutdown(cancel_futures=True)


def run(what: str, name: str) -> Any:
    folder = Path(__file__).parent.parent
    # Some of what is no path is one: directories are made there.
    elsewhere = TemporaryDirectory()
    with elsewhere, ScriptedServer([LOGIN[0], obliging]) as server:
        done = subprocess.run(
            [sys.executable, "-m", "badinput.calls", what, name, server.host, str(server.port)],
            cwd=elsewhere.name,
            env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{folder}"},
            capture_output=True,
            encoding="utf-8",
            timeout=280,
            check=False,
        )
        server.forgive()
    assert done.returncode == 0, f"exit status {done.returncode}\n{done.stderr[-3000:]}"
    return json.loads(done.stdout)


def each(what: str, *names: str) -> pytest.MarkDecorator:
    """The test is for each of these jobs."""
    return pytest.mark.parametrize("job", [(what, name) for name in names], ids=names)


KINDS = ("FTP", "FTP_TLS", "module")
RIGHT = {"ok", "type", "value", "ftp", "its own"}


# Compared with CPython


Rule = Callable[[str, str, str], bool]

DIFFERENCES: dict[str, Rule] = {
    "a wrong type is refused before anything is sent": lambda _call, _value, ours: ours == "type",
    "a line ends where the call ends: CR, LF and NUL are refused everywhere": (
        lambda _call, value, ours: (
            value in ("NUL", "CR", "LF", "CRLF", "bytes with LF", "surrogate") and ours == "value"
        )
    ),
    "servers cut long commands in two": lambda _call, value, ours: "MiB" in value and ours == "ftp",
    "bytes are names as they are": (
        lambda _call, value, ours: value in ("bytes", "no UTF-8") and ours in ("ok", "ftp")
    ),
    "a subclass of str is its text, whatever its methods say": (
        lambda _call, value, ours: value == "lying text" and ours == "ok"
    ),
    "the documentation has lists of paths": (
        lambda call, value, ours: (
            call[:3] in ("dir", "nls") and value in ("list", "tuple") and ours == "ok"
        )
    ),
    "no host is no host, and None the port of FTP": (
        lambda call, value, ours: (
            (call == "connect 0" and ours == "value") or (call, value) == ("connect 1", "None")
        )
    ),
    "a port is 0 to 65535": (
        lambda call, _value, ours: (
            call in ("connect 1", "sendport 1", "sendeprt 1") and ours == "value"
        )
    ),
    "a blocksize is above 0, and may be above what memory holds": (
        lambda call, _value, ours: (
            call in ("retrbinary 2", "storbinary 2") and ours in ("value", "ok")
        )
    ),
    "rest is sent as str() has it, a tuple too": (
        lambda _call, value, ours: value == "address" and ours == "ok"
    ),
    "a timeout of 24 days and more is one: CPython's milliseconds overflow to some other": (
        lambda call, value, ours: call == "connect 2" and value.startswith("2**") and ours == "ok"
    ),
    "a size that is none is the server's fault": (
        lambda call, _value, ours: call == "size 0" and ours == "ftp"
    ),
}
"""What is meant to be another class than CPython's, by why; with the call, the value, and ours."""


@pytest.mark.timeout(300)
@each("compare", *GOOD)
def test_a_bad_argument_raises_what_it_raises_in_cpython(results: Results, job: Job) -> None:
    _, name = job
    unexplained = []
    for where, (theirs, ours) in results(job).items():
        assert ours[0] in RIGHT, f"{name}, {where}: {ours}"
        place, _, value = where.partition(" ")
        if theirs[0] != ours[0] and not any(
            rule(f"{name} {place}", value, ours[0]) for rule in DIFFERENCES.values()
        ):
            unexplained.append(f"{where}: {theirs} there, {ours} here")
    assert not unexplained, "\n".join(unexplained)


# Every call there is


@pytest.mark.timeout(300)
@each("everything", *KINDS)
def test_every_callable_takes_any_arguments_or_refuses_them(results: Results, job: Job) -> None:
    count, raised = results(job)
    print(f"{count} calls, { ({key: len(found) for key, found in raised.items()}) }")
    assert not {key: found[:9] for key, found in raised.items() if key not in RIGHT}


@pytest.mark.timeout(300)
@each("attributes", *ATTRIBUTES)
def test_any_value_in_an_attribute_is_survived(results: Results, job: Job) -> None:
    count, raised = results(job)
    print(f"{count} calls, { ({key: len(found) for key, found in raised.items()}) }")
    # What an encoding raises that there is not, in CPython too.
    right = RIGHT | ({"LookupError"} if job[1] in ("encoding", "errors") else set())
    assert not {key: found[:9] for key, found in raised.items() if key not in right}


@pytest.mark.timeout(300)
@each("leaks", *KINDS)
def test_bad_calls_leave_no_memory_behind(results: Results, job: Job) -> None:
    # One object of one call in each round would be 50.
    assert {name: grown for name, grown in results(job).items() if grown > 40} == {}
