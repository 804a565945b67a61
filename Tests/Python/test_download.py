"""download(): faults that a scripted server shows, and what is left on this side."""

from __future__ import annotations

import errno
import io
import os
import resource
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import pytest
from conftest import PYTHON3, REPOSITORY, ScriptedServer, preloaded, say
from fileserver import Connect, Fault, Files, connecting, serve
from realservers import run_script, running

from usr.ftplib import FTP, Error, TransferProgress, all_errors, error_perm, error_temp

LARGE = os.urandom(3 * 1024 * 1024)
SMALL = os.urandom(100_000)


@pytest.fixture
def connect() -> Iterator[Connect]:
    with connecting() as connect:
        yield connect


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def test_a_file_with_its_time(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}))
    result = ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == SMALL
    assert (tmp_path / "a").stat().st_mtime == 1577934245 == result.modified
    assert (result.size, result.bytes, result.attempts, result.resumes) == (100_000, 100_000, 1, 0)
    assert (result.verified, result.hash, result.segments) == ("size", None, 1)
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize(
    "how", ["reset", "close", "426 Broken off.", "451 Not now.", "421 Bye.", "short"]
)
@pytest.mark.parametrize("after", [0, 1000, 1_500_000])
def test_it_goes_on_where_it_was(connect: Connect, tmp_path: Path, how: str, after: int) -> None:
    ftp = connect(Files({"f": LARGE}, faults=[Fault(after, how), Fault(after, how)]))
    result = ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert result.attempts == 3
    # What a reset has overtaken comes twice, and nothing else does.
    assert result.size <= result.bytes <= result.size + (2 * after if how == "reset" else 0)
    assert names(tmp_path) == ["a"]
    assert ftp.pwd() == "/place"


@pytest.mark.parametrize("announces", ["whole", "left"])
@pytest.mark.parametrize("ignores_rest", [True, False])
def test_a_size_that_is_only_announced_counts(
    connect: Connect, tmp_path: Path, announces: str, ignores_rest: bool
) -> None:
    """Without `SIZE` nothing else shows that the second attempt was the whole file again."""
    files = Files({"f": LARGE}, faults=[Fault(2_000_000, "reset")], announces=announces)
    (files.refusals, files.ignores_rest) = ({"SIZE": "502 No."}, ignores_rest)
    result = connect(files).download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert result.resumes == 1
    assert result.attempts == (3 if ignores_rest else 2)


def test_a_pipe_that_is_full_is_not_passed_over(connect: Connect) -> None:
    """`write` of an unbuffered file says by None that nothing was taken."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    ftp = connect(Files({"f": LARGE}))
    with open(reading, "rb"), open(writing, "wb", buffering=0) as pipe:  # noqa: SIM117
        with pytest.raises(BlockingIOError):
            ftp.download("f", pipe, retries=0)


@pytest.mark.parametrize("returned", [0, 5, -1, True, None, "many"])
def test_what_write_returns_is_no_count_for_everybody(connect: Connect, returned: object) -> None:
    class Collector:
        content = b""
        file = mock.Mock(spec=io.FileIO)

        def write(self, block: bytes) -> object:
            self.content += block
            return returned

    collector = Collector()
    connect(Files({"f": SMALL})).download("f", collector)
    assert collector.content == SMALL


def test_rest_is_the_last_command_before(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": LARGE}, faults=[Fault(2_000_000, "426 Broken off.")]))
    ftp.download("f", tmp_path / "a")
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    index = heard.index("REST 2000000")
    assert heard[index + 1] == "RETR f"
    assert heard[index - 3 : index] == ["PASV", "SIZE f", "MDTM f"]


def sessions(ftp: FTP) -> list[str]:
    """What each connection has heard behind its login."""
    heard = " ".join(ftp.heard)  # type: ignore[attr-defined]
    return [each.strip() for each in heard.split("USER user PASS password")[1:]]


SINGLY = "TYPE I FEAT SIZE f MDTM f PASV RETR f SIZE f MDTM f"


def test_all_questions_go_together(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}))
    ftp.sendcmd("NOOP")
    for _ in range(2):
        ftp.download("f", tmp_path / "a")
    first = "NOOP PASV TYPE I FEAT SIZE f MDTM f RETR f SIZE f MDTM f"
    assert sessions(ftp) == [f"{first} PASV SIZE f MDTM f RETR f SIZE f MDTM f"]


@pytest.mark.parametrize("behind", ["dropped", "refused", "fatal"])
@pytest.mark.parametrize("retries", [0, 5])
def test_a_server_that_takes_one_command_at_a_time(
    connect: Connect, tmp_path: Path, behind: str, retries: int
) -> None:
    """It is found out by the first download: the session is had again, and asked one by one."""
    ftp = connect(Files({"f": SMALL}, behind=behind))
    ftp.cwd("/place")
    for _ in range(2):
        result = ftp.download("f", tmp_path / "a", retries=retries)
        assert (tmp_path / "a").read_bytes() == SMALL
        assert (result.attempts, result.verified) == (1, "size")
        assert result.modified == 1577934245
    first, second = sessions(ftp)
    assert first.startswith("CWD /place PWD PASV")
    assert second == f"CWD /place {SINGLY} SIZE f MDTM f PASV RETR f SIZE f MDTM f"


@pytest.mark.parametrize("behind", ["dropped", "refused", "fatal"])
def test_what_is_refused_behind_another_is_asked_again(
    connect: Connect, tmp_path: Path, behind: str
) -> None:
    """Where the representation is right, and nobody asks for features: of the facts alone."""
    ftp = connect(Files({"f": SMALL}, behind=behind))
    ftp.retrbinary("RETR f", bytearray().extend)
    result = ftp.download("f", tmp_path / "a", verify=False)
    assert (result.modified, result.attempts) == (1577934245, 1)
    assert sessions(ftp)[-1] == "TYPE I SIZE f MDTM f PASV RETR f"


def test_the_password_of_one_server_is_not_for_another(connect: Connect, tmp_path: Path) -> None:
    """Where the second one's login never came."""
    ftp = connect(Files({"f": SMALL}))
    other: list[str] = []
    with ScriptedServer([say("220 Hi."), say("421 Bye.")], [serve(Files({"f": SMALL}))]) as server:
        ftp.connect(server.host, server.port)
        with pytest.raises(all_errors):
            ftp.download("f", tmp_path / "a", retries=2)
        other = server.heard
    assert not [line for line in other if line.startswith(("USER", "PASS"))]


