#!/usr/bin/env python3
"""Every operation against every server in every mode: what works, and whose fault the rest is.

    Tests/Compatibility/table.py [--servers NAME,...] [--short] [--jobs N] [--details]

The servers are vsftpd, ProFTPD, Pure-FTPd, pyftpdlib, GNU inetutils' ftpd, Twisted's and aioftp's;
the modes PASV, EPSV, PORT and EPRT, over IPv4 and IPv6, in plain, TLS 1.2, TLS 1.3 and implicit
TLS. When an operation fails, the server is asked for the same by raw commands: what it refuses to
them as well it does not offer. The rest are the client's failures, and end the program with 1; so
does what a server lacks beyond `LACKS`. --short leaves out TLS 1.2, and keeps the four modes for
plain IPv4. Build first (Tests/run.sh build).
"""

from __future__ import annotations

import argparse
import importlib
import itertools
import os
import re
import ssl
import subprocess
import sys
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parent.parent
for folder in (REPOSITORY, REPOSITORY / "Tests/Servers"):
    sys.path.append(str(folder))

SECURITIES = ("plain", "TLS 1.2", "TLS 1.3", "implicit")
ADDRESSES = {"IPv4": "127.0.0.1", "IPv6": "::1"}

# The mode of Tests/Servers' scripts for each kind of security; data connections must resume the
# session where a server can ask for that.
OFFERED = {
    "vsftpd": {"plain": "plain", "TLS": "tls-reuse", "implicit": "implicit-reuse"},
    "proftpd": {"plain": "plain", "TLS": "tls-reuse", "implicit": "implicit-reuse"},
    "pureftpd": {"plain": "plain", "TLS": "tls"},
    "pyftpdlib": {"plain": "plain", "TLS": "tls", "implicit": "implicit"},
    "inetutils-ftpd": {"plain": "plain"},
    "twisted": {"plain": "plain"},
    "aioftp": {"plain": "plain", "implicit": "implicit"},
}

BREAKING = ("a callback that raises", "abort", "abort_transfer")

# What they do not offer; more than this would be a client that asks in a wrong way.
LACKS = {
    "vsftpd": {"acct", "ccc", "mlsd"},
    # The last two where TLS is required.
    "proftpd": {"acct", "ccc", "prot_c"},
    "pureftpd": set(),
    "pyftpdlib": {"acct", "ccc", "names in bytes"},
    # It dies of SIGPIPE when a download is broken off at the wrong moment; the last three do that.
    "inetutils-ftpd": {"acct", "mlsd", *BREAKING},
    "twisted": {
        *("acct", "mlsd", "names in bytes", "nlst", "retrlines", "storlines"),
        *("retrbinary(rest=)", "storbinary(rest=)", "storbinary(APPE)"),
    },
    "aioftp": {
        *("a callback that raises", "abort", "abort_transfer", "acct", "ccc", "ftpcp", "mkd"),
        *("names in bytes", "nlst", "prot_c", "size", "voidcmd"),
    },
}


@dataclass(frozen=True)
class Group:
    """What one running server is for."""

    server: str
    security: str
    """`plain`, `TLS` or `implicit`."""
    family: str


@dataclass(frozen=True)
class Result:
    server: str
    security: str
    family: str
    mode: str
    operation: str
    verdict: str
    """`ok`, `server` or `client`."""
    said: str = ""
    """What the server said to the raw commands, or what went wrong in the client."""


def exists(family: str, mode: str) -> bool:
    """PORT has room for an IPv4 address alone (RFC 959)."""
    return not (family == "IPv6" and mode == "PORT")


def offered(server: str, family: str, mode: str) -> bool:
    """PASV's answer has room for an IPv4 address alone too, but of use is its port."""
    if family == "IPv6" and mode == "PASV":
        return server == "vsftpd"
    return not (server == "aioftp" and mode in ("PORT", "EPRT"))


def is_short(group: Group, mode: str) -> bool:
    """Whether a session is one of those of the short form."""
    if group.security == "plain" and group.family == "IPv4" and group.server != "twisted":
        return True
    # What the client chooses by itself.
    return mode == ("PASV" if group.family == "IPv4" else "EPSV")


