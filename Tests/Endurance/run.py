#!/usr/bin/env python3
"""Does anything grow while the client works for long? Against real servers.

    Tests/Endurance/run.py [COUNT] [--sessions COUNT] [--servers NAME,...] [--modes plain,TLS]
                           [--jobs N] [--program FILE] [--leak]

COUNT sessions (connect, log in, quit) and COUNT transfers of small files, stored and fetched in
turn and each compared, against vsftpd, ProFTPD, Pure-FTPd and pyftpdlib, plain and in TLS, over
IPv4 and IPv6, each in a process of its own: by default 10000, which takes hours. Says for each what
the process held after warming up and at the end, and ends with 1 if anything has grown or failed.
Build first (Tests/run.sh build).
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
sys.path.append(str(REPOSITORY / "Tests/Servers"))

# The TLS modes are the servers' own defaults: data connections must resume the session.
MODES = {
    "vsftpd": ("plain", "tls-reuse"),
    "proftpd": ("plain", "tls-reuse"),
    "pureftpd": ("plain", "tls"),
    "pyftpdlib": ("plain", "tls"),
}
LOADS = ("sessions", "transfers")

# What may come on top whatever the count is, and for each session or transfer. One object that each
# leaves behind has at least one block of Python's, or 32 bytes of malloc's.
LIMITS = {
    "rss": (1 << 20, 0.0),
    "malloc": (1 << 10, 1.0),
    "blocks": (20, 0.02),
    "objects": (5, 0.0),
    "descriptors": (0, 0.0),
    "threads": (0, 0.0),
}


@dataclass(frozen=True)
class Case:
    server: str
    mode: str
    address: str

    def __str__(self) -> str:
        security = "plain" if self.mode == "plain" else "TLS"
        return f"{self.server} {security} {'IPv6' if ':' in self.address else 'IPv4'}"


@dataclass(frozen=True)
class Outcome:
    case: Case
    load: str
    count: int
    samples: list[dict[str, int]]
    result: dict[str, Any]

    def held(self, what: str) -> tuple[int, int]:
        """After warming up, and at the end.

        Memory is the least of each half's samples: what is there only for a while is no growth.
        """
        values = [sample[what] for sample in self.samples]
        if what in ("malloc", "blocks"):
            half = len(values) // 2
            return min(values[: half or 1]), min(values[half:])
        return values[0], values[-1]

    def grown(self) -> list[str]:
        growth = []
        for what, (fixed, each) in LIMITS.items():
            before, after = self.held(what)
            if after - before > fixed + each * self.count:
                growth.append(f"{what} from {before} to {after}")
        return growth

    @property
    def verdict(self) -> str:
        failures = self.result["failures"]
        faults = [f"{len(failures)} failures: {failures[0]}"] if failures else []
        grown = self.grown()
        if grown:
            faults += [*grown, f"more of {self.result['grown']}"]
        return "; ".join(faults) or "flat"

    def row(self) -> str:
        def change(what: str, unit: int = 1) -> str:
            before, after = (value / unit for value in self.held(what))
            return f"{before:.0f} {after - before:+.0f}"

        cells = [
            str(self.case),
            f"{self.count} {self.load}",
            change("rss", 1024),
            *(change(what) for what in ("malloc", "blocks", "objects", "descriptors", "threads")),
            f"{self.result['seconds']:.0f}",
            f"{self.result['processor']:.1f}",
            self.verdict,
        ]
        return f"| {' | '.join(cells)} |"


HEADING = (
    "server",
    "done",
    "RSS KiB",
    "malloc bytes",
    "blocks",
    "objects",
    "descriptors",
    "threads",
    "wall s",
    "processor s",
    "verdict",
)


def burdened(
    case: Case, counts: dict[str, int], program: str, leak: bool, show: threading.Lock
) -> bool:
    """As `burden`; a server that does not start is not flat, and does not stop the rest."""
    try:
        return burden(case, counts, program, leak, show)
    except Exception as error:
        with show:
            print(f"| {case} | {type(error).__name__}: {error} |", flush=True)
        return False


def burden(
    case: Case, counts: dict[str, int], program: str, leak: bool, show: threading.Lock
) -> bool:
    """Runs the loads against a server of their own; says whether all was flat."""
    servers = importlib.import_module("servers")
    fine = True
    with servers.start(case.server, mode=case.mode, bind=case.address) as server:
        for load in LOADS:
            order = {
                "load": load,
                "leak": leak,
                "count": counts[load],
                "secure": case.mode != "plain",
                "host": server.host,
                "port": server.port,
                "root": str(server.root),
                "user": server.user,
                "password": server.password,
            }
            environment = {
                **os.environ,
                "PYTHONPATH": str(REPOSITORY),
                "PYTHONDONTWRITEBYTECODE": "1",
                "SSL_CERT_FILE": str(servers.CERTIFICATES / "ca.pem"),
                # Chunks in its caches would count as used, until they are full.
                "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0",
            }
            done = subprocess.run(
                [program, str(HERE / "load.py"), json.dumps(order)],
                env=environment,
                capture_output=True,
                encoding="utf-8",
                check=False,
            )
            if done.returncode != 0:
                line = f"| {case} | {load} | exit status {done.returncode}: {done.stderr.strip()} |"
                flat = False
            else:
                _, *samples, result = map(json.loads, done.stdout.splitlines())
                outcome = Outcome(case, load, counts[load], samples, result)
                line = outcome.row()
                flat = outcome.verdict == "flat"
            with show:
                print(line, flush=True)
            fine = fine and flat
    return fine


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "count", type=int, nargs="?", default=10_000, help="transfers for each server"
    )
    parser.add_argument(
        "--sessions", type=int, help="sessions for each server; as many as transfers"
    )
    parser.add_argument("--servers", default=",".join(MODES), help="some of " + ", ".join(MODES))
    parser.add_argument("--modes", default="plain,TLS", help="plain, TLS or both")
    parser.add_argument("--jobs", type=int, default=4, help="how many servers at a time")
    parser.add_argument("--program", default=sys.executable, help="python3, or ftpy")
    parser.add_argument("--leak", action="store_true", help="a trial: something is left behind")
    options = parser.parse_args()

    counts = {"sessions": options.sessions or options.count, "transfers": options.count}
    addresses = ["127.0.0.1", *(["::1"] if importlib.import_module("servers").has_ipv6() else [])]
    cases = [
        Case(name, mode, address)
        for name in options.servers.split(",")
        for mode in MODES[name]
        for address in addresses
        if ("plain" if mode == "plain" else "TLS") in options.modes.split(",")
    ]
    print(f"| {' | '.join(HEADING)} |\n|{'---|' * len(HEADING)}", flush=True)
    show = threading.Lock()
    with ThreadPoolExecutor(options.jobs) as pool:
        flat = list(
            pool.map(
                lambda case: burdened(case, counts, options.program, options.leak, show),
                cases,
            )
        )
    for case in (case for case, was_flat in zip(cases, flat, strict=True) if not was_flat):
        print(f"not flat: {case}")
    each = f"{counts['sessions']} sessions, {counts['transfers']} transfers"
    print(f"{sum(flat)} of {len(cases)} flat; each {each}")
    return 0 if all(flat) else 1


if __name__ == "__main__":
    sys.exit(main())
