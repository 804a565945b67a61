"""The load of one process, as run.py starts it: load.py SERVER, in JSON.

`sessions` connects, logs in and quits; `transfers` keeps one session and stores and fetches small
files in turn, now and then in active mode, and compares every one with what lies on the other side.
Prints JSON lines: samples of what the process holds, and at the end how it went.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

from usr.ftplib import FTP, FTP_TLS

SIZES = (0, 1, 100, 1460, 4096, 16384, 65537)
SAMPLES = 20
FAILURES = 20
"""Failures that are told; after these the run is given up."""


class _Mallinfo(ctypes.Structure):
    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


_mallinfo2 = ctypes.CDLL(None).mallinfo2
_mallinfo2.restype = _Mallinfo


def sample() -> dict[str, int]:
    """What this process holds just now."""
    getattr(sys, "_clear_internal_caches", sys._clear_type_cache)()  # they keep names
    gc.collect()
    memory = _mallinfo2()
    resident = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "rss": resident * os.sysconf("SC_PAGE_SIZE"),
        "malloc": memory.uordblks + memory.hblkhd,
        "blocks": sys.getallocatedblocks(),
        "objects": len(gc.get_objects()),
        "descriptors": len(os.listdir("/proc/self/fd")) - 1,  # the one that lists them
        "threads": len(os.listdir("/proc/self/task")),
    }


class Load:
    """The server, and the ways to burden it."""

    def __init__(self, server: dict[str, Any]) -> None:
        self.host: str = server["host"]
        self.port: int = server["port"]
        self.login: tuple[str, str] = (server["user"], server["password"])
        self.root = Path(server["root"])
        self.secure: bool = server["secure"]
        self.leak: list[object] | None = [] if server["leak"] else None

    def open(self) -> FTP:
        """Logged in; with TLS on both connections where the server has it."""
        if not self.secure:
            return FTP(self.host, self.port, *self.login, timeout=60)
        ftp = FTP_TLS(self.host, *self.login, port=self.port, verify=True, timeout=60)
        ftp.prot_p()
        return ftp

    @contextmanager
    def sessions(self) -> Iterator[Callable[[int], None]]:
        def one(_: int) -> None:
            ftp = self.open()
            reply = ftp.quit()
            assert reply.startswith("221"), reply
            if self.leak is not None:
                self.leak.append(ftp)

        yield one

    @contextmanager
    def transfers(self) -> Iterator[Callable[[int], None]]:
        with closing(self.open()) as ftp:

            def one(number: int) -> None:
                pair, fetches = divmod(number, 2)
                name = f"file-{pair % 10}"
                content = hashlib.shake_128(b"%d" % pair).digest(SIZES[pair % len(SIZES)])
                ftp.set_pasv(pair % 4 != 3)
                if fetches:
                    received = BytesIO()
                    reply = ftp.retrbinary(f"RETR {name}", received.write)
                    assert received.getvalue() == content, f"RETR of {len(content)} bytes"
                else:
                    reply = ftp.storbinary(f"STOR {name}", BytesIO(content))
                    assert (self.root / name).read_bytes() == content, f"STOR of {len(content)}"
                assert reply.startswith("226"), reply
                if self.leak is not None:
                    self.leak.append(object())

            yield one


def tell(said: dict[str, Any]) -> None:
    """At once, so that nothing of it is kept and counted."""
    print(json.dumps(said), flush=True)


def kinds() -> Counter[str]:
    return Counter(
        f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects()
    )


def main(server: dict[str, Any]) -> None:
    load = Load(server)
    count: int = server["count"]
    warm_up = max(10, min(count // 5, 500))
    failures: list[str] = []
    seconds = 0.0

    def run(one: Callable[[int], None], numbers: range) -> None:
        nonlocal seconds
        start = time.perf_counter()
        for number in numbers:
            try:
                one(number)
            except Exception as error:
                failures.append(f"{number}: {type(error).__name__}: {error}")
                if len(failures) == FAILURES:
                    break
        seconds += time.perf_counter() - start

    with getattr(load, server["load"])() as one:
        # A whole number of pairs, so that a fetch finds what was stored before it.
        warm_up += warm_up % 2
        steps = [warm_up + count * step // SAMPLES for step in range(SAMPLES + 1)]
        run(one, range(warm_up))
        seconds = 0.0
        processor = time.process_time()
        step = 0
        for step in range(-2, SAMPLES):
            if step >= 0 and len(failures) < FAILURES:
                run(one, range(steps[step], steps[step + 1]))
            if step == -1:
                before = kinds()
            # run.py leaves out the first: to measure and to print for the first time fills caches.
            tell(sample())
        grown = kinds() - before
    tell(
        {
            "grown": grown.most_common(5),
            "failures": failures,
            "seconds": seconds,
            "processor": time.process_time() - processor,
        }
    )


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