def test_who_cannot_log_in_again_tries_nothing(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}, behind="fatal"))
    ftp.close()
    ftp.connect()
    ftp.sendcmd("USER user")
    ftp.sendcmd("PASS password")
    ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == SMALL
    assert sessions(ftp)[-1] == SINGLY


def test_a_port_that_is_not_needed_is_given_back(connect: Connect, tmp_path: Path) -> None:
    """Some servers say a while later that nobody came, by a 421."""
    ftp = connect(Files({"f": SMALL}))

    def refuse(_: TransferProgress) -> None:
        raise KeyError

    with pytest.raises(KeyError):
        ftp.download("f", tmp_path / "a", progress=refuse)
    assert ftp.pwd() == "/place"
    assert sessions(ftp) == ["PASV TYPE I FEAT SIZE f MDTM f ABOR PWD"]
    # What was given back is not used.
    ftp.retrbinary("RETR f", bytearray().extend)
    assert sessions(ftp)[0].endswith("PASV RETR f")


def test_a_silence_is_a_fault(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": LARGE}, faults=[Fault(1_000_000, "stall")]), timeout=1)
    result = ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert (result.attempts, result.resumes, result.bytes) == (2, 1, len(LARGE))


def test_without_rest_it_begins_again_and_keeps_what_it_has(
    connect: Connect, tmp_path: Path
) -> None:
    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "426 No.")], refusals={"REST": "502 No."})
    result = connect(files).download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert (result.attempts, result.resumes) == (2, 0)
    assert result.bytes == len(LARGE) + 1_000_000


@pytest.mark.parametrize("segments", [1, 3])
def test_a_server_that_forgets_rest_is_found_out(
    connect: Connect, tmp_path: Path, segments: int
) -> None:
    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "426 No.")], ignores_rest=True)
    result = connect(files).download("f", tmp_path / "a", segments=segments)
    assert (tmp_path / "a").read_bytes() == LARGE
    assert result.attempts > 1


@pytest.mark.parametrize("segments", [1, 3])
def test_what_a_server_that_forgets_rest_has_sent_is_not_kept(
    connect: Connect, tmp_path: Path, segments: int
) -> None:
    """Its part is as long as the file: the next run must not take it for that."""
    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "426 No.")], ignores_rest=True)
    ftp = connect(files)
    with pytest.raises((Error, EOFError)):
        ftp.download("f", tmp_path / "a", segments=segments, retries=0)
    for _ in range(3):
        with suppress(Error, EOFError):
            ftp.download("f", tmp_path / "a", retries=0)
            break
    assert (tmp_path / "a").read_bytes() == LARGE


