"""Every step of an ordinary session, and at each of them every fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hostile.obedient import (
    DONE,
    FACTS,
    FILE,
    LISTING,
    NAMES,
    OPENING,
    SIZE,
    Reactions,
    protect,
    remember,
    secured,
    send_file,
    take,
)
from hostile.row import Row
from hostile.steps import (
    client_closes,
    drip,
    end_in_order,
    leave,
    open_data,
    repeat,
    reset,
    reset_data,
    silence,
    wait,
)
from scripted import Conversation, Step, say, say_bytes, send

SOURCE = "dialogue"


@dataclass(frozen=True)
class Moment:
    """A reply of the server: to which call it belongs, what is right, and what the client has of that."""

    name: str
    call: str
    outcome: str
    verb: str
    reply: str | Callable[[Conversation], str]
    before: Sequence[Step] = ()
    """What the server does at this command before the reply."""
    behind: Sequence[Step] = ()
    """What it does after the reply."""
    others: Reactions = field(default_factory=dict)
    """What else it must do so that the moment comes."""
    after_faults: str = ""
    """The state after a fault that is not made good, where that differs."""
    after_right: str = "step"
    own: Mapping[str, str] = field(default_factory=dict)
    """What comes of a fault, where that differs."""
    low: Mapping[str, str] = field(default_factory=dict)
    """The same with the low-level calls."""
    swift: Mapping[str, str] = field(default_factory=dict)
    """The same with the Swift client."""


@dataclass(frozen=True)
class Fault:
    """What the server says in the place of a reply, and what must come of it."""

    name: str
    steps: Callable[[str], Sequence[Step]]
    """From the right reply."""
    outcome: str
    """`right` is the outcome of the moment."""
    after: str = "step"
    waits: int = 0
    goes_on: bool = False
    """Whether what comes behind the reply still comes."""


def raw(reply: str, end: str = "\r\n") -> bytes:
    return (reply + end).encode()


def halves(reply: str) -> Sequence[Step]:
    content = raw(reply)
    return (say_bytes(content[:5]), wait(0.2), say_bytes(content[5:]))


def several(reply: str) -> Sequence[Step]:
    code = reply[:3]
    return (say(f"{code}-Before", f" {code} in the text", "333 as well", f"{code}-", reply),)


FAULTS = (
    Fault("close", lambda _: [leave], "closed|reset", "again"),
    Fault("reset", lambda _: [reset], "reset|closed", "again"),
    Fault("half a line and close", lambda reply: [say_bytes(raw(reply)[:2]), leave], "malformed|closed|reset", "again"),
    Fault("half a reply and close", lambda reply: [say(f"{reply[:3]}-Half"), leave], "closed|reset", "again"),
    Fault("silence", lambda _: [silence], "timed out", "again", waits=1),
    Fault("half a line and silence", lambda reply: [say_bytes(raw(reply)[:5]), silence], "timed out", "again", waits=1),
    Fault("half a reply and silence", lambda reply: [say(f"{reply[:3]}-Half"), silence], "timed out", "again", waits=1),
    Fault("a drip without an end", lambda reply: [drip(f"{reply[:3]}-".encode() * 99, 0.1)], "timed out", "again", waits=1),
    Fault("421 and close", lambda _: [say("421 Bye."), leave], "reply 421", "again"),
    Fault("421 of several lines and close", lambda _: [say("421-Bye", "421 bye."), leave], "reply 421", "again"),
    Fault("421 and a reset", lambda _: [say("421 Bye."), reset], "reply 421", "again"),
    Fault("450", lambda _: [say("450 Not now.")], "reply 450"),
    Fault("550", lambda _: [say("550 No.")], "reply 550"),
    Fault("garbage", lambda _: [say("What a lovely day!")], "malformed"),
    Fault("an empty line", lambda _: [say("")], "malformed"),
    Fault("a code of nonsense", lambda _: [say("777 Lucky.")], "malformed"),
    Fault("NUL", lambda reply: [say_bytes(raw(reply[:3] + " \0"))], "malformed", "again"),
    Fault("an endless line", lambda reply: [repeat(raw(reply, ""))], "too long", "again"),
    Fault("an endless reply", lambda reply: [repeat(raw(reply[:3] + "-more"))], "too long", "again"),
    Fault("twice", lambda reply: [say(reply, reply)], "right", goes_on=True),
    Fault("byte by byte", lambda reply: [drip(raw(reply), 0.002)], "right", goes_on=True),
    Fault("in halves", halves, "right", goes_on=True),
    Fault("late, in time", lambda reply: [wait(0.4), say(reply)], "right", goes_on=True),
    Fault("of several lines", several, "right", goes_on=True),
    Fault("ended by LF", lambda reply: [say_bytes(raw(reply, "\n"))], "right", goes_on=True),
    Fault("ended by CR", lambda reply: [say_bytes(raw(reply, "\r"))], "right", goes_on=True),
    Fault("with Telnet's options", lambda reply: [say_bytes(b"\xff\xfb\x01\xff\xfd\x03" + raw(reply))], "right", goes_on=True),
    Fault("with another end", lambda reply: [say(f"{reply[0]}99-Odd", reply)], "right", goes_on=True),
)  # fmt: skip


def address(conversation: Conversation) -> str:
    """Listens, and says where in the words of the command that was heard last."""
    port = conversation.listen()
    if conversation.server.heard[-1].upper().startswith("EPSV"):
        return f"229 Here (|||{port}|)"
    return f"227 Here (127,0,0,1,{port >> 8},{port & 255})."


def content(lines: Sequence[str]) -> Step:
    return send("".join(line + "\r\n" for line in lines).encode())


DATA = (send_file, end_in_order)
UP = say("150 Go ahead.")

MOMENTS = (
    Moment("greeting", "connect", "230", "greeting", "220 Ready.", after_faults="again"),
    Moment("USER", "connect", "230", "USER", "331 Password, please."),
    Moment("PASS", "connect", "230", "PASS", "230 Welcome."),
    Moment("ACCT", "connect", "230", "ACCT", "230 Welcome.", others={"PASS": [say("332 Account?")]}),
    Moment("TYPE", "download", "whole", "TYPE", "200 Very well."),
    Moment("PASV", "download", "whole", "PASV", address, swift={"550": "whole"}),
    Moment("EPSV", "download", "whole", "EPSV", address, others={"PASV": [say("500 No.")]}),
    Moment("SIZE", "size", str(SIZE), "SIZE", f"213 {SIZE}", own={"of several lines": "malformed"}),
    Moment("REST", "resume", "whole", "REST", "350 Go on.", behind=[remember]),
    Moment("RETR's 150", "download", "whole", "RETR", OPENING, behind=[*DATA, say(DONE)], low={"twice": "reply 150|whole"}),
    Moment("RETR's 226", "download", "whole", "RETR", DONE, before=[say(OPENING), *DATA]),
    Moment("RETR's 226, text", "text", "whole", "RETR", DONE, before=[say(OPENING), *DATA]),
    Moment("STOR's 150", "upload", "whole", "STOR", "150 Go ahead.", behind=[take, say(DONE)], low={"twice": "reply 150|whole"}),
    Moment("STOR's 226", "upload", "whole", "STOR", DONE, before=[UP, take]),
    Moment("LIST's 150", "list", ",".join(LISTING), "LIST", "150 Here.", behind=[content(LISTING), end_in_order, say(DONE)], low={"twice": "reply 150|" + ",".join(LISTING)}),
    Moment("LIST's 226", "list", ",".join(LISTING), "LIST", DONE, before=[say("150 Here."), content(LISTING), end_in_order]),
    Moment("NLST's 226", "names", ",".join(NAMES), "NLST", DONE, before=[say("150 Here."), content(NAMES), end_in_order]),
    Moment("MLSD's 226", "facts", ",".join(NAMES), "MLSD", DONE, before=[say("150 Here."), content(FACTS), end_in_order]),
    Moment("PWD", "pwd", "/in/step", "PWD", '257 "/in/step" is it'),
    Moment("CWD", "cwd", "250", "CWD", "250 There."),
    Moment("CDUP", "up", "250", "CDUP", "250 There."),
    Moment("MKD", "mkd", "/in/step/new", "MKD", '257 "/in/step/new" made'),
    Moment("RMD", "rmd", "250", "RMD", "250 Gone."),
    Moment("DELE", "delete", "250", "DELE", "250 Gone."),
    Moment("RNFR", "rename", "250", "RNFR", "350 And to?"),
    Moment("RNTO", "rename", "250", "RNTO", "250 Renamed."),
    Moment("STAT", "status", "211", "STAT", "211 All is well."),
    Moment("NOOP", "noop", "200", "NOOP", "200 Zzz."),
    Moment("QUIT", "quit", "221", "QUIT", "221 Goodbye.", behind=[leave], after_faults="step|again", after_right="again"),
    Moment("AUTH", "tls connect", "230", "AUTH", "234 Go ahead.", behind=[secured], after_faults="step|again", own={"twice": "malformed"}, swift={"twice": "security"}),
    Moment("PBSZ", "tls connect", "230", "PBSZ", "200 PBSZ=0"),
    Moment("PROT", "tls connect", "230", "PROT", "200 Very well.", behind=[protect]),
    Moment("RETR's 226 in TLS", "tls download", "whole", "RETR", DONE, before=[say(OPENING), *DATA]),
    Moment("STOR's 226 in TLS", "tls upload", "whole", "STOR", DONE, before=[UP, take]),
)  # fmt: skip


def steps(moment: Moment, fault: Fault) -> Sequence[Step]:
    """What the server does at the moment's command."""
    reply = moment.reply
    if isinstance(reply, str):
        faulty = fault.steps(reply)
    else:

        def answer(conversation: Conversation) -> None:
            for step in fault.steps(reply(conversation)):
                step(conversation)

        faulty = (answer,)
    return (*moment.before, *faulty, *(moment.behind if fault.goes_on else ()))


