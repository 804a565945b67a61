"""The client's side of the session fuzzer: a process that may crash.

Each line of its standard input is a case: kind, proxy, port and the names of calls. It makes the
calls, and answers with a line: what was against the rules (`[]` when nothing was), and how many
calls returned.
"""

from __future__ import annotations

import faulthandler
import gc
import io
import json
import os
import resource
import ssl
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any

import usr.ftplib as ftplib

TIMEOUT = 0.1
LONGEST = 12.0
"""Seconds a call may take: the peer's own pauses, and as many time-outs as a call has waits."""
MEMORY = 160 * 1024
"""KiB above what was there before. The two million bytes that the peer sends at most may be a
listing of 200,000 lines, each a tuple with a dict."""
DOCUMENTED = (ftplib.Error, OSError, EOFError, ValueError)


def ignore(*_: object) -> None:
    """A callback."""


def drain(connection: Any) -> None:
    with closing(connection):
        while connection.recv(65536):
            pass


def into_a_file(ftp: Any) -> None:
    with tempfile.TemporaryFile() as file:
        ftp.retrbinary("RETR x", file.write)


def from_a_file(ftp: Any) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(bytes(300_000))
        file.seek(0)
        ftp.storbinary("STOR x", file)


def text_into_a_file(ftp: Any) -> None:
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape") as file:
        ftp.retrlines("RETR x", file.write)


def begin_a_listing(ftp: Any) -> None:
    next(ftp.mlsd(), None)


def set_latin_1(ftp: Any) -> None:
    ftp.encoding = "latin-1"


def set_keepalive(ftp: Any) -> None:
    ftp.keepalive = 0.02


def raise_inside(ftp: Any) -> None:
    with suppress(KeyError):
        ftp.retrbinary("RETR x", {}.__getitem__)


def close_inside(ftp: Any) -> None:
    ftp.retrbinary("RETR x", lambda _: ftp.close())


CALLS: dict[str, Callable[[Any], object]] = {
    "login": lambda ftp: ftp.login("user", "password", "account"),
    "anonymous": lambda ftp: ftp.login(),
    "pwd": lambda ftp: ftp.pwd(),
    "cwd": lambda ftp: ftp.cwd("x"),
    "cwd up": lambda ftp: ftp.cwd(".."),
    "mkd": lambda ftp: ftp.mkd("x"),
    "rmd": lambda ftp: ftp.rmd("x"),
    "delete": lambda ftp: ftp.delete("x"),
    "rename": lambda ftp: ftp.rename("x", "y"),
    "size": lambda ftp: ftp.size("x"),
    "acct": lambda ftp: ftp.acct("x"),
    "abort": lambda ftp: ftp.abort(),
    "abort_transfer": lambda ftp: ftp.abort_transfer(),
    "sendcmd": lambda ftp: ftp.sendcmd("NOOP"),
    "voidcmd": lambda ftp: ftp.voidcmd("NOOP"),
    "putcmd": lambda ftp: ftp.putcmd("NOOP"),
    "putline": lambda ftp: ftp.putline("NOOP"),
    "getline": lambda ftp: ftp.getline(),
    "getmultiline": lambda ftp: ftp.getmultiline(),
    "getresp": lambda ftp: ftp.getresp(),
    "voidresp": lambda ftp: ftp.voidresp(),
    "getwelcome": lambda ftp: ftp.getwelcome(),
    "set_debuglevel": lambda ftp: ftp.set_debuglevel(2),
    "passive": lambda ftp: ftp.set_pasv(True),
    "active": lambda ftp: ftp.set_pasv(False),
    "prefer_epsv": lambda ftp: setattr(ftp, "prefer_epsv", True),
    "latin-1": set_latin_1,
    "keepalive": set_keepalive,
    "makepasv": lambda ftp: ftp.makepasv(),
    "makeport": lambda ftp: ftp.makeport().close(),
    "sendport": lambda ftp: ftp.sendport("127.0.0.1", 1),
    "sendeprt": lambda ftp: ftp.sendeprt("::1", 1),
    "transfercmd": lambda ftp: drain(ftp.transfercmd("RETR x")),
    "ntransfercmd": lambda ftp: drain(ftp.ntransfercmd("RETR x", 2)[0]),
    "retrbinary": lambda ftp: ftp.retrbinary("RETR x", ignore),
    "retrbinary, small": lambda ftp: ftp.retrbinary("RETR x", ignore, 7, 3),
    "retrbinary, file": into_a_file,
    "retrbinary, raises": raise_inside,
    "retrbinary, closes": close_inside,
    "retrlines": lambda ftp: ftp.retrlines("RETR x", ignore),
    "retrlines, file": text_into_a_file,
    "storbinary": lambda ftp: ftp.storbinary("STOR x", io.BytesIO(bytes(100_000)), 8192, ignore),
    "storbinary, file": from_a_file,
    "storlines": lambda ftp: ftp.storlines("STOR x", io.BytesIO(b"a\r\nb\n" * 9999)),
    "nlst": lambda ftp: ftp.nlst(),
    "nlst x": lambda ftp: ftp.nlst("x"),
    "dir": lambda ftp: ftp.dir(ignore),
    "listdir": lambda ftp: ftp.listdir(),
    "listdir x": lambda ftp: ftp.listdir("x"),
    "mlsd": lambda ftp: list(ftp.mlsd(facts=["size", "type"])),
    "mlsd, begun": begin_a_listing,
    "ftpcp": lambda ftp: ftplib.ftpcp(ftp, "x", ftp, "y"),
    "quit": lambda ftp: ftp.quit(),
    "close": lambda ftp: ftp.close(),
}
TLS_CALLS: dict[str, Callable[[Any], object]] = {
    "auth": lambda ftp: ftp.auth(),
    "prot_p": lambda ftp: ftp.prot_p(),
    "prot_c": lambda ftp: ftp.prot_c(),
    "ccc": lambda ftp: ftp.ccc(),
}
TEXT_RESULTS = {
    "pwd",
    "mkd",
    "getline",
    "getmultiline",
    "getresp",
    "voidresp",
    "sendcmd",
    "voidcmd",
}


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def memory(name: str) -> int:
    """VmRSS, or VmHWM: the most since `forget_peak`. KiB."""
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith(name + ":"))


