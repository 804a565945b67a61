"""The module more than once: imported again, unloaded, in other interpreters of the process."""

from __future__ import annotations

import importlib
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from conftest import (
    LOGIN,
    REPOSITORY,
    Interpreter,
    ScriptedServer,
    answer,
    download,
    passive,
)

Scripted = Callable[..., ScriptedServer]

THIS = Interpreter("this", Path(sys.executable))
"""The interpreter of this run: what may crash runs in a process of its own."""
NAMES = ("usr.ftplib", "ftplib")
WHOLE = b"the whole content"


@pytest.fixture
def server(scripted: Scripted) -> ScriptedServer:
    """Sessions with a listing, a download and a refusal."""
    listing = (answer("TYPE"), passive(), *download(b"one\r\ntwo\r\n", verb="NLST"))
    whole = (answer("TYPE"), passive(), *download(WHOLE))
    return scripted([*LOGIN, *listing, *whole, answer("PWD", "550 No.")])


def run(code: str, server: ScriptedServer, *options: str) -> str:
    """What code in a process of its own prints; its `session()` is a session with the server."""
    program = f"""
import gc, sys, weakref

def session(ftplib):
    with ftplib.FTP({server.host!r}, {server.port}, "user", "password", timeout=10) as ftp:
        blocks = []
        names = ftp.nlst()
        reply = ftp.retrbinary("RETR x", blocks.append)
        try:
            ftp.pwd()
        except ftplib.error_perm as error:
            return names, reply, b"".join(blocks), str(error)

{code}
"""
    return THIS.run(*options, "-c", program, cwd=REPOSITORY).stdout


SESSION = (["one", "two"], "226 Done.", WHOLE, "550 No.")


# Imported again


@pytest.fixture
def fresh() -> Iterator[ModuleType]:
    """Another module than `client`, made as `import_fresh_module` of `test.support` does it."""
    kept = {name: sys.modules.pop(name) for name in NAMES if name in sys.modules}
    try:
        yield importlib.import_module("usr.ftplib")
    finally:
        for name in NAMES:
            sys.modules.pop(name, None)
        sys.modules.update(kept)


def test_a_fresh_import_is_a_module_of_its_own(client: ModuleType, fresh: ModuleType) -> None:
    assert fresh is not client
    for name in ("FTP", "Error", "error_perm"):
        assert getattr(fresh, name) is not getattr(client, name)
    fresh.FTP.port = 2121
    assert client.FTP.port == 21
    assert not issubclass(fresh.error_perm, client.Error)


def test_each_module_raises_its_own_exceptions(client: ModuleType, fresh: ModuleType) -> None:
    for module in (client, fresh):
        with pytest.raises(module.Error):
            module.FTP().pwd()
        with pytest.raises(module.error_reply):
            module.parse257("200 Other.")


def test_an_object_of_one_is_none_of_the_other(client: ModuleType, fresh: ModuleType) -> None:
    with pytest.raises(TypeError):
        client.FTP.pwd(fresh.FTP())
    with pytest.raises(TypeError):
        client.FTP.__init__(fresh.FTP())
    both = type("Both", (client.FTP, fresh.FTP), {})()
    with pytest.raises(client.Error, match="not connected"):
        both.pwd()


def test_exceptions_pickle_by_the_modules_name(client: ModuleType) -> None:
    error = client.error_perm("550 No.")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.args) == (client.error_perm, ("550 No.",))


def test_both_modules_have_sessions(server: ScriptedServer) -> None:
    code = """
import usr.ftplib as first
for name in ("usr.ftplib", "ftplib"):
    sys.modules.pop(name, None)
del sys.modules["usr"].ftplib
import usr.ftplib as second
print(first is second, session(first), session(second) == session(first))
"""
    assert run(code, server) == f"False {SESSION} True\n"


def test_a_second_call_of_the_initialiser_is_harmless(server: ScriptedServer) -> None:
    """importlib.reload executes the module once more, or refuses; it stays usable."""
    code = """
import importlib, usr.ftplib
kept = usr.ftplib.FTP
for _ in range(3):
    try:
        importlib.reload(usr.ftplib)
    except ImportError:
        pass
    gc.collect()
print(session(usr.ftplib))
"""
    assert run(code, server) == f"{SESSION}\n"


