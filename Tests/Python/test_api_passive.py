"""How the port of a passive data connection is asked for: PASV, EPSV, and which of them first."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
import realservers
from conftest import LOGIN, Conversation, ScriptedServer, Step, answer, download, upload

from usr.ftplib import FTP, error_perm, error_temp

if TYPE_CHECKING:
    Scripted = Callable[..., ScriptedServer]


def log_in(server: ScriptedServer, **attributes: object) -> Any:
    ftp: Any = FTP(server.host, server.port, "user", "password", timeout=20)
    for name, value in attributes.items():
        setattr(ftp, name, value)
    return ftp


def asked(server: ScriptedServer) -> list[str]:
    return [command for command in server.heard if command in ("PASV", "EPSV")]


def pasv(conversation: Conversation) -> None:
    conversation.hear("PASV")
    port = conversation.listen()
    conversation.say(f"227 Here (127,0,0,1,{port // 256},{port % 256}).")


def epsv(conversation: Conversation) -> None:
    conversation.hear("EPSV")
    conversation.say(f"229 Here (|||{conversation.listen()}|).")


def epsv_in_answer_to_pasv(conversation: Conversation) -> None:
    conversation.hear("PASV")
    conversation.say(f"229 Here (|||{conversation.listen()}|).")


def epsv_port_that_refuses(conversation: Conversation) -> None:
    conversation.hear("EPSV")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    conversation.say(f"229 Here (|||{port}|).")


def retrieve(*passive: Step) -> list[Step]:
    return [answer("TYPE"), *passive, *download(b"content")]


def receive(ftp: Any) -> bytes:
    received: list[bytes] = []
    assert ftp.retrbinary("RETR f", received.append) == "226 Done."
    return b"".join(received)


def test_pasv_comes_first_unless_somebody_says_otherwise(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *retrieve(pasv)])
    with closing(log_in(server)) as ftp:
        assert ftp.prefer_epsv is False
        assert receive(ftp) == b"content"
        assert asked(server) == ["PASV"]


def test_epsv_comes_first_when_preferred(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *retrieve(epsv), *retrieve(epsv)[1:]])  # TYPE is said once
    with closing(log_in(server, prefer_epsv=True)) as ftp:
        assert receive(ftp) + receive(ftp) == b"content" * 2
        assert asked(server) == ["EPSV", "EPSV"]


@pytest.mark.parametrize("code", [500, 501, 502, 504, 522])
def test_a_refusal_is_remembered_for_the_connection(code: int, scripted: Scripted) -> None:
    steps = [
        *LOGIN,
        *retrieve(answer("EPSV", f"{code} no"), pasv),
        *retrieve(pasv),
    ]
    server = scripted(steps)
    with closing(log_in(server, prefer_epsv=True)) as ftp:
        assert receive(ftp) + receive(ftp) == b"content" * 2
        assert asked(server) == ["EPSV", "PASV", "PASV"]
        # A new connection may be to another server.
        server.heard.clear()
        ftp.connect(server.host, server.port)
        ftp.login("user", "password")
        assert receive(ftp) == b"content"
        assert asked(server) == ["EPSV", "PASV"]


@pytest.mark.parametrize(
    ("code", "error"), [(530, error_perm), (421, error_temp), (425, error_temp)]
)
def test_another_refusal_is_raised(code: int, error: type[Exception], scripted: Scripted) -> None:
    server = scripted([*LOGIN, answer("TYPE"), answer("EPSV", f"{code} no")])
    with closing(log_in(server, prefer_epsv=True)) as ftp:
        with pytest.raises(error, match=f"^{code}"):
            ftp.retrbinary("RETR f", len)
        assert asked(server) == ["EPSV"]


def test_a_port_that_cannot_be_reached_is_remembered(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *retrieve(epsv_port_that_refuses, pasv), *retrieve(pasv)[1:]])
    with closing(log_in(server, prefer_epsv=True)) as ftp:
        assert receive(ftp) + receive(ftp) == b"content" * 2
        assert asked(server) == ["EPSV", "PASV", "PASV"]


def test_a_port_that_cannot_be_reached_where_there_is_no_pasv(scripted: Scripted) -> None:
    """There is EPSV again then: without PASV it is the only way."""
    unknown = answer("PASV", "502 no")
    steps = [answer("TYPE"), epsv_port_that_refuses, unknown, epsv_port_that_refuses]
    server = scripted([*LOGIN, *steps, *retrieve(unknown, epsv)])
    with closing(log_in(server, prefer_epsv=True)) as ftp:
        with pytest.raises(ConnectionRefusedError, match="open the data connection to"):
            ftp.retrbinary("RETR f", len)
        assert receive(ftp) == b"content"


class Extended(FTP):
    """A recipe for servers behind a gateway."""

    @property
    def af(self) -> Any:
        return socket.AF_INET6

    @af.setter
    def af(self, value: Any) -> None:
        pass


@pytest.mark.parametrize("recipe", ["attribute", "number", "property"])
def test_af_says_how_to_ask(recipe: str, scripted: Scripted) -> None:
    """Whatever the server's address is, and in each kind of transfer: CPython asks it alone."""
    line = (epsv, *download(b"a line\r\n", verb="NLST"))
    facts = (epsv, *download(b"type=file; a line\r\n", verb="MLSD"))
    store = (answer("TYPE"), epsv, *upload())
    server = scripted([*LOGIN, *retrieve(epsv), answer("TYPE"), *line, *facts, *store])
    cls: Any = Extended if recipe == "property" else FTP
    with closing(cls(server.host, server.port, "user", "password", timeout=20)) as ftp:
        if recipe != "property":
            ftp.af = socket.AF_INET6 if recipe == "attribute" else int(socket.AF_INET6)
        assert receive(ftp) == b"content"
        assert ftp.nlst() == ["a line"]
        assert list(ftp.mlsd()) == [("a line", {"type": "file"})]
        assert ftp.storbinary("STOR f", BytesIO(b"content")) == "226 Done."
        assert asked(server) == ["EPSV"] * 4


