#!/usr/bin/env python3
"""Downloads and uploads while their server is killed, stopped and restarted, and their link is cut,
slowed and stalled, at random points: each ends with identical files, or with one clear error.

    Tests/Faults/transfers.py                    # 500 transfers, some fifteen minutes
    Tests/Faults/transfers.py --count 32         # what the tests run
    Tests/Faults/transfers.py --seed 7 --only proftpd-tls

On vsftpd, ProFTPD, Pure-FTPd and pyftpdlib, plain and over TLS, each in a process of its own and
behind a relay of its own. The report counts the faults, what the client did about them, and the
bytes that went twice; anything that is not as it has to be is a line of its own, and the exit
status is 1. Needs root, or sudo without a password, for vsftpd and Pure-FTPd.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "Tests/Servers")]

import servers  # noqa: E402
from relay import Relay  # noqa: E402

from usr.ftplib import FTP, FTP_TLS, all_errors  # noqa: E402

NAMES = ("vsftpd", "proftpd", "pureftpd", "pyftpdlib")
GROUPS = [f"{name}-{mode}" for name in NAMES for mode in ("plain", "tls")]
TIMEOUT = 2.0
"""Seconds of silence that the clients wait: a stall is longer."""
LARGEST = 6 << 20
RATE = 24 << 20
"""Bytes a second: a loopback's transfers would be over before anything happens to them."""


@dataclass
class Report:
    """What became of the transfers of one group."""

    group: str
    transfers: int = 0
    whole: int = 0
    errors: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    resumes: int = 0
    size: int = 0
    twice: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)


class Host:
    """A server that can be ended and started again where it was, with a relay before it."""

    def __init__(self, group: str, root: Path) -> None:
        self.name, _, self.mode = group.partition("-")
        self.root = root
        self.ports = free_ports(40) if self.mode == "tls" else []
        self.port: int | None = None
        self._running = ExitStack()
        self.start()

    def start(self) -> None:
        environment = passive(self.ports) if self.ports else {}
        self.server = self._running.enter_context(
            servers.start(self.name, self.root, self.mode, environment=environment, port=self.port)
        )
        self.port = self.server.port

    def kill(self) -> None:
        self.server.signal(signal.SIGKILL)

    def restart(self) -> None:
        self.kill()
        self._running.close()
        self.start()

    def close(self) -> None:
        self.server.signal(signal.SIGCONT)
        self._running.close()


def free_ports(count: int) -> list[int]:
    """Ports in a row that nobody listens on."""
    while True:
        first = random.randrange(20000, 32000 - count)
        used = {
            int(line.split()[1].rpartition(":")[2], 16)
            for name in ("tcp", "tcp6")
            for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]
        }
        if not used.intersection(range(first, first + count)):
            return list(range(first, first + count))


def passive(ports: list[int]) -> dict[str, str]:
    """What keeps each server's data connections to these ports."""
    first, last = ports[0], ports[-1]
    return {
        "VSFTPD_EXTRA": f"pasv_min_port={first}\npasv_max_port={last}",
        "PROFTPD_EXTRA": f"PassivePorts {first} {last}",
        "PUREFTPD_ARGS": f"-p {first}:{last}",
        "PYFTPDLIB_PASSIVE": f"{first}-{last}",
    }


# What happens to a transfer


