"""Waiting for what a test needs: until it is so, and no longer than a broken program takes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Waits until something is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it does not come about"
        time.sleep(0.01)


def is_asleep(process: str) -> bool:
    """Whether a process or a thread, by its folder in /proc, waits in a system call."""
    state = Path("/proc", process, "stat").read_text(encoding="utf-8").rpartition(") ")[2]
    return state.startswith("S")


def until_main_thread_waits() -> None:
    """Waits, in another thread, until the main thread is surely waiting."""
    looks = 0
    while looks < 3:
        time.sleep(0.005)
        looks = looks + 1 if is_asleep(f"self/task/{os.getpid()}") else 0
