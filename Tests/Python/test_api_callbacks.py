"""What may happen while a call is running: callbacks, signals, other threads."""

from __future__ import annotations

import gc
import io
import os
import select
import signal
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    LOGIN,
    Conversation,
    Directory,
    Interpreter,
    ScriptedServer,
    Server,
    Step,
    answer,
    passive,
    say,
    send,
    stall,
)

from usr.ftplib import FTP, Error

if TYPE_CHECKING:
    Talk = Callable[..., tuple[FTP, ScriptedServer]]

BROKEN_OFF = r"^the transfer was broken off by abort\(\) or close\(\)$"
CONTENT = b"a line of text\n" * 3000


@pytest.fixture
def talk(scripted: Callable[..., ScriptedServer]) -> Iterator[Talk]:
    """Logs in to a scripted server that then goes through the given steps; gives both."""
    with ExitStack() as connections:

        def start(*steps: Step) -> tuple[FTP, ScriptedServer]:
            server = scripted([*LOGIN, *steps])
            ftp = FTP(server.host, server.port, "u", "p")
            connections.callback(ftp.close)
            return ftp, server

        yield start


@pytest.fixture
def large(directory: Directory) -> Directory:
    """A directory with a file of several blocks."""
    directory.put("large", CONTENT)
    return directory


# Callbacks that call the same object. Each row runs a transfer whose callback does something.

TRANSFERS: dict[str, Callable[[Any, Callable[..., object]], object]] = {
    "retrbinary": lambda ftp, act: ftp.retrbinary("RETR large", act, 4096),
    "retrlines": lambda ftp, act: ftp.retrlines("RETR large", act),
    "dir": lambda ftp, act: ftp.dir(act),
    "storbinary": lambda ftp, act: ftp.storbinary("STOR up", io.BytesIO(CONTENT), 8192, act),
    "storlines": lambda ftp, act: ftp.storlines("STOR up", io.BytesIO(CONTENT), act),
}
each_transfer = pytest.mark.parametrize("transfer", TRANSFERS.values(), ids=TRANSFERS.keys())


@each_transfer
def test_a_command_in_a_callback_is_refused_and_the_transfer_goes_on(
    transfer: Callable[[Any, Callable[..., object]], object], ftp: FTP, large: Directory
) -> None:
    refusals: list[str] = []

    def act(*_: object) -> None:
        if not refusals:
            with pytest.raises(Error, match="while a transfer is running") as caught:
                ftp.pwd()
            refusals.append(str(caught.value))

    assert str(transfer(ftp, act))
    assert len(refusals) == 1
    assert "PWD" in refusals[0]
    assert ftp.pwd() == large.path


@each_transfer
@pytest.mark.parametrize(
    "inner",
    [
        lambda ftp: ftp.retrbinary("RETR large", len),
        lambda ftp: ftp.nlst(),
        lambda ftp: ftp.quit(),
        lambda ftp: ftp.voidcmd("NOOP"),
    ],
    ids=["retrbinary", "nlst", "quit", "voidcmd"],
)
def test_a_refusal_that_the_callback_lets_through_ends_the_transfer_alone(
    inner: Callable[[FTP], object],
    transfer: Callable[[Any, Callable[..., object]], object],
    ftp: FTP,
    large: Directory,
) -> None:
    with pytest.raises(Error, match="while a transfer is running"):
        transfer(ftp, lambda *_: inner(ftp))
    assert ftp.pwd() == large.path


