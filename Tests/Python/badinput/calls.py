"""The calls with bad arguments, in a process of their own: it must live, and say what was raised.

python -m badinput.calls WHAT NAME HOST PORT      prints JSON
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import gc
import importlib
import importlib.util
import io
import itertools
import json
import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from badinput.values import FEW, VALUES, OwnError

Outcome = tuple[str, str]
"""A category, and the words of the exception."""

GOOD: dict[str, tuple[Any, ...]] = {
    "acct": ("a",),
    "connect": ("HOST", "PORT", 0.5, None),
    "cwd": ("a",),
    "delete": ("a",),
    "dir": ("a", len),
    "login": ("user", "password", ""),
    "mkd": ("a",),
    "mlsd": ("a", ["type"]),
    "nlst": ("a",),
    "ntransfercmd": ("RETR x", 3),
    "putcmd": ("NOOP",),
    "putline": ("NOOP",),
    "rename": ("a", "b"),
    "retrbinary": ("RETR x", len, 10, 3),
    "retrlines": ("RETR x", len),
    "rmd": ("a",),
    "sanitize": ("a",),
    "sendcmd": ("NOOP",),
    "sendeprt": ("::1", 2000),
    "sendport": ("127.0.0.1", 2000),
    "set_debuglevel": (0,),
    "set_pasv": (True,),
    "size": ("3",),
    "storbinary": ("STOR x", "FILE", 10, len, 3),
    "storlines": ("STOR x", "FILE", len),
    "transfercmd": ("RETR x", 3),
    "voidcmd": ("NOOP",),
}
"""Calls that CPython's class has too, with arguments that are in order."""


CONNECTING = ("connect", "__init__", "__new__", "FTP", "FTP_TLS", "connect_url")
HOSTS = (
    "text",
    "format",
    "lying text",
    "beyond the BMP",
    "MiB",
    "MiB of bytes",
    "bytes",
    "no UTF-8",
)
"""Values that may be the name of a host."""


def category(ftplib: ModuleType, error: BaseException | None) -> str:
    """The class of exception as far as a script has to tell them apart."""
    match error:
        case None:
            return "ok"
        case OwnError():
            return "its own"
        case TypeError() | AttributeError():
            return "type"
        case UnicodeError() | ValueError() | OverflowError():
            return "value"
        case ftplib.Error() | EOFError() | OSError():
            return "ftp"
        case _:
            return type(error).__name__


def attempt(ftplib: ModuleType, call: Callable[[], Any]) -> Outcome:
    try:
        result = call()
        if hasattr(result, "__next__"):
            list(itertools.islice(result, 5))
    except BaseException as error:
        try:
            words = f"{type(error).__name__}: {error}"
        except BaseException as worse:
            words = f"{type(error).__name__} that raises {type(worse).__name__}"
        return category(ftplib, error), words[:160]
    return "ok", ""


def log_in(ftplib: ModuleType, kind: str, host: str, port: int) -> Any:
    ftp = getattr(ftplib, kind)(timeout=0.5)
    ftp.connect(host, port)
    # FTP_TLS would begin with AUTH, which the server here does not know.
    getattr(ftplib, "FTP").login(ftp, "user", "password")  # noqa: B009
    return ftp


def standard_module() -> ModuleType:
    """The standard library's `ftplib`, by its file: inside ftpy that name is this module's."""
    path = os.path.join(os.path.dirname(os.__file__), "ftplib.py")
    spec = importlib.util.spec_from_file_location("standard_ftplib", path)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def compare(name: str, host: str, port: int) -> dict[str, tuple[Outcome, Outcome]]:
    """A shared call with each value in each place: CPython's outcome, and this module's."""
    theirs, ours = standard_module(), importlib.import_module("usr.ftplib")
    outcomes: dict[str, tuple[Outcome, Outcome]] = {}
    for place, label in itertools.product(range(len(GOOD[name])), VALUES):
        if name == "connect" and place == 0 and label in HOSTS:
            continue  # the resolver's business
        pair: list[Outcome] = []
        for ftplib in (theirs, ours):
            ftp = (
                ftplib.FTP(timeout=0.5) if name == "connect" else log_in(ftplib, "FTP", host, port)
            )
            here = {"HOST": host, "PORT": port, "FILE": io.BytesIO(b"x")}
            arguments = [here.get(a, a) if isinstance(a, str) else a for a in GOOD[name]]
            arguments[place] = VALUES[label]()
            pair.append(attempt(ftplib, functools.partial(getattr(ftp, name), *arguments)))
            with contextlib.suppress(Exception):
                ftp.close()
        outcomes[f"{place} {label}"] = (pair[0], pair[1])
    return outcomes


