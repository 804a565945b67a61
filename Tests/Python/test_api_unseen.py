"""What a script cannot see is done in a shorter way; what it replaces, sends or watches is not."""

from __future__ import annotations

import io
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from scripted import LOGIN, ScriptedServer, Step, answer, download, passive, upload

from usr.ftplib import FTP, Error

Talk = Callable[..., tuple[Any, ScriptedServer]]
BINARY, TEXT = answer("TYPE"), answer("TYPE")
FILE = (passive(), *download(b"content"))


def retrieve(ftp: FTP) -> None:
    blocks: list[bytes] = []
    ftp.retrbinary("RETR x", blocks.append)
    assert b"".join(blocks) == b"content"


def types(server: ScriptedServer) -> list[str]:
    return [line for line in server.heard if line.startswith("TYPE")]


# TYPE


def test_type_is_said_once(talk: Talk) -> None:
    ftp, server = talk(BINARY, *FILE, *FILE, passive(), *upload(), *FILE)
    retrieve(ftp)
    retrieve(ftp)
    ftp.storbinary("STOR x", io.BytesIO(b"content"))
    retrieve(ftp)
    assert types(server) == ["TYPE I"]


def test_type_is_said_when_it_changes(talk: Talk) -> None:
    text = (passive(), *download(b"line\r\n"))
    names = (passive(), *download(b"name\r\n", verb="NLST"))
    ftp, server = talk(BINARY, *FILE, TEXT, *text, *names, BINARY, *FILE)
    retrieve(ftp)
    ftp.retrlines("RETR x", len)
    assert ftp.nlst() == ["name"]
    retrieve(ftp)
    assert types(server) == ["TYPE I", "TYPE A", "TYPE I"]


def refused(ftp: FTP) -> None:
    with pytest.raises(Error, match=r"^500"):
        ftp.voidcmd("SITE X")


def without_waiting(ftp: FTP, send: Callable[[str], None]) -> None:
    send("TYPE A")
    ftp.getresp()


SENT: dict[str, tuple[Step, Callable[[FTP], object]]] = {
    "voidcmd": (answer("TYPE"), lambda ftp: ftp.voidcmd("type a")),
    "sendcmd": (answer("TYPE"), lambda ftp: ftp.sendcmd("TYPE A")),
    "bytes": (answer("TYPE"), lambda ftp: ftp.sendcmd(b"TYPE A")),
    "putcmd": (answer("TYPE"), lambda ftp: without_waiting(ftp, ftp.putcmd)),
    "putline": (answer("TYPE"), lambda ftp: without_waiting(ftp, ftp.putline)),
    "REIN": (answer("REIN", "220 Anew."), lambda ftp: ftp.sendcmd("REIN")),
    "USER": (answer("USER", "230 In."), lambda ftp: ftp.login("user")),
    "AUTH": (answer("AUTH", "234 Begin."), lambda ftp: ftp.sendcmd("AUTH TLS")),
    "a refusal": (
        answer("SITE", "500 What?"),
        lambda ftp: refused(ftp),
    ),
}


@pytest.mark.parametrize("what", SENT)
def test_type_is_said_again_when_it_may_have_changed(what: str, talk: Talk) -> None:
    step, send = SENT[what]
    ftp, server = talk(BINARY, *FILE, step, BINARY, *FILE)
    retrieve(ftp)
    send(ftp)
    retrieve(ftp)
    assert [line for line in types(server) if line == "TYPE I"] == ["TYPE I", "TYPE I"]


def by_the_socket(ftp: Any, replies: str) -> None:
    """Past the object: its replies are read from it, or past it as well."""
    ftp.sock.sendall(b"TYPE A\r\n")
    assert (ftp.getmultiline() if replies == "object" else ftp.sock.recv(100).decode())[:3] == "200"


@pytest.mark.parametrize("replies", ["object", "socket"])
def test_type_is_said_again_when_somebody_has_had_the_socket(talk: Talk, replies: str) -> None:
    ftp, server = talk(BINARY, *FILE, TEXT, BINARY, *FILE, BINARY, *FILE)
    retrieve(ftp)
    by_the_socket(ftp, replies)
    retrieve(ftp)
    # Who has had it may have kept it.
    retrieve(ftp)
    assert types(server) == ["TYPE I", "TYPE A", "TYPE I", "TYPE I"]


@pytest.mark.parametrize("replies", ["object", "socket"])
def test_type_is_said_again_when_somebody_has_kept_the_socket(talk: Talk, replies: str) -> None:
    ftp, server = talk(BINARY, *FILE, TEXT, BINARY, *FILE)
    kept = ftp.sock
    retrieve(ftp)
    kept.sendall(b"TYPE A\r\n")
    assert (ftp.getmultiline() if replies == "object" else kept.recv(100).decode())[:3] == "200"
    retrieve(ftp)
    assert types(server) == ["TYPE I", "TYPE A", "TYPE I"]


def test_type_is_said_again_on_another_connection(scripted: Callable[..., ScriptedServer]) -> None:
    server = scripted([*LOGIN, BINARY, *FILE])
    with FTP(server.host, server.port, "user", "password", timeout=20) as ftp:
        retrieve(ftp)
        ftp.connect(server.host, server.port)
        ftp.login("user", "password")
        retrieve(ftp)
    assert types(server) == ["TYPE I", "TYPE I"]