@each_transfer
@pytest.mark.parametrize("end", ["abort", "close", "connect"])
def test_no_callback_comes_after_one_that_ended_the_transfer(
    end: str,
    transfer: Callable[[Any, Callable[..., object]], object],
    ftp: FTP,
    large: Directory,
) -> None:
    assert large.names() == ["large"]
    calls: list[object] = []

    def act(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == 1:
            getattr(ftp, end)()

    with pytest.raises(Error, match=BROKEN_OFF):
        transfer(ftp, act)
    assert len(calls) == 1


@each_transfer
def test_abort_in_a_callback_ends_the_transfer(
    transfer: Callable[[Any, Callable[..., object]], object], ftp: FTP, large: Directory
) -> None:
    replies: list[str] = []
    with pytest.raises(Error, match=BROKEN_OFF):
        transfer(ftp, lambda *_: replies or replies.append(ftp.abort()))  # type: ignore[func-returns-value]
    assert [reply[:3] in {"226", "225", "426"} for reply in replies] == [True]
    assert ftp.pwd() == large.path
    received: list[bytes] = []
    assert ftp.retrbinary("RETR large", received.append) == "226 Transfer complete."
    assert b"".join(received) == CONTENT


def filling(full: threading.Event) -> Step:
    """Sends until nothing more goes, says so, and goes on when the client takes or breaks it."""

    def step(conversation: Conversation) -> None:
        data = conversation.connected()
        with suppress(OSError):
            while select.select([], [data], [], 0.5)[1]:
                data.send(b"x\r\n" * 20_000)
            full.set()
            while True:
                data.sendall(b"x\r\n" * 20_000)
        conversation.end_data(reset=True)

    return step


@pytest.mark.parametrize("method", ["retrbinary", "retrlines", "transfercmd"])
def test_abort_reaches_a_server_that_cannot_send_any_further(method: str, talk: Talk) -> None:
    """It reads no command while it waits for the client to take what it has sent."""
    full = threading.Event()
    ftp, _ = talk(
        *([] if method == "transfercmd" else [answer("TYPE")]),
        passive(),
        answer("RETR", "150 Endless."),
        filling(full),
        answer("ABOR", "426 Broken off.", "226 Aborted."),
        answer("NOOP"),
    )
    assert ftp.sock is not None
    ftp.sock.settimeout(1)
    replies: list[str] = []

    def act(_: object = None) -> None:
        if not replies:
            assert full.wait(20)
            replies.append(ftp.abort())

    if method == "transfercmd":
        with ftp.transfercmd("RETR f"):
            act()
    else:
        with pytest.raises(Error, match=BROKEN_OFF):
            getattr(ftp, method)("RETR f", act)
    assert replies == ["426 Broken off."]
    assert ftp.voidcmd("NOOP") == "200 Very well."


@each_transfer
def test_close_in_a_callback_ends_the_transfer_and_the_connection(
    transfer: Callable[[Any, Callable[..., object]], object], ftp: FTP, large: Directory
) -> None:
    with pytest.raises(Error, match=BROKEN_OFF):
        transfer(ftp, lambda *_: ftp.close())
    assert ftp.sock is None
    with pytest.raises(Error, match="not connected"):
        ftp.pwd()
    ftp.connect(large.server.host, large.server.port)
    assert ftp.login(large.server.user, large.server.password).startswith("230")


class CallbackError(Exception):
    """What a callback here raises."""


@each_transfer
@pytest.mark.parametrize("end", ["abort", "close"])
def test_the_callbacks_own_exception_passes_although_it_ended_the_transfer(
    end: str,
    transfer: Callable[[Any, Callable[..., object]], object],
    ftp: FTP,
    large: Directory,
) -> None:
    assert large.names() == ["large"]

    def act(*_: object) -> None:
        getattr(ftp, end)()
        raise CallbackError

    with pytest.raises(CallbackError):
        transfer(ftp, act)


@each_transfer
def test_connect_in_a_callback_ends_the_transfer_and_works(
    transfer: Callable[[Any, Callable[..., object]], object], ftp: FTP, large: Directory
) -> None:
    calls: list[str] = []

    def act(*_: object) -> None:
        if not calls:
            calls.append(ftp.connect())
            calls.append(ftp.login(large.server.user, large.server.password))

    with pytest.raises(Error, match=BROKEN_OFF):
        transfer(ftp, act)
    assert calls == ["220 (vsFTPd 3.0.3)", "230 Login successful."]
    assert ftp.pwd() == "/"


@each_transfer
def test_a_callback_may_drop_the_last_reference(
    transfer: Callable[[Any, Callable[..., object]], object], vsftpd: Server, large: Directory
) -> None:
    holder = [FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)]
    holder[0].cwd(large.path)
    gone = weakref.ref(holder[0])
    sock = holder[0].sock
    assert sock is not None

    def act(*_: object) -> None:
        if holder:
            holder.clear()
            gc.collect()

    transfer(holder[0], act)
    gc.collect()
    assert gone() is None
    sock.close()


