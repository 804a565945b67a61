"""One row, tried by one kind of calls: how it ends, how long it takes, and what is true then."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hostile.calls import DOCUMENTED, LOW, StopError, blocks, whole, word
from hostile.door import Door, Row
from scripted_tls import certificates

from usr import ftplib

CLIENTS = ("documented", "low", "lines")
KINDS = (
    "malformed", "stopped", "timed out", "refused", "reset", "untrusted", "security",
    "undecodable", "truncated", "closed", "too long", "state", "invalid",
)  # fmt: skip
"""The words for errors, beside `reply` and a code."""
ENDS = ("closed", "state", "reset", "reply 421", "timed out", "too long", "malformed", "security")
"""What an object may say that has to connect again."""
MEMORY = 8 << 20
"""Bytes that a server without an end may cost."""
LISTING_MEMORY = 3 * (256 << 20)
"""The same for a listing, which the caller gets whole and which has a limit of its own."""


class ByLine(ftplib.FTP):
    """Its replies are put together from lines that pass through Python."""

    def getline(self) -> str:
        return super().getline()


class SecureByLine(ftplib.FTP_TLS):
    def getline(self) -> str:
        return super().getline()


@dataclass
class Case:
    """A row tried by one kind of calls."""

    row: Row
    client: str
    outcome: str = ""
    after: str = ""
    waited: float = 0
    """The longest call, in seconds."""
    memory: int = 0
    problems: list[str] = field(default_factory=lambda: ["was not tried"])

    def run(self, door: Door) -> None:
        port = door.start(self.row.number)
        self.problems = []
        is_tls = self.row.call.startswith("tls ")
        ftp: Any
        by_line = self.client == "lines"
        if is_tls:
            kind = SecureByLine if by_line else ftplib.FTP_TLS
            ftp = kind(timeout=self.row.timeout, context=trusting(), verify=True)
        else:
            ftp = (ByLine if by_line else ftplib.FTP)(timeout=self.row.timeout)
        try:
            self.outcome = self.attempt(lambda: self.call(ftp, port))
            self.after = self.state(ftp, port)
        except Exception as error:
            self.problems.append(f"afterwards: {type(error).__name__}: {error}")
        finally:
            ftp.close()
            self.problems += door.ask("end")
        self.judge()

    def call(self, ftp: Any, port: int) -> str:
        calls = LOW if self.client == "low" else DOCUMENTED
        name = self.row.call.removeprefix("tls ")
        welcome = sign_in(ftp, port)
        if name == "login CRLF":
            return str(ftp.login("user\r\nDELE x", "password")[:3])
        if name == "connect twice":
            welcome = sign_in(ftp, port)
        value = calls[name](ftp)
        if value == "" and "connect" in name:
            return welcome
        return "nothing" if value in (None, "") else str(value)

    def attempt(self, call: Callable[[], str]) -> str:
        begin = time.monotonic()
        try:
            return call()
        except Exception as error:
            found = word(error)
            if not str(error) and not isinstance(error, (StopError, ftplib.error_proto)):
                self.problems.append(f"{type(error).__name__} without a word")
            if self.client != "low" and self.row.says not in str(error):
                self.problems.append(f"'{error}' does not say '{self.row.says}'")
            return found
        finally:
            self.waited = max(self.waited, time.monotonic() - begin)

    def state(self, ftp: Any, port: int) -> str:
        """Whether the object goes on in step, or says that it must connect again."""
        first = self.attempt_any(ftp.pwd)
        if first == "/in/step":
            for call, right in (
                (lambda: ftp.sendcmd("SYST"), "215 UNIX Type: L8"),
                (lambda: whole(blocks(ftp)), "whole"),
                (ftp.pwd, "/in/step"),
            ):
                found = self.attempt_any(call)
                if found != right:
                    return f"out of step: {found} in the place of {right}"
            return "step"
        second = self.attempt_any(ftp.pwd)
        for found in (first, second):
            if found not in ENDS:
                return f"neither in step nor at an end: {first}, then {second}"
        if second == "timed out":
            return "still waits for a server that has not answered"
        ftp.timeout = 10
        sign_in(ftp, port)
        found = ftp.pwd()
        return "again" if found == "/in/step" else f"out of step after connecting again: {found}"

    def attempt_any(self, call: Callable[[], object]) -> str:
        says, self.row.says = self.row.says, ""
        try:
            return self.attempt(lambda: str(call()))
        finally:
            self.row.says = says

    def judge(self) -> None:
        outcome, after = self.row.wanted[self.client]
        is_value = self.outcome not in KINDS and not self.outcome.startswith("reply ")
        is_right = self.outcome == outcome or self.outcome in outcome.split("|")
        if not is_right and not (outcome == "*" and is_value):
            self.problems.append(f"{self.outcome} in the place of {outcome}")
        if self.after not in after.split("|"):
            self.problems.append(f"afterwards: {self.after} in the place of {after}")
        if self.waited > self.row.deadline:
            self.problems.append(f"waited {self.waited:.1f} s, deadline {self.row.deadline:.1f} s")

    @property
    def is_whole_listing(self) -> bool:
        """Whether the client keeps what comes up to a limit of its own."""
        return "listing without an end" in self.row.name

    @property
    def time(self) -> str:
        return f"{self.waited:.2f} of {self.row.deadline:.2f} s"

    def judge_memory(self) -> None:
        limit = LISTING_MEMORY if self.is_whole_listing else MEMORY
        if self.memory > limit:
            self.problems.append(f"cost {self.memory >> 20} MiB")

    def __str__(self) -> str:
        return f"{self.row.source}: {self.row.name} [{self.row.call}, {self.client}]"


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(certificates() / "ca.pem"))
    # Debian's Python hides an end of TLS that the peer did not announce.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    return context


def sign_in(ftp: Any, port: int) -> str:
    """Connects and logs in, with the data protected where TLS is."""
    ftp.connect("127.0.0.1", port)
    reply = ftp.login("user", "password", "account")
    if isinstance(ftp, ftplib.FTP_TLS):
        ftp.prot_p()
    return str(reply[:3])