def outcome(moment: Moment, fault: Fault) -> str:
    return moment.own.get(fault.name, moment.outcome if fault.outcome == "right" else fault.outcome)


# The data connection's share


@dataclass(frozen=True)
class Flow:
    """A transfer from the server: its call, its command, and what is sent."""

    call: str
    verb: str
    sent: Sequence[bytes]
    opening: str
    short: str
    """What comes of half the data and a 226."""


HALVES = (FILE[:500], FILE[500:])
FLOWS = (
    Flow("download", "RETR", HALVES, OPENING, "truncated"),
    Flow("text", "RETR", HALVES, OPENING, "*"),
    Flow("list", "LIST", [(line + "\r\n").encode() for line in LISTING], "150 Here.", LISTING[0]),
    Flow("names", "NLST", [(line + "\r\n").encode() for line in NAMES], "150 Here.", NAMES[0]),
    Flow("facts", "MLSD", [(line + "\r\n").encode() for line in FACTS], "150 Here.", NAMES[0]),
    Flow("entries", "MLSD", [(line + "\r\n").encode() for line in FACTS], "150 Here.", NAMES[0]),
    Flow("tls download", "RETR", HALVES, OPENING, "truncated"),
    Flow(
        "tls list", "LIST", [(line + "\r\n").encode() for line in LISTING], "150 Here.", LISTING[0]
    ),
)