def argument_lists(name: str) -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """None, one, two and ten of each value; unknown keywords; and one bad among good ones."""
    for label, make in VALUES.items():
        if name in CONNECTING and label in HOSTS:
            continue  # the resolver's business
        for count in (1, 2, 10) if "MiB" not in label else (1,):
            yield f"{count} {label}", [make() for _ in range(count)], {}
        yield f"keyword {label}", [], {"no_such": make()}
        good = GOOD.get(name, ())
        for place in range(len(good) if name != "connect" else 0):
            arguments = [io.BytesIO(b"x") if a == "FILE" else a for a in good]
            arguments[place] = make()
            yield f"{label} in place {place}", arguments, {}
    yield "no arguments", [], {}
    yield "empty keyword", [], {"": 1}


def everything(kind: str, host: str, port: int) -> tuple[int, dict[str, list[str]]]:
    """Every callable of a class, or of the module, with bad arguments; what was raised by class."""
    ftplib = importlib.import_module("usr.ftplib")
    raised: dict[str, list[str]] = {}
    count = 0
    owner: Any = ftplib if kind == "module" else getattr(ftplib, kind)
    # `install` changes the process, `test` is a program.
    for name in dir(owner):
        inherited = kind != "module" and hasattr(object, name) and name not in vars(owner)
        if name in ("install", "test") or inherited or not callable(getattr(owner, name)):
            continue
        targets: list[Any] = [owner]
        if kind != "module":
            targets = [owner, owner(timeout=0.5), log_in(ftplib, kind, host, port)]
        for number, target in enumerate(targets):
            for label, arguments, keywords in argument_lists(name):
                if number == 2 and label.startswith(("2 ", "10 ", "keyword ")):
                    continue  # no other way than without a connection
                if number == 2 and target.sock is None:
                    target = log_in(ftplib, kind, host, port)
                    target.sock.settimeout(0.1)
                count += 1
                method: Callable[..., Any] = getattr(target, name)
                call = functools.partial(method, *arguments, **keywords)
                outcome = attempt(ftplib, call)
                raised.setdefault(outcome[0], []).append(f"{name}({label}): {outcome[1]}")
                if number == 2 and name[:3] in ("get", "put", "voi", "abo", "tra", "ntr", "__s"):
                    with contextlib.suppress(Exception):
                        target.close()
    return count, {key: found[:400] for key, found in raised.items()}


ATTRIBUTES = (
    *("sock", "file", "host", "port", "timeout", "source_address", "encoding", "errors", "welcome"),
    *("passiveserver", "trust_server_pasv_ipv4_address", "debugging", "maxline", "af", "ipvtype"),
    *("lastresp", "prefer_epsv", "keepalive", "proxy", "context", "implicit", "reuse_session"),
    *("verify", "__class__", "__dict__", "sendcmd", "makepasv", "getline", "login"),
)