def examine(group: Group, short: bool) -> list[Result]:
    """Starts the group's server and runs everything against it."""
    servers = importlib.import_module("servers")
    operations = importlib.import_module("operations")
    securities = ("TLS 1.2", "TLS 1.3") if group.security == "TLS" else (group.security,)
    if short:
        securities = securities[-1:]
    results = []
    with servers.start(
        group.server, mode=OFFERED[group.server][group.security], bind=ADDRESSES[group.family]
    ) as server:
        with (server.root / "large").open("wb") as file:
            file.truncate(operations.LARGE)
        server.adopt(server.root / "large")
        for security in securities:
            context = None
            if security != "plain":
                context = ssl.create_default_context(cafile=str(servers.CERTIFICATES / "ca.pem"))
                if security.startswith("TLS"):
                    version = ssl.TLSVersion[security.replace(" ", "v").replace(".", "_")]
                    context.minimum_version = context.maximum_version = version
            for mode in operations.MODES:
                if not exists(group.family, mode) or (short and not is_short(group, mode)):
                    continue
                session = operations.Session(server, mode, context, group.security == "implicit")
                with closing(session):
                    for name, verdict, said in in_one_session(session):
                        where = (group.server, security, group.family, mode)
                        results.append(Result(*where, name, verdict, said))
    return results


_numbers = itertools.count()


def in_one_session(session: Any) -> Iterator[tuple[str, str, str]]:
    """Each operation, and how it went: its name, the verdict and what was said."""
    operations = importlib.import_module("operations")
    try:
        session.reconnect()
        for operation in operations.OPERATIONS:
            if not operation.needs(session):
                continue
            try:
                session.enter(f"{next(_numbers)}-{os.getpid()}")
                session.put("file", operations.CONTENT)
                operation.run(session)
                operations.starts(session.ftp.sendcmd("TYPE I"), "200")
                operations.starts(session.ftp.sendcmd("PWD"), "257")
                yield operation.name, "ok", ""
            except Exception as error:
                trace = traceback.format_exc().strip()
                refusal = asked(session, operation)
                # Raw commands need not hit the moment.
                dies = session.server.name == "inetutils-ftpd" and operation.name in BREAKING
                if refusal is None and dies and isinstance(error, EOFError):
                    refusal = "hangs up"
                yield operation.name, "server" if refusal else "client", refusal or trace
                if operation.name == "mode":
                    return
                session.reconnect()
    except Exception:
        log = "".join(session.server.log.open(errors="replace").readlines()[-10:])
        yield (
            "a new session",
            "client",
            f"{traceback.format_exc().strip()}\nthe server's log: {log}",
        )


def asked(session: Any, operation: Any) -> str | None:
    """The server's own word, to raw commands."""
    asking = importlib.import_module("asking")
    session.put("file", importlib.import_module("operations").CONTENT)
    steps = [step.format(directory=session.directory) for step in operation.asks]
    answer: str | None = asking.refusal(
        session.server,
        session.mode,
        session.context,
        [f"CWD {session.directory}", *steps],
        implicit=session.implicit,
    )
    return answer


def version(name: str) -> str:
    """As the server's program says."""
    home = importlib.import_module("servers")._HOME
    programs = {
        "proftpd": ["proftpd/usr/sbin/proftpd", "-v"],
        "pureftpd": ["pureftpd/usr/sbin/pure-ftpd", "--help"],
        "inetutils-ftpd": ["inetutils-ftpd/usr/sbin/ftpd", "--version"],
    }
    if name == "vsftpd":
        # It prints its version to a terminal alone.
        text = (home / "vsftpd/usr/sbin/vsftpd").read_bytes()
        found = re.search(rb"vsFTPd (\d[\d.]*)", text)
        return found[1].decode() if found else "?"
    if name in programs:
        program, option = programs[name]
        command = [str(home / program), option]
    else:
        code = f"import importlib.metadata as m; print(m.version({name!r}))"
        command = [str(home / "venv/bin/python"), "-c", code]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    numbers = re.search(r"\d[\d.]*", (said.stdout + said.stderr).split("\n")[0])
    return numbers[0] if numbers else "?"


Cells = dict[tuple[str, str, str, str], list[Result]]


def lacks(results: Iterable[Result]) -> set[str]:
    return {result.operation for result in results if result.verdict == "server"}