def data_rows(flow: Flow) -> Iterator[Row]:
    """A transfer whose data connection has every fault."""
    begin, half = say(flow.opening), send(flow.sent[0])
    end = (end_in_order, say(DONE))
    gone = (client_closes, say("426 Gone."))
    cut_short = (begin, half, end_in_order)
    table: Sequence[tuple[str, Sequence[Step], str, str, int]] = (
        ("closed in the middle, 226", (begin, half, *end), flow.short, "step", 0),
        ("closed in the middle, 426", (*cut_short, say("426 Broken.")), "reply 426", "step", 0),
        ("closed in the middle, 451", (*cut_short, say("451 Broken.")), "reply 451", "step", 0),
        ("closed in the middle, 552", (*cut_short, say("552 Broken.")), "reply 552", "step", 0),
        ("closed in the middle, 421", (*cut_short, say("421 Bye."), leave), "reply 421", "again", 0),
        ("closed in the middle, control closed", (*cut_short, leave), "closed|reset", "again", 0),
        ("closed in the middle, nonsense", (*cut_short, say("What?")), "malformed", "step", 0),
        ("closed in the middle, silence", (*cut_short, silence), "timed out", "again", 1),
        ("reset before a byte, 426", (begin, reset_data, say("426 Broken.")), "reply 426|reset|security|closed", "step", 0),
        ("reset in the middle, 426", (begin, half, wait(0.1), reset_data, say("426 Broken.")), "reply 426|reset", "step", 0),
        ("reset in the middle, 226", (begin, half, wait(0.1), reset_data, say(DONE)), "reset", "step", 0),
        ("reset in the middle, silence", (begin, half, wait(0.1), reset_data, silence), "reset", "again", 1),
        ("reset in the middle, control reset", (begin, half, wait(0.1), reset_data, reset), "reset|closed", "again", 0),
        ("silent in the middle", (begin, half, *gone), "timed out", "step", 1),
        ("silent from the beginning", (begin, open_data, *gone), "timed out", "step", 1),
        ("silent, and no word any more", (begin, half, silence), "timed out", "again", 1),
        ("slow", (begin, *(step for part in flow.sent for step in (wait(0.4), send(part))), *end), "right", "step", 2),
        ("no final reply", (*cut_short[:2], send(b"".join(flow.sent[1:])), end_in_order), "timed out", "step", 1),
        ("no 1xx", (*map(send, flow.sent), *end), "right", "step", 0),
        ("1xx behind the data", (*map(send, flow.sent), begin, *end), "right", "step", 0),
        ("226 before the data", (say(flow.opening, DONE), wait(0.2), *map(send, flow.sent), end_in_order), "right", "step", 0),
        ("450 in the place of 1xx", (say("450 Busy."),), "reply 450", "step", 0),
        ("550 in the place of 1xx", (say("550 No."),), "reply 550", "step", 0),
        ("350 in the place of 1xx", (say("350 What now?"),), "reply 350", "step", 0),
        ("421 in the place of 1xx", (say("421 Bye."), leave), "reply 421", "again", 0),
        ("1xx twice, 226 twice", (begin, begin, *map(send, flow.sent), *end, say(DONE)), "right", "step", 0),
    )  # fmt: skip
    right = {"list": ",".join(LISTING), "text": "whole", "download": "whole"}.get(
        flow.call.removeprefix("tls "), ",".join(NAMES)
    )
    for name, at, found, after, waits in table:
        wanted = right if found == "right" else found
        if flow.call.startswith("tls ") and name in ("no 1xx", "1xx behind the data"):
            # Neither side begins: the server waits for the client's hello, the client for the server's word.
            continue
        low = f"{wanted}|reply 150" if name == "1xx twice, 226 twice" else ""
        yield Row(
            SOURCE,
            f"{flow.call}'s data: {name}",
            flow.call,
            {flow.verb: at},
            wanted,
            after,
            waits=waits,
            low=low,
        )


