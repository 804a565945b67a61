"""What fuzzing and bad input have found, each as it has to be."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from conftest import LOGIN, ScriptedServer, answer, say_bytes

Scripted = Callable[..., ScriptedServer]


@pytest.mark.parametrize("line", [b"\r\n", b"\n", b"\r\r"], ids=repr)
def test_an_empty_greeting_has_words(client: ModuleType, scripted: Scripted, line: bytes) -> None:
    server = scripted([say_bytes(line)])
    with pytest.raises(client.error_proto, match=r"^the server's reply is an empty line$"):
        client.FTP(server.host, server.port, timeout=5)


@pytest.mark.parametrize("verb", ["PWD", "STAT", "NOOP"])
def test_an_empty_reply_has_words(client: ModuleType, scripted: Scripted, verb: str) -> None:
    server = scripted([*LOGIN, answer(verb, "")])
    with client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp:
        call = ftp.pwd if verb == "PWD" else lambda: ftp.sendcmd(verb)
        with pytest.raises(client.error_proto, match=r"^the server's reply is an empty line$"):
            call()


def test_no_greeting_is_printed_where_there_is_none(
    client: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    ftp = client.FTP()
    ftp.set_debuglevel(2)
    assert ftp.getwelcome() is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("facts", [[1], [b"type"], [["type"]], b"type", ("type", None)])
def test_a_fact_is_named_by_a_str(client: ModuleType, facts: Any) -> None:
    with pytest.raises(TypeError, match="facts must be strs, not"):
        client.FTP().mlsd("x", facts)


@pytest.mark.parametrize("value", [None, 5, b"utf-8"], ids=repr)
def test_an_encoding_is_a_str(client: ModuleType, scripted: Scripted, value: Any) -> None:
    server = scripted(LOGIN)
    with client.FTP(server.host, server.port, "user", "password", timeout=5) as ftp:
        ftp.encoding = value
        with pytest.raises(TypeError, match="encoding must be a str, not"):
            ftp.pwd()
        ftp.encoding = "utf-8"