class Faults:
    """Happens to one transfer: once, twice or three times, at random points of it."""

    KINDS = ("cut", "close", "data", "stall", "slow", "stop", "pause", "kill", "restart")

    def __init__(self, chance: random.Random, host: Host, link: Relay, report: Report) -> None:
        self._chance = chance
        self._host = host
        self._link = link
        self._report = report
        self._threads: list[threading.Thread] = []
        self.names: list[str] = []

    def arrange(self, size: int) -> None:
        for _ in range(self._chance.choice((1, 1, 1, 2, 3))):
            kind = self._chance.choice(self.KINDS)
            point = self._chance.randrange(1, max(2, int(size * 1.2)))
            pause = self._chance.uniform(0.1, 1.0)
            if size == 0 or self._chance.random() < 0.1:
                # Between the transfers' bytes: while it connects, logs in, asks.
                self._start(kind, pause, self._chance.uniform(0, 0.05))
            else:
                self._link.after(point, partial(self._start, kind, pause, 0))

    def _start(self, kind: str, pause: float, delay: float) -> None:
        thread = threading.Thread(target=self._happen, args=(kind, pause, delay))
        self._threads.append(thread)
        thread.start()

    def _happen(self, kind: str, pause: float, delay: float) -> None:
        time.sleep(delay)
        self.names.append(kind)
        self._report.faults[kind] += 1
        link, host = self._link, self._host
        match kind:
            case "cut":
                link.cut()
            case "close":
                link.cut(reset=False)
            case "data":
                link.cut(control=False)
            case "stall":
                link.stall()
                time.sleep(TIMEOUT + pause)
                link.resume()
            case "slow":
                link.rate = 256 << 10
                time.sleep(pause)
                link.rate = RATE
            case "stop":
                host.server.signal(signal.SIGSTOP)
                time.sleep(TIMEOUT + pause)
                host.server.signal(signal.SIGCONT)
            case "pause":
                host.server.signal(signal.SIGSTOP)
                time.sleep(pause)
                host.server.signal(signal.SIGCONT)
            case "kill" | "restart":
                with LOCK:
                    host.kill()
                    if kind == "kill":
                        time.sleep(pause)
                    host.restart()

    def end(self) -> None:
        """No more of it; all is as before."""
        self._link.forget()
        for thread in self._threads:
            thread.join(60)
        self._link.resume()
        self._link.rate = RATE
        self._host.server.signal(signal.SIGCONT)


LOCK = threading.Lock()
"""One end of a server at a time."""


# The transfers


@contextmanager
def session(host: Host, link: Relay) -> Iterator[FTP]:
    if host.mode == "tls":
        # The relay has another address than the one in the certificate.
        context = ssl.create_default_context(cafile=str(servers.CERTIFICATES / "ca.pem"))
        context.check_hostname = False
        ftp: FTP = FTP_TLS(context=context, timeout=TIMEOUT)
    else:
        ftp = FTP(timeout=TIMEOUT)
    try:
        for _ in range(20):
            try:
                ftp.connect(link.host, link.port)
                ftp.login(host.server.user, host.server.password)
                if isinstance(ftp, FTP_TLS):
                    ftp.prot_p()
                break
            except all_errors:
                time.sleep(0.25)
        yield ftp
    finally:
        ftp.close()