def test_a_size_that_no_file_has(connect: Connect) -> None:
    """Its halves are added to one another."""
    files = Files({"f": bytes(4000)}, refusals={"SIZE": f"213 {2**64 - 1}"})
    files.faults = [Fault(1000, "close") for _ in range(100)]
    ftp = connect(files)
    with TemporaryDirectory(dir="/dev/shm") as folder:
        for segments in (3, 16, 1):
            with pytest.raises((Error, OSError, EOFError)):
                ftp.download("f", Path(folder, "a"), segments=segments, retries=3)


def test_segments_of_a_server_without_rest(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": LARGE}, refusals={"REST": "502 No."})
    result = connect(files).download("f", tmp_path / "a", segments=3)
    assert (tmp_path / "a").read_bytes() == LARGE
    assert result.attempts == 1


def test_where_size_is_not_told(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": SMALL}, features=(), refusals={"SIZE": "502 No.", "MDTM": "502 No."})
    result = connect(files).download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == SMALL
    assert (result.verified, result.modified) == (None, None)


def test_retries_are_counted_in_a_row(connect: Connect, tmp_path: Path) -> None:
    faults = [Fault(100_000, "426 No.") for _ in range(8)]
    result = connect(Files({"f": LARGE}, faults=faults)).download("f", tmp_path / "a", retries=1)
    assert (result.attempts, result.bytes) == (9, len(LARGE))


def test_when_it_gives_up(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    ftp = connect(Files({"f": LARGE}, faults=[Fault(10, "426 Broken off.") for _ in range(9)]))
    with pytest.raises(error_temp, match=r"^426 Broken off\. ") as raised:
        ftp.download("f", tmp_path / "a", retries=2)
    text = str(raised.value)
    for part in (
        "'f'",
        str(tmp_path / "a"),
        f"127.0.0.1 port {ftp.port}",
        "3 attempts",
        str(len(LARGE)),
    ):
        assert part in text
    assert isinstance(raised.value.__cause__, error_temp)
    assert str(raised.value.__cause__) == "426 Broken off."
    assert (tmp_path / "a").read_bytes() == b"old"
    assert ftp.pwd() == "/place"


def test_no_retries(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": LARGE}, faults=[Fault(2_000_000, "close")]))
    with pytest.raises(EOFError, match="1 attempt"):
        ftp.download("f", tmp_path / "a", retries=0)
    assert names(tmp_path) == [".a.part", ".a.part.state"]


def test_a_refusal_is_final(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({}))
    with pytest.raises(error_perm, match=r"^550 No such file\. .*1 attempt"):
        ftp.download("f", tmp_path / "a")
    assert names(tmp_path) == []


# A later run


def interrupted(connect: Connect, files: Files, place: Path) -> FTP:
    files.faults = [Fault(2_000_000, "426 No.")]
    ftp = connect(files)
    with pytest.raises(error_temp):
        ftp.download("f", place, retries=0)
    assert place.with_name(".a.part").stat().st_size == 2_000_000
    return ftp


def test_a_later_run_goes_on(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": LARGE})
    ftp = interrupted(connect, files, tmp_path / "a")
    result = ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert (result.kept, result.bytes, result.resumes) == (2_000_000, len(LARGE) - 2_000_000, 1)
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("size", [1_200_000, 500_000])
@pytest.mark.parametrize("ranges", ["0-1000000 1500000-2000000", "700000-800000 900000-99999999"])
def test_a_part_that_somebody_has_cut_short(
    connect: Connect, tmp_path: Path, size: int, ranges: str
) -> None:
    """What several connections have left is noted as ranges: none is beyond the part's end."""
    files = Files({"f": LARGE})
    ftp = interrupted(connect, files, tmp_path / "a")
    with (tmp_path / ".a.part.state").open("a") as state:
        state.write(ranges + "\n")
    os.truncate(tmp_path / ".a.part", size)
    ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert names(tmp_path) == ["a"]


@pytest.mark.parametrize("change", ["time", "size", "name", "resume=False"])
def test_a_part_of_another_version_is_no_part(
    connect: Connect, tmp_path: Path, change: str
) -> None:
    files = Files({"f": LARGE})
    ftp = interrupted(connect, files, tmp_path / "a")
    other = os.urandom(len(LARGE) + (change == "size"))
    files.content = {"f": other, "g": other}
    if change == "time":
        files.modified = "20200102030406"
    name = "g" if change == "name" else "f"
    result = ftp.download(name, tmp_path / "a", resume=change != "resume=False")
    assert (tmp_path / "a").read_bytes() == other
    assert (result.kept, result.bytes) == (0, len(other))


def test_the_hash_finds_a_part_of_something_else(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": LARGE}, features=("SIZE", "MDTM", "REST STREAM", "HASH SHA-256*;MD5"))
    ftp = interrupted(connect, files, tmp_path / "a")
    files.content["f"] = os.urandom(len(LARGE))
    result = ftp.download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == files.content["f"]
    assert (result.verified, result.attempts) == ("hash SHA-256", 2)


def test_somebody_elses_file_of_that_name_is_left_alone(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / ".a.part").write_bytes(b"mine")
    ftp = connect(Files({"f": LARGE}))
    ftp.download("f", tmp_path / "a")
    assert (tmp_path / ".a.part").read_bytes() == b"mine"
    assert (tmp_path / "a").read_bytes() == LARGE
    assert names(tmp_path) == [".a.part", "a"]


def test_a_link_in_the_place_of_the_part_is_not_followed(connect: Connect, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_bytes(b"precious")
    (tmp_path / ".a.part").symlink_to(victim)
    connect(Files({"f": LARGE})).download("f", tmp_path / "a")
    assert victim.read_bytes() == b"precious"
    assert (tmp_path / "a").read_bytes() == LARGE


# Changes and hashes


@pytest.mark.parametrize("unknown", ["MDTM", "SIZE", "SIZE MDTM"])
@pytest.mark.parametrize("grown", [0, 50_000])
@pytest.mark.parametrize("segments", [1, 3])
def test_nothing_is_put_together_of_two_versions(
    connect: Connect, tmp_path: Path, unknown: str, grown: int, segments: int
) -> None:
    """What cannot be told to be the same version is fetched from its beginning."""
    new = os.urandom(len(LARGE) + grown)

    def change(command: str, files: Files) -> None:
        if command == "RETR f" and not files.faults:
            files.content["f"] = new
            files.modified = "20210102030405"

    faults = [Fault(1_000_000, "426 No.")]
    refusals = dict.fromkeys(unknown.split(), "502 No.")
    files = Files({"f": LARGE}, faults=faults, refusals=refusals, before=change)
    connect(files).download("f", tmp_path / "a", segments=segments)
    assert (tmp_path / "a").read_bytes() == new


def test_what_cannot_be_taken_back_is_no_mixture_either(connect: Connect) -> None:
    written: list[bytes] = []

    class Pipe:
        def write(self, data: bytes) -> None:
            written.append(data)

    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "426 No.")], refusals={"MDTM": "502 No."})
    with pytest.raises(Error, match=r"no seek\(\)"):
        connect(files).download("f", Pipe())
    assert len(b"".join(written)) == 1_000_000


@pytest.mark.parametrize("behind", ["taken", "refused"])
def test_the_time_is_known_where_the_size_is_not(
    connect: Connect, tmp_path: Path, behind: str
) -> None:
    files = Files(
        {"f": LARGE},
        faults=[Fault(1_000_000, "426 No.")],
        refusals={"SIZE": "502 No."},
        behind=behind,
    )
    result = connect(files).download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == LARGE
    assert (result.modified, result.resumes, result.bytes) == (1577934245, 1, len(LARGE))


def test_a_file_that_changes_meanwhile(connect: Connect, tmp_path: Path) -> None:
    new = os.urandom(len(LARGE))

    def change(command: str, files: Files) -> None:
        if command.startswith("REST"):
            files.content["f"] = new
            files.modified = "20210102030405"

    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "426 No.")], before=change)
    result = connect(files).download("f", tmp_path / "a")
    assert (tmp_path / "a").read_bytes() == new
    assert (result.changes, result.attempts) == (1, 3)


def test_a_file_that_keeps_changing(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def change(command: str, files: Files) -> None:
        if command.startswith("RETR"):
            files.modified = str(int(files.modified) + 1)

    ftp = connect(Files({"f": LARGE}, before=change))
    with pytest.raises(Error, match="changed on the server"):
        ftp.download("f", tmp_path / "a", retries=1)
    assert (tmp_path / "a").read_bytes() == b"old"
    result = ftp.download("f", tmp_path / "a", verify=False)
    assert (result.size, result.changes) == (len(LARGE), 0)


def test_a_content_that_is_never_right(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": SMALL}, features=("HASH SHA-256*",), hash_as=b"something else")
    ftp = connect(files)
    with pytest.raises(Error, match="the content differs: SHA-256 is"):
        ftp.download("f", tmp_path / "a", retries=1)
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("feature", "verb", "reply", "verified"),
    [
        ("XSHA256", "XSHA256", "250 {sha256}", "hash SHA-256"),
        ("XMD5 filename", "XMD5", "250 {md5}", "hash MD5"),
        ("MD5", "MD5", "251 f {MD5}", "hash MD5"),
        ("XCRC filename;start;end", "XCRC", "250 {crc}", "hash CRC32"),
        ("XCRC", "XCRC", "550 Not this one.", "size"),
    ],
)
def test_hashes_of_other_kinds(
    connect: Connect, tmp_path: Path, feature: str, verb: str, reply: str, verified: str
) -> None:
    import hashlib
    import zlib

    md5 = hashlib.md5(SMALL).hexdigest()
    said = reply.format(
        sha256=hashlib.sha256(SMALL).hexdigest(),
        md5=md5,
        MD5=md5.upper(),
        crc=f"{zlib.crc32(SMALL):X}",
    )
    files = Files({"f": SMALL}, features=(feature,), refusals={verb: said})
    assert connect(files).download("f", tmp_path / "a").verified == verified


def test_more_than_was_told_of_is_an_error(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}, refusals={"SIZE": "213 1000"}))
    with pytest.raises(Error, match="more than the 1000 bytes"):
        ftp.download("f", tmp_path / "a", retries=0)
    assert names(tmp_path) == []