def forget_peak() -> None:
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def make(kind: str) -> Any:
    if kind == "FTP":
        return ftplib.FTP(timeout=TIMEOUT)
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return ftplib.FTP_TLS(timeout=TIMEOUT, context=context, implicit=kind == "implicit")


def run(kind: str, proxy: str, port: int, calls: list[str]) -> tuple[list[str], int]:
    wrong: list[str] = []
    returned = 0
    ftp = make(kind)
    host = "127.0.0.1"
    if proxy:
        ftp.proxy = f"{proxy}://user:secret@127.0.0.1:{port}"
        host, port = "ftp.invalid", 21
    for name in ["connect", *calls]:
        call = (CALLS | TLS_CALLS).get(name) or (lambda ftp: ftp.connect(host, port))
        begin = time.monotonic()
        try:
            result = call(ftp)
            returned += 1
            if name in TEXT_RESULTS and not isinstance(result, str):
                wrong.append(f"{name} returned {result!r}")
        except DOCUMENTED as error:
            if not str(error) and not isinstance(error, EOFError):
                wrong.append(f"{name} raised {type(error).__name__} without a word")
        except BaseException as error:
            wrong.append(f"{name} raised {error!r}")
        if time.monotonic() - begin > LONGEST:
            wrong.append(f"{name} took {time.monotonic() - begin:.1f} s")
    begin = time.monotonic()
    try:
        ftp.close()
        ftp.close()
    except BaseException as error:
        wrong.append(f"close raised {error!r}")
    if ftp.sock is not None or ftp.file is not None:
        wrong.append(f"after close: {ftp.sock!r}, {ftp.file!r}")
    if time.monotonic() - begin > LONGEST:
        wrong.append("close took long")
    return wrong, returned


def checked(*case: Any) -> tuple[list[str], int]:
    gc.collect()
    before, threads = descriptors(), threading.active_count()
    forget_peak()
    used = memory("VmRSS")
    wrong, returned = run(*case)
    if (most := memory("VmHWM") - used) > MEMORY:
        wrong.append(f"used {most} KiB")
    gc.collect()
    if (left := descriptors() - before) > 0:
        wrong.append(f"{left} descriptors are left")
    if threading.active_count() != threads:
        wrong.append("a thread is left")
    return wrong, returned


def main() -> None:
    # The answers go where the cases came from; what debug output says goes nowhere.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    faulthandler.enable()
    warnings.simplefilter("ignore", ResourceWarning)
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    checked("FTP", "", 1, ["pwd"])
    for line in sys.stdin:
        faulthandler.dump_traceback_later(40, exit=True)
        answers.write(json.dumps(checked(*json.loads(line))) + "\n")
        answers.flush()
        faulthandler.cancel_dump_traceback_later()


if __name__ == "__main__":
    main()
