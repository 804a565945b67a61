"""Threads, signals and processes: the lock is free while a call waits, and nothing crashes."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    LOGIN,
    REPOSITORY,
    Conversation,
    Interpreter,
    ScriptedServer,
    Step,
    answer,
    download,
    end_data,
    obliging,
    passive,
    receive,
    say,
    send,
    stall,
)
from waiting import until_main_thread_waits

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]
LogIn = Callable[..., "FTP"]

BEGIN: Sequence[Step] = (answer("TYPE"), passive())
HERE = answer("PWD", '257 "/here"')
WHOLE = b"the whole content"
THIS = Interpreter("this", Path(sys.executable))
"""The interpreter of this run: what may crash runs in a process of its own."""


@pytest.fixture
def log_in(client: ModuleType, scripted: Scripted) -> Iterator[LogIn]:
    """`log_in(*steps)`: a session with a server that does these after the login."""
    with ExitStack() as stack:

        def log_in(*steps: Step, timeout: float = 10) -> FTP:
            server = scripted([*LOGIN, *steps])
            ftp: FTP = client.FTP(server.host, server.port, "user", "password", timeout=timeout)
            stack.callback(ftp.close)
            return ftp

        yield log_in


@contextmanager
def in_a_thread(call: Callable[[], object]) -> Iterator[Future[object]]:
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(call)


def hear(verb: str) -> Step:
    return lambda conversation: conversation.hear(verb)


def ignore(_: object) -> None:
    """A callback."""


def sets(event: threading.Event) -> Step:
    return lambda _: event.set()


def waits_for(event: threading.Event) -> Step:
    return lambda _: event.wait(10)


# The calls that wait, by what the server does until they wait


def active(ftp: FTP) -> object:
    ftp.set_pasv(False)
    return ftp.retrbinary("RETR x", ignore)


WAITS: dict[str, tuple[Sequence[Step], Callable[[FTP], object]]] = {
    "a reply": ((hear("STAT"),), lambda ftp: ftp.sendcmd("STAT")),
    "a line": ((hear("STAT"),), lambda ftp: [ftp.putcmd("STAT"), ftp.getline()]),  # type: ignore[func-returns-value]
    "a download": (
        (*BEGIN, answer("RETR", "150 Ok."), send(b"half")),
        lambda ftp: ftp.retrbinary("RETR x", ignore),
    ),
    "a text download": (
        (*BEGIN, answer("RETR", "150 Ok."), send(b"a line\r\nhalf")),
        lambda ftp: ftp.retrlines("RETR x", ignore),
    ),
    "an upload": (
        (*BEGIN, answer("STOR", "150 Ok."), lambda conversation: conversation.connected()),
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(bytes(40_000_000))),
    ),
    "the end of an upload": (
        (*BEGIN, answer("STOR", "150 Ok."), receive()),
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"all")),
    ),
    "the server's data connection": (
        (answer("TYPE"), answer("PORT"), answer("RETR", "150 Ok.")),
        active,
    ),
}


@pytest.mark.parametrize("wait", WAITS)
def test_other_threads_run_while_a_call_waits(log_in: LogIn, wait: str) -> None:
    """This thread works while the other one waits: the server, here in the same process, too."""
    steps, call = WAITS[wait]
    waiting = threading.Event()
    ftp = log_in(*steps, sets(waiting), stall(), timeout=0.8)
    with in_a_thread(lambda: call(ftp)) as running:
        assert waiting.wait(5)
        rounds, end = 0, time.monotonic() + 0.3
        while time.monotonic() < end:
            rounds += 1
        assert not running.done()
        assert rounds > 10_000
        with pytest.raises(TimeoutError):
            running.result(5)


@pytest.mark.parametrize("wait", WAITS)
def test_close_in_another_thread_ends_a_waiting_call(
    client: ModuleType, log_in: LogIn, wait: str
) -> None:
    steps, call = WAITS[wait]
    waiting = threading.Event()
    ftp = log_in(*steps, sets(waiting), stall())
    with in_a_thread(lambda: call(ftp)) as running:
        assert waiting.wait(5)
        ftp.close()
        with pytest.raises((client.Error, EOFError, OSError)) as raised:
            running.result(5)
    assert not isinstance(raised.value, TimeoutError)
    assert ftp.sock is None
    with pytest.raises(client.Error, match="not connected"):
        ftp.pwd()


def test_close_just_before_a_call_waits_for_the_server_ends_it(
    client: ModuleType, log_in: LogIn
) -> None:
    """In active mode the server's address is asked for between the reply and the waiting."""

    class Closing:
        def __init__(self, socket: Any) -> None:
            self.socket = socket

        def __getattr__(self, name: str) -> object:
            return getattr(self.socket, name)

        def getpeername(self) -> tuple[str, int]:
            address: tuple[str, int] = self.socket.getpeername()
            ftp.close()
            return address

    ftp = log_in(*WAITS["the server's data connection"][0], stall())
    ftp.sock = Closing(ftp.sock)  # type: ignore[assignment]
    with pytest.raises(client.Error, match="not connected"):
        active(ftp)