# This side


def test_permission_bits_are_those_of_open(connect: Connect, tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        ftp = connect(Files({"f": SMALL}))
        ftp.download("f", tmp_path / "new")
        (tmp_path / "old").write_bytes(b"old")
        (tmp_path / "old").chmod(0o604)
        ftp.download("f", tmp_path / "old")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o640
    assert stat.S_IMODE((tmp_path / "old").stat().st_mode) == 0o604


def test_what_a_link_leads_to_is_replaced(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("folder/target")
    ftp = connect(Files({"f": SMALL}))
    for _ in range(2):
        ftp.download("f", tmp_path / "link")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "folder/target").read_bytes() == SMALL


@pytest.mark.parametrize("kind", [str, os.fsencode, Path])
def test_kinds_of_paths(connect: Connect, tmp_path: Path, kind: Callable[[Path], Any]) -> None:
    place = tmp_path / "name with blanks \N{SNOWMAN}"
    ftp = connect(Files({'fi rst "ü"': SMALL}))
    ftp.download('fi rst "ü"', kind(place))
    assert place.read_bytes() == SMALL
    ftp.download('fi rst "ü"'.encode(), kind(place))


def test_a_file_object_gets_it_in_order(connect: Connect) -> None:
    file = io.BytesIO(b"head")
    file.seek(4)
    result = connect(Files({"f": LARGE}, faults=[Fault(1_000_000, "reset")])).download("f", file)
    assert file.getvalue() == b"head" + LARGE
    assert result.size == len(LARGE)


def test_a_file_object_without_seek_cannot_begin_anew(connect: Connect) -> None:
    class Pipe:
        content = b""

        def write(self, data: bytes) -> None:
            self.content += data

    pipe = Pipe()
    faults = [Fault(1_000_000, "426 No.")]
    result = connect(Files({"f": LARGE}, faults=faults)).download("f", pipe)
    assert (pipe.content, result.resumes) == (LARGE, 1)

    def change(command: str, files: Files) -> None:
        if command.startswith("RETR"):
            files.modified = str(int(files.modified) + 1)

    with pytest.raises(Error, match=r"the file changed on the server.*; .* no seek\(\)"):
        connect(Files({"f": LARGE}, before=change)).download("f", Pipe())


@pytest.mark.parametrize("tail", [b"", b"tail"])
@pytest.mark.parametrize("newer", [LARGE, SMALL], ids=["as long", "shorter"])
def test_what_lies_behind_a_download_in_a_file_object_stays(
    connect: Connect, newer: bytes, tail: bytes
) -> None:
    """A download that begins anew takes back what it has written, and nothing else."""
    old = bytes(len(LARGE)) + tail if tail else b""
    file = io.BytesIO(b"head" + old)
    file.seek(4)

    def change(command: str, files: Files) -> None:
        if command.startswith("RETR") and files.modified == "20200102030405":
            files.modified = "20200102030406"
            second.append(1)
        elif second and command.startswith("SIZE"):
            files.content["f"] = newer

    second: list[int] = []
    files = Files({"f": LARGE}, before=change, faults=[Fault(1_000_000, "reset")])
    connect(files).download("f", file)
    got = file.getvalue()
    assert got[: 4 + len(newer)] == b"head" + newer
    if tail:
        assert (len(got), got[-4:]) == (4 + len(old), tail)
    else:
        assert len(got) == 4 + len(newer)


def changing() -> Files:
    """A file that is another one as soon as its first download has begun."""

    def change(command: str, files: Files) -> None:
        if command.startswith("RETR") and files.modified == "20200102030405":
            files.modified = "20200102030406"

    return Files({"f": LARGE}, before=change, faults=[Fault(1_000_000, "reset")])


def test_a_file_that_is_appended_to_gets_one_whole_download_or_an_error(
    connect: Connect, tmp_path: Path
) -> None:
    place = tmp_path / "a"
    place.write_bytes(b"head")
    with place.open("ab") as file:
        connect(changing()).download("f", file)
    assert place.read_bytes() == b"head" + LARGE
    with place.open("a+b") as both:
        both.seek(0)
        with pytest.raises(Error, match=r"cannot be taken back: .* goes to its end"):
            connect(changing()).download("f", both)
    assert place.read_bytes()[: 4 + len(LARGE)] == b"head" + LARGE

    class Shared(io.FileIO):
        """Somebody else writes to its end as well."""

        def write(self, data: Any) -> int:
            with place.open("ab") as other:
                count = super().write(data)
                other.write(b"!")
            return count

    with (
        Shared(place, "a") as shared,
        pytest.raises(Error, match="cannot be taken back"),
    ):
        connect(changing()).download("f", shared)


def test_a_path_may_have_a_write_of_its_own(connect: Connect, tmp_path: Path) -> None:
    """py.path's, pytest's `tmpdir`, writes the whole file anew."""

    class Place:
        path = str(tmp_path / "f")

        def __fspath__(self) -> str:
            return self.path

        def write(self, *_: object) -> None:
            raise AssertionError

        read = write

    ftp = connect(Files({"f": LARGE}))
    ftp.download("f", Place())
    assert (tmp_path / "f").read_bytes() == LARGE
    assert ftp.upload(Place(), "g").size == len(LARGE)


def test_a_file_object_need_have_no_truncate(connect: Connect) -> None:
    class Plain:
        def __init__(self) -> None:
            self.file = io.BytesIO()
            self.write, self.tell, self.seek = self.file.write, self.file.tell, self.file.seek

    plain = Plain()
    connect(changing()).download("f", plain)
    assert plain.file.getvalue() == LARGE
    files = changing()
    files.faults.append(Fault())
    shorter = iter([LARGE])

    def change(command: str, files: Files) -> None:
        if command.startswith("RETR"):
            files.modified = "20200102030406"
        elif command.startswith("SIZE") and next(shorter, None) is None:
            files.content["f"] = SMALL

    files.before = change
    with pytest.raises(Error, match=r"cannot be taken back: .* has no truncate\(\)"):
        connect(files).download("f", Plain())


LOCKLESS = """
#include <errno.h>
int flock(int descriptor, int operation) { errno = ENOLCK; return -1; }
"""


def test_where_nothing_can_be_locked_nothing_is_left(tmp_path: Path) -> None:
    """As over NFS without its lock daemon: nobody would find the part again."""
    place = tmp_path / "place"
    place.mkdir()
    with ScriptedServer([serve(Files({"f": LARGE}))]) as server:
        script = f"""
from usr.ftplib import FTP
FTP({server.host!r}, {server.port}, "user", "password").download("f", {str(place / "f")!r})
"""
        PYTHON3.run("-c", script, environment=preloaded(LOCKLESS, tmp_path))
    assert names(place) == ["f"]
    assert (place / "f").read_bytes() == LARGE


def test_what_is_no_regular_file_is_written_to(connect: Connect) -> None:
    assert connect(Files({"f": SMALL})).download("f", "/dev/null").size == len(SMALL)
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


@pytest.mark.timeout(30)
def test_a_device_without_room(connect: Connect) -> None:
    with pytest.raises(OSError, match="/dev/full") as raised:
        connect(Files({"f": SMALL})).download("f", "/dev/full")
    assert raised.value.errno == errno.ENOSPC


def test_what_a_process_has_open_is_written_in_place(connect: Connect, tmp_path: Path) -> None:
    """Whatever the text of the link in /proc says."""
    with (
        open(tmp_path / "a", "w+b") as named,
        open(tmp_path / "b", "w+b") as removed,
        open(os.memfd_create("c"), "w+b") as memory,
    ):
        (tmp_path / "b").unlink()
        (tmp_path / "b (deleted)").write_bytes(b"somebody else's")
        (tmp_path / "link").symlink_to(f"/dev/fd/{named.fileno()}")
        for file in (named, removed, memory):
            file.write(LARGE + b"longer than what comes")
            file.flush()
            for place in (f"/proc/self/fd/{file.fileno()}", f"/dev/fd/{file.fileno()}"):
                ftp = connect(Files({"f": LARGE}, faults=[Fault(2_000_000, "426 No.")]))
                assert ftp.download("f", place).attempts == 2
                file.seek(0)
                assert file.read() == LARGE
        connect(Files({"f": SMALL})).download("f", tmp_path / "link")
        named.seek(0)
        assert named.read() == SMALL
    assert (tmp_path / "a").read_bytes() == SMALL
    assert (tmp_path / "b (deleted)").read_bytes() == b"somebody else's"
    assert names(tmp_path) == ["a", "b (deleted)", "link"]


def test_a_pipe_that_a_process_has_open_is_written_to(connect: Connect) -> None:
    source, target = os.pipe()
    with open(source, "rb") as reader, ThreadPoolExecutor(1) as pool:
        received = pool.submit(reader.read)
        try:
            connect(Files({"f": LARGE})).download("f", f"/dev/fd/{target}")
        finally:
            os.close(target)
        assert received.result(20) == LARGE


@pytest.mark.parametrize(
    ("place", "error", "number"),
    [("nowhere/a", FileNotFoundError, errno.ENOENT), (".", IsADirectoryError, errno.EISDIR)],
)
def test_places_that_cannot_be(
    connect: Connect, tmp_path: Path, place: str, error: type[OSError], number: int
) -> None:
    with pytest.raises(error) as raised:
        connect(Files({"f": SMALL})).download("f", tmp_path / place)
    assert raised.value.errno == number
    assert str(tmp_path) in str(raised.value)


def test_arguments(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}))
    bad: list[tuple[type[Exception], dict[str, Any]]] = [
        (TypeError, {"local": 5}),
        (ValueError, {"remote": "a\r\nDELE b"}),
        (ValueError, {"remote": ""}),
        (ValueError, {"local": "a\0b"}),
        (ValueError, {"retries": -1}),
        (TypeError, {"retries": 1.5}),
        (ValueError, {"segments": 0}),
        (TypeError, {"progress": 1}),
        (TypeError, {"nothing": 1}),
    ]
    for error, change in bad:
        arguments: dict[str, Any] = {"remote": "f", "local": tmp_path / "a"} | change
        with pytest.raises(error):
            ftp.download(**arguments)
    assert names(tmp_path) == []
    assert ftp.heard == ["USER user", "PASS password"]  # type: ignore[attr-defined]


