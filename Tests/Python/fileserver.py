"""A server of files in memory, for the scripted server: with faults that real ones do not show.

files = Files({"f": content}, faults=[Fault(after=1000, how="reset"), Fault()])
with ScriptedServer(*[[serve(files)]] * 8) as server:
    FTP(server.host, server.port, "user", "password").download("f", path)
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

from conftest import Conversation, ScriptedServer, Step, hang_up

from usr.ftplib import FTP

Connect = Callable[..., FTP]

VERBS = (
    *("USER", "PASS", "FEAT", "TYPE", "CWD", "PWD", "NOOP", "OPTS", "SIZE", "MDTM", "HASH"),
    *("PASV", "REST", "RETR", "MLSD", "LIST", "STOR", "APPE", "DELE", "RNFR", "RNTO", "QUIT"),
)


@dataclass
class Fault:
    """How one transfer goes wrong: after so many bytes of its data; None is not at all."""

    after: int | None = None
    how: str = "reset"
    """reset, close (of data and control), stall, short (226 all the same), or a reply."""


@dataclass
class Files:
    content: dict[str, bytes] = field(default_factory=dict)
    features: tuple[str, ...] = ("SIZE", "MDTM", "REST STREAM")
    modified: str = "20200102030405"
    refusals: dict[str, str] = field(default_factory=dict)
    """Replies to verbs, in place of what the server would do."""
    faults: list[Fault] = field(default_factory=list)
    """Of the transfers, in order."""
    before: Callable[[str, Files], object] | None = None
    """Called with each command."""
    hash_as: bytes | None = None
    """What HASH takes for the content."""
    ignores_rest: bool = False
    hides: bool = False
    """Whether what is stored has its name only when it is whole, and is lost otherwise."""
    announces: str | None = None
    """What the 150 to a RETR names as the size: the whole, or what is left behind REST."""
    behind: str = "taken"
    """What becomes of commands that come together with another: also dropped, refused or fatal."""


def serve(files: Files) -> Step:
    """One control connection, from the greeting to its end."""

    def step(conversation: Conversation) -> None:
        conversation.say("220 Files.")
        session = _Session(conversation, files)
        while True:
            try:
                command = conversation.hear()
            except (ConnectionError, OSError):
                return
            behind = b"" if files.behind == "taken" else conversation.behind()
            if behind and files.behind == "fatal":
                hang_up(conversation.control)
                return
            if files.before:
                files.before(command, files)
            verb, _, argument = command.partition(" ")
            if verb in files.refusals:
                conversation.say(files.refusals[verb])
                continue
            handler = session.handlers.get(verb)
            if handler is None:
                conversation.say("502 Not here.")
            elif handler(argument) == "gone":
                return
            if files.behind == "refused":
                for _ in range(behind.count(b"\n")):
                    conversation.say("503 One at a time.")

    return step


class _Session:
    def __init__(self, conversation: Conversation, files: Files) -> None:
        self.say = conversation.say
        self.conversation = conversation
        self.files = files
        self.rest = 0
        self.old = ""
        self.handlers = {verb: getattr(self, f"_{verb.lower()}") for verb in VERBS}

    def _user(self, _: str) -> None:
        self.say("331 Password.")

    def _pass(self, _: str) -> None:
        self.say("230 Welcome.")

    def _feat(self, _: str) -> None:
        self.say("211-Features:", *(f" {line}" for line in self.files.features), "211 End")

    def _type(self, _: str) -> None:
        self.say("200 So be it.")

    def _cwd(self, name: str) -> None:
        self.say("550 A file." if name in self.files.content else "250 There.")

    def _pwd(self, _: str) -> None:
        self.say('257 "/place" is where you are.')

    def _noop(self, _: str) -> None:
        self.say("200 Nothing.")

    def _opts(self, _: str) -> None:
        self.say("200 Chosen.")

    def _size(self, name: str) -> None:
        content = self.files.content.get(name)
        self.say("550 No." if content is None else f"213 {len(content)}")

    def _mdtm(self, name: str) -> None:
        self.say(f"213 {self.files.modified}" if name in self.files.content else "550 No.")

    def _hash(self, name: str) -> None:
        content = self.files.content[name] if self.files.hash_as is None else self.files.hash_as
        digest = hashlib.sha256(content).hexdigest()
        self.say(f"213 SHA-256 0-{len(content)} {digest} {name}")

    def _pasv(self, _: str) -> None:
        port = self.conversation.listen()
        self.say(f"227 Here (127,0,0,1,{port // 256},{port % 256}).")

    def _rest(self, offset: str) -> None:
        self.rest = int(offset)
        self.say("350 From there.")

    def _fault(self) -> Fault:
        return self.files.faults.pop(0) if self.files.faults else Fault()

    def _fail(self, fault: Fault) -> str | None:
        conversation = self.conversation
        if fault.how == "stall":
            conversation.server.closing.wait(3600)
        elif fault.how in ("reset", "close"):
            conversation.end_data(reset=fault.how == "reset")
            hang_up(conversation.control, reset=fault.how == "reset")
            return "gone"
        else:
            conversation.end_data()
            conversation.say("226 Done." if fault.how == "short" else fault.how)
        return None

    def _retr(self, name: str) -> str | None:
        content = self.files.content.get(name)
        start, self.rest = 0 if self.files.ignores_rest else self.rest, 0
        if content is None:
            self.conversation.end_data()
            self.say("550 No such file.")
            return None
        fault = self._fault()
        size = {"whole": len(content), "left": len(content) - start}.get(self.files.announces or "")
        self.say("150 Here it comes." if size is None else f"150 Here it comes ({size} bytes).")
        data = self.conversation.connected()
        try:
            data.sendall(content[start:] if fault.after is None else content[start:][: fault.after])
        except OSError:
            self.conversation.data = None
            self.say("426 Broken.")
            return None
        if fault.after is not None:
            return self._fail(fault)
        self.conversation.end_data()
        self.say("226 Done.")
        return None

    def _mlsd(self, _: str) -> None:
        """The files that lie in any directory of any path."""
        self.say("150 Here it comes.")
        data = self.conversation.connected()
        for path, content in self.files.content.items():
            facts = f"type=file;size={len(content)};modify={self.files.modified}"
            data.sendall(f"{facts}; {path.rpartition('/')[2]}\r\n".encode())
        self.conversation.end_data()
        self.say("226 Done.")

    def _list(self, _: str) -> None:
        """The same, of 2020-01-02."""
        self.say("150 Here it comes.")
        data = self.conversation.connected()
        for path, content in self.files.content.items():
            line = f"-rw-r--r-- 1 u g {len(content)} Jan 02 2020 {path.rpartition('/')[2]}\r\n"
            data.sendall(line.encode())
        self.conversation.end_data()
        self.say("226 Done.")

    def _receive(self, name: str, start: bytes) -> str | None:
        fault = self._fault()
        self.say("150 Go ahead.")
        data = self.conversation.connected()
        content = bytearray(start)
        if not self.files.hides:
            self.files.content[name] = bytes(content)
        while fault.after is None or len(content) - len(start) < fault.after:
            most = 65536 if fault.after is None else fault.after - (len(content) - len(start))
            block = data.recv(min(65536, most))
            if not block:
                break
            content += block
            if not self.files.hides:
                self.files.content[name] = bytes(content)
        if fault.after is not None:
            return self._fail(fault)
        self.files.content[name] = bytes(content)
        self.conversation.end_data()
        self.say("226 Done.")
        return None

    def _stor(self, name: str) -> str | None:
        start, self.rest = 0 if self.files.ignores_rest else self.rest, 0
        return self._receive(name, self.files.content.get(name, b"")[:start])

    def _appe(self, name: str) -> str | None:
        return self._receive(name, self.files.content.get(name, b""))

    def _dele(self, name: str) -> None:
        gone = self.files.content.pop(name, None)
        self.say("550 No." if gone is None else "250 Gone.")

    def _rnfr(self, name: str) -> None:
        self.old = name if name in self.files.content else ""
        self.say("350 To what?" if self.old else "550 No.")

    def _rnto(self, name: str) -> None:
        content = self.files.content.pop(self.old, None)
        self.old = ""
        if content is not None:
            self.files.content[name] = content
        self.say("503 What?" if content is None else "250 Renamed.")

    def _quit(self, _: str) -> str:
        self.say("221 Goodbye.")
        return "gone"


@contextmanager
def connecting() -> Iterator[Connect]:
    """Connects to a server of these files, which holds up to 40 sessions one after the other."""
    with ExitStack() as stack:

        def connect(files: Files, **keywords: Any) -> FTP:
            server = stack.enter_context(ScriptedServer(*[[serve(files)]] * 40))
            keywords.setdefault("timeout", 20)
            ftp = FTP(server.host, server.port, "user", "password", **keywords)
            ftp.heard = server.heard  # type: ignore[attr-defined]
            stack.callback(ftp.close)
            return ftp

        yield connect