HELD: dict[str, tuple[Sequence[Step], str]] = {
    "a reply": (WAITS["a reply"][0], "ftp.sendcmd('STAT')"),
    "a download": (WAITS["a download"][0], "ftp.retrbinary('RETR x', bytes)"),
    "an upload": (WAITS["an upload"][0], "ftp.storbinary('STOR x', open('/dev/zero', 'rb'))"),
    "the server's data connection": (
        WAITS["the server's data connection"][0],
        "ftp.set_pasv(False), ftp.retrbinary('RETR x', bytes)",
    ),
}


@pytest.mark.parametrize("wait", HELD)
def test_a_second_thread_gets_a_clear_error_or_its_turn(scripted: Scripted, wait: str) -> None:
    steps, call = HELD[wait]
    waiting = threading.Event()
    server = scripted([*LOGIN, *steps, sets(waiting), stall()])
    program = f"""
import itertools, sys, threading, time
from usr.ftplib import FTP, all_errors

ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=1)

def attempt(call):
    try:
        print("result", call())
    except all_errors as error:
        print(type(error).__name__, error)

thread = threading.Thread(target=attempt, args=[lambda: ({call})])
thread.start()
input()
others = itertools.cycle([ftp.pwd, ftp.nlst, lambda: ftp.sendcmd("NOOP"), ftp.getline, ftp.quit])
while thread.is_alive():
    attempt(next(others))
    time.sleep(0.02)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program, server.host, str(server.port)],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as child:
        assert waiting.wait(5)
        said, _ = child.communicate("go\n", timeout=20)
    assert child.returncode == 0
    assert len(said.splitlines()) > 1
    for line in said.splitlines():
        assert re.search("in use by another thread|timed out|does not answer", line)


def test_threads_with_objects_of_their_own_do_not_wait_for_each_other(
    client: ModuleType, scripted: Scripted
) -> None:
    """All downloads run at once: none gets its end before each has begun."""
    count = 6
    barrier = threading.Barrier(count)
    steps = (
        *(*BEGIN, answer("RETR", "150 Ok."), send(WHOLE[:5]), lambda _: barrier.wait(10)),
        *(send(WHOLE[5:]), end_data(), say("226 Done.")),
    )
    server = scripted([*LOGIN, *steps])

    def session(_: int) -> bytes:
        blocks: list[bytes] = []
        with client.FTP(server.host, server.port, "user", "password", timeout=10) as ftp:
            ftp.retrbinary("RETR x", blocks.append)
        return b"".join(blocks)

    with ThreadPoolExecutor(count) as pool:
        assert list(pool.map(session, range(count))) == [WHOLE] * count


def test_an_object_may_wander_between_threads(log_in: LogIn) -> None:
    ftp = log_in(*[HERE] * 20)
    for _ in range(20):
        with in_a_thread(ftp.pwd) as running:
            assert running.result(5) == "/here"


@pytest.mark.parametrize("size", [64, 128, 256], ids="{} KiB".format)
def test_a_thread_may_have_a_small_stack(scripted: Scripted, size: int) -> None:
    listing = (answer("TYPE"), passive(), *download(b"a line\r\n" * 1000, verb="LIST"))
    server = scripted([*LOGIN, *listing, *BEGIN, *download(bytes(300_000)), HERE])
    program = f"""
import sys, threading
from usr.ftplib import FTP

def session():
    with FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=5) as ftp:
        lines = []
        ftp.retrlines("LIST", lines.append)
        ftp.retrbinary("RETR x", lines.append)
        print(len(lines) > 1000, ftp.pwd())

threading.stack_size({size} * 1024)
thread = threading.Thread(target=session)
thread.start()
thread.join()
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert done.stdout == "True /here\n", done.stderr


# Many threads on one object