def attributes(name: str, host: str, port: int) -> tuple[int, dict[str, list[str]]]:
    """An attribute with each value, and then calls."""
    ftplib = importlib.import_module("usr.ftplib")
    raised: dict[str, list[str]] = {}
    count = 0
    uses: list[Callable[[Any], Any]] = [
        lambda ftp: ftp.pwd(),
        lambda ftp: ftp.retrlines("RETR x", len),
        lambda ftp: ftp.retrbinary("RETR x", len),
        lambda ftp: ftp.storlines("STOR x", io.BytesIO(b"a\nb")),
        lambda ftp: ftp.storbinary("STOR x", io.BytesIO(b"a\nb")),
        lambda ftp: ftp.nlst("x"),
        lambda ftp: list(ftp.mlsd("x")),
        lambda ftp: ftp.listdir("x"),
        lambda ftp: ftp.getwelcome(),
        lambda ftp: ftp.makepasv(),
        lambda ftp: ftp.abort(),
        lambda ftp: ftp.prot_p(),
        lambda ftp: ftp.auth(),
        lambda ftp: repr(ftp),
        lambda ftp: ftp.__exit__(None, None, None),
        lambda ftp: ftp.close(),
        lambda ftp: ftp.connect(host, port),
        lambda ftp: ftp.close(),
    ]
    for label, make in [*VALUES.items(), ("deleted", None)]:
        if name == "host" and label in HOSTS:
            continue  # the resolver's business
        if name == "trust_server_pasv_ipv4_address":
            continue
        ftp = log_in(ftplib, "FTP_TLS", host, port)
        kept = ftp.sock
        kept.settimeout(0.1)

        def change(ftp: Any = ftp, make: Callable[[], Any] | None = make) -> None:
            if make is None:
                delattr(ftp, name)
            else:
                setattr(ftp, name, make())

        for number, use in enumerate([lambda _: change(), *uses]):
            count += 1
            outcome = attempt(ftplib, functools.partial(use, ftp))
            raised.setdefault(outcome[0], []).append(f"{label}, then {number}: {outcome[1]}")
        kept.close()
    return count, {key: found[:400] for key, found in raised.items()}


def leaks(kind: str, *_: object) -> dict[str, int]:
    """By how many blocks the bad calls without a connection have grown the heap.

    200 rounds in four parts: what is left behind is left by each of them, what is kept for the next
    time is not. The least growth of a part is the answer.
    """
    ftplib = importlib.import_module("usr.ftplib")
    grown: dict[str, int] = {}
    owner: Any = ftplib if kind == "module" else getattr(ftplib, kind)
    for name in dir(owner):
        value = getattr(owner, name)
        if name.startswith("_") or name in ("install", "test", "FTP_TLS") or not callable(value):
            continue
        target = owner if kind == "module" else owner(timeout=0.5)
        calls = [
            functools.partial(getattr(target, name), *arguments, **keywords)
            for label, arguments, keywords in argument_lists(name)
            if FEW & {label, label.partition(" ")[2], label.partition(" in ")[0]}
        ]
        counts = []
        for number in range(1, 206):
            for call in calls:
                attempt(ftplib, call)
            if number % 50 == 5:
                # It keeps some thousand names of attributes, by where they are in memory.
                getattr(sys, "_clear_type_cache", bool)()
                gc.collect()
                counts.append(sys.getallocatedblocks())
        grown[name] = min(after - before for before, after in itertools.pairwise(counts))
    return grown


WHATS: dict[str, Callable[[str, str, int], Any]] = {
    "compare": compare,
    "everything": everything,
    "attributes": attributes,
    "leaks": leaks,
}


resolve = socket.getaddrinfo


def resolve_numbers(host: Any, port: Any, family: int = 0, kind: int = 0) -> Any:
    """No bad name is for a resolver in the network, which may take its time to say so."""
    return resolve(host, port, family, kind, flags=socket.AI_NUMERICHOST)


def main(what: str, name: str, host: str, port: str) -> None:
    socket.getaddrinfo = resolve_numbers  # type: ignore[assignment]
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    # `dir`, `print_line` and debug output print; some values are standard streams.
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    faulthandler.enable()
    faulthandler.dump_traceback_later(240, exit=True)
    warnings.simplefilter("ignore")
    json.dump(WHATS[what](name, host, int(port)), answers)
    answers.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
