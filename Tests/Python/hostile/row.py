"""One row of the table of hostile servers."""

from __future__ import annotations

from dataclasses import dataclass, field

from hostile.obedient import Reactions

IMPATIENT = 0.7
"""The client's timeout where a row makes it wait, in seconds."""
PATIENT = 10.0
"""The client's timeout where nothing has to be waited for: it must not be what ends the call."""
GRACE = 2.5
"""What a deadline allows beside timeouts: the second in which a late reply may come by itself, and
a busy machine."""


@dataclass(frozen=True)
class Row:
    """What a server does, and what the client must make of it."""

    source: str
    """Where it is from: a section of the reference on the field, an advisory's number, an issue."""
    name: str
    call: str
    """What the client is asked for. `drive.py` and HostileCall.swift have the list."""
    server: Reactions
    """What the server does, at which command, in place of the right thing."""
    outcome: str
    """How the call ends. A value: `whole` for a transfer, a path, a size, a code; `*` for any. Or
    the kind of error. Several with `|` between them where the network decides."""
    after: str = "step"
    """What is true of the object then: `step`, the next command gets its own reply, or `again`, it
    says that it must connect again, and can."""
    waits: int = 0
    """How many timeouts the call may take."""
    low: str = ""
    """The outcome with the module's low-level calls, where it is another one."""
    swift: str = ""
    """The outcome with the Swift client, where it is another one."""
    low_after: str = ""
    swift_after: str = ""
    says: str = ""
    """What the error's text must hold."""
    patience: float = 0
    """A deadline of its own, in seconds."""
    endless: bool = False
    """Whether it is for the client to end what it receives: its memory is measured."""
    never: tuple[str, ...] = field(default=())
    """Commands that the server must not have heard."""

    @property
    def timeout(self) -> float:
        return IMPATIENT if self.waits else PATIENT

    @property
    def deadline(self) -> float:
        """Seconds after which a call counts as hung."""
        return self.patience or self.waits * self.timeout + GRACE

    def wanted(self, client: str) -> tuple[str, str]:
        """Outcome and state afterwards for `documented`, `low` or `swift`."""
        if client == "low" and self.call in ("tls download", "tls upload", "tls list"):
            # Python's own sockets are then the caller's, and what they make of it.
            return "-", "-"
        if client == "low":
            return self.low or self.outcome, self.low_after or self.after
        if client == "swift" and self.call == "lines":
            # It has no upload by lines.
            return "-", "-"
        if client == "swift":
            return self.swift or self.outcome, self.swift_after or self.after
        return self.outcome, self.after