@each_transfer
def test_a_callback_may_use_another_object(
    transfer: Callable[[Any, Callable[..., object]], object],
    ftp: FTP,
    large: Directory,
    vsftpd: Server,
) -> None:
    other = FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password)
    seen: set[str] = set()
    transfer(ftp, lambda *_: seen or seen.add(other.pwd()))  # type: ignore[func-returns-value]
    assert seen == {"/"}
    assert ftp.pwd() == large.path
    other.close()


def test_attributes_may_change_in_a_callback(ftp: Any, large: Directory) -> None:
    lines: list[str] = []

    def act(line: str) -> None:
        lines.append(line)
        ftp.encoding = "ascii"
        ftp.timeout = 5
        ftp.passiveserver = False

    assert ftp.retrlines("RETR large", act) == "226 Transfer complete."
    assert len(lines) == 3000
    assert ftp.pwd() == large.path


def test_a_read_of_the_uploaded_file_may_call_the_object(ftp: FTP, large: Directory) -> None:
    class Source(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            with pytest.raises(Error, match="while a transfer is running"):
                ftp.pwd()
            return super().read(size)

    assert ftp.storbinary("STOR up", Source(b"content")) == "226 Transfer complete."
    assert large.read("up") == b"content"


def test_a_file_that_closes_the_connection_ends_the_upload(ftp: FTP, large: Directory) -> None:
    class Source(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            ftp.close()
            return super().read(size)

    with pytest.raises(Error, match="broken off"):
        ftp.storbinary("STOR up", Source(CONTENT))
    assert ftp.sock is None
    assert "up" not in large.names() or large.read("up") == b""


def test_the_data_socket_in_the_callers_hands_keeps_its_replies(ftp: FTP, large: Directory) -> None:
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("RETR large") as data:
        received = b"".join(iter(lambda: data.recv(65536), b""))
    assert received == CONTENT
    assert ftp.voidresp() == "226 Transfer complete."
    assert ftp.pwd() == large.path


def test_abort_ends_a_transfer_in_the_callers_hands(ftp: FTP, large: Directory) -> None:
    ftp.voidcmd("TYPE I")
    with ftp.transfercmd("RETR large") as data:
        assert data.recv(10) == CONTENT[:10]
        assert ftp.abort()[:3] in {"226", "225", "426"}
    assert ftp.pwd() == large.path


def test_a_data_socket_that_was_thrown_away_leaves_no_reply(ftp: FTP, large: Directory) -> None:
    ftp.voidcmd("TYPE I")
    for _ in range(3):
        ftp.transfercmd("RETR large").close()
        assert ftp.pwd() == large.path


# Signals


class SignalledError(Exception):
    """What the handler of the signal here raises."""


class Signal:
    """SIGUSR1, sent to this process by a scripted server; its handler raises if `raises`."""

    def __init__(self) -> None:
        self.sent = 0.0
        self.handled = threading.Event()
        self.raises = True

    def handle(self, _: int, __: FrameType | None) -> None:
        self.handled.set()
        if self.raises:
            raise SignalledError

    def step(self, _: Conversation) -> None:
        """Sends it once the main thread waits in the kernel."""
        wait_until_asleep(threading.main_thread())
        self.sent = time.monotonic()
        os.kill(os.getpid(), signal.SIGUSR1)
        assert self.handled.wait(20)

    @contextmanager
    def ends_at_once(self) -> Iterator[None]:
        """The body must raise soon after the signal, on a busy machine, too."""
        with pytest.raises(SignalledError):
            yield
        assert time.monotonic() - self.sent < 2


@pytest.fixture
def interruption() -> Iterator[Signal]:
    interruption = Signal()
    before = signal.signal(signal.SIGUSR1, interruption.handle)
    yield interruption
    signal.signal(signal.SIGUSR1, before)


def wait_until_asleep(thread: threading.Thread) -> None:
    """Waits until a thread of this process sleeps in `poll` or in `recv`."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with open(f"/proc/self/task/{thread.native_id}/syscall") as file:
            if file.read().split()[0] in WAITS:
                return
    raise AssertionError("the thread never waited")


WAITS = {"7", "271", "45", "73", "207"}
"""poll, ppoll and recvfrom on x86-64, ppoll and recvfrom on arm64."""


def test_a_signal_ends_the_wait_for_a_reply(talk: Talk, interruption: Signal) -> None:
    ftp, _ = talk(
        lambda conversation: conversation.hear("SYST"),
        interruption.step,
        say("215 Late."),
        answer("NOOP", "200 Mine."),
    )
    with interruption.ends_at_once():
        ftp.sendcmd("SYST")
    assert ftp.sendcmd("NOOP") == "200 Mine."


def test_a_signal_ends_the_wait_for_the_greeting(
    scripted: Callable[..., ScriptedServer], interruption: Signal
) -> None:
    server = scripted([interruption.step, stall()])
    ftp = FTP()
    with interruption.ends_at_once():
        ftp.connect(server.host, server.port)
    assert ftp.sock is None


@pytest.mark.parametrize("method", ["retrbinary", "retrlines"])
def test_a_signal_ends_a_download(method: str, talk: Talk, interruption: Signal) -> None:
    arrived = threading.Event()
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        send(b"half\r\n"),
        lambda _: arrived.wait(20),
        interruption.step,
        Conversation.end_data,
        say("426 You have gone."),
        answer("NOOP", "200 Mine."),
    )
    with interruption.ends_at_once():
        getattr(ftp, method)("RETR f", lambda _: arrived.set())
    assert ftp.sendcmd("NOOP") == "200 Mine."


@pytest.mark.parametrize("method", ["storbinary", "storlines"])
def test_a_signal_ends_an_upload(method: str, talk: Talk, interruption: Signal) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("STOR", "150 Go."),
        Conversation.connected,
        interruption.step,
        Conversation.end_data,
        say("426 You have gone."),
        answer("NOOP", "200 Mine."),
    )
    with interruption.ends_at_once():
        getattr(ftp, method)("STOR f", io.BytesIO((b"x" * 4095 + b"\n") * 2**14))
    assert ftp.sendcmd("NOOP") == "200 Mine."


def test_a_signal_ends_the_wait_for_the_servers_data_connection(
    talk: Talk, interruption: Signal
) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        answer("PORT"),
        answer("RETR", "150 I shall connect."),
        interruption.step,
        say("425 I could not."),
        answer("NOOP", "200 Mine."),
    )
    ftp.set_pasv(False)
    with interruption.ends_at_once():
        ftp.retrbinary("RETR f", len)
    assert ftp.sendcmd("NOOP") == "200 Mine."


def test_a_signal_whose_handler_returns_ends_nothing(talk: Talk, interruption: Signal) -> None:
    ftp, _ = talk(
        answer("TYPE"),
        passive(),
        answer("RETR", "150 Here."),
        interruption.step,
        send(b"all"),
        Conversation.end_data,
        say("226 Done."),
    )
    interruption.raises = False
    received: list[bytes] = []
    assert ftp.retrbinary("RETR f", received.append) == "226 Done."
    assert received == [b"all"]
    assert interruption.handled.is_set()


def test_ctrl_c_ends_a_script(
    interpreter: Interpreter, scripted: Callable[..., ScriptedServer]
) -> None:
    """The script waits for a reply that never comes."""
    server = scripted([*LOGIN, answer("NOOP"), lambda c: c.hear("SYST"), stall()])
    done = interpreter.run(
        "-c",
        "import signal\n"
        "from usr.ftplib import FTP\n"
        f"ftp = FTP({server.host!r}, {server.port}, 'u', 'p')\n"
        "ftp.voidcmd('NOOP')\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.2)\n"
        "signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))\n"
        "try:\n"
        "    ftp.sendcmd('SYST')\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n",
        timeout=20,
    )
    assert done.stdout == "interrupted\n"


# Threads


def in_thread(call: Callable[[], object]) -> Callable[[], object]:
    """Starts the call in a thread; the function that it returns waits for the outcome."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except Exception as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()

    def join() -> object:
        thread.join(20)
        assert not thread.is_alive()
        return outcome[0]

    return join


def test_a_second_thread_gets_an_error_and_the_first_goes_on(talk: Talk) -> None:
    asked, refused = threading.Event(), threading.Event()
    ftp, server = talk(
        lambda conversation: conversation.hear("SYST"),
        lambda _: asked.set(),
        lambda _: refused.wait(20),
        say("215 Mine."),
        answer("NOOP"),
    )
    first = in_thread(lambda: ftp.sendcmd("SYST"))
    assert asked.wait(20)
    with pytest.raises(Error, match="in use by another thread"):
        ftp.sendcmd("NOOP")
    refused.set()
    assert first() == "215 Mine."
    assert ftp.voidcmd("NOOP") == "200 Very well."
    assert server.heard[2:] == ["SYST", "NOOP"]


def test_close_in_another_thread_ends_a_call(talk: Talk) -> None:
    asked = threading.Event()
    ftp, _ = talk(lambda conversation: conversation.hear("SYST"), lambda _: asked.set(), stall())
    call = in_thread(lambda: ftp.sendcmd("SYST"))
    assert asked.wait(20)
    ftp.close()
    assert isinstance(call(), (Error, EOFError, OSError))
    assert ftp.sock is None


@pytest.mark.parametrize("method", ["retrbinary", "retrlines"])
def test_close_in_another_thread_ends_a_download(method: str, talk: Talk) -> None:
    ftp, _ = talk(
        answer("TYPE"), passive(), answer("RETR", "150 Here."), send(b"half\r\n"), stall()
    )
    arrived = threading.Event()
    call = in_thread(lambda: getattr(ftp, method)("RETR f", lambda _: arrived.set()))
    assert arrived.wait(20)
    ftp.close()
    outcome = call()
    assert isinstance(outcome, Error)
    assert "broken off" in str(outcome)


def test_many_threads_on_one_object_never_mix_replies(ftp: FTP, directory: Directory) -> None:
    """Each call returns its own reply or is refused; nothing else."""
    for name in "abcd":
        directory.put(name, name.encode() * (1000 + ord(name)))
    wrong: list[object] = []
    done: list[str] = []
    start = threading.Barrier(4)

    def work(name: str) -> None:
        start.wait(20)
        for _ in range(50):
            try:
                if ftp.size(name) != 1000 + ord(name):
                    wrong.append(name)
                done.append(name)
            except Error as error:
                if "in use by another thread" not in str(error):
                    wrong.append(error)
            except Exception as error:
                wrong.append(error)

    waits = [in_thread(lambda name=name: work(name)) for name in "abcd"]  # type: ignore[misc]
    for wait in waits:
        wait()
    assert wrong == []
    assert done
    assert ftp.pwd() == directory.path


def test_each_thread_may_have_its_own_object(vsftpd: Server, directory: Directory) -> None:
    contents = {f"f{number}": os.urandom(2**20 + number) for number in range(4)}

    def work(name: str) -> bytes:
        with FTP(vsftpd.host, vsftpd.port, vsftpd.user, vsftpd.password, timeout=20) as own:
            own.cwd(directory.path)
            own.storbinary(f"STOR {name}", io.BytesIO(contents[name]))
            received: list[bytes] = []
            own.retrbinary(f"RETR {name}", received.append)
            return b"".join(received)

    waits = {name: in_thread(lambda name=name: work(name)) for name in contents}  # type: ignore[misc]
    assert {name: wait() for name, wait in waits.items()} == contents


def test_an_object_may_move_from_thread_to_thread(ftp: FTP, directory: Directory) -> None:
    assert in_thread(ftp.pwd)() == directory.path
    assert ftp.pwd() == directory.path
    assert in_thread(ftp.pwd)() == directory.path


def test_a_fork_leaves_the_parents_connection_usable(ftp: FTP, directory: Directory) -> None:
    child = os.fork()
    if child == 0:
        with suppress(BaseException):
            assert ftp.sock is not None
            ftp.sock.detach()
            os._exit(0)
        os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert ftp.pwd() == directory.path