def test_a_refused_type_is_not_remembered(talk: Talk) -> None:
    ftp, server = talk(answer("TYPE", "504 No."), BINARY, *FILE)
    with pytest.raises(Error, match=r"^504 No"):
        retrieve(ftp)
    retrieve(ftp)
    assert types(server) == ["TYPE I", "TYPE I"]


METHODS = ["sendcmd", "voidcmd", "putcmd", "putline", "getresp", "voidresp", "getmultiline"]


def watching(method: str, seen: list[object]) -> type[FTP]:
    def call(self: FTP, *arguments: Any) -> Any:
        seen.extend(arguments or ["called"])
        return getattr(FTP, method)(self, *arguments)

    return type("Watching", (FTP,), {method: call})


@pytest.mark.parametrize("method", METHODS)
def test_a_class_that_replaces_a_method_is_called(method: str, talk: Talk) -> None:
    seen: list[object] = []
    ftp, _ = talk(BINARY, *FILE, BINARY, *FILE, cls=watching(method, seen))
    seen.clear()
    retrieve(ftp)
    once = len(seen)
    assert once > 0
    retrieve(ftp)
    assert len(seen) == 2 * once, "TYPE comes each time"
    assert ("TYPE I" in seen) == (method in ("voidcmd", "putcmd", "putline"))


@pytest.mark.parametrize("method", METHODS)
def test_a_patch_of_the_object_or_of_the_class_is_called(
    method: str, talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ftp, _ = talk(*[answer("NOOP")] * 4)
    seen: list[object] = []

    def send() -> None:
        (ftp.sendcmd if method == "sendcmd" else ftp.voidcmd)("NOOP")

    def watched(call: Callable[..., Any]) -> Callable[..., Any]:
        def watching(*words: object) -> Any:
            seen.append(words)
            return call(*words)

        return watching

    send()
    with monkeypatch.context() as patch:
        patch.setattr(ftp, method, watched(getattr(ftp, method)), raising=False)
        send()
    assert len(seen) == 1
    with monkeypatch.context() as patch:
        patch.setattr(FTP, method, watched(getattr(FTP, method)))
        send()
    assert len(seen) == 2
    send()
    assert len(seen) == 2, "it is gone"


# Data connections


def test_the_socket_that_others_put_in_the_place_of_pythons_is_used(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ftp, _ = talk(BINARY, *FILE * 4)
    retrieve(ftp)
    made: list[object] = []
    create, look_up, connect = socket.create_connection, socket.getaddrinfo, socket.socket.connect

    def creating(*words: Any, **options: Any) -> Any:
        made.append("create_connection")
        return create(*words, **options)

    def looking_up(*words: Any, **options: Any) -> Any:
        made.append("getaddrinfo")
        return look_up(*words, **options)

    def connecting(self: socket.socket, address: Any) -> None:
        made.append("connect")
        connect(self, address)

    for owner, name, function in (
        (socket, "create_connection", creating),
        (socket, "getaddrinfo", looking_up),
        (socket.socket, "connect", connecting),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, function, raising=False)
            retrieve(ftp)
    assert made == ["create_connection", "getaddrinfo", "connect"]


@pytest.mark.parametrize("method", ["transfercmd", "ntransfercmd", "makepasv"])
def test_a_method_that_opens_data_connections_may_be_replaced(method: str, talk: Talk) -> None:
    seen: list[object] = []
    ftp, _ = talk(BINARY, *FILE, cls=watching(method, seen))
    retrieve(ftp)
    assert seen


def test_an_audit_hook_sees_connections_and_may_refuse_them(
    scripted: Callable[..., ScriptedServer],
) -> None:
    server = scripted([*LOGIN, BINARY, *FILE, answer("NOOP")])
    script = f"""
import sys
from usr.ftplib import FTP
ftp = FTP({server.host!r}, {server.port}, "user", "password", timeout=20)
events = []
def hook(event, words):
    if event in ("socket.connect", "ftplib.sendcmd"):
        events.append((event, words[1] if event == "ftplib.sendcmd" else words[1][0]))
    if event == "socket.connect" and len(events) > 4:
        raise PermissionError("not to there")
sys.addaudithook(hook)
ftp.retrbinary("RETR x", len)
assert events == [("ftplib.sendcmd", "TYPE I"), ("ftplib.sendcmd", "PASV"),
                  ("socket.connect", {server.host!r}), ("ftplib.sendcmd", "RETR x")], events
print("done")
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent.parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == "done\n", done.stderr


def test_a_data_connection_that_is_refused_names_what_was_tried(talk: Talk) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    reply = f"227 Entering Passive Mode (127,0,0,1,{port // 256},{port % 256})."
    ftp, _ = talk(BINARY, answer("PASV", reply), answer("NOOP"))
    with pytest.raises(ConnectionRefusedError) as caught:
        retrieve(ftp)
    assert str(caught.value) == (
        f"[Errno 111] cannot open the data connection to 127.0.0.1 port {port}: Connection refused"
    )
    assert ftp.voidcmd("NOOP") == "200 Very well."
