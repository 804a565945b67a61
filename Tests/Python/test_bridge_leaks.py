"""Nothing is left behind: no reference, no object, no memory, no descriptor."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import LOGIN, REPOSITORY, Interpreter, ScriptedServer, obliging

Scripted = Callable[..., ScriptedServer]

THIS = Interpreter("this", Path(sys.executable))
"""The interpreter of this run: in a process of its own the counts are those of the calls alone."""


@pytest.fixture
def server(scripted: Scripted) -> Iterator[ScriptedServer]:
    server = scripted([LOGIN[0], obliging])
    yield server
    server.forgive()


PROGRAM = """
import ctypes, gc, io, os, sys
from usr.ftplib import FTP, all_errors, parse227

HOST, PORT = sys.argv[1], int(sys.argv[2])

class Mallinfo(ctypes.Structure):
    _fields_ = [(name, ctypes.c_size_t) for name in
        "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()]

mallinfo2 = ctypes.CDLL(None).mallinfo2
mallinfo2.restype = Mallinfo

def measure():
    getattr(sys, "_clear_internal_caches", sys._clear_type_cache)()  # they keep names
    gc.collect()
    memory = mallinfo2()
    return (sys.getallocatedblocks(), memory.uordblks + memory.hblkhd,
            len(os.listdir("/proc/self/fd")), len(gc.get_objects()))

class Own(FTP):
    def getline(self):
        return super().getline()

def ignore(part):
    pass

def broken(part):
    raise KeyError(part)

def fails(call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except (TypeError, ValueError, KeyError, AttributeError, *all_errors):
        return
    raise AssertionError("it does not fail")

kind = Own if sys.argv[3] == "own" else FTP
ftp = kind(HOST, PORT, "user", "password", timeout=10)
closed = FTP()
name = "".join(["a", " name"])
source = io.BytesIO(b"x" * 1000)

def call():
    {call}

count = int(sys.argv[4])
for _ in range(count // 5):
    call()
before, counts = measure(), [sys.getrefcount(o) for o in (name, ignore, source, ftp, FTP, None)]
for _ in range(count):
    call()
after = measure()
references = [sys.getrefcount(o) for o in (name, ignore, source, ftp, FTP)]
print(*(b - a for a, b in zip(before, after)))
print(*(b - a for a, b in zip(counts, references)))
"""

CALLS = {
    "a session": "kind(HOST, PORT, 'user', 'password', timeout=10).quit()",
    "a session that is closed": "kind(HOST, PORT, timeout=10).close()",
    "a with block": "with kind(HOST, PORT, timeout=10): pass",
    "connecting again": "ftp.connect(HOST, PORT)",
    "pwd": "ftp.pwd()",
    "commands": "ftp.cwd(name); ftp.mkd(name); ftp.size('5'); ftp.rename(name, name)",
    "retrbinary": "ftp.retrbinary('RETR x', ignore)",
    "retrlines": "ftp.retrlines('RETR x', ignore)",
    "retrlines into a file": "ftp.retrlines('RETR x', io.BytesIO().write)",
    "listings": "ftp.nlst(name); list(ftp.mlsd(name, ['type'])); ftp.dir(name, ignore)",
    "a listing that is not read": "ftp.mlsd(name)",
    "storbinary": "source.seek(0); ftp.storbinary('STOR x', source, callback=ignore)",
    "storlines": "source.seek(0); ftp.storlines('STOR x', source, ignore)",
    "an active transfer": "ftp.set_pasv(False); ftp.retrbinary('RETR x', ignore)",
    "transfercmd": "ftp.transfercmd('RETR x').close(); ftp.voidresp()",
    "an unread transfercmd": "ftp.transfercmd('RETR x').close(); ftp.pwd()",
    "sanitize": "ftp.sanitize('PASS ' + name)",
    "parse227": "parse227('227 (127,0,0,1,2,3)'); fails(parse227, 'x')",
    "a refused command": "fails(ftp.delete, 'missing')",
    "a refused transfer": "fails(ftp.retrbinary, 'RETR missing', ignore)",
    "a short download": "fails(ftp.retrbinary, 'RETR short', ignore)",
    "a callback that raises": "fails(ftp.retrbinary, 'RETR x', broken)",
    "a line callback that raises": "fails(ftp.retrlines, 'RETR x', broken)",
    "a newline in a name": "fails(ftp.cwd, name + '\\n')",
    "wrong types": "fails(ftp.cwd, 5); fails(ftp.retrbinary, None, None); fails(ftp.login, 5)",
    "wrong arguments": "fails(ftp.pwd, name); fails(ftp.cwd, x=name); fails(kind, *[name] * 20)",
    "no connection": "fails(closed.pwd); fails(closed.retrbinary, 'RETR x', ignore)",
    "a refused connection": "fails(kind, HOST, 1, timeout=5)",
    "a login that is refused": "fails(kind, HOST, PORT, 'missing', timeout=5)",
    "the lines of another encoding": "ftp.encoding = 'latin-1'; ftp.retrlines('RETR x', ignore)",
    "a file of another kind": "ftp.file.readline; ftp.file.close()",
}


FEWER = 250
"""Rounds of a call that takes the server's time, and of those that go through Python."""
THROUGH_PYTHON = [
    *("a session", "pwd", "retrbinary", "retrlines", "storbinary", "transfercmd"),
    *("a refused command", "a refused transfer", "a callback that raises", "no connection"),
]


@pytest.mark.parametrize(
    ("name", "kind"),
    [*((name, "plain") for name in CALLS), *((name, "own") for name in THROUGH_PYTHON)],
)
def test_a_thousand_calls_leave_nothing(server: ScriptedServer, name: str, kind: str) -> None:
    """`own` is a subclass, by which the calls go through Python."""
    transfers = ("retr", "stor", "transfer", "nlst", "x', ")
    is_slow = kind == "own" or any(word in CALLS[name] for word in transfers)
    count = FEWER if is_slow else 1000
    done = THIS.run(
        *("-c", PROGRAM.replace("{call}", CALLS[name])),
        *(server.host, str(server.port), kind, str(count)),
        cwd=REPOSITORY,
    )
    measured, references = done.stdout.splitlines()
    blocks, memory, descriptors, tracked = map(int, measured.split())
    assert descriptors == 0
    assert tracked < 5, "objects that the collector knows"
    assert blocks < count // 4, "Python's objects"
    # To measure takes some of its own, once; the smallest object of Swift's that stays takes 32.
    assert memory < max(16 * count, 6000), "bytes of Swift's objects"
    assert references == "0 0 0 0 0"


# Cycles


@pytest.fixture
def log_in(client: ModuleType, server: ScriptedServer) -> Iterator[Callable[[], Any]]:
    with ExitStack() as stack:

        def log_in() -> Any:
            ftp = client.FTP(server.host, server.port, "user", "password", timeout=10)
            stack.callback(ftp.sock.close)
            return ftp

        yield log_in


def to_itself(ftp: Any) -> None:
    ftp.itself = ftp


def to_a_method(ftp: Any) -> None:
    ftp.method = ftp.retrbinary


def to_a_closure(ftp: Any) -> None:
    ftp.callback = lambda: ftp


def to_a_listing(ftp: Any) -> None:
    ftp.listing = ftp.mlsd()


def to_a_begun_listing(ftp: Any) -> None:
    ftp.listing = ftp.mlsd()
    next(ftp.listing)


def to_a_line(ftp: Any) -> None:
    ftp.retrlines("RETR x", lambda line: setattr(ftp, "line", line))


CYCLES = [to_itself, to_a_method, to_a_closure, to_a_listing, to_a_begun_listing, to_a_line]


@pytest.mark.parametrize("make", CYCLES, ids=lambda make: make.__name__)
def test_a_cycle_is_collected(log_in: Callable[[], Any], make: Callable[[Any], None]) -> None:
    ftp = log_in()
    make(ftp)
    gone = weakref.ref(ftp)
    ftp.sock.close()
    del ftp
    gc.collect()
    assert gone() is None


def test_an_object_without_cycles_needs_no_collector(log_in: Callable[[], Any]) -> None:
    gc.disable()
    try:
        ftp = log_in()
        ftp.pwd()
        ftp.nlst()
        with pytest.raises(KeyError):
            ftp.retrbinary("RETR x", {}.__getitem__)
        list(ftp.mlsd())
        gone = weakref.ref(ftp)
        ftp.close()
        del ftp
        assert gone() is None
    finally:
        gc.enable()


def test_a_class_is_collected(client: ModuleType) -> None:
    kind = type("Own", (client.FTP,), {})
    kind()
    gone = weakref.ref(kind)
    del kind
    gc.collect()
    assert gone() is None


def test_a_line_outlives_everything(log_in: Callable[[], Any]) -> None:
    ftp = log_in()
    lines: list[Any] = []
    ftp.retrlines("RETR x", lines.append)
    view = memoryview(lines[0])
    ftp.close()
    del ftp
    text = str(lines.pop(0))
    gc.collect()
    assert (text, bytes(view)) == ("type=file; one", b"type=file; one\n")