def test_progress(connect: Connect, tmp_path: Path) -> None:
    told: list[TransferProgress] = []
    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "426 No.")])
    connect(files).download("f", tmp_path / "a", progress=told.append)
    assert (told[0].name, told[0].done, told[0].total, told[0].attempt) == ("f", 0, len(LARGE), 1)
    assert (told[-1].done, told[-1].total, told[-1].attempt) == (len(LARGE), len(LARGE), 2)
    assert [each.done for each in told] == sorted(each.done for each in told)
    assert all(isinstance(each.rate, float) and each.rate >= 0 for each in told)


def test_what_progress_raises_is_raised(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")

    def stop(progress: TransferProgress) -> None:
        if progress.done:
            raise LookupError("enough")

    ftp = connect(Files({"f": LARGE}))
    with pytest.raises(LookupError, match="enough"):
        ftp.download("f", tmp_path / "a", progress=stop)
    assert (tmp_path / "a").read_bytes() == b"old"
    assert ".a.part" in names(tmp_path)
    assert ftp.pwd() == "/place"
    assert ftp.download("f", tmp_path / "a").kept > 0


def test_disk_full(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    ftp = connect(Files({"f": LARGE}))
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limits[1]))
    try:
        with pytest.raises(OSError, match=str(tmp_path / "a")) as raised:
            ftp.download("f", tmp_path / "a")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, before)
    assert raised.value.errno == errno.EFBIG
    assert (tmp_path / "a").read_bytes() == b"old"
    assert ftp.pwd() == "/place"
    assert ftp.download("f", tmp_path / "a").kept == 1_000_000