def upload_rows(call: str) -> Iterator[Row]:
    begin = say("150 Go ahead.")
    table: Sequence[tuple[str, Sequence[Step], str, str, int]] = (
        ("426", (begin, take, say("426 Broken.")), "reply 426", "step", 0),
        ("452", (begin, take, say("452 Full.")), "reply 452", "step", 0),
        ("552", (begin, take, say("552 Full.")), "reply 552", "step", 0),
        ("421", (begin, take, say("421 Bye."), leave), "reply 421", "again", 0),
        ("control closed", (begin, take, leave), "closed|reset", "again", 0),
        ("control reset", (begin, take, reset), "closed|reset", "again", 0),
        ("nonsense", (begin, take, say("What?")), "malformed", "step", 0),
        ("no final reply", (begin, take), "timed out", "step", 1),
        ("no final reply, and silence", (begin, take, silence), "timed out", "again", 1),
        ("226 twice", (begin, take, say(DONE, DONE)), "whole", "step", 0),
        ("226 first", (say("150 Go ahead.", DONE), take), "whole", "step", 0),
        ("450 in the place of 1xx", (say("450 Busy."),), "reply 450", "step", 0),
        ("550 in the place of 1xx", (say("550 No."),), "reply 550", "step", 0),
        ("350 in the place of 1xx", (say("350 What now?"),), "reply 350", "step", 0),
        ("421 in the place of 1xx", (say("421 Bye."), leave), "reply 421", "again", 0),
        ("slow", (begin, wait(0.25), take, wait(0.25), say(DONE)), "whole", "step", 2),
    )  # fmt: skip
    for name, at, wanted, after, waits in table:
        yield Row(SOURCE, f"{call}'s data: {name}", call, {"STOR": at}, wanted, after, waits=waits)


def rows() -> Iterator[Row]:
    for moment in MOMENTS:
        for fault in FAULTS:
            server = {**moment.others, moment.verb: steps(moment, fault)}
            is_right = outcome(moment, fault) == moment.outcome
            yield Row(
                SOURCE,
                f"{moment.name}: {fault.name}",
                moment.call,
                server,
                outcome(moment, fault),
                moment.after_right if is_right else moment.after_faults or fault.after,
                waits=fault.waits,
                low=moment.low.get(fault.name, ""),
                swift=moment.swift.get(fault.name, ""),
            )
    for flow in FLOWS:
        yield from data_rows(flow)
    for call in ("upload", "lines", "tls upload"):
        yield from upload_rows(call)


ROWS = tuple(rows())
