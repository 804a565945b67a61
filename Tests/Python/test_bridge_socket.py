"""What a script gets from `sock` is an ordinary socket, whatever the client does with it meanwhile.

A session without a time limit lets `recv` wait in slices of time, by an option of the socket. It is
taken back before anybody can see it.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from types import ModuleType
from typing import Any

import pytest
from scripted import LOGIN, ScriptedServer, Step, answer, say, stall

Scripted = Callable[..., ScriptedServer]
LogIn = Callable[..., Any]
HERE = answer("PWD", '257 "/here"')
SIZE = struct.calcsize("@ll")


@pytest.fixture
def log_in(client: ModuleType, scripted: Scripted) -> Iterator[LogIn]:
    """`log_in(*steps, cls=FTP)`: a session without a time limit, and what the server does in it."""
    with ExitStack() as stack:

        def log_in(*steps: Step, cls: Any = None) -> Any:
            server = scripted([*LOGIN, *steps])
            ftp = (cls or client.FTP)(server.host, server.port, "user", "password")
            stack.callback(ftp.close)
            return ftp

        yield log_in


def slice_of(sock: socket.socket) -> tuple[int, ...]:
    """How long a read or a write waits: the longer."""
    times = (
        struct.unpack("@ll", sock.getsockopt(socket.SOL_SOCKET, option, SIZE))
        for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)
    )
    return max(times)


def kept(ftp: Any) -> socket.socket:
    """The socket, without the attribute."""
    sock: socket.socket = vars(ftp)["sock"]
    return sock


def pause(seconds: float) -> Step:
    return lambda _: time.sleep(seconds)


def test_a_scripts_own_recv_waits(log_in: LogIn) -> None:
    ftp = log_in(HERE, answer("NOOP", "200 Ok."), pause(0.3), say("200 Late."), HERE)
    assert ftp.pwd() == "/here"
    assert slice_of(kept(ftp)) > (0, 0)
    assert ftp.sock is kept(ftp)
    assert slice_of(ftp.sock) == (0, 0)
    assert ftp.sock.gettimeout() is None
    assert ftp.voidcmd("NOOP") == "200 Ok."
    assert ftp.sock.recv(100) == b"200 Late.\r\n"
    assert ftp.pwd() == "/here"
    assert slice_of(ftp.sock) == (0, 0)


def test_a_reply_may_take_many_slices(log_in: LogIn) -> None:
    ftp = log_in(lambda server: server.hear("PWD"), pause(0.3), say('257 "/late"'), HERE)
    assert ftp.pwd() == "/late"
    assert ftp.pwd() == "/here"
    assert slice_of(kept(ftp)) > (0, 0)


def test_the_attribute_is_an_ordinary_one(client: ModuleType, log_in: LogIn) -> None:
    assert client.FTP.sock is None
    ftp = client.FTP()
    assert ftp.sock is None
    assert "sock" not in vars(ftp)
    assert "sock" in dir(ftp)
    with pytest.raises(AttributeError, match="sock"):
        del ftp.sock
    ftp.sock = "anything"
    assert vars(ftp) | {"sock": "anything"} == vars(ftp)
    del ftp.sock
    assert ftp.sock is None
    ftp = log_in()
    assert isinstance(kept(ftp), socket.socket)
    ftp.close()
    assert vars(ftp)["sock"] is None
    vars(ftp)["sock"] = "what is put there"
    assert ftp.sock == "what is put there"
    ftp.sock = None


def test_a_copy_of_the_object_gets_an_ordinary_socket(client: ModuleType, log_in: LogIn) -> None:
    ftp = log_in()
    copy = client.FTP()
    vars(copy).update(vars(ftp))
    assert slice_of(kept(copy)) > (0, 0)
    assert slice_of(copy.sock) == (0, 0)


def test_the_socket_outlives_the_session_as_an_ordinary_one(log_in: LogIn) -> None:
    ftp = log_in()
    sock = kept(ftp)
    ftp.file = None
    assert slice_of(sock) == (0, 0)


def with_a_property(cls: Any) -> Any:
    class Own(cls):  # type: ignore[misc]
        @property
        def sock(self) -> Any:
            return self.__dict__.get("kept")

        @sock.setter
        def sock(self, value: Any) -> None:
            self.__dict__["kept"] = value

    return Own


def with_a_setter(cls: Any) -> Any:
    class Own(cls):  # type: ignore[misc]
        def __setattr__(self, name: str, value: Any) -> None:
            if name == "sock" and value is not None:
                self.__dict__["kept"] = value
            super().__setattr__(name, value)

    return Own


def with_its_own_attribute(cls: Any) -> Any:
    class Own(cls):  # type: ignore[misc]
        sock = None

        def getresp(self) -> Any:
            self.__dict__["kept"] = self.sock
            return super().getresp()

    return Own


def with_another_file(cls: Any) -> Any:
    class Own(cls):  # type: ignore[misc]
        @property
        def file(self) -> Any:
            return self.__dict__.get("own_file")

        @file.setter
        def file(self, value: Any) -> None:
            self.__dict__.update(own_file=value, kept=self.sock)

    return Own


@pytest.mark.parametrize(
    "derive", [with_a_property, with_a_setter, with_its_own_attribute, with_another_file]
)
def test_a_class_that_keeps_the_socket_keeps_an_ordinary_one(
    client: ModuleType, log_in: LogIn, derive: Callable[[Any], Any]
) -> None:
    ftp = log_in(HERE, cls=derive(client.FTP))
    assert slice_of(vars(ftp)["kept"]) == (0, 0)
    assert ftp.pwd() == "/here"


def test_a_getresp_that_takes_the_socket_takes_an_ordinary_one(
    client: ModuleType, log_in: LogIn
) -> None:
    class Own(client.FTP):  # type: ignore[misc,name-defined]
        def getresp(self) -> Any:
            self.__dict__.setdefault("kept", self.sock)
            return super().getresp()

    ftp = log_in(HERE, cls=Own)
    assert ftp.pwd() == "/here"
    assert slice_of(vars(ftp)["kept"]) == (0, 0)


def test_a_socket_that_others_have_made_stays_as_it_is(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    create = socket.create_connection

    def keep(*arguments: Any, **keywords: Any) -> socket.socket:
        made.append(create(*arguments, **keywords))
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", keep)
    ftp = log_in(HERE)
    assert ftp.pwd() == "/here"
    assert [slice_of(sock) for sock in made] == [(0, 0)]


def test_the_socket_is_as_its_class_makes_one(log_in: LogIn) -> None:
    sock: Any = log_in().sock
    with socket.socket() as other:
        for name in ("_io_refs", "_closed"):
            assert getattr(sock, name) == getattr(other, name)
    assert type(sock) is socket.socket
    assert (sock.family, sock.type) == (socket.AF_INET, socket.SOCK_STREAM)
    assert sock.proto == socket.IPPROTO_TCP
    with sock.makefile("rb"):
        sock.close()
        assert sock.fileno() >= 0, "the file keeps it open"
    assert sock.fileno() == -1


def test_a_constructor_that_others_give_to_sockets_is_called(
    log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[socket.socket] = []
    initialize = socket.socket.__init__

    def initializing(self: socket.socket, *words: Any, **options: Any) -> None:
        made.append(self)
        initialize(self, *words, **options)

    log_in()
    monkeypatch.setattr(socket.socket, "__init__", initializing)
    assert log_in().sock in made


def test_the_default_time_limit_of_sockets_is_the_sockets(log_in: LogIn) -> None:
    socket.setdefaulttimeout(20)
    try:
        ftp = log_in(HERE)
    finally:
        socket.setdefaulttimeout(None)
    assert ftp.sock.gettimeout() == 20
    assert slice_of(ftp.sock) == (0, 0)
    assert ftp.pwd() == "/here"


def test_a_time_limit_that_is_set_behind_the_back_counts(log_in: LogIn) -> None:
    ftp = log_in(stall())
    kept(ftp).settimeout(0.3)
    with pytest.raises(TimeoutError):
        ftp.pwd()
    assert slice_of(kept(ftp)) == (0, 0)


def test_a_look_at_the_socket_leaves_a_running_call_alone(log_in: LogIn) -> None:
    heard, go = threading.Event(), threading.Event()
    late = (lambda _: heard.set(), lambda _: go.wait(10), say('257 "/here"'))
    ftp = log_in(lambda server: server.hear("PWD"), *late, HERE)
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ftp.pwd)
        assert heard.wait(10)
        sock = ftp.sock
        time.sleep(0.2)
        assert not running.done()
        go.set()
        assert running.result(10) == "/here"
    assert slice_of(sock) == (0, 0)
    assert ftp.pwd() == "/here"


def test_close_in_another_thread_ends_the_wait(client: ModuleType, log_in: LogIn) -> None:
    heard = threading.Event()
    ftp = log_in(lambda server: server.hear("PWD"), lambda _: heard.set(), stall())
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(ftp.pwd)
        assert heard.wait(10)
        time.sleep(0.02)
        start = time.monotonic()
        ftp.close()
        with pytest.raises((client.Error, EOFError, OSError)):
            running.result(5)
    assert time.monotonic() - start < 2


def to_the_process() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def to_another_thread() -> None:
    """It interrupts no system call of the waiting one."""
    signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("send_signal", [to_the_process, to_another_thread])
def test_control_c_ends_the_wait(log_in: LogIn, send_signal: Callable[[], None]) -> None:
    heard, ended = threading.Event(), threading.Event()
    late = (lambda _: heard.set(), lambda _: ended.wait(10), say('257 "/late"'))
    ftp = log_in(lambda server: server.hear("PWD"), *late, HERE)

    def interrupt() -> None:
        heard.wait(10)
        time.sleep(0.12)
        send_signal()

    thread = threading.Thread(target=interrupt)
    thread.start()
    start = time.monotonic()
    try:
        with pytest.raises(KeyboardInterrupt):
            ftp.pwd()
        assert time.monotonic() - start < 3
    finally:
        ended.set()
        thread.join()
    assert ftp.pwd() == "/here"


def test_a_child_leaves_the_parents_session_alone(log_in: LogIn) -> None:
    ftp = log_in(HERE)
    child = os.fork()
    if child == 0:
        # Only the child's copies: those of the object, and of the descriptor.
        sock = ftp.sock
        del ftp
        sock.close()
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0
    assert slice_of(kept(ftp)) > (0, 0)
    assert ftp.pwd() == "/here"