def test_permission_is_lost_in_the_middle(connect: Connect) -> None:
    ftp = connect(Files({"f": LARGE}))
    # pytest's own folders are closed to others; root must be somebody else for this.
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        if os.geteuid() == 0:
            os.chown(folder, 65534, 65534)
            os.seteuid(65534)
            stack.callback(os.seteuid, 0)
        (folder / "a").write_bytes(b"old")
        stack.callback(folder.chmod, 0o755)
        with pytest.raises(PermissionError, match=f"cannot write '{folder}/a': Permission denied"):
            ftp.download("f", folder / "a", progress=lambda _: folder.chmod(0o555))
        assert (folder / "a").read_bytes() == b"old"
        folder.chmod(0o755)
        assert ftp.download("f", folder / "a").kept == len(LARGE)
        assert (folder / "a").read_bytes() == LARGE
        assert names(folder) == ["a"]


NO_DESCRIPTORS = """
import os, resource, sys
sys.path.insert(0, {repository!r})
from usr.ftplib import FTP

ftp = FTP({host!r}, {port}, {user!r}, {password!r}, timeout=20)
ftp.download("f", {path!r})
most = resource.getrlimit(resource.RLIMIT_NOFILE)
open_now = len(os.listdir("/proc/self/fd")) - 1
for spare in range(5):
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_now + spare, most[1]))
    try:
        ftp.download("f", {path!r})
    except OSError as error:
        print(error.errno, "attempts" in str(error))
    resource.setrlimit(resource.RLIMIT_NOFILE, most)
print(ftp.pwd())
"""