@pytest.mark.parametrize("extra", ["", "ftp.close(); ftp.connect(HOST, PORT); ftp.login('u', 'p')"])
def test_threads_that_fight_for_an_object_get_errors_or_results(
    scripted: Scripted, extra: str
) -> None:
    server = scripted([*LOGIN, obliging])
    program = f"""
import random, sys, threading, time
from usr.ftplib import FTP, all_errors

HOST, PORT = sys.argv[1], int(sys.argv[2])
sys.setswitchinterval(1e-5)
ftp = FTP(HOST, PORT, "user", "password", timeout=1)
end = time.monotonic() + 1.5
unexpected = []

def renew():
    {extra or "ftp.getwelcome()"}

def fight(seed):
    chance = random.Random(seed)
    calls = [ftp.pwd, ftp.nlst, renew, lambda: ftp.retrbinary("RETR x", lambda block: None)]
    while time.monotonic() < end:
        try:
            chance.choice(calls)()
        except all_errors:
            pass
        except BaseException as error:
            unexpected.append(error)

threads = [threading.Thread(target=fight, args=[seed]) for seed in range(4)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
ftp.close()
ftp.connect(HOST, PORT)
ftp.login("user", "password")
print(ftp.pwd(), unexpected)
ftp.close()
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    server.forgive()
    assert done.stdout == "/here []\n", done.stderr


# Signals


@pytest.mark.parametrize("wait", WAITS)
def test_a_signal_handler_that_returns_lets_the_call_go_on(log_in: LogIn, wait: str) -> None:
    steps, call = WAITS[wait]
    ftp = log_in(*steps, stall(), timeout=0.6)
    seen: list[float] = []
    before = signal.signal(signal.SIGUSR1, lambda *_: seen.append(time.monotonic()))
    timer = threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        begin = time.monotonic()
        timer.start()
        with pytest.raises(TimeoutError):
            call(ftp)
        timer.join()
        assert len(seen) == 1
        assert seen[0] - begin < 0.55, "while the call was waiting"
    finally:
        timer.join()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("wait", WAITS)
def test_a_signal_handler_that_uses_the_object_takes_no_reply_of_the_call(
    client: ModuleType, log_in: LogIn, wait: str
) -> None:
    steps, call = WAITS[wait]
    waiting, handled = threading.Event(), threading.Event()
    late = say("211 This is for the call.")
    ftp = log_in(*steps, sets(waiting), waits_for(handled), late, obliging, timeout=0.7)
    outcomes: list[object] = []
    results: list[object] = []

    def handler(*_: object) -> None:
        timer = threading.Timer(0.1, handled.set)
        timer.start()
        try:
            outcomes.append(ftp.pwd())
        except Exception as error:
            outcomes.append(error)
        timer.join()

    def interrupt() -> None:
        waiting.wait(5)
        until_main_thread_waits()
        os.kill(os.getpid(), signal.SIGUSR1)

    before = signal.signal(signal.SIGUSR1, handler)
    thread = threading.Thread(target=interrupt)
    try:
        thread.start()
        with suppress(client.Error, TimeoutError):  # a transfer, which stalls or is broken off
            results.append(call(ftp))
        thread.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    if "reply" in wait or "line" in wait:
        assert "211 This is for the call." in str(results)
    assert len(outcomes) == 1
    assert isinstance(outcomes[0], client.Error) or outcomes == ["/here"]


# Processes


def test_a_child_has_sessions_of_its_own(scripted: Scripted) -> None:
    """After use in the parent; the parent's session goes on untouched by the child's end."""
    server = scripted([*LOGIN, HERE, HERE], [*LOGIN, *BEGIN, *download(WHOLE)])
    program = """
import os, sys
from usr.ftplib import FTP

arguments = (sys.argv[1], int(sys.argv[2]), "user", "password")
ftp = FTP(*arguments, timeout=5)
print(ftp.pwd(), flush=True)
child = os.fork()
if child == 0:
    with FTP(*arguments, timeout=5) as other:
        blocks = []
        print(other.retrbinary("RETR x", blocks.append), b"".join(blocks), flush=True)
    ftp.close()
    os._exit(3)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), ftp.pwd())
ftp.close()
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert done.stdout == f"/here\n226 Done. {WHOLE!r}\n3 /here\n"


