"""README's section on security: what proves each sentence, and proofs that stand nowhere else."""

from __future__ import annotations

import os
import pickle
import re
import traceback
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from types import ModuleType

import pytest
from conftest import (
    LOGIN,
    REPOSITORY,
    TESTS,
    ScriptedServer,
    answer,
    download,
    end_data,
    passive,
    say,
    send,
)

from usr.ftplib import FTP, connect_url

Scripted = Callable[..., ScriptedServer]

PROOFS = {
    "Certificates": [
        "test_verify_goes_by_the_systems_trust_store",
        "test_an_untrustworthy_certificate_is_refused",
        "test_an_unknown_authority_is_refused",
        "test_the_data_connection_is_verified_too",
        "test_nobody_is_verified_without_a_context",
        "test_one_warning_says_so",
        "a certificate that proves nothing is refused, with host and cause",
        "a data connection to another server is refused",
    ],
    "TLS that is asked for is required": [
        "test_a_server_that_refuses_tls_learns_no_password",
        "test_nothing_that_came_before_the_handshake_is_read_after_it",
        "test_what_comes_before_auth_is_not_read_after_it",
        "a server that refuses TLS gets neither name nor password",
        "a greeting that says logged in does not skip TLS",
        "what comes in the clear behind the reply to AUTH is no reply",
    ],
    "Data connections": [
        "test_the_commands_come_in_the_order_of_the_rfc",
        "test_a_data_connection_without_tls",
        "test_refused_protection_of_data_is_raised",
        "test_a_download_short_of_its_announced_size_is_no_whole_one",
        "test_without_close_notify_and_announced_size_the_server_is_asked",
        "a server that does not secure data is refused before any data",
        "a download without close_notify is whole when its size says so",
    ],
    "Addresses": [
        "test_another_host_is_followed_on_request_alone",
        "test_the_target_connects_to_the_host_that_the_source_is_connected_to",
        "test_a_strangers_connection_is_not_taken_for_the_servers",
        "another host in the answer to PASV is not followed",
        "a stranger's connection is refused",
    ],
    "Arguments": [
        "test_cr_lf_and_nul_are_refused_before_anything_is_sent",
        "test_they_are_refused_in_the_constructor_too",
        "test_a_lines_end_in_a_name_is_refused_before_the_transfer",
    ],
    "Limits": [
        "test_the_figures_are_those_of_the_code",
        "test_an_endless_reply_is_refused_at_once",
        "test_a_command_that_is_too_long_is_refused_before_it_is_sent",
        "test_an_endless_listing_is_refused",
        "an endless stream of unasked replies is given up",
    ],
    "Waiting": [
        "test_a_reply_that_drips_in_is_late_as_a_whole",
        "test_a_stall_ends_at_the_timeout",
    ],
    "Passwords": [
        "test_passwords_and_accounts_are_masked",
        "test_no_exception_holds_a_password",
        "test_a_url_that_is_refused_is_not_repeated",
        "test_a_proxys_url_that_is_no_text_is_not_repeated",
        "test_a_netrc_file_that_is_refused_is_not_repeated",
        "test_a_word_with_a_password_is_shown_without_it",
        "test_a_url_in_the_wrong_place_is_shown_without_its_password",
        "test_a_password_is_in_no_debug_output",
        "test_a_reply_that_names_the_password_is_the_servers_own",
        "test_a_proxy_that_repeats_the_password_is_not_quoted",
        "test_a_netrc_that_others_may_read_is_refused",
    ],
    "Names": ["test_a_name_from_the_server_touches_no_local_file"],
    "Bytes": [
        "random bytes are survived",
        "every row with one byte changed is survived",
        "test_forged_bytes_are_no_data",
        "test_what_is_no_reply_is_a_protocol_error",
    ],
}


def section() -> str:
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^## Security\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def test_every_promise_has_its_proofs() -> None:
    promises = re.findall(r"^- \*\*(.+?)\*\*", section(), re.MULTILINE)
    assert promises == list(PROOFS)
    sources = "".join(
        file.read_text(encoding="utf-8")
        for pattern in ("Python/*.py", "FTPClientTests/**/*.swift")
        for file in TESTS.glob(pattern)
    )
    for proof in (proof for proofs in PROOFS.values() for proof in proofs):
        assert f"def {proof}(" in sources or f"func `{proof}`(" in sources, proof


def test_the_figures_are_those_of_the_code() -> None:
    code = (REPOSITORY / "Sources/FTPClient/Protocol/Limits.swift").read_text(encoding="utf-8")
    limits = {}
    for name, product in re.findall(r"static let (\w+) = ([\d *]+)$", code, re.MULTILINE):
        limits[name] = 1
        for factor in product.split("*"):
            limits[name] *= int(factor)
    text = " ".join(section().split())
    for sentence in (
        f"{limits['line']:,} characters for a line",
        f"{limits['reply']:,} bytes and {limits['replyLines']:,} lines for a reply",
        f"{limits['unaskedReplies']} replies that nobody asked for",
        f"{limits['command']:,} bytes for a command",
        f"{limits['listing'] >> 20} MiB for a listing",
    ):
        assert sentence in text


