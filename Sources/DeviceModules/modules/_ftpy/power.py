"""Switching the device off: the end of the run, whichever thread does it and whatever others do.

A Swift program's process is its own: there only the script ends, by SystemExit.
"""

import _signal  # type: ignore[import-not-found]  # `signal` takes long to import
import _thread
import os
import sys
from contextlib import suppress
from time import sleep

from _ftpy import program

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

GRACE = 2.0
"""Seconds for `finally` blocks and `atexit` functions."""
SIGNAL = _signal.SIGRTMAX - 1
"""Wakes the main thread. Nothing is known to use it; the last of its kind is the runtime's."""

is_off = False
is_over = False
"""The script and its `atexit` functions have ended."""
main_thread: int | None = None
terminal: "list[Any] | None" = None
"""How the terminal was before the prompt took it."""


class Off(SystemExit):
    """The device was switched off."""


def prepare() -> None:
    """Lets other threads end the main thread. Only that one can set the handler for it."""
    global main_thread, terminal
    if program.owns_process:
        terminal = terminal_modes()
        with suppress(ValueError):
            _signal.signal(SIGNAL, end_script)
            main_thread = _thread.get_ident()


def terminal_modes() -> "list[Any] | None":
    if not os.isatty(0):
        return None
    import termios

    return termios.tcgetattr(0)


def end_script(*_: object) -> None:
    if not is_over:
        raise Off


def switch_off() -> "NoReturn":
    """Raises SystemExit, in the main thread as well, and ends the process if that takes long."""
    global is_off
    if program.owns_process:
        is_off = program.is_ending = True
        if threading := sys.modules.get("threading"):
            threading._shutdown = bool  # type: ignore[attr-defined]  # nobody waits for threads
        _thread.start_new_thread(end_process, ())
        if main_thread is None:
            program.schedule(end_script)
        elif main_thread != _thread.get_ident():
            _signal.pthread_kill(main_thread, SIGNAL)
    raise SystemExit


def end_process() -> None:
    """Ends the process after a while, whatever the script does."""
    sleep(GRACE)
    try:
        written = _thread.allocate_lock()
        written.acquire()
        _thread.start_new_thread(write_out, (written,))
        written.acquire(timeout=GRACE)  # a stream may wait for somebody
        if terminal and os.tcgetpgrp(0) == os.getpgrp():
            import termios

            termios.tcsetattr(0, termios.TCSANOW, terminal)
    finally:  # there may be no thread any more, and the terminal may be another's, or gone
        os._exit(0)


def write_out(written: "_thread.LockType | None" = None) -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):  # it may be closed, or None
            stream.flush()
    if written:
        written.release()