def test_a_child_forked_while_another_thread_waits_has_sessions_of_its_own(
    scripted: Scripted,
) -> None:
    forked = threading.Event()
    first = (*BEGIN, answer("RETR", "150 Ok."), send(b"half"), waits_for(forked), send(b"half"))
    server = scripted(
        [*LOGIN, *first, end_data(), say("226 Done.")],
        [*LOGIN, *BEGIN, *download(WHOLE), lambda _: forked.set()],
    )
    program = """
import os, sys, threading
from usr.ftplib import FTP

arguments = (sys.argv[1], int(sys.argv[2]), "user", "password")
ftp = FTP(*arguments, timeout=8)
blocks, begun = [], threading.Event()

def receive():
    ftp.retrbinary("RETR x", lambda block: (blocks.append(block), begun.set()))

thread = threading.Thread(target=receive)
thread.start()
begun.wait(5)
child = os.fork()
if child == 0:
    own = []
    other = FTP(*arguments, timeout=5)
    print(other.retrbinary("RETR x", own.append), b"".join(own), flush=True)
    other.close()
    ftp.close()
    del ftp
    os._exit(3)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
thread.join()
print(status, b"".join(blocks))
ftp.close()
"""
    done = THIS.run("-W", "ignore", "-c", program, server.host, str(server.port), cwd=REPOSITORY)
    assert done.stdout == f"226 Done. {WHOLE!r}\n3 b'halfhalf'\n", done.stderr


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing_works(scripted: Scripted, tmp_path: Path, method: str) -> None:
    server = scripted([*LOGIN, *BEGIN, *download(WHOLE)])
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import multiprocessing, sys
sys.path.append({str(REPOSITORY)!r})
from usr.ftplib import FTP

def session(number):
    with FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=10) as ftp:
        blocks = []
        ftp.retrbinary("RETR x", blocks.append)
        return b"".join(blocks)

if __name__ == "__main__":
    session(0)
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(pool.map(session, range(4)))
""",
        encoding="utf-8",
    )
    done = THIS.run(program, server.host, str(server.port), cwd=tmp_path)
    assert done.stdout == f"{[WHOLE] * 4}\n"


# The end of the program


@pytest.mark.parametrize("ending", ["pass", "sys.exit(5)", "raise SystemExit(5)", "1 / 0"])
@pytest.mark.parametrize("call", ["retrbinary('RETR x', got)", "retrlines('RETR x', got)"])
def test_the_program_may_end_in_the_middle_of_a_daemons_transfer(
    scripted: Scripted, ending: str, call: str
) -> None:
    server = scripted([*LOGIN, *BEGIN, answer("RETR", "150 Ok."), send(b"a line\r\n"), stall()])
    program = f"""
import sys, threading
from usr.ftplib import FTP

ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=20)
begun = threading.Event()

def got(part):
    begun.set()

threading.Thread(target=lambda: ftp.{call}, daemon=True).start()
assert begun.wait(5)
{ending}
"""
    begin = time.monotonic()
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY, check=False)
    assert done.returncode == {"pass": 0, "1 / 0": 1}.get(ending, 5), done.stderr
    assert "Fatal" not in done.stderr
    assert time.monotonic() - begin < 5


def test_the_program_may_end_while_a_daemon_gets_data(scripted: Scripted) -> None:
    """The daemon attaches for a callback just when the interpreter is gone; again and again."""

    def flood(conversation: Conversation) -> None:
        while True:
            conversation.connected().sendall(b"a line\r\n" * 1000)

    server = scripted([*LOGIN, *BEGIN, answer("RETR", "150 Ok."), flood])
    program = """
import sys, threading
from usr.ftplib import FTP

begun = threading.Barrier(4)

def session(call):
    ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=20)
    first = []
    def got(part):
        if not first:
            first.append(part)
            begun.wait(10)
    getattr(ftp, call)("RETR x", got)

for call in ("retrbinary", "retrlines", "retrbinary"):
    threading.Thread(target=session, args=[call], daemon=True).start()
begun.wait(10)
"""
    for _ in range(5):
        done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
        assert "Fatal" not in done.stderr


@pytest.mark.parametrize("when", ["atexit", "__del__", "a global that is cleared"])
def test_the_module_works_while_the_interpreter_ends(scripted: Scripted, when: str) -> None:
    server = scripted([*LOGIN, HERE])
    use = {
        "atexit": "import atexit; atexit.register(last)",
        "__del__": "Last = type('Last', (), {'__del__': lambda self: last()}); kept = Last()",
        "a global that is cleared": "last()",
    }[when]
    program = f"""
import sys
from usr.ftplib import FTP

ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=5)

def last():
    print(ftp.pwd())

{use}
"""
    done = THIS.run("-c", program, server.host, str(server.port), cwd=REPOSITORY)
    server.forgive()
    assert "/here" in done.stdout or "Exception ignored" in done.stderr
    assert "Fatal" not in done.stderr