def content(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.05:
        size = chance.choice((0, 1, 1000))
    elif kind < 0.2:
        size = chance.randrange(1 << 20)
    else:
        size = chance.randrange(1 << 20, LARGEST)
    return chance.randbytes(size)


def one(host: Host, link: Relay, chance: random.Random, report: Report, folder: Path) -> None:
    """One transfer, and whether all is as it has to be after it."""
    upload = chance.random() < 0.5
    new, old = content(chance), b"what was there before"
    replaces = chance.random() < 0.5
    name = f"file-{report.transfers}"
    served, local = host.root / name, folder / name
    source, target = (local, served) if upload else (served, local)
    source.write_bytes(new)
    if replaces:
        target.write_bytes(old)
    host.server.adopt(host.root)
    label = (
        f"{report.group} {'upload' if upload else 'download'} {report.transfers} ({len(new)} bytes)"
    )
    faults = Faults(chance, host, link, report)
    start = time.monotonic()
    report.transfers += 1
    with session(host, link) as ftp:
        faults.arrange(len(new))
        try:
            result = (
                ftp.upload(local, name, retries=8)
                if upload
                else ftp.download(name, local, retries=8)
            )
        except all_errors as error:
            result = None
            report.errors[f"{type(error).__name__}: {error}"] += 1
            if not str(error).strip():
                report.wrong.append(f"{label}: {type(error).__name__} without a word")
        except BaseException as error:
            result = None
            report.wrong.append(f"{label}: {type(error).__name__}: {error}")
        finally:
            faults.end()
    report.seconds += time.monotonic() - start
    where = f"{label}, {'+'.join(faults.names) or 'no fault'}"
    left = sorted(entry.name for entry in (host.root, folder)[not upload].iterdir())
    if result is None:
        if replaces and target.read_bytes() not in (old, new):
            report.wrong.append(f"{where}: an error, and the old file is gone")
        if not replaces and target.exists() and target.read_bytes() != new:
            report.wrong.append(f"{where}: an error, and half a file in the place of a whole one")
    else:
        report.whole += 1
        report.attempts += result.attempts
        report.resumes += result.resumes
        report.size += result.size
        report.twice += result.bytes + result.kept - result.size
        if not target.exists() or digest(target.read_bytes()) != digest(new):
            report.wrong.append(f"{where}: the files differ, and it says {result}")
        # What Pure-FTPd has of an upload, under a name of its own, stays when it is killed.
        left = [entry for entry in left if not entry.startswith(".pureftpd-upload.")]
        if left != sorted({name, "witness"}):
            report.wrong.append(f"{where}: left behind: {left}")
    for place in (host.root, folder):
        if (place / "witness").read_bytes() != b"untouched":
            report.wrong.append(f"{where}: another file was touched")
        for entry in place.iterdir():
            if entry.name != "witness":
                entry.unlink()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def run(group: str, count: int, seed: int) -> Report:
    """The transfers of one group."""
    report = Report(group)
    chance = random.Random(f"{seed} {group}")
    with tempfile.TemporaryDirectory(prefix="faults-") as temporary:
        Path(temporary).chmod(0o755)
        root, folder = Path(temporary) / "server", Path(temporary) / "client"
        for place in (root, folder):
            place.mkdir()
            (place / "witness").write_bytes(b"untouched")
        host = Host(group, root)
        try:
            port = host.port or 0
            with Relay("127.0.0.1", port, passive=host.ports, rate=RATE) as link:
                with session(host, link) as ftp:
                    ftp.voidcmd("NOOP")
                before = descriptors()
                for _ in range(count):
                    one(host, link, chance, report, folder)
                for _ in range(100):
                    if descriptors() <= before:
                        break
                    time.sleep(0.1)
                else:
                    report.wrong.append(f"{group}: {descriptors() - before} descriptors leaked")
        finally:
            host.close()
    return report


# All groups


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--count", type=int, default=500, help="transfers in all (500)")
    add("--seed", type=int, default=1, help="of what happens when (1)")
    add("--only", metavar="GROUP", choices=GROUPS, help=f"one of {', '.join(GROUPS)}")
    add("--jobs", type=int, default=4, help="groups at the same time (4)")
    add("--group", help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> int:
    options = arguments()
    if options.group:
        report = run(options.group, options.count, options.seed)
        print(json.dumps(report.__dict__))
        return 0
    groups = [options.only] if options.only else GROUPS
    shares = [
        options.count // len(groups) + (n < options.count % len(groups)) for n in range(len(groups))
    ]
    waiting = list(zip(groups, shares, strict=True))
    running: list[tuple[str, subprocess.Popen[str]]] = []
    reports: list[dict[str, Any]] = []
    failed = False
    while waiting or running:
        while waiting and len(running) < options.jobs:
            group, share = waiting.pop(0)
            command = [sys.executable, __file__, "--group", group, "--count", str(share)]
            command += ["--seed", str(options.seed)]
            running.append((group, subprocess.Popen(command, stdout=subprocess.PIPE, text=True)))
        group, process = running.pop(0)
        output, _ = process.communicate()
        if process.returncode:
            print(f"{group}: exit status {process.returncode}")
            failed = True
        else:
            reports.append(json.loads(output))
    return show(reports, options.seed) or failed


def show(reports: list[dict[str, Any]], seed: int) -> bool:
    """Prints what happened; whether anything was wrong."""
    heads = ("transfers", "whole", "attempts", "resumes", "MiB", "MiB twice", "s", "faults")
    print(f"| group | {' | '.join(heads)} |\n|---|{'---|' * len(heads)}")
    total: Counter[str] = Counter()
    for report in reports:
        faults = " ".join(f"{name} {count}" for name, count in sorted(report["faults"].items()))
        total.update(report["faults"])
        cells = [report[key] for key in ("group", "transfers", "whole", "attempts", "resumes")]
        cells += [f"{report[key] / 2**20:.1f}" for key in ("size", "twice")]
        print(f"| {' | '.join(map(str, cells))} | {report['seconds']:.0f} | {faults} |")
    keys = ("transfers", "whole", "resumes", "twice", "size")
    sums = {key: sum(report[key] for report in reports) for key in keys}
    print(
        f"seed {seed}: {sums['transfers']} transfers, {sum(total.values())} faults, "
        f"{sums['whole']} whole, {sums['resumes']} resumes, "
        f"{sums['twice'] / 2**20:.1f} of {sums['size'] / 2**20:.1f} MiB sent twice"
    )
    for report in reports:
        for error, count in report["errors"].items():
            print(f"error  {report['group']} {count}x {error}")
    wrong = [line for report in reports for line in report["wrong"]]
    for line in wrong:
        print(f"WRONG  {line}")
    return bool(wrong)


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        sys.exit(main())