def test_without_a_descriptor_nothing_is_tried_again(tmp_path: Path) -> None:
    with running("vsftpd") as server:
        (server.root / "f").write_bytes(SMALL)
        said = run_script(NO_DESCRIPTORS, server, path=str(tmp_path / "a")).splitlines()
    assert said[-1] == "/"
    assert len(said) > 2
    assert set(said[:-1]) == {"24 False"}


def test_no_descriptor_is_left_open(connect: Connect, tmp_path: Path) -> None:
    def count() -> int:
        return len(os.listdir("/proc/self/fd"))

    ftp = connect(Files({"f": LARGE}))
    ftp.download("f", tmp_path / "a")
    before = count()
    for _ in range(5):
        ftp.download("f", tmp_path / "a")
        with pytest.raises(error_perm):
            ftp.download("g", tmp_path / "a")
    assert count() == before


# The session


def test_the_session_is_had_again_as_it_was(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": LARGE}, faults=[Fault(1_000_000, "reset")]))
    ftp.cwd("place")
    ftp.download("f", tmp_path / "a")
    heard: list[str] = ftp.heard  # type: ignore[attr-defined]
    assert heard.count("PASS password") == 2
    again = heard[len(heard) - heard[::-1].index("PASS password") :]
    assert again[0] == "CWD /place"


def test_an_object_whose_connection_was_closed_connects(connect: Connect, tmp_path: Path) -> None:
    ftp = connect(Files({"f": SMALL}))
    ftp.close()
    assert ftp.download("f", tmp_path / "a").attempts == 1
    ftp.quit()
    with pytest.raises(Error, match="not connected"):
        ftp.download("f", tmp_path / "a")


def test_the_password_shows_nowhere(connect: Connect) -> None:
    ftp = connect(Files({}))
    del ftp.heard  # type: ignore[attr-defined]
    assert "password" not in repr(vars(ftp))


def test_own_methods_count(connect: Connect, tmp_path: Path) -> None:
    files = Files({"f": LARGE}, faults=[Fault(1_000_000, "reset")])
    ftp = connect(files)
    seen: list[str] = []

    class Own(FTP):
        def sendcmd(self, cmd: Any) -> str:
            seen.append(cmd)
            return super().sendcmd(cmd)

        def transfercmd(self, cmd: Any, rest: Any = None) -> Any:
            seen.append(f"{cmd} from {rest}")
            return super().transfercmd(cmd, rest)

        def login(self, *args: Any, **keywords: Any) -> str:
            seen.append("login")
            return super().login(*args, **keywords)

    with Own(ftp.host, ftp.port, "user", "password", timeout=20) as own:
        own.download("f", tmp_path / "a")
    assert seen.count("login") == 2
    assert "RETR f from None" in seen
    assert any(each.startswith("RETR f from ") and not each.endswith("None") for each in seen)
    assert "SIZE f" in seen


SCRIPT = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from usr.ftplib import FTP
ftp = FTP(sys.argv[1], int(sys.argv[2]), "user", "password", timeout=30)
def hint(progress):
    if progress.done:
        print("moving", flush=True)
try:
    ftp.download("f", sys.argv[3], progress=hint)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_ctrl_c_keeps_the_part(connect: Connect, tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"old")
    files = Files({"f": LARGE}, faults=[Fault(2_000_000, "stall")])
    ftp = connect(files)
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, ftp.host, str(ftp.port), str(tmp_path / "a")],
        stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
    ) as process:  # fmt: skip
        assert process.stdout
        assert process.stdout.readline() == "moving\n"
        process.send_signal(signal.SIGINT)
        assert "interrupted" in process.stdout.read()
    assert (tmp_path / "a").read_bytes() == b"old"
    assert names(tmp_path) == [".a.part", ".a.part.state", "a"]
    result = ftp.download("f", tmp_path / "a")
    assert result.kept > 0
    assert (tmp_path / "a").read_bytes() == LARGE
