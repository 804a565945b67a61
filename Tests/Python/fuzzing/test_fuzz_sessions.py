"""Whole sessions with a peer that may send any bytes at any time.

Nothing crashes, hangs, grows or stays behind, and nothing is raised that is not documented. A short
run is part of every test run, the same each time. FUZZ_MINUTES makes it a long one, with new cases:

    FUZZ_MINUTES=10 pytest Tests/Python/fuzzing -s

What one finds is added to FINDINGS.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import REPOSITORY
from fuzzing.byte_peer import Case, Data, Peer
from fuzzing.session_child import CALLS, TLS_CALLS
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from tls_support import server_context

MINUTES = float(os.environ.get("FUZZ_MINUTES", "0"))
SHORT = 250
"""Cases of the short form."""

# Bytes that a server may send

WORDS = [
    *(b"220 ", b"220-", b"227 ", b"229 ", b"257 ", b"150 ", b"226 ", b"213 ", b"421 ", b"120 "),
    *(
        b"331 ",
        b"550 ",
        b"426 ",
        b"234 ",
        b"350 ",
        b"200 ",
        b"999 ",
        b"000 ",
        b"\r\n",
        b"\r",
        b"\n",
    ),
    *(b"\0", b" ", b"-", b"\xff\xfb\x01", b"\xff", b"\xe9", b"(|||1|)", b"(|||0|)", b"1" * 40),
    *(b"(127,0,0,1,0,1)", b"(127,0,0,1,300,1)", b'"/x"', b'"', b"(9 bytes)", b"20240101000000"),
    *(
        b"(99999999999999999999 bytes)",
        b"x" * 9000,
        b"\x05\x00",
        b"\x05\xff",
        b"\x16\x03\x01\x02\x00",
    ),
    b"HTTP/1.1 407 No\r\n\r\n",
]
CODES = [120, 150, 200, 220, 226, 227, 229, 230, 234, 257, 331, 350, 421, 450, 500, 550, 999]
FLOODS = [b"220-more\r\n", b"x", b"\xff\xfb\x01", b"200 ok\r\n"]
CONTENTS = [Data.content, b"", b"line\n" * 50, b"\0\xff\r\r\n", b"x" * 20000]

words = st.lists(st.sampled_from(WORDS) | st.binary(max_size=6), max_size=8).map(b"".join)
replies = st.builds(
    lambda code, mark, text, end: b"%03d" % code + mark + text + end,
    st.sampled_from(CODES),
    st.sampled_from([b" ", b"-", b"", b"\t"]),
    words,
    st.sampled_from([b"\r\n", b"\n", b"", b"\r"]),
)
operations = st.one_of(
    st.sampled_from(["oblige", "twice", "early"]).map(lambda word: (word, None)),
    st.tuples(st.just("damage"), st.integers(0, 9999)),
    st.tuples(st.just("say"), replies | words),
    st.tuples(st.just("pause"), st.sampled_from([1, 30, 250])),
    st.tuples(st.just("drip"), st.sampled_from([1, 10])),
    st.tuples(st.just("flood"), st.sampled_from(FLOODS)),
    st.sampled_from(["close", "reset", "secure"]).map(lambda word: (word, None)),
)
turns = st.lists(
    # Many turns are as they should be, so that a session gets somewhere.
    st.just(()) | st.lists(operations, min_size=1, max_size=3).map(tuple),
    max_size=14,
).map(tuple)
data = st.builds(
    Data,
    content=st.sampled_from(CONTENTS) | words,
    repeat=st.sampled_from([1, 1, 1, 80]),
    begins=st.sampled_from(["accept"] * 6 + ["ignore", "refuse"]),
    ends=st.sampled_from(["close"] * 4 + ["reset", "stay"]),
    piece=st.sampled_from([0, 0, 0, 1000]),
    takes=st.sampled_from([1 << 30, 1 << 30, 0, 5000]),
)


def case_of(kind: str, proxy: str) -> st.SearchStrategy[Case]:
    names = [*CALLS, "connect", *(TLS_CALLS if kind != "FTP" else ())]
    return st.builds(
        Case,
        # After a login there is more to see.
        calls=st.tuples(
            st.sampled_from([("login",), ("login",), ("login",), ()]),
            st.lists(st.sampled_from(names), min_size=1, max_size=6),
        ).map(lambda parts: (*parts[0], *parts[1])),
        kind=st.just(kind),
        proxy=st.just(proxy),
        turns=turns,
        proxy_turns=turns if proxy else st.just(()),
        data=st.lists(data, max_size=4).map(tuple),
    )


KINDS = [("FTP", "")] * 5 + [("FTP_TLS", ""), ("implicit", ""), ("FTP", "socks5h"), ("FTP", "http")]
cases = st.sampled_from(KINDS).flatmap(lambda kind: case_of(*kind))

# The client


tried: Counter[str] = Counter()


class Child:
    """The process with the client. It does one case after another, and is replaced when it dies."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.longest = 0.0

    def run(self, case: Case, port: int) -> list[str]:
        """What was against the rules."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "fuzzing.session_child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                encoding="utf-8",
                cwd=Path(__file__).parent.parent,
                env=os.environ | {"PYTHONPATH": f"{REPOSITORY}:{Path(__file__).parent.parent}"},
            )
        assert self._process.stdin
        assert self._process.stdout
        assert self._process.stderr
        begin = time.monotonic()
        self._process.stdin.write(json.dumps([case.kind, case.proxy, port, case.calls]) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        self.longest = max(self.longest, time.monotonic() - begin)
        if answer:
            wrong: list[str]
            wrong, returned = json.loads(answer)
            tried["calls that returned"] += returned
            return wrong
        said = self._process.stderr.read()
        status = self._process.wait(10)
        self.close()
        return [f"the process ended with {status}:\n{said}"]

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    child = Child()
    yield child
    child.close()


def survive(child: Child, case: Case) -> None:
    with Peer(case, server_context()) as peer:
        wrong = child.run(case, peer.port)
    tried[f"{case.kind} {case.proxy}".strip()] += 1
    tried["calls"] += len(case.calls) + 1
    tried["faults"] += sum(len(turn) for turn in case.turns + case.proxy_turns)
    assert not wrong, "\n".join(wrong)


# Each is a case that once went wrong.
FINDINGS = [
    # `error_proto` without a word.
    Case(calls=("login",), turns=((("say", b"\r\n"),),)),
    Case(calls=("login", "pwd"), turns=((), (), (), (("say", b"\n"),))),
    # A TypeError, for there is no greeting.
    Case(
        calls=("login", "set_debuglevel", "getwelcome"),
        proxy="socks5h",
        proxy_turns=((("oblige", None), ("oblige", None)),),
    ),
]


@pytest.mark.parametrize("case", FINDINGS, ids=lambda case: " ".join(case.calls))
def test_a_finding_stays_mended(child: Child, case: Case) -> None:
    survive(child, case)


# Of the peer's own sockets, where a handshake broke.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
CHECKS = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.function_scoped_fixture]


@pytest.mark.timeout(300 + MINUTES * 90)
def test_no_session_crashes_hangs_grows_or_stays_behind(child: Child) -> None:
    begin = time.monotonic()
    if not MINUTES:
        search(child, SHORT, 959)
    else:
        for number in itertools.count(random.randrange(1 << 30)):
            search(child, 300, number)
            if time.monotonic() - begin > MINUTES * 60:
                break
    print(f"\n{time.monotonic() - begin:.0f} s, longest case {child.longest:.1f} s, {dict(tried)}")


def search(child: Child, count: int, number: int) -> None:
    """So many cases; the same number chooses the same ones."""

    @seed(number)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        suppress_health_check=CHECKS,
        phases=[Phase.generate, Phase.shrink],
    )
    @given(cases)
    def each(case: Case) -> None:
        survive(child, case)

    each()