def test_af_that_is_no_number_is_not_the_short_ways_to_judge(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *retrieve(pasv)])
    with closing(log_in(server, af=None)) as ftp:
        assert receive(ftp) == b"content"


def test_makepasv_itself(scripted: Scripted) -> None:
    server = scripted(
        [*LOGIN, answer("EPSV", "229 (|||1234|)"), answer("PASV", "227 (127,0,0,1,4,210)")]
    )
    with closing(log_in(server, prefer_epsv=True)) as ftp:
        assert ftp.makepasv() == ("127.0.0.1", 1234)
        ftp.prefer_epsv = False
        assert ftp.makepasv() == ("127.0.0.1", 1234)
        assert asked(server) == ["EPSV", "PASV"]


def test_229_in_answer_to_pasv(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *retrieve(epsv_in_answer_to_pasv)])
    with closing(log_in(server)) as ftp:
        assert receive(ftp) == b"content"


def test_229_in_answer_to_pasv_names_no_host(scripted: Scripted) -> None:
    """RFC 2428 section 2: a host in it is not for us to follow, even where PASV's would be."""
    server = scripted([*LOGIN, answer("PASV", "229 Here (|1|192.0.2.1|1234|).")])
    with closing(log_in(server)) as ftp:
        assert ftp.makepasv() == ("127.0.0.1", 1234)


def test_a_server_without_pasv(scripted: Scripted) -> None:
    server = scripted([*LOGIN, *retrieve(answer("PASV", "502 no"), epsv)])
    with closing(log_in(server)) as ftp:
        assert receive(ftp) == b"content"


@pytest.mark.parametrize("name", realservers.NAMES)
def test_real_servers(name: str) -> None:
    with realservers.running(name) as server, realservers.session(server) as ftp:
        ftp.prefer_epsv = True
        for content in (b"one", b"two"):
            assert ftp.storbinary("STOR file", BytesIO(content))[:3] == "226"
            received: list[bytes] = []
            assert ftp.retrbinary("RETR file", received.append)[:3] == "226"
            assert received == [content]
        realservers.in_step(ftp)


def test_a_real_server_without_epsv() -> None:
    environment = {"PYFTPDLIB_WITHOUT": "EPSV"}
    with (
        realservers.running("pyftpdlib", environment=environment) as server,
        realservers.session(server) as ftp,
    ):
        ftp.prefer_epsv = True
        assert ftp.storbinary("STOR file", BytesIO(b"one"))[:3] == "226"
        assert (server.root / "file").read_bytes() == b"one"


def test_a_real_server_behind_a_gateway_that_it_does_not_know() -> None:
    """PASV names an unreachable host; neither that reply nor EPSV's is followed there."""
    environment = {"PYFTPDLIB_MASQUERADE": "192.0.2.1"}
    with (
        realservers.running("pyftpdlib", environment=environment) as server,
        realservers.session(server) as ftp,
    ):
        for prefers in (False, True):
            ftp.prefer_epsv = prefers
            assert ftp.nlst() == []