def cell(results: list[Result], server: str) -> str:
    """What a table says of one session: how many operations were as documented, and what else."""
    if "mode" in lacks(results):
        return next(f"no: {result.said}" for result in results)
    words = [f"ok {sum(result.verdict == 'ok' for result in results)}"]
    more = sorted(lacks(results) - LACKS[server])
    failed = [result.operation for result in results if result.verdict == "client"]
    if more:
        words.append(f"**lacks {', '.join(more)}**")
    if failed:
        words.append(f"**failed: {', '.join(failed)}**")
    return "; ".join(words)


def show(cells: Cells) -> None:
    """The whole table, in Markdown."""
    modes = importlib.import_module("operations").MODES
    columns = [(family, mode) for family in ADDRESSES for mode in modes if exists(family, mode)]
    print(f"| server | | {' | '.join(f'{mode} {family}' for family, mode in columns)} |")
    print(f"|{'---|' * (len(columns) + 2)}")
    for server in OFFERED:
        for security in SECURITIES:
            row = [cells.get((server, security, *column)) for column in columns]
            if any(row):
                texts = [cell(each, server) if each else "-" for each in row]
                print(f"| {server} {version(server)} | {security} | {' | '.join(texts)} |")


def show_condensed(cells: Cells) -> None:
    """One line for each server: its modes, and what it lacks in any of them."""
    print(f"| server | {' | '.join(SECURITIES)} | what the server lacks |\n|{'---|' * 6}")
    for server in OFFERED:
        texts = []
        for security in SECURITIES:
            mine = {
                (family, mode): each
                for (name, kind, family, mode), each in cells.items()
                if (name, kind) == (server, security)
            }
            bad = [key for key, each in mine.items() if any(r.verdict == "client" for r in each)]
            good = [key for key in mine if "mode" not in lacks(mine[key]) and key not in bad]
            passive = all(mode in ("PASV", "EPSV") for _, mode in good)
            word = "passive: ok" if passive and len(good) > 2 else "ok" if good else "-"
            texts.append(f"**failed: {bad}**" if bad else word)
        if any(text != "-" for text in texts):
            lacking = sorted(
                {name for key, each in cells.items() if key[0] == server for name in lacks(each)}
                - {"mode"}
            )
            texts.append(", ".join(lacking) or "-")
            print(f"| {server} {version(server)} | {' | '.join(texts)} |")


def groups(names: Iterable[str]) -> list[Group]:
    families = [
        family
        for family in ADDRESSES
        if family == "IPv4" or importlib.import_module("servers").has_ipv6()
    ]
    # Twisted first: it takes the longest, for it leaves the client waiting.
    ordered = sorted(names, key=lambda name: name != "twisted")
    return [
        Group(name, security, family)
        for name in ordered
        for family in families
        for security in OFFERED[name]
    ]


def unexpected(results: Iterable[Result]) -> list[Result]:
    """The client's failures, and what a server lacks all of a sudden."""
    return [
        r
        for r in results
        if r.verdict == "client"
        or (
            r.verdict == "server"
            and r.operation not in LACKS[r.server]
            and not (r.operation == "mode" and not offered(r.server, r.family, r.mode))
        )
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--servers", default=",".join(OFFERED), help="some of them")
    parser.add_argument("--short", action="store_true", help="less of TLS and of IPv6")
    parser.add_argument("--jobs", type=int, default=4, help="how many servers at a time")
    parser.add_argument("--details", action="store_true", help="each failure, each refusal")
    options = parser.parse_args()

    chosen = groups(options.servers.split(","))
    with ProcessPoolExecutor(options.jobs) as pool:
        found = list(pool.map(examine, chosen, itertools.repeat(options.short)))
    results = [result for each in found for result in each]
    cells: Cells = defaultdict(list)
    for result in results:
        cells[result.server, result.security, result.family, result.mode].append(result)
    show(cells)
    print()
    show_condensed(cells)
    print()
    wrong = unexpected(results)
    for result in [r for r in results if r.verdict == "server"] if options.details else wrong:
        where = f"{result.server}, {result.security}, {result.mode}, {result.family}"
        print(f"{result.verdict}: {where}: {result.operation}: {result.said}")
    counts = Counter(result.verdict for result in results)
    print(
        f"{len(results)} operations in {len(cells)} sessions: {counts['ok']} as documented, "
        f"{counts['server']} that the server does not offer, {counts['client']} failed"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
