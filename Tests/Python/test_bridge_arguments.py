"""Arguments and attributes of any type: an exception or a result, never a crash."""

from __future__ import annotations

import inspect
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from conftest import (
    LOGIN,
    REPOSITORY,
    Interpreter,
    ScriptedServer,
    obliging,
)

if TYPE_CHECKING:
    from usr.ftplib import FTP

Scripted = Callable[..., ScriptedServer]

THIS = Interpreter("this", Path(sys.executable))
"""The interpreter of this run: what may crash runs in a process of its own."""


@pytest.fixture
def server(scripted: Scripted) -> Iterator[ScriptedServer]:
    server = scripted([LOGIN[0], obliging])
    yield server
    server.forgive()


PROGRAM = """
import array, io, itertools, math, os, sys, tempfile
import usr.ftplib as ftplib
from usr.ftplib import FTP

HOST, PORT = sys.argv[1], int(sys.argv[2])

class Hostile:
    def __getattr__(self, name):
        raise KeyError(name)

class Lying(str):
    def __str__(self):
        return 5

class Raising:
    def __raise(self, *_):
        raise ZeroDivisionError
    __index__ = __bool__ = __len__ = __iter__ = __str__ = __repr__ = __float__ = __eq__ = __raise
    __call__ = read = readline = __hash__ = __raise

VALUES = [
    None, True, False, 0, 1, -1, 2**31, 2**63, -2**63 - 1, 10**100, 3.5, -0.0, math.nan, math.inf,
    "", "text", "\\0", "a\\0b", "a\\r\\nb", "\\ud800", "e\\u0301", "\\U0010ffff", "x" * 3000,
    "x" * 1_000_000, "%s%n", b"", b"bytes", bytearray(b"array"), memoryview(b"view"),
    array.array("i", [1, 2]), [], ["a", "b"], [None], (), (1, 2), {}, {"a": 1}, set(), object(),
    object, print, len, Hostile(), Lying("lying"), Raising(), iter([]), 1j, ..., NotImplemented,
    io.BytesIO(b"content"), io.StringIO("text"), type("Meta", (type,), {}), FTP, FTP(), sys.stdin,
]

def attempt(what, call, *arguments, **keywords):
    try:
        call(*arguments, **keywords)
    except SystemError:
        print(what, "breaks the rules of the interpreter", flush=True)
        raise
    except Exception:
        pass

def shown(value):
    return type(value).__name__ + (f" {value!r}"[:30] if type(value) in (int, str, float) else "")
"""


def run(code: str, server: ScriptedServer) -> str:
    return THIS.run(
        *("-W", "ignore", "-c", PROGRAM + code, server.host, str(server.port)),
        cwd=REPOSITORY,
        timeout=55,
    ).stdout


METHODS = {
    "abort": 0,
    "abort_transfer": 1,
    "acct": 1,
    "close": 0,
    "connect": 5,
    "cwd": 1,
    "debug": 1,
    "delete": 1,
    "dir": 2,
    "getline": 0,
    "getmultiline": 0,
    "getresp": 0,
    "getwelcome": 0,
    "download": 2,
    "download_tree": 2,
    "listdir": 1,
    "login": 3,
    "makepasv": 0,
    "makeport": 0,
    "mkd": 1,
    "mlsd": 2,
    "nlst": 2,
    "ntransfercmd": 2,
    "putcmd": 1,
    "putline": 1,
    "pwd": 0,
    "quit": 0,
    "rename": 2,
    "retrbinary": 4,
    "retrlines": 2,
    "rmd": 1,
    "sanitize": 1,
    "sendcmd": 1,
    "sendeprt": 2,
    "sendport": 2,
    "set_debuglevel": 1,
    "set_pasv": 1,
    "set_trust_pasv": 1,
    "size": 1,
    "storbinary": 5,
    "storlines": 3,
    "sync": 2,
    "transfercmd": 2,
    "upload": 2,
    "upload_tree": 2,
    "voidcmd": 1,
    "voidresp": 0,
    "__enter__": 0,
    "__exit__": 3,
    "__init__": 9,
}
"""Every public method, and the most positional arguments that it takes."""

