"""A network of the benchmarks' own: a loopback that nobody shares, with reno.

A default of `bbr` or a packet filter of the machine's halves what loopback carries, and makes it
noisy. Where the kernel does not let us have a network namespace, the report says so.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

_INSIDE = "FTP_BENCHMARKS_NETWORK"
_CONTROL = Path("/proc/sys/net/ipv4/tcp_congestion_control")


def enter() -> None:
    """Starts this program again in a network namespace of its own, if it is not in one yet."""
    if _INSIDE in os.environ:
        return
    enough = shutil.which("unshare") and shutil.which("ip")
    if not enough or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode:
        os.environ[_INSIDE] = "shared"
        return
    os.environ[_INSIDE] = "own"
    os.execvp("unshare", ["unshare", "-n", sys.executable, *sys.argv])


def prepare() -> str:
    """Takes loopback up; says what network this is, for the report."""
    if os.environ.get(_INSIDE) != "own":
        control = _CONTROL.read_text().strip()
        return f"the machine's own loopback ({control}): no network namespace was permitted"
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    try:
        _CONTROL.write_text("reno")
    except OSError as error:
        return f"a network namespace with {_CONTROL.read_text().strip()} (reno: {error.strerror})"
    return f"a network namespace with {_CONTROL.read_text().strip()}"