# Unloaded


def test_a_module_that_nobody_holds_is_collected(server: ScriptedServer) -> None:
    code = """
def load():
    import usr.ftplib
    session(usr.ftplib)
    module = sys.modules["usr.ftplib"]
    for name in ("usr.ftplib", "ftplib"):
        sys.modules.pop(name, None)
    del sys.modules["usr"].ftplib
    return weakref.ref(module), weakref.ref(module.FTP), weakref.ref(module.error_perm)

def living():
    gc.collect()
    return [reference() for reference in references if reference() is not None]

references = load()
print(living())
references = load()
print(living())
"""
    assert run(code, server) == "[]\n[]\n"


def test_what_is_held_keeps_working_when_the_module_is_gone(server: ScriptedServer) -> None:
    code = """
import usr.ftplib
FTP, error_perm, parse227 = usr.ftplib.FTP, usr.ftplib.error_perm, usr.ftplib.parse227
listing = FTP().mlsd()
reader = FTP({host!r}, {port}, timeout=0.3).file
module = type("Namespace", (), dict(FTP=FTP, error_perm=error_perm))
del sys.modules["usr"].ftplib, usr
for name in ("usr.ftplib", "ftplib", "usr"):
    sys.modules.pop(name, None)
gc.collect()
print(session(module), parse227("227 (127,0,0,1,1,2)"))
for call in (lambda: next(listing), lambda: reader.readline()):
    try:
        print(type(call()).__name__)
    except Exception as error:
        print(type(error).__name__)
""".replace("{host!r}", repr(server.host)).replace("{port}", str(server.port))
    done = run(code, server, "-W", "ignore").splitlines()
    assert done[0] == f"{SESSION} ('127.0.0.1', 258)"
    assert done[1:] == ["Error", "TimeoutError"]


def test_a_module_that_was_cleared_refuses_and_does_not_crash(server: ScriptedServer) -> None:
    """What is left of it at the end of an interpreter, or after a collection in a bad moment."""
    code = """
import usr.ftplib
ftp, pwd, listing = usr.ftplib.FTP(), usr.ftplib.FTP.pwd, usr.ftplib.FTP().mlsd()
parse = usr.ftplib.parse257
usr.ftplib.__dict__.clear()
del sys.modules["usr.ftplib"], usr
gc.collect()
for call in (ftp.pwd, lambda: pwd(ftp), lambda: next(listing), lambda: parse("257 x"), type(ftp)):
    try:
        print(type(call()).__name__)
    except Exception as error:
        print(type(error).__name__)
"""
    said = run(code, server).splitlines()
    assert said == ["Error", "Error", "Error", "str", "FTP"]


def test_loading_and_unloading_again_and_again_keeps_nothing(server: ScriptedServer) -> None:
    code = """
import os

def load():
    import usr.ftplib
    usr.ftplib.FTP()
    for name in ("usr.ftplib", "ftplib"):
        sys.modules.pop(name, None)
    del sys.modules["usr"].ftplib

def memory():
    gc.collect()
    getattr(sys, "_clear_internal_caches", sys._clear_type_cache)()
    return sys.getallocatedblocks()

for _ in range(20):
    load()
before = memory()
for _ in range(200):
    load()
print(memory() - before)
"""
    assert int(run(code, server)) < 400


# Other interpreters of the process


INTERPRETERS = """
try:
    import _interpreters as interpreters  # 3.13 and later
except ImportError:
    import _xxsubinterpreters as interpreters
import inspect, threading

prelude = f"import sys; sys.path[:] = {sys.path}\\n" + inspect.cleandoc('''
SESSION
''') + "\\n"

def within(interpreter, code):
    return interpreters.run_string(interpreter, prelude + code)
"""