CALLS = """
name, most = {name!r}, {most}
folder = tempfile.TemporaryDirectory()  # some write files by these names
os.chdir(folder.name)
good = {{"connect": (HOST, PORT), "retrbinary": ("RETR x", len), "retrlines": ("RETR x", len),
        "storbinary": ("STOR x", io.BytesIO(b"x")), "storlines": ("STOR x", io.BytesIO(b"x")),
        "rename": ("a", "b"), "ntransfercmd": ("RETR x",), "transfercmd": ("RETR x",),
        "sendport": ("127.0.0.1", 2000), "sendeprt": ("::1", 2000), "mlsd": ("", ()),
        "login": ("user", "password"), "__init__": (HOST, PORT, "user", "password"),
}}.get(name, ("a",))

def argument_lists(value):
    yield from ((value,) * count for count in range(min(most, 3) + 2))
    for place in range(max(most, 1)):  # one wrong among good ones
        yield (*good[:place], *[None] * (place - len(good)), value, *good[place + 1 :])

ftp = None

def session():
    global ftp
    if ftp is None or ftp.sock is None:
        ftp = FTP(HOST, PORT, "user", "password", timeout=2)
        ftp.sock.settimeout(0.1 if most else 0.02)
    return ftp

for value in VALUES:
    for arguments in argument_lists(value):
        if name in ("connect", "__init__") and arguments and arguments[0] is value:
            if isinstance(value, str) and value.isprintable():
                continue  # the resolver's business
        print(name, *map(shown, arguments), flush=True)
        for object_ in (FTP(), session()):
            method = getattr(object_, name)
            attempt(name, lambda: (list if name == "mlsd" else repr)(method(*arguments)))
        if name.startswith(("get", "put", "void", "abort", "transfer", "ntransfer")):
            ftp.close()
    attempt(name, getattr(FTP(), name), **{{"no_such": value}})
    attempt(name, getattr(FTP, name), value)
    attempt(name, getattr(FTP, name))
ftp.close()
with FTP(HOST, PORT, "user", "password", timeout=5) as ftp:
    print(ftp.pwd())
"""


def test_the_table_names_every_method(client: ModuleType) -> None:
    public = {name for name in dir(client.FTP) if not name.startswith("_")}
    methods = {name for name in public if callable(getattr(client.FTP, name))}
    assert methods == {name for name in METHODS if not name.startswith("_")}


@pytest.mark.parametrize("name", METHODS)
def test_a_method_takes_any_arguments_or_refuses_them(server: ScriptedServer, name: str) -> None:
    said = run(CALLS.format(name=name, most=METHODS[name]), server)
    assert said.endswith("/here\n")


FUNCTIONS = ["parse150", "parse227", "parse229", "parse257", "print_line"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_any_arguments_or_refuses_them(server: ScriptedServer, name: str) -> None:
    code = f"""
replies = ["150 ({{}} bytes)", "227 ({{}})", "229 (|||{{}}|)", '257 "{{}}"']
digits = ["", "0", "9" * 30, "-1", "1,2,3,4,5,6", "256,1,1,1,1,1", "1,2,3,4,5,99999999999999999999"]
sys.stdout = io.StringIO()
for value in VALUES + [reply.format(number) for reply in replies for number in digits]:
    for arguments in ((), (value,), (value, value), (value, ("host", 1)), (value, [])):
        attempt("{name}", ftplib.{name}, *arguments)
    attempt("{name}", ftplib.{name}, resp=value, peer=value)
sys.stdout = sys.__stdout__
print("alive")
"""
    assert run(code, server) == "alive\n"


ATTRIBUTES = [
    *("sock", "file", "host", "port", "timeout", "source_address", "encoding", "welcome"),
    *("passiveserver", "trust_server_pasv_ipv4_address", "debugging", "maxline", "af", "ipvtype"),
    *("lastresp", "__class__", "__dict__"),
]

SETTING = """
name = {name!r}
os.dup2(os.open("/dev/null", os.O_WRONLY), 2)

def use(ftp):
    attempt(name, ftp.pwd)
    attempt(name, ftp.retrlines, "RETR x", len)
    attempt(name, ftp.retrbinary, "RETR x", len)
    attempt(name, ftp.storlines, "STOR x", io.BytesIO(b"a\\nb"))
    attempt(name, ftp.storbinary, "STOR x", io.BytesIO(b"a\\nb"))
    attempt(name, ftp.nlst, "x")
    attempt(name, ftp.getwelcome)
    attempt(name, ftp.makepasv)
    attempt(name, ftp.sendcmd, "NOOP")
    attempt(name, ftp.close)
    attempt(name, ftp.connect, HOST, PORT)
    attempt(name, ftp.close)

def log_in():
    # What is to fail for want of an answer does so soon; a login may take its time.
    ftp = FTP(HOST, PORT, "user", "password", timeout=10)
    ftp.timeout = 0.2
    ftp.sock.settimeout(0.2)
    return ftp

output = sys.stdout
for value in VALUES + [sys.maxsize, sys.maxsize - 1, -sys.maxsize - 1]:
    if name in ("file", "sock") and value is sys.stdin or name == "host" and isinstance(value, str):
        continue
    print(name, shown(value), file=output, flush=True)
    sys.stdout = io.StringIO()
    ftp = log_in()
    kept = ftp.sock
    try:
        setattr(ftp, name, value)
    except Exception:
        pass
    use(ftp)
    sys.stdout = output
ftp = log_in()
kept = ftp.sock
attempt(name, delattr, ftp, name)
use(ftp)
print("alive")
"""


@pytest.mark.parametrize("name", ATTRIBUTES)
def test_an_attribute_may_be_anything(server: ScriptedServer, name: str) -> None:
    assert run(SETTING.format(name=name), server).endswith("alive\n")


def test_a_class_attribute_may_be_missing(server: ScriptedServer) -> None:
    code = """
for name in [name for name in vars(FTP) if not name.startswith("__")]:
    kept = getattr(FTP, name)
    print(name, flush=True)
    delattr(FTP, name)
    for call in (lambda ftp: ftp.pwd(), lambda ftp: ftp.nlst(), lambda ftp: ftp.close()):
        attempt(name, lambda: call(FTP(HOST, PORT, "user", "password", timeout=0.3)))
        attempt(name, lambda: call(FTP()))
    setattr(FTP, name, kept)
print("alive")
"""
    assert run(code, server).endswith("alive\n")


def test_an_object_that_was_never_initialised_refuses(server: ScriptedServer) -> None:
    """A subclass that forgets `super().__init__()`."""
    code = """
class Forgetful(FTP):
    def __init__(self):
        pass

for name in [name for name in dir(FTP) if not name.startswith("_")]:
    for ftp in (Forgetful(), FTP.__new__(FTP)):
        if callable(getattr(ftp, name)):
            for arguments in ((), ("x",), ("x", len), (HOST, PORT)):
                attempt(name, getattr(ftp, name), *arguments)
print("alive")
"""
    assert run(code, server).endswith("alive\n")


# Signatures


@pytest.mark.parametrize("name", [name for name in METHODS if not name.startswith("_")])
def test_a_method_has_documentation_and_a_signature(client: ModuleType, name: str) -> None:
    method = getattr(client.FTP, name)
    assert inspect.getdoc(method)
    parameters = list(inspect.signature(method).parameters.values())
    assert parameters[0].name == "self"
    if not any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        positional = [each for each in parameters if each.kind is not each.KEYWORD_ONLY]
        assert len(positional) - 1 == METHODS[name]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda ftp: ftp.cwd(), "missing required argument: 'dirname'"),
        (lambda ftp: ftp.cwd("a", "b"), "at most 1 positional argument"),
        (lambda ftp: ftp.cwd(name="a"), "unexpected keyword argument 'name'"),
        (lambda ftp: ftp.cwd("a", dirname="b"), "multiple values for argument 'dirname'"),
        (lambda ftp: ftp.cwd(5), "must be a str or bytes, not 'int'"),
        (lambda ftp: ftp.cwd(Path("a")), "must be a str or bytes, not 'PosixPath'"),
        (lambda ftp: ftp.login(5), "user must be a str, not 'int'"),
        (lambda ftp: ftp.retrbinary("RETR x", len, 1.5), "blocksize must be an int, not 'float'"),
        (lambda ftp: ftp.retrbinary("RETR x", 5), "callback must be callable, not 'int'"),
    ],
)
def test_a_type_error_says_which_argument(
    client: ModuleType, call: Callable[[FTP], object], words: str
) -> None:
    with pytest.raises(TypeError, match=words):
        call(client.FTP())