@pytest.mark.parametrize("method", ["nlst", "dir", "listdir", "mlsd"])
def test_an_endless_listing_is_refused(client: ModuleType, scripted: Scripted, method: str) -> None:
    """Of empty lines, which cost memory as well: 64 bytes each count."""
    lines = b"\r\n" * (256 * 2**20 // 64 + 100_000)
    verb = {"nlst": "NLST", "dir": "LIST"}.get(method, "MLSD")
    server = scripted(
        [
            *(*LOGIN, answer("TYPE"), passive(), answer(verb, "150 Here it comes.")),
            *(send(lines), end_data(), say("226 Done."), answer("NOOP")),
        ]
    )
    calls: dict[str, Callable[[FTP], object]] = {
        "nlst": FTP.nlst,
        "dir": lambda ftp: ftp.dir(len),
        "listdir": FTP.listdir,
        "mlsd": lambda ftp: list(ftp.mlsd()),
    }
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as ftp:
        with pytest.raises(client.Error, match="the listing is longer than 268435456 bytes"):
            calls[method](ftp)
        assert ftp.voidcmd("NOOP") == "200 Very well."


def test_a_netrc_that_others_may_read_is_refused(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = scripted(LOGIN)
    file = tmp_path / ".netrc"
    file.write_text(f"machine {server.host} login user password secret-pw\n")
    file.chmod(0o644)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(PermissionError, match="permissi") as raised:
        connect_url(f"ftp://{server.host}:{server.port}")
    assert raised.value.filename == str(file)
    assert_untold("secret-pw", raised.value)
    assert server.heard == []
    file.chmod(0o600)
    connect_url(f"ftp://{server.host}:{server.port}").close()
    assert server.heard[:2] == ["USER user", "PASS secret-pw"]


def assert_untold(secret: str, error: BaseException) -> None:
    """It is in none of what an exception says or holds, nor in one that led to it."""
    assert secret not in "".join(traceback.format_exception(error))
    chain: list[BaseException | None] = [error]
    while chain:
        if (each := chain.pop()) is not None:
            for form in (str(each), repr(each), repr(vars(each))):
                assert secret not in form
            assert secret.encode() not in pickle.dumps(each)
            chain += [each.__cause__, each.__context__]


UNTAKEN = {
    "ftp://me:s3cret%FF@127.0.0.1:1/": "the URL's password is not UTF-8",
    "ftp://me%FF:s3cret@127.0.0.1:1/": "the URL's user name is not UTF-8",
    "ftp://me:s3cret@%FF/": "the URL's host is not UTF-8",
    "ftp://me:s3cret@a\u2100b.example/": "names no host",
    "ftp://me:s3cret@[::1/": "names no host",
    "ftp://me:s3cret]@127.0.0.1/": "names no host",
    "ftp://me:s3#cret@127.0.0.1/": "port is no number.*%23",
    "ftp://me:s3/cret@127.0.0.1/": "port is no number.*%2F",
    "ftp://me:s3?cret@127.0.0.1/": "port is no number.*%3F",
    "ftp://me:s3cret@127.0.0.1:x/": "port is no number",
    "ftp://me:s3cret@127.0.0.1:65536/": "port is no number",
    "ftp://me:s3cret\udcff@127.0.0.1:1/": "no lone surrogates",
    "ftp://me:s3cret@127.0.0.1:1/\ud800": "no lone surrogates",
    "ftp://me:s3cret\n@127.0.0.1:1/": "no control characters",
    "htp://me:s3cret@127.0.0.1/": "ftpes://host",
    "ftp://me:s3cret@h%2Fx/": "has a character that no host has",
}


@pytest.mark.parametrize("url", UNTAKEN, ids=ascii)
def test_a_url_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=UNTAKEN[url]) as raised:
        connect_url(url, proxy=None)
    assert type(raised.value) is ValueError
    for part in ("s3", "cret"):
        assert_untold(part, raised.value)


@pytest.mark.parametrize("variable", [None, "ftp_proxy", "all_proxy"])
def test_a_proxys_url_that_is_no_text_is_not_repeated(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ftp_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    url = os.fsdecode(b"socks5://user:s3cret\xff@127.0.0.1:1")
    if variable:
        monkeypatch.setenv(variable, url)
    with pytest.raises(ValueError, match="the proxy's URL has bytes that are no UTF-8") as raised:
        FTP("127.0.0.1", 1, proxy=True if variable else url)
    assert (variable or "") in str(raised.value)
    assert_untold("s3cret", raised.value)


NETRCS = {
    "a password with a space": (b"machine h login a password my s3cret\n", "at line 2 or"),
    "an unknown word": (b"machine h\nlogin a s3cret b", "at line 2 or"),
    "no machine": (b"s3cret", "at line 1 or"),
    "no text": (b"machine h login a password s3cret\xff\n", "no text in UTF-8"),
}


@pytest.mark.parametrize("fault", NETRCS)
@pytest.mark.parametrize("own", [True, False], ids=["own", "named"])
def test_a_netrc_file_that_is_refused_is_not_repeated(
    fault: str, own: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, reason = NETRCS[fault]
    file = tmp_path / ".netrc"
    file.write_bytes(content)
    file.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(ValueError, match=reason) as raised:
        connect_url("ftp://127.0.0.1:1/", netrc=True if own else file)
    assert type(raised.value) is ValueError
    assert repr(str(file)) in str(raised.value)
    assert_untold("s3cret", raised.value)


def test_a_name_from_the_server_touches_no_local_file(
    scripted: Scripted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes as it is: the caller sees what it is before anything happens."""
    names = ["../outside", "/etc/passwd", "|touch x", "-rf", "a\\b"]
    inside = tmp_path / "inside"
    inside.mkdir()
    monkeypatch.chdir(inside)
    listing = "".join(f"type=file;size=1; {name}\r\n" for name in names).encode()
    server = scripted([*LOGIN, answer("TYPE"), passive(), *download(listing, verb="MLSD")])
    with closing(FTP(server.host, server.port, "user", "password", timeout=20)) as ftp:
        assert [name for name, _ in ftp.listdir()] == names
    assert list(tmp_path.rglob("*")) == [inside]
