"""What becomes of threads that are still at work when the script has ended."""

import sys
from contextlib import suppress

from _ftpy import power, program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from threading import Thread

PATIENCE = 1.0
"""Seconds for threads that are about to end, before they are named."""


def install() -> None:
    """Stands before Python's own wait for threads, which says nothing, however long it takes."""
    import threading

    wait = threading._shutdown  # type: ignore[attr-defined]

    def shutdown() -> None:
        if power.is_off or is_interrupted():
            return
        # After sys.exit nobody is above this frame who could say what Ctrl-C raises.
        with suppress(power.Off, *quiet()):
            if program.ended_by is not None and (count := still_running()):
                are, them = ("s are", "them") if count > 1 else (" is", "it")
                say(f"{count} thread{are} still running; Ctrl-C ends {them}")
            wait()

    threading._shutdown = shutdown  # type: ignore[attr-defined]


def quiet() -> tuple[type[BaseException], ...]:
    exits = program.ended_by is not None and issubclass(program.ended_by, SystemExit)
    return (KeyboardInterrupt,) if exits else ()


def is_interrupted() -> bool:
    """Whether Ctrl-C has ended the script."""
    return program.ended_by is not None and issubclass(program.ended_by, KeyboardInterrupt)


def still_running() -> int:
    """How many of the threads that Python waits for do not end at once."""
    from time import monotonic

    end = monotonic() + PATIENCE
    for thread in waited_for():
        thread.join(max(end - monotonic(), 0))
    return len(waited_for())


def waited_for() -> "list[Thread]":
    import threading

    main = threading.main_thread()
    return [thread for thread in threading.enumerate() if not thread.daemon and thread is not main]


def tell_of_threads(count: int) -> None:
    """Says that threads of `_thread` end with the script, in the middle of whatever they do.

    `count` are all that have been started and have not ended. Those of `threading` are left out:
    that they are not waited for was somebody's wish.
    """
    power.is_over = True
    if power.is_off:
        power.write_out()  # behind this, at Python's own end, nobody could end a stream that waits
    threading = sys.modules.get("threading")
    if threading is not None:
        pythons = (threading._MainThread, threading._DummyThread)
        count -= sum(not isinstance(thread, pythons) for thread in threading.enumerate())
    if count > 0 and not power.is_off and not is_interrupted():
        threads = "threads were" if count > 1 else "thread was"
        say(
            f"{count} {threads} still running when the script ended; "
            f"with --root ftpy waits for {'them' if count > 1 else 'it'}, as the device does"
        )


def say(sentence: str) -> None:
    if sys.stderr is not None:
        print(f"ftpy: {sentence}", file=sys.stderr)