@pytest.mark.parametrize("size", [0, -1, -sys.maxsize])
def test_a_block_size_is_above_zero(client: ModuleType, size: int) -> None:
    with pytest.raises(ValueError, match="blocksize must be above 0"):
        client.FTP().retrbinary("RETR x", len, size)


@pytest.mark.parametrize("timeout", [0, -1, -0.5, float("nan"), False])
def test_a_timeout_is_above_zero(client: ModuleType, timeout: float) -> None:
    with pytest.raises(ValueError, match="timeout"):
        client.FTP(timeout=timeout)
    with pytest.raises(ValueError, match="timeout"):
        client.FTP().connect("127.0.0.1", 1, timeout=timeout)


@pytest.mark.parametrize("port", [65536, 10**30])
def test_a_port_is_in_its_range(client: ModuleType, port: int) -> None:
    with pytest.raises((ValueError, OverflowError)):
        client.FTP("127.0.0.1", port)


def test_a_path_like_object_is_no_name(client: ModuleType) -> None:
    """A name is the server's, not this machine's: `os.fspath` is not applied to it."""
    for call in (client.FTP().nlst, client.FTP().dir, client.FTP().size):
        with pytest.raises(TypeError):
            call(Path(os.sep))


def test_an_ftp_object_does_not_pickle(client: ModuleType, server: ScriptedServer) -> None:
    with (
        client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp,
        pytest.raises((TypeError, pickle.PicklingError)),
    ):
        pickle.dumps(ftp)


@pytest.mark.parametrize("value", [1, "0", [0], object()], ids=lambda value: type(value).__name__)
def test_a_switch_takes_what_python_calls_true(client: ModuleType, value: Any) -> None:
    ftp = client.FTP()
    ftp.set_pasv(value)
    ftp.set_trust_pasv(value)
    assert ftp.passiveserver
    assert ftp.trust_server_pasv_ipv4_address