def run_with_interpreters(code: str, server: ScriptedServer, *options: str) -> str:
    """As `run`; `within(interpreter, code)` runs code that has the same `session()`."""
    source = f"""
def session(ftplib):
    with ftplib.FTP({server.host!r}, {server.port}, "user", "password", timeout=10) as ftp:
        blocks = []
        names = ftp.nlst()
        reply = ftp.retrbinary("RETR x", blocks.append)
        try:
            ftp.pwd()
        except ftplib.error_perm as error:
            return names, reply, b"".join(blocks), str(error)
"""
    return run(INTERPRETERS.replace("SESSION", source) + code, server, *options)


def test_another_interpreter_has_sessions(server: ScriptedServer) -> None:
    code = """
import usr.ftplib
print(session(usr.ftplib), flush=True)
other = interpreters.create()
within(other, "import usr.ftplib; print(session(usr.ftplib), flush=True)")
print(session(usr.ftplib), flush=True)
interpreters.destroy(other)
print(session(usr.ftplib))
"""
    assert run_with_interpreters(code, server) == f"{SESSION}\n" * 4


def test_another_interpreter_may_be_the_only_one_that_imports_it(server: ScriptedServer) -> None:
    code = """
other = interpreters.create()
within(other, "import usr.ftplib; print(session(usr.ftplib), flush=True)")
interpreters.destroy(other)
print([name for name in sys.modules if "ftplib" in name])
"""
    assert run_with_interpreters(code, server) == f"{SESSION}\n[]\n"


def test_interpreters_come_and_go(server: ScriptedServer) -> None:
    """Each leaves a session open, a listing unread and an exception behind."""
    code = """
for _ in range(20):
    other = interpreters.create()
    within(other, '''
import gc, usr.ftplib
kept = usr.ftplib.FTP(HOST, PORT, "user", "password", timeout=10)
kept.itself, kept.listing = kept, kept.mlsd()
lines = []
kept.retrlines("NLST", lines.append)
try:
    kept.pwd()
except usr.ftplib.Error as error:
    failure = error
assert len(lines) == 2
'''.replace("HOST", repr(HOST)).replace("PORT", repr(PORT)))
    interpreters.destroy(other)
import usr.ftplib
print(session(usr.ftplib))
""".replace("HOST)", f"{server.host!r})").replace("PORT)", f"{server.port!r})")
    said = run_with_interpreters(code, server, "-W", "ignore")
    server.forgive()
    assert said == f"{SESSION}\n"


def test_threads_of_several_interpreters_take_turns(server: ScriptedServer) -> None:
    code = """
import usr.ftplib
others = [interpreters.create() for _ in range(3)]
code = "import usr.ftplib; results = [session(usr.ftplib) for _ in range(5)]; print(results[-1])"
threads = [threading.Thread(target=within, args=(other, code)) for other in others]
for thread in threads:
    thread.start()
for _ in range(5):
    print(session(usr.ftplib))
for thread in threads:
    thread.join()
for other in others:
    interpreters.destroy(other)
"""
    assert run_with_interpreters(code, server) == f"{SESSION}\n" * 8


def test_an_exception_in_another_interpreter_is_told(server: ScriptedServer) -> None:
    code = """
other = interpreters.create()
try:
    failure = within(other, "import usr.ftplib; usr.ftplib.FTP().pwd()")
except Exception as error:
    failure = error
print(failure)
interpreters.destroy(other)
"""
    assert "not connected to an FTP server" in run_with_interpreters(code, server)


def test_the_type_of_the_control_file_cannot_be_misused(client: ModuleType, scripted: Any) -> None:
    """Its instances hold a native object: none without one, and none that holds another's."""
    server = scripted([*LOGIN])
    with client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp:
        kind, listing = type(ftp.file), ftp.mlsd()
        with pytest.raises((TypeError, client.Error, EOFError)):
            object.__new__(kind).readline()
        with pytest.raises(TypeError):
            listing.__class__ = kind
        with pytest.raises(TypeError):
            ftp.file.__class__ = type(listing)
        with pytest.raises(TypeError):
            type("Own", (kind,), {})
        with pytest.raises(TypeError):
            kind.readline(listing)
        assert list(object.__new__(type(listing))) == []
        with pytest.raises((TypeError, pickle.PicklingError)):
            pickle.dumps(ftp.file)
