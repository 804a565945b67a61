"""What a signal's handler raises comes out, also where it runs while something is being closed."""

from __future__ import annotations

import signal
import socket
import sys
from collections.abc import Callable, Iterator
from types import FrameType, ModuleType
from typing import Any, NoReturn

import pytest
from scripted import LOGIN, ScriptedServer, answer

Scripted = Callable[..., ScriptedServer]
QUIT = answer("QUIT", "221 Goodbye.")


class Stop(BaseException):
    """One of a script's own, which `except Exception` does not catch."""


@pytest.fixture(params=[SystemExit, Stop, KeyboardInterrupt])
def stop(request: pytest.FixtureRequest) -> Iterator[type[BaseException]]:
    """What the handler of SIGUSR1 raises, with 5 for its argument; of Ctrl-C the usual one."""
    kind: type[BaseException] = request.param
    number = signal.SIGINT if kind is KeyboardInterrupt else signal.SIGUSR1

    def handle(_number: int, _frame: FrameType | None) -> NoReturn:
        raise kind(5)

    before = signal.signal(number, handle)
    yield kind
    signal.signal(number, before)


@pytest.fixture
def closing(stop: type[BaseException], monkeypatch: pytest.MonkeyPatch) -> list[signal.Signals]:
    """A signal comes once, when a socket is being closed."""
    real_close = socket.socket._real_close  # type: ignore[attr-defined]
    signals = [signal.SIGINT if stop is KeyboardInterrupt else signal.SIGUSR1]

    def interrupted(own: socket.socket, *arguments: Any) -> None:
        if signals:
            signal.raise_signal(signals.pop())
        real_close(own, *arguments)

    monkeypatch.setattr(socket.socket, "_real_close", interrupted)
    return signals


def followed(call: Callable[..., object], *arguments: object) -> None:
    """Calls, and then lets Python run: where the call returns or fails, there it comes out."""
    try:
        call(*arguments)
    finally:
        sys.stdout.flush()


def close(ftp: Any) -> None:
    ftp.close()


def take_leave(ftp: Any) -> None:
    ftp.quit()


def leave_the_block(ftp: Any) -> None:
    with ftp:
        pass


@pytest.mark.parametrize("end", [close, take_leave, leave_the_block])
def test_the_end_of_a_session(
    client: ModuleType,
    scripted: Scripted,
    stop: type[BaseException],
    end: Callable[[Any], None],
    request: pytest.FixtureRequest,
) -> None:
    server = scripted([*LOGIN, QUIT])
    ftp = client.FTP(server.host, server.port, "user", "password")
    sock = ftp.sock
    request.getfixturevalue("closing")
    with pytest.raises(stop) as caught:
        followed(end, ftp)
    assert caught.value.args == (5,)
    assert sock.fileno() == -1


def test_a_failed_constructor(
    client: ModuleType, scripted: Scripted, stop: type[BaseException], closing: list[signal.Signals]
) -> None:
    server = scripted([LOGIN[0], answer("USER", "530 No.")])
    with pytest.raises(stop):
        followed(client.FTP, server.host, server.port, "user", "password")
    assert not closing


def test_another_signal_that_counts_as_ctrl_c(
    client: ModuleType,
    scripted: Scripted,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    """Where SIGINT itself is ignored, as in what a shell script has put behind it."""
    stopped: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> NoReturn:
        stopped.append(number)
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGUSR1, handle)
    ignored = signal.signal(signal.SIGINT, signal.SIG_IGN)
    real_close = socket.socket._real_close  # type: ignore[attr-defined]

    def interrupted(own: socket.socket, *arguments: Any) -> None:
        if not stopped:
            signal.raise_signal(signal.SIGUSR1)
        real_close(own, *arguments)

    def restore() -> None:
        signal.signal(signal.SIGUSR1, before)
        signal.signal(signal.SIGINT, ignored)

    request.addfinalizer(restore)
    server = scripted([*LOGIN, QUIT])
    ftp = client.FTP(server.host, server.port, "user", "password")
    monkeypatch.setattr(socket.socket, "_real_close", interrupted)
    with pytest.raises(KeyboardInterrupt):
        followed(close, ftp)
    assert stopped == [signal.SIGUSR1]
